import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { workOff } from '../adapters/sqs-signals.ts';
import { lookAll } from '../core/looks/looks.ts';
import type { Ports } from '../core/ports.ts';
import { sharing, start } from './wiring.ts';

/** Our own delayed messages: did ipamd see what we attached, how soon do nodes start, and may their gates be opened? */
export const lookAgain =
  (ports: Ports) =>
  (event: SQSEvent): Promise<SQSBatchResponse> =>
    workOff(event, ports, lookAll);

export const handler = start(lookAgain, sharing);
