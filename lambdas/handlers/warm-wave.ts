import type { Ports } from '../core/ports.ts';
import type { Next, Phase } from '../core/rollouts/phase.ts';
import { warmWave as warm } from '../core/rollouts/warm.ts';
import { followers, start } from './wiring.ts';

/** One round of calls for the wave's pods, as the budget allows. */
export const warmWave =
  (ports: Ports) =>
  (phase: Phase): Promise<Next> =>
    warm(phase, ports);

export const handler = start(warmWave, followers);
