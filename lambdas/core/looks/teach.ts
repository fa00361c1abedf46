import type { Ports } from '../ports.ts';
import type { Samples } from './lessons.ts';

/** What was seen is remembered. A lesson that cannot be written is one launch less; but a late attach is never less. */
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
