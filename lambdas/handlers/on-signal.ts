import type { SQSBatchResponse } from 'aws-lambda';
import { readSignal } from '../adapters/eventbridge-signals.ts';
import { isQueueEvent, workOff } from '../adapters/sqs-signals.ts';
import type { Ports } from '../core/ports.ts';
import { prewarm, type Report } from '../core/prewarm.ts';
import { start } from './wiring.ts';

/** What a direct invocation answers. */
export type Answer = { readonly ignored: string } | { readonly reports: readonly Report[] };

/** Events from the queues, in batches; or one event, or `{ "plan": event }`, by direct invocation. */
export const onSignal =
  (ports: Ports) =>
  (event: unknown): Promise<SQSBatchResponse | Answer> =>
    isQueueEvent(event) ? workOff(event, ports, prewarm) : answer(event, ports);

async function answer(event: unknown, ports: Ports): Promise<Answer> {
  const signal = readSignal(event);
  if (signal.kind === 'ignored') return { ignored: signal.why };
  const [handled] = await prewarm([signal], ports);
  if (handled?.error !== undefined) throw handled.error;
  const { reports = [], ignored: [left] = [] } = handled ?? {};
  return left !== undefined && reports.length === 0 ? { ignored: left.why } : { reports };
}

export const handler = start(onSignal);
