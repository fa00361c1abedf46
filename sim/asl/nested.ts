/** States with lines of their own inside: Parallel, Map over the parent's history, and Map over executions of its own. */

import { bytesOf, Halted, queryError, StateError } from './errors.ts';
import { History, HistoryFull } from './history.ts';
import { type Interpreter, type Line, lineThrough, type Visit } from './interpreter.ts';
import type { Kind, Processor } from './schema.ts';

/** Source: Developer Guide, Map inline (40 iterations at once) and distributed (10,000 children, also the default). */
const INLINE_AT_ONCE = 40;
const CHILDREN_AT_ONCE = 10_000;
/** Most bytes of one batch of items. Source: Developer Guide, ItemBatcher. */
const BATCH_BYTES = 262_144;

/** Branches share the history; the first failure aborts the others and is the state's error. */
export async function runParallel(
  interpreter: Interpreter,
  state: Kind<'Parallel'>,
  visit: Visit,
): Promise<unknown> {
  const { line, halt } = visit;
  const { history } = line.owner;
  const name = { state: line.at };
  if (!line.children) {
    const input = await interpreter.argumentsOf(state, visit);
    history.record('ParallelStateStarted', name);
    const { owner, item, variables } = line;
    line.children = state.Branches.map((branch) => lineThrough(branch, { owner, item, input, variables }));
  }
  const lines = line.children;
  try {
    await each(lines, lines.length, halt, (child, _, stop) => interpreter.run(child, stop));
  } catch (error) {
    if (error instanceof StateError) history.record('ParallelStateFailed', name);
    throw error;
  }
  history.record('ParallelStateSucceeded', name);
  return lines.map(outputOf);
}

export async function runMap(interpreter: Interpreter, state: Kind<'Map'>, visit: Visit): Promise<unknown> {
  const { line, halt } = visit;
  const { history } = line.owner;
  const name = { state: line.at };
  const { ProcessorConfig: config } = state.ItemProcessor;
  const distributed = config?.Mode === 'DISTRIBUTED';
  const atMost = distributed ? CHILDREN_AT_ONCE : INLINE_AT_ONCE;
  const asked = await interpreter.whole(visit, state.MaxConcurrency, 'MaxConcurrency');
  if (!line.children) {
    const items = await itemsOf(interpreter, state, visit);
    history.record('MapStateStarted', name);
    const inputs = distributed ? await batches(interpreter, state, visit, items) : items;
    line.children = inputs.map((input, index) =>
      childLine(interpreter, state.ItemProcessor, visit, input, index),
    );
  }
  const lines = line.children;
  const tolerance = await toleranceOf(interpreter, state, visit, lines);
  const failures = new Map<Line, StateError>();
  if (distributed) history.record('MapRunStarted', name);
  try {
    await each(lines, Math.min(asked || atMost, atMost), halt, async (child, index, stop) => {
      const mark = (what: string): void => {
        if (!distributed) history.record(`MapIteration${what}`, { ...name, index });
      };
      mark('Started');
      try {
        await (distributed ? runChild(interpreter, child, stop) : interpreter.run(child, stop));
        mark('Succeeded');
      } catch (error) {
        if (error instanceof Halted) mark('Aborted');
        if (!(error instanceof StateError)) throw error;
        failures.set(child, error);
        if (tolerance === undefined || tolerance.exceededBy([...failures.keys()])) throw error;
        mark('Failed');
      } finally {
        // Whatever became of it, its transitions were made, and are billed here.
        if (distributed && config.ExecutionType === 'STANDARD') {
          history.transitions += child.owner.history.transitions;
          child.owner.history.transitions = 0;
        }
      }
    });
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    const index = lines.findIndex((child) => failures.get(child) === error);
    if (distributed) history.record('MapRunFailed', name);
    else history.record('MapIterationFailed', { ...name, index });
    history.record('MapStateFailed', name);
    if (tolerance === undefined) throw error;
    throw new StateError(
      'States.ExceedToleratedFailureThreshold',
      `${tolerance.said}, and ${failures.size} of ${lines.length} failed: ${error.message}`,
    );
  }
  if (distributed) history.record('MapRunSucceeded', name);
  history.record('MapStateSucceeded', name);
  // What the service puts in the place of a tolerated failure is not documented; this is its error output.
  return lines.map((child) => {
    const failure = failures.get(child);
    return failure ? { Error: failure.error, Cause: failure.reason } : outputOf(child);
  });
}

async function itemsOf(interpreter: Interpreter, state: Kind<'Map'>, visit: Visit): Promise<unknown[]> {
  const { line } = visit;
  const items = state.Items === undefined ? line.input : await interpreter.value(visit, state.Items, 'Items');
  if (!Array.isArray(items)) throw queryError(`The field 'Items' of '${line.at}' must be an array`);
  if (state.ItemSelector === undefined) return items;
  return Promise.all(
    items.map((Value: unknown, Index) => {
      const one = { ...visit, line: { ...line, item: { Index, Value } } };
      return interpreter.value(one, state.ItemSelector, 'ItemSelector');
    }),
  );
}

