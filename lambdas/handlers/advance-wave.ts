import type { Ports } from '../core/ports.ts';
import { advanceWave as advance } from '../core/rollouts/advance.ts';
import type { Next, Phase } from '../core/rollouts/phase.ts';
import { followers, start } from './wiring.ts';

/** The wave's pods may come: they are announced, or made; and waited for where they can be seen. */
export const advanceWave =
  (ports: Ports) =>
  (phase: Phase): Promise<Next> =>
    advance(phase, ports);

export const handler = start(advanceWave, followers);
