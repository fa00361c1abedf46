/** Plays the rows it is handed and posts what came of each: one of these keeps one core busy. */
import { parentPort, workerData } from 'node:worker_threads';
import { type TimingRow, type TimingRun, timing, worldOf } from '../sim/scenarios/timing.ts';

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
const alone = new Map<string, readonly TimingRun[]>();
for (const row of rows) {
  const without = alone.get(worldOf(row)) ?? (await played(row, false));
  alone.set(worldOf(row), without);
  parentPort?.postMessage({ row, ours: await played(row, true), without } satisfies TimingPlayed);
}

async function played(row: TimingRow, prewarmer: boolean): Promise<TimingRun[]> {
  const runs: TimingRun[] = [];
  for (let seed = 1; seed <= seeds; seed++) runs.push(await timing(row, seed, prewarmer));
  return runs;
}
