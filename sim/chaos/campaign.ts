/** One seed of the campaign: its history is played, and made short if it breaks an invariant. */
import { DEFECTS } from './defects.ts';
import { drawHistory } from './draw.ts';
import { type History, partOf } from './history.ts';
import { type Played, type PlayOptions, play, type Violation } from './play.ts';
import { shrink } from './shrink.ts';

export interface Found {
  readonly seed: number;
  /** Of the shrunken history. */
  readonly violation: Violation;
  /** Stimuli of the whole history. */
  readonly of: number;
  /** Positions of those that are left. */
  readonly keep: readonly number[];
  /** How often parts of it were played to get there. */
  readonly plays: number;
}

export interface Tried {
  readonly seed: number;
  readonly played: Played;
  readonly found?: Found;
}

/** With a defect only the invariants that must notice it are judged: nothing else may be what finds it. */
export function optionsFor(defectName: string | undefined): PlayOptions {
  const defect = defectName === undefined ? undefined : DEFECTS[defectName];
  return defect === undefined ? {} : { defect: defect.inject, only: defect.breaks };
}

export async function trySeed(seed: number, options: PlayOptions): Promise<Tried> {
  const history = drawHistory(seed);
  const played = await play(history, options);
  if (played.violation === undefined) return { seed, played };
  const { invariant } = played.violation;
  const broken = async (part: History): Promise<boolean> =>
    (await play(part, options)).violation?.invariant === invariant;
  const { keep, plays } = await shrink(history, broken);
  const { violation } = await play(partOf(history, keep), options);
  const of = history.stimuli.length;
  return {
    seed,
    played,
    found: { seed, violation: violation ?? played.violation, of, keep, plays },
  };
}
