/** Plays the rows it is handed and posts what came of each: one of these keeps one core busy. */
import { parentPort, workerData } from 'node:worker_threads';
import { type TimingRow, type TimingRun, timing } from '../sim/scenarios/timing.ts';

export interface TimingShare {
  readonly rows: readonly TimingRow[];
  readonly seeds: number;
}

/** Ours and without us, by seed. */
export interface TimingPlayed {
  readonly row: TimingRow;
  readonly ours: readonly TimingRun[];
  readonly without: readonly TimingRun[];
}

const { rows, seeds } = workerData as TimingShare;
for (const row of rows) {
  const ours: TimingRun[] = [];
  const without: TimingRun[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    ours.push(await timing(row, seed, true));
    without.push(await timing(row, seed, false));
  }
  parentPort?.postMessage({ row, ours, without } satisfies TimingPlayed);
}
