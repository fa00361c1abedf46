/** The process the built sweep runs in, as Lambda would run it: nothing else is loaded, so that its peak memory is its own. */
import { peakMegabytes } from './peak-memory.ts';

export interface SweepRun {
  readonly answer: unknown;
  readonly seconds: number;
  /** Of processor time, the garbage collector's threads included. */
  readonly cpuSeconds: number;
  /** Of the whole process, as Lambda counts it. */
  readonly peakMegabytes: number;
}

const { handler } = await import(process.argv[2] ?? '');
const from = performance.now();
const before = process.cpuUsage();
const answer: unknown = await handler({});
const { user, system } = process.cpuUsage(before);
const run: SweepRun = {
  answer,
  seconds: (performance.now() - from) / 1000,
  cpuSeconds: (user + system) / 1_000_000,
  peakMegabytes: peakMegabytes(),
};
process.send?.(run, () => process.exit());
