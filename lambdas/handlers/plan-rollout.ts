import type { Ports } from '../core/ports.ts';
import type { Next, Phase } from '../core/rollouts/phase.ts';
import { planWave } from '../core/rollouts/plan-wave.ts';
import { start } from './wiring.ts';

/** Which wave is next, if any? */
export const planRollout =
  (ports: Ports) =>
  (phase: Phase): Promise<Next> =>
    planWave(phase, ports);

export const handler = start(planRollout);
