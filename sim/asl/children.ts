/** The children of a distributed Map: executions of their own, with their own history and without the variables outside. */
import { bytesOf, fitting, Halted, StateError } from './errors.ts';
import { History, HistoryFull } from './history.ts';
import { type Line, lineThrough, type Running, type Visit } from './line.ts';
import type { Distributed, Kind } from './schema.ts';

/** Most bytes of one batch of items. Source: Developer Guide, ItemBatcher. */
const BATCH_BYTES = 262_144;
/** How long an Express execution may last. Source: Step Functions quotas. */
const EXPRESS_MS = 300_000;

/** An item of a Map: what it was, and what its iteration is given. */
export interface Item {
  readonly item: { readonly Index: number; readonly Value: unknown };
  readonly input: unknown;
}

export interface Batch {
  readonly BatchInput?: unknown;
  readonly Items: unknown[];
}

/** What each child is given: one item, or a batch of them. */
export async function childInputs(
  interpreter: Running,
  { ItemBatcher: batcher }: Kind<'Map'>,
  visit: Visit,
  items: readonly Item[],
): Promise<unknown[]> {
  if (!batcher) return items.map(({ input }) => input);
  const whole = (value: unknown, field: string) => interpreter.whole(visit, value, `ItemBatcher/${field}`);
  const most = (await whole(batcher.MaxItemsPerBatch, 'MaxItemsPerBatch')) || Number.POSITIVE_INFINITY;
  const bytes = (await whole(batcher.MaxInputBytesPerBatch, 'MaxInputBytesPerBatch')) || BATCH_BYTES;
  const shared =
    batcher.BatchInput === undefined
      ? {}
      : { BatchInput: await interpreter.value(visit, batcher.BatchInput, 'ItemBatcher/BatchInput') };
  const batches: Batch[] = [];
  for (const { input } of items) {
    const last = batches.at(-1);
    const room =
      last && last.Items.length < most && bytesOf({ ...last, Items: [...last.Items, input] }) <= bytes;
    if (room) last.Items.push(input);
    else batches.push({ ...shared, Items: [input] });
  }
  return batches;
}

export function childLine(
  { world }: Running,
  { ItemProcessor }: Kind<'Map'>,
  { ExecutionType }: Distributed,
  { line }: Visit,
  { input, index }: { readonly input: unknown; readonly index: number },
): Line {
  // The service keeps no history of Express executions.
  const limit = ExecutionType === 'STANDARD' ? undefined : Number.POSITIVE_INFINITY;
  const history = new History(() => world.kernel.nowMs, limit);
  const context = {
    Id: `${line.owner.context.Id}/${line.at}:${index}`,
    Name: `${index}`,
    Input: fitting(input, `the input of child ${index} of ${line.at}`),
    StartTime: new Date(world.epochMs + world.kernel.nowMs).toISOString(),
    RedriveCount: 0,
  };
  return lineThrough(ItemProcessor, { owner: { context, history }, item: undefined, input });
}

/** Runs a child to its end. The transitions of a Standard child are billed with its parent's. */
export async function runChild(
  interpreter: Running,
  { ExecutionType }: Distributed,
  child: Line,
  halt: AbortSignal,
  parent: History,
): Promise<void> {
  const { history } = child.owner;
  const express = ExecutionType === 'EXPRESS';
  const timeout = new AbortController();
  const late = new StateError('States.Timeout', `an Express execution may last ${EXPRESS_MS / 1_000} s`);
  const stop = (): void => timeout.abort(new Halted(late.message));
  const cancel = express ? interpreter.world.kernel.after(EXPRESS_MS, stop) : () => {};
  const before = history.transitions;
  history.closed = false;
  history.record(history.events.length === 0 ? 'ExecutionStarted' : 'ExecutionRedriven');
  try {
    await interpreter.run(child, AbortSignal.any([halt, timeout.signal]));
    history.close('ExecutionSucceeded');
  } catch (error) {
    const ended = timeout.signal.aborted && !halt.aborted ? late : error;
    const failure = ended instanceof HistoryFull ? ended.failure : ended;
    history.close(failure instanceof Halted ? 'ExecutionAborted' : 'ExecutionFailed');
    throw failure;
  } finally {
    cancel();
    if (!express) parent.transitions += history.transitions - before;
  }
}
