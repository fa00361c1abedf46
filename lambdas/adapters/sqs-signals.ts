/** Queue batches: messages in, signals out, and which messages must stay on the queue. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Handled } from '../core/handling.ts';
import type { NodeId } from '../core/model.ts';
import { inParallel } from '../core/parallel.ts';
import type { Delivery, Ports } from '../core/ports.ts';
import type { Ignored, NodeLaunching, Signal } from '../core/signals.ts';
import { type Reading, readQueueBody } from './eventbridge-signals.ts';

/** Dead letters written at a time. */
const BURIED_AT_ONCE = 10;
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
  const hurried = new Map<NodeId, Delivery>();
  for (const record of event.Records)
    for (const signal of readQueueBody(record.body, readingOf(ports))) {
      const { messageId } = record;
      if (isHurried(signal) && receivesOf(record) === 1) hurried.set(signal.nodeId, deliveryOf(record));
      if (signal.kind !== 'ignored') messageOf.set(signal, messageId);
      else {
        journal.note('ignored', { messageId, why: signal.why });
        left.push(signal);
      }
    }
  const failed = new Map<string, string>();
  const heard = await hearing(hurried, ports);
  for (const { error, signals, ignored } of await handle([...messageOf.keys()], heard)) {
    for (const { why } of ignored) journal.note('ignored', { why });
    left.push(...ignored);
    if (error === undefined) continue;
    const messageIds = [...new Set(signals.flatMap((signal) => messageOf.get(signal) ?? []))];
    const why = error instanceof Error ? error.message : String(error);
    journal.warn('stays on the queue', { error: why, signals });
    for (const id of messageIds) failed.set(id, why);
  }
  countIgnored(left, journal);
  const buried = await buryLast(event, failed, ports);
  const stay = [...failed.keys()].filter((id) => !buried.has(id));
  return { batchItemFailures: stay.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** How long messages that are in a hurry stay hidden, ms, until the run that has them begins to act: it reads and plans for a second or
 *  two. */
const HURRIED_MS = 3_000;
/** Those for which nothing is done yet are said again by the run itself, when it has done the others: calls take four seconds at most. */
const WAITING_MS = 5_000;
/** What comes back is gathered for so long before anybody has it (infra/queues.ts): it comes sooner than its nodes are free. */
const GATHERED_MS = 1_000;

/** Launches that run: ten seconds decide. Those that are pending are told of again when they run. */
const isHurried = (signal: Signal | Ignored): signal is NodeLaunching =>
  signal.kind === 'node-launching' && signal.phase === 'running';

const deliveryOf = ({ eventSourceARN: queueArn, receiptHandle }: SQSRecord): Delivery => ({
  queueArn,
  receiptHandle,
});

/** Should the run die, its launches come back in time, once; a second death is one of many troubles, not the run's. */
async function hearing(hurried: ReadonlyMap<NodeId, Delivery>, ports: Ports): Promise<Ports> {
  if (hurried.size === 0) return ports;
  const { deliveries } = ports;
  await deliveries.hide([...hurried.values()].map((delivery) => ({ delivery, forMs: HURRIED_MS })));
  return {
    ...ports,
    acts: (leases) =>
      deliveries.hide(
        [...hurried].map(([nodeId, delivery]) => {
          const leaseMs = leases.get(nodeId);
          return { delivery, forMs: leaseMs === undefined ? WAITING_MS : leaseMs - GATHERED_MS };
        }),
      ),
  };
}

const receivesOf = ({ attributes }: SQSRecord): number =>
  Number((attributes as Partial<SQSRecord>['attributes'])?.ApproximateReceiveCount ?? 0);

/** Those that failed for the last time go to the dead letters with their reason; SQS would move them without a word. Returns the ids
 *  of those that have gone. */
async function buryLast(
  { Records }: SQSEvent,
  failed: ReadonlyMap<string, string>,
  { deadLetters, journal }: Ports,
): Promise<ReadonlySet<string>> {
  const gone = new Set<string>();
  await inParallel(Records, BURIED_AT_ONCE, async (record) => {
    const { messageId, body, eventSourceARN } = record;
    const error = failed.get(messageId);
    if (error === undefined || receivesOf(record) < MOST_RECEIVES) return;
    journal.warn('goes to the dead letters', { error, messageId });
    if (await deadLetters.bury({ body, queueArn: eventSourceARN }, error)) gone.add(messageId);
  });
  return gone;
}

export const readingOf = ({ home, settings: { policy } }: Ports): Reading => ({ home, policy });

/** One figure for each class of reasons: a filter at the door that is too wide, or too narrow, shows. */
export function countIgnored(ignored: readonly Ignored[], journal: Ports['journal']): void {
  for (const [reason, some] of Map.groupBy(ignored, ({ as }) => as))
    journal.measure({ Ignored: some.length }, { reason });
}
