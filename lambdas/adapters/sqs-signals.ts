/** Queue batches: messages in, signals out, and which messages must stay on the queue. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Handled } from '../core/handling.ts';
import type { Ports } from '../core/ports.ts';
import type { Signal } from '../core/signals.ts';
import { readQueueBody } from './eventbridge-signals.ts';

export const isQueueEvent = (event: unknown): event is SQSEvent =>
  typeof event === 'object' && event !== null && 'Records' in event && Array.isArray(event.Records);

/** Works a batch off. Messages whose signals failed stay and are delivered again, and in the end go to the dead-letter
 *  queue; all others are done with, those we do not understand too, with the reason in the journal. */
export async function workOff(
  event: SQSEvent,
  ports: Ports,
  handle: (signals: readonly Signal[], ports: Ports) => Promise<readonly Handled<unknown>[]>,
): Promise<SQSBatchResponse> {
  const { journal } = ports;
  const messageOf = new Map<Signal, string>();
  for (const { messageId, body } of event.Records) {
    const signal = readQueueBody(body);
    if (signal.kind === 'ignored') journal.note('ignored', { messageId, why: signal.why });
    else messageOf.set(signal, messageId);
  }
  const failed: string[] = [];
  for (const { error, signals, ignored } of await handle([...messageOf.keys()], ports)) {
    for (const { why } of ignored) journal.note('ignored', { why });
    if (error === undefined) continue;
    journal.warn('stays on the queue', {
      error: error instanceof Error ? error.message : String(error),
      signals,
    });
    failed.push(...signals.flatMap((signal) => messageOf.get(signal) ?? []));
  }
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}