/** Items as the children of a distributed Map get them: one each, or in batches. */
async function batches(
  interpreter: Interpreter,
  { ItemBatcher: batcher }: Kind<'Map'>,
  visit: Visit,
  items: readonly unknown[],
): Promise<unknown[]> {
  if (!batcher) return [...items];
  const whole = (value: unknown, field: string) => interpreter.whole(visit, value, `ItemBatcher/${field}`);
  const most = (await whole(batcher.MaxItemsPerBatch, 'MaxItemsPerBatch')) || Number.POSITIVE_INFINITY;
  const bytes = (await whole(batcher.MaxInputBytesPerBatch, 'MaxInputBytesPerBatch')) || BATCH_BYTES;
  const shared =
    batcher.BatchInput === undefined
      ? {}
      : { BatchInput: await interpreter.value(visit, batcher.BatchInput, 'ItemBatcher/BatchInput') };
  const made: { Items: unknown[] }[] = [];
  for (const item of items) {
    const last = made.at(-1);
    const room =
      last && last.Items.length < most && bytesOf({ ...last, Items: [...last.Items, item] }) <= bytes;
    if (room) last.Items.push(item);
    else made.push({ ...shared, Items: [item] });
  }
  return made;
}

/** Inline, an iteration sees the variables outside; a child of a distributed Map is an execution of its own and does not. */
function childLine(
  { world }: Interpreter,
  flow: Processor,
  { line }: Visit,
  input: unknown,
  Index: number,
): Line {
  const { owner, variables } = line;
  const item = { Index, Value: input };
  const config = flow.ProcessorConfig;
  if (config?.Mode !== 'DISTRIBUTED') return lineThrough(flow, { owner, item, input, variables });
  const Id = `${owner.context.Id}/${line.at}:${Index}`;
  const limit = config.ExecutionType === 'STANDARD' ? undefined : Number.POSITIVE_INFINITY;
  const history = new History(() => world.kernel.nowMs, limit);
  const StartTime = new Date(world.epochMs + world.kernel.nowMs).toISOString();
  const context = { Id, Name: `${Index}`, Input: input, StartTime, RedriveCount: 0 };
  return lineThrough(flow, { owner: { context, history }, item: undefined, input });
}

/** A child execution, from ExecutionStarted to its end. */
async function runChild(interpreter: Interpreter, child: Line, halt: AbortSignal): Promise<void> {
  const { history } = child.owner;
  history.closed = false;
  history.record(history.events.length === 0 ? 'ExecutionStarted' : 'ExecutionRedriven');
  try {
    await interpreter.run(child, halt);
    history.close('ExecutionSucceeded');
  } catch (error) {
    const failure = error instanceof HistoryFull ? error.failure : error;
    history.close(failure instanceof StateError ? 'ExecutionFailed' : 'ExecutionAborted');
    throw failure;
  }
}

interface Tolerance {
  readonly said: string;
  exceededBy(failed: readonly Line[]): boolean;
}

/** None for an inline Map that names none: then the first failure is the Map's own error. Counted in items, not batches. */
async function toleranceOf(
  interpreter: Interpreter,
  state: Kind<'Map'>,
  visit: Visit,
  lines: readonly Line[],
): Promise<Tolerance | undefined> {
  const count = await interpreter.whole(visit, state.ToleratedFailureCount, 'ToleratedFailureCount');
  const share = state.ToleratedFailurePercentage;
  const percentage =
    share === undefined ? undefined : await interpreter.value(visit, share, 'ToleratedFailurePercentage');
  const distributed = state.ItemProcessor.ProcessorConfig?.Mode === 'DISTRIBUTED';
  if (count === undefined && percentage === undefined && !distributed) return undefined;
  const items = (of: readonly Line[]): number =>
    of.reduce(
      (sum, child) => sum + (state.ItemBatcher ? (child.owner.context.Input as Batch).Items.length : 1),
      0,
    );
  const all = items(lines);
  const most = Math.min(
    count ?? (percentage === undefined ? 0 : all),
    percentage === undefined ? all : (Number(percentage) / 100) * all,
  );
  return { said: `at most ${most} of ${all} items may fail`, exceededBy: (failed) => items(failed) > most };
}

interface Batch {
  readonly Items: readonly unknown[];
}

/** Runs unfinished lines in order, `atOnce` at a time. The first that throws halts the rest, which are waited for. */
async function each(
  lines: readonly Line[],
  atOnce: number,
  halt: AbortSignal,
  run: (line: Line, index: number, stop: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const brake = new AbortController();
  const stop = AbortSignal.any([halt, brake.signal]);
  const waiting = [...lines.entries()].filter(([, line]) => !line.done);
  let first: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !stop.aborted; next = waiting.shift()) {
      try {
        await run(next[1], next[0], stop);
      } catch (error) {
        first ??= { error };
        brake.abort(new Halted('another branch or item failed'));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, waiting.length) }, worker));
  if (first) throw first.error;
  halt.throwIfAborted();
}

const outputOf = ({ done }: Line): unknown => done?.output;
