import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { workOff } from '../adapters/sqs-signals.ts';
import type { Ports } from '../core/ports.ts';
import { start } from './wiring.ts';

/** Our own delayed messages: did ipamd see what we attached? */
export const verifyWave =
  (ports: Ports) =>
  (event: SQSEvent): Promise<SQSBatchResponse> =>
    workOff(event, ports);

export const handler = start(verifyWave);
