import type { Ports } from '../core/ports.ts';
import { type HoldPhase, holdWave as hold } from '../core/rollouts/hold.ts';
import { followers, start } from './wiring.ts';

/** Tells whoever has to let the wave go. The machine then waits for its token. */
export const holdWave =
  (ports: Ports) =>
  (phase: HoldPhase): Promise<void> =>
    hold(phase, ports);

export const handler = start(holdWave, followers);
