/** Signals are handled in groups; one that fails does not keep the others. */
import type { Ignored, Signal } from './signals.ts';

/** What was decided about one group. */
export interface Answer<R> {
  readonly reports: readonly R[];
  /** Signals about what is not ours, or not there: why nothing was decided. */
  readonly ignored: readonly Ignored[];
}

/** What became of the signals that were handled together. An error leaves them all on the queue. */
export interface Handled<R> extends Answer<R> {
  readonly signals: readonly Signal[];
  readonly error?: unknown;
}

/** Signals of these kinds share one group each, for one read of the world; every other one is a group of its own. */
export function grouped(
  signals: readonly Signal[],
  ...together: readonly Signal['kind'][]
): readonly (readonly Signal[])[] {
  const shared = together.map((kind) => signals.filter((signal) => signal.kind === kind));
  const single = signals.filter(({ kind }) => !together.includes(kind)).map((one) => [one]);
  return [...shared, ...single].filter((group) => group.length > 0);
}

/** One group after the other: they share the budget, the read cache and the account's buckets. */
export async function handleEach<R>(
  groups: readonly (readonly Signal[])[],
  handle: (group: readonly Signal[]) => Promise<Answer<R>>,
): Promise<readonly Handled<R>[]> {
  const handled: Handled<R>[] = [];
  for (const signals of groups) {
    try {
      handled.push({ signals, ...(await handle(signals)) });
    } catch (error) {
      handled.push({ signals, reports: [], ignored: [], error });
    }
  }
  return handled;
}
