import type { Ports } from '../core/ports.ts';
import type { Next } from '../core/rollouts/phase.ts';
import { type VerifyPhase, verifyWave as verify } from '../core/rollouts/verify.ts';
import { followers, start } from './wiring.ts';

/** Are the addresses of the wave there? */
export const verifyWave =
  (ports: Ports) =>
  (phase: VerifyPhase): Promise<Next> =>
    verify(phase, ports);

export const handler = start(verifyWave, followers);
