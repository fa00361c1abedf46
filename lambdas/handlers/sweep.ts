import type { Ports } from '../core/ports.ts';
import { type Swept, sweep } from '../core/sweep/sweep.ts';
import { start } from './wiring.ts';

/** Every five minutes: what events missed, and what a killed run left behind. */
export const sweeper = (ports: Ports) => async (): Promise<readonly Swept[]> => {
  const swept = await sweep(ports);
  for (const one of swept) ports.journal.note('swept', { ...one });
  return swept;
};

export const handler = start(sweeper);
