import type { SQSBatchResponse } from 'aws-lambda';
import { readSignals } from '../adapters/eventbridge-signals.ts';
import { countIgnored, isQueueEvent, readingOf, workOff } from '../adapters/sqs-signals.ts';
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
  const read = readSignals(event, readingOf(ports));
  const handled = await prewarm(
    read.filter((one) => one.kind !== 'ignored'),
    ports,
  );
  const failed = handled.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw failed.error;
  const ignored = [...read.filter((one) => one.kind === 'ignored'), ...handled.flatMap((one) => one.ignored)];
  countIgnored(ignored, ports.journal);
  const reports = handled.flatMap((one) => one.reports);
  const [left] = ignored;
  return left !== undefined && reports.length === 0 ? { ignored: left.why } : { reports };
}

export const handler = start(onSignal);
