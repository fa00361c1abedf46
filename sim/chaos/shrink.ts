/** Makes a history that breaks an invariant as short as it gets. */
import { type History, partOf } from './history.ts';

export interface Shrunk {
  /** Positions in the history of what is left. */
  readonly keep: readonly number[];
  readonly plays: number;
}

/** Drops stimuli, in blocks at first and one by one in the end, as long as the rest still breaks the same invariant: delta
 *  debugging (Zeller and Hildebrandt, 2002). No single stimulus of what is left can be dropped. */
export async function shrink(
  history: History,
  stillBreaks: (part: History) => Promise<boolean>,
): Promise<Shrunk> {
  let keep = history.stimuli.map((_, index) => index);
  let plays = 0;
  for (let size = Math.ceil(keep.length / 2); size >= 1; ) {
    let dropped = false;
    for (let at = 0; at < keep.length; ) {
      const less = keep.toSpliced(at, size);
      plays++;
      if (await stillBreaks(partOf(history, less))) {
        keep = less;
        dropped = true;
      } else at += size;
    }
    if (size > 1) size = Math.ceil(size / 2);
    else if (!dropped) break;
  }
  return { keep, plays };
}
