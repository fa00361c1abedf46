/** Queue batches: messages in, signals out, and which messages must stay on the queue. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Handled } from '../core/handling.ts';
import type { Ports } from '../core/ports.ts';
import type { Ignored, Signal } from '../core/signals.ts';
import { type Reading, readQueueBody } from './eventbridge-signals.ts';

/** Tries of one message; after that it waits among the dead letters for a person. */
export const MOST_RECEIVES = 5;

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
  const left: Ignored[] = [];
  const receives = new Map(
    event.Records.map(({ messageId, attributes }: Partial<SQSRecord>) => [
      messageId,
      Number(attributes?.ApproximateReceiveCount),
    ]),
  );
  for (const { messageId, body } of event.Records)
    for (const signal of readQueueBody(body, readingOf(ports))) {
      if (signal.kind !== 'ignored') messageOf.set(signal, messageId);
      else {
        journal.note('ignored', { messageId, why: signal.why });
        left.push(signal);
      }
    }
  const failed = new Set<string>();
  for (const { error, signals, ignored } of await handle([...messageOf.keys()], ports)) {
    for (const { why } of ignored) journal.note('ignored', { why });
    left.push(...ignored);
    if (error === undefined) continue;
    const messageIds = [...new Set(signals.flatMap((signal) => messageOf.get(signal) ?? []))];
    const why = error instanceof Error ? error.message : String(error);
    journal.warn('stays on the queue', { error: why, signals });
    const last = messageIds.filter((id) => (receives.get(id) ?? 0) >= MOST_RECEIVES);
    // SQS moves them without a word: this is where their reason is to be found.
    if (last.length > 0) journal.warn('goes to the dead letters', { error: why, messageIds: last });
    for (const id of messageIds) failed.add(id);
  }
  countIgnored(left, journal);
  return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
}

export const readingOf = ({ home, settings: { policy } }: Ports): Reading => ({ home, policy });

/** One figure for each class of reasons: a filter at the door that is too wide, or too narrow, shows. */
export function countIgnored(ignored: readonly Ignored[], journal: Ports['journal']): void {
  for (const [reason, some] of Map.groupBy(ignored, ({ as }) => as))
    journal.measure({ Ignored: some.length }, { reason });
}
