/** Virtual time as a command lets it pass: in slices, between which the process hears of Ctrl-C and the terminal gets its line. */
import type { Kernel } from '../../sim/kernel.ts';

/** Of a large cluster, some tenths of a second. */
const SLICE_MS = 10_000;

export async function pass(
  kernel: Kernel,
  untilMs: number,
  stopWhen: () => boolean = () => false,
): Promise<void> {
  while (kernel.nowMs < untilMs && !stopWhen()) {
    await kernel.run(Math.min(untilMs, kernel.nowMs + SLICE_MS), stopWhen);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
