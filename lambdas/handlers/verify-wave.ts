import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { isQueueEvent, workOff } from '../adapters/sqs-signals.ts';
import { lookAll } from '../core/looks/looks.ts';
import type { Ports } from '../core/ports.ts';
import type { Next } from '../core/rollouts/phase.ts';
import { type VerifyPhase, verifyWave as verify } from '../core/rollouts/verify.ts';
import { followers, start } from './wiring.ts';

/** Are the addresses there? Asked by a rollout for its wave; and by our own delayed messages: did ipamd see what we attached,
 *  and how soon do nodes start? */
export function verifyWave(ports: Ports) {
  function look(event: SQSEvent): Promise<SQSBatchResponse>;
  function look(phase: VerifyPhase): Promise<Next>;
  function look(event: SQSEvent | VerifyPhase): Promise<SQSBatchResponse | Next> {
    return isQueueEvent(event) ? workOff(event, ports, lookAll) : verify(event, ports);
  }
  return look;
}

export const handler = start(verifyWave, followers);
