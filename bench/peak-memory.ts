/** The most memory this process has held. It loads nothing else, because it is measured with what loads it. */
import { readFileSync } from 'node:fs';

export const peakMegabytes = (): number => Math.round(peakKilobytes() / 1024);

/** On Linux the kernel's own mark: `maxRSS` of a child begins with what its parent held when it was made, which here is a
 *  world of thousands of nodes. Source: getrusage(2), and proc(5), VmHWM. */
function peakKilobytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}
