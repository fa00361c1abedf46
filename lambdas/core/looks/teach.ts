import type { Ports } from '../ports.ts';
import type { Samples } from './lessons.ts';

/** Remembers what was seen. A failed write loses samples only, unless one is a late attach: that must be kept, so it throws. */
export async function teach(
  cluster: string,
  samples: ReadonlyMap<string, Samples>,
  { ledger, clock, journal }: Ports,
): Promise<void> {
  if (samples.size === 0) return;
  try {
    await ledger.learn(cluster, samples, clock());
  } catch (error) {
    if ([...samples.values()].some(({ races = [] }) => races.some(({ late }) => late))) throw error;
    journal.warn('lesson not written', { cluster, message: String(error) });
  }
}
