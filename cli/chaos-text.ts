/** What the campaign says to a person. */
import type { Found } from '../sim/chaos/campaign.ts';
import { DEFECTS } from '../sim/chaos/defects.ts';
import { drawHistory } from '../sim/chaos/draw.ts';
import { tell } from '../sim/chaos/history.ts';
import { OFF } from '../sim/chaos/invariants/index.ts';
import type { Outcome } from './chaos-run.ts';

/** The command that plays exactly this again. */
export const replayOf = ({ seed, keep }: Found, defect: string | undefined): string =>
  [
    `npm run chaos -- --seed ${seed} --keep ${keep.length === 0 ? 'none' : keep.join(',')}`,
    ...(defect === undefined ? [] : [`--break ${defect}`]),
  ].join(' ');

export function violationText(found: Found, defect: string | undefined): string {
  const { violation, seed, keep, of, plays } = found;
  const { stimuli } = drawHistory(seed);
  return [
    `Broken: ${violation.invariant}. ${violation.says}`,
    `  ${violation.what}`,
    `  seed ${seed}, ${(violation.atMs / 1000).toFixed(1)} s after its world began; its history, shrunk from ${of} stimuli to ${keep.length} in ${plays} plays:`,
    ...keep.map((index) => `    ${String(index).padStart(2)}  ${tellAt(stimuli, index)}`),
    `  again: ${replayOf(found, defect)}`,
  ].join('\n');
}

const tellAt = (stimuli: ReturnType<typeof drawHistory>['stimuli'], index: number): string => {
  const stimulus = stimuli[index];
  return stimulus === undefined ? '' : tell(stimulus);
};

export function summary({ histories, found, outsideCalls, changes, deaths, seconds }: Outcome): string {
  const broken = Map.groupBy(found, ({ violation }) => violation.invariant);
  const off = Object.entries(OFF).map(([name, why]) => `  not judged: ${name} (${why})`);
  return [
    `${histories} histories (simulated), ${found.length} broke an invariant; ${changes} mutating calls, ${deaths} functions killed in ${outsideCalls} calls to the outside; ${seconds.toFixed(1)} s, ${(histories / seconds).toFixed(1)} seeds/s`,
    ...[...broken].map(
      ([name, all]) => `  ${name}: ${all.length}, seeds ${all.map(({ seed }) => seed).join(', ')}`,
    ),
    ...off,
  ].join('\n');
}

export const defectList = (): string =>
  Object.entries(DEFECTS)
    .map(([name, { says, breaks }]) => `${name.padEnd(18)} ${says} (noticed by: ${breaks.join(', ')})`)
    .join('\n');
