/** The process a built function of a wave runs in, as Lambda would run it: nothing else is loaded, so that its peak memory is
 *  its own. Two invocations on one environment: what the first leaves behind is there in the second. */
import { peakMegabytes } from './peak-memory.ts';

export interface WaveRun {
  readonly answers: readonly unknown[];
  /** Until each answer, loading the code included, s. */
  readonly seconds: readonly number[];
  /** Of a processor, s: what a function has less of than this machine. */
  readonly cpuSeconds: readonly number[];
  /** Of the whole process, as Lambda counts it. */
  readonly peakMegabytes: number;
}

const [file = '', rolloutId = ''] = process.argv.slice(2);
const answers: unknown[] = [];
const seconds: number[] = [];
const cpuSeconds: number[] = [];
for (let invocation = 0; invocation < 2; invocation++) {
  const from = performance.now();
  const cpuFrom = process.cpuUsage();
  const { handler } = await import(file);
  answers.push(await handler({ rolloutId }));
  seconds.push((performance.now() - from) / 1000);
  const { user, system } = process.cpuUsage(cpuFrom);
  cpuSeconds.push((user + system) / 1_000_000);
}
const run: WaveRun = { answers, seconds, cpuSeconds, peakMegabytes: peakMegabytes() };
process.send?.(run, () => process.exit());
