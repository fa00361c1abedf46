/** States with lines of their own inside: Parallel, and Map over items, inline or as executions of their own. */
import { type Batch, childInputs, childLine, type Item, runChild } from './children.ts';
import { Halted, StateError } from './errors.ts';
import { type Line, lineThrough, type Running, type Visit } from './line.ts';
import type { Kind } from './schema.ts';

/** Source: Developer Guide, Map inline (40 iterations at once) and distributed (10,000 children, also the default). */
const INLINE_AT_ONCE = 40;
const CHILDREN_AT_ONCE = 10_000;

/** Branches share the history; the first failure aborts the others and is the state's error. */
export async function runParallel(
  interpreter: Running,
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

export async function runMap(interpreter: Running, state: Kind<'Map'>, visit: Visit): Promise<unknown> {
  const { line, halt } = visit;
  const { history } = line.owner;
  const name = { state: line.at };
  const config = state.ItemProcessor.ProcessorConfig;
  const distributed = config?.Mode === 'DISTRIBUTED' ? config : undefined;
  const atMost = distributed ? CHILDREN_AT_ONCE : INLINE_AT_ONCE;
  const asked = await interpreter.whole(visit, state.MaxConcurrency, 'MaxConcurrency');
  const again = line.children !== undefined;
  if (!line.children) {
    const items = await itemsOf(interpreter, state, visit);
    history.record('MapStateStarted', name);
    const { owner, variables } = line;
    line.children = distributed
      ? (await childInputs(interpreter, state, visit, items)).map((input, index) =>
          childLine(interpreter, state, distributed, visit, { input, index }),
        )
      : items.map(({ input, item }) => lineThrough(state.ItemProcessor, { owner, item, input, variables }));
  }
  const lines = line.children;
  const tolerance = await toleranceOf(interpreter, state, visit, lines);
  const failures = new Map<Line, StateError>();
  if (distributed) history.record(again ? 'MapRunRedriven' : 'MapRunStarted', name);
  const mark = (what: string, index: number): void => {
    if (!distributed) history.record(`MapIteration${what}`, { ...name, index });
  };
  try {
    await each(lines, Math.min(asked || atMost, atMost), halt, async (child, index, stop) => {
      mark('Started', index);
      try {
        if (distributed) await runChild(interpreter, distributed, child, stop, history);
        else await interpreter.run(child, stop);
        mark('Succeeded', index);
      } catch (error) {
        if (error instanceof Halted) mark('Aborted', index);
        if (!(error instanceof StateError)) throw error;
        failures.set(child, error);
        mark('Failed', index);
        if (tolerance === undefined || tolerance.exceededBy([...failures.keys()])) throw error;
      }
    });
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    if (distributed) history.record('MapRunFailed', name);
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

async function itemsOf(interpreter: Running, state: Kind<'Map'>, visit: Visit): Promise<Item[]> {
  const { line } = visit;
  const values =
    state.Items === undefined ? line.input : await interpreter.value(visit, state.Items, 'Items');
  if (!Array.isArray(values)) throw interpreter.wrong(visit, 'Items', 'an array', values);
  return Promise.all(
    values.map(async (Value: unknown, Index) => {
      const item = { Index, Value };
      if (state.ItemSelector === undefined) return { item, input: Value };
      const one = { ...visit, line: { ...line, item } };
      return { item, input: await interpreter.value(one, state.ItemSelector, 'ItemSelector') };
    }),
  );
}

interface Tolerance {
  readonly said: string;
  exceededBy(failed: readonly Line[]): boolean;
}

/** None for an inline Map that names none: then the first failure is the Map's own error. Counted in items, not batches. */
async function toleranceOf(
  interpreter: Running,
  state: Kind<'Map'>,
  visit: Visit,
  lines: readonly Line[],
): Promise<Tolerance | undefined> {
  const { ToleratedFailureCount, ToleratedFailurePercentage: share } = state;
  const count = await interpreter.whole(visit, ToleratedFailureCount, 'ToleratedFailureCount');
  const field = 'ToleratedFailurePercentage';
  const percentage = share === undefined ? undefined : await interpreter.value(visit, share, field);
  if (percentage !== undefined && !(typeof percentage === 'number' && percentage >= 0 && percentage <= 100))
    throw interpreter.wrong(visit, field, 'a number from 0 to 100', percentage);
  const distributed = state.ItemProcessor.ProcessorConfig?.Mode === 'DISTRIBUTED';
  if (count === undefined && percentage === undefined && !distributed) return undefined;
  const items = (of: readonly Line[]): number =>
    state.ItemBatcher
      ? of.reduce((sum, { owner }) => sum + (owner.context.Input as Batch).Items.length, 0)
      : of.length;
  const all = items(lines);
  const byShare = percentage === undefined ? all : (percentage / 100) * all;
  const most = Math.min(count ?? (percentage === undefined ? 0 : all), byShare);
  return { said: `at most ${most} of ${all} items may fail`, exceededBy: (failed) => items(failed) > most };
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
