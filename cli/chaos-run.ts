/** The campaign over worker threads. */
import { Worker } from 'node:worker_threads';
import type { Found, Tried } from '../sim/chaos/campaign.ts';

/** What one worker is given. */
export interface Share {
  readonly seeds: readonly number[];
  readonly defect: string | undefined;
}

export interface Campaign {
  readonly seed: number;
  readonly seeds: number;
  readonly defect: string | undefined;
  readonly workers: number;
  /** Go on after a violation. */
  readonly all: boolean;
}

export interface Outcome {
  readonly histories: number;
  readonly found: readonly Found[];
  /** Calls to the outside, mutating calls of ours, and functions that died, over all histories. */
  readonly outsideCalls: number;
  readonly changes: number;
  readonly deaths: number;
  readonly seconds: number;
}

/** Plays `seeds` histories from `seed` on; ends with the first violation unless told to go on. */
export async function run(
  { seed, seeds, defect, workers, all }: Campaign,
  progress: (done: number, found: number, seconds: number) => void,
): Promise<Outcome> {
  const beganAt = performance.now();
  const seconds = (): number => (performance.now() - beganAt) / 1000;
  const sum = { histories: 0, outsideCalls: 0, changes: 0, deaths: 0 };
  const found: Found[] = [];
  const running: Worker[] = [];
  const stop = (): void => {
    for (const worker of running) void worker.terminate();
  };
  const ended = (nth: number): Promise<void> =>
    new Promise((resolve, reject) => {
      // Every worker takes each so-many-th seed, so that the lowest seeds are played first.
      const own = Array.from({ length: seeds }, (_, index) => seed + index).filter(
        (_, i) => i % workers === nth,
      );
      const share: Share = { seeds: own, defect };
      const worker = new Worker(new URL('./chaos-worker.ts', import.meta.url), { workerData: share });
      running.push(worker);
      worker.on('message', ({ played, found: one }: Tried) => {
        sum.histories++;
        sum.outsideCalls += played.outsideCalls;
        sum.changes += played.changes;
        sum.deaths += played.deaths.length;
        if (one !== undefined) found.push(one);
        progress(sum.histories, found.length, seconds());
        if (one !== undefined && !all) stop();
      });
      worker.once('error', reject);
      worker.once('exit', () => resolve());
    });
  await Promise.all(Array.from({ length: Math.min(workers, seeds) }, (_, nth) => ended(nth)));
  return { ...sum, found, seconds: seconds() };
}
