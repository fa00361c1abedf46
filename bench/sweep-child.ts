/** The process the built sweep runs in, as Lambda would run it: nothing else is loaded, so that its peak memory is its own. */
import { readFileSync } from 'node:fs';

export interface SweepRun {
  readonly answer: unknown;
  readonly seconds: number;
  /** Of the whole process, as Lambda counts it. */
  readonly peakMegabytes: number;
}

const { handler } = await import(process.argv[2] ?? '');
const from = performance.now();
const answer: unknown = await handler({});
const run: SweepRun = {
  answer,
  seconds: (performance.now() - from) / 1000,
  peakMegabytes: Math.round(peakKilobytes() / 1024),
};
process.send?.(run, () => process.exit());

/** On Linux the kernel's own mark: `maxRSS` of a child begins with what its parent held when it was made, which here is a
 *  world of thousands of nodes. Source: getrusage(2), and proc(5), VmHWM. */
function peakKilobytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}
