/** Reads a definition, strictly: whatever this interpreter does not know is refused by name and place, so that no machine
 *  runs with a field silently ignored. */
import type { z } from 'zod';
import { type Complaint, sayAll } from '../../lambdas/core/complaints.ts';
import { compile, isExpression } from './expressions.ts';
import {
  type Catcher,
  type Definition,
  type Flow,
  machine,
  type Retrier,
  resourceOf,
  type State,
  state,
} from './schema.ts';

/** Every state, those of branches and item processors included. */
export function* statesIn(flow: Flow): Generator<[name: string, state: State]> {
  for (const [name, state] of Object.entries(flow.States)) {
    yield [name, state];
    for (const inner of flowsIn(state)) yield* statesIn(inner);
  }
}

const flowsIn = (state: State): readonly Flow[] =>
  state.Type === 'Parallel' ? state.Branches : state.Type === 'Map' ? [state.ItemProcessor] : [];

/** Reads a definition, or throws one message with everything that is wrong with it. */
export function readDefinition(value: unknown): Definition {
  const read = machine.safeParse(value);
  if (!read.success)
    throw new Error(sayAll(read.error.issues.flatMap((issue) => complaintsOf(issue, value))));
  const complaints = [...wrongIn(read.data, { jsonata: read.data.QueryLanguage !== undefined })];
  if (complaints.length > 0) throw new Error(sayAll(complaints));
  return read.data;
}

const TYPES = state.options.map(({ shape }) => shape.Type.value);
const JSONPATH_FIELDS =
  /^(InputPath|OutputPath|ResultPath|Parameters|ResultSelector|Result|Variable|Iterator|\w+Path)$/;

function complaintsOf(issue: z.core.$ZodIssue, root: unknown): Complaint[] {
  const at = (path: readonly PropertyKey[]): unknown =>
    path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], root);
  const field = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      field: field === '' ? key : `${field}.${key}`,
      expected: JSONPATH_FIELDS.test(key)
        ? 'a JSONata field (JSONPath is not known to this interpreter)'
        : 'a field this interpreter knows',
      got: at([...issue.path, key]),
    }));
  if (issue.path.at(-1) === 'QueryLanguage')
    return [{ field, expected: 'JSONata (JSONPath is not known to this interpreter)', got: at(issue.path) }];
  if (issue.path.at(-1) === 'Type')
    return [{ field, expected: `one of ${TYPES.join(', ')}`, got: at(issue.path) }];
  if (issue.code === 'invalid_key')
    return [
      { field, expected: 'a variable name, at most 80 characters, not states', got: issue.path.at(-1) },
    ];
  const expected =
    issue.code === 'invalid_type'
      ? issue.expected
      : issue.code === 'invalid_value'
        ? issue.values.join(' or ')
        : issue.message;
  return [{ field: field || 'definition', expected, got: at(issue.path) }];
}

/** What no schema sees: dangling names, order of rules, expressions that do not parse, variables of an outer flow. */
function* wrongIn(
  flow: Flow,
  { jsonata, path = '', outer = [] }: { jsonata: boolean; path?: string; outer?: readonly string[] },
): Generator<Complaint> {
  if (!(flow.StartAt in flow.States))
    yield { field: `${path}StartAt`, expected: 'a state', got: flow.StartAt };
  const assigned = Object.values(flow.States).flatMap(assignedIn);
  for (const [name, state] of Object.entries(flow.States)) {
    const here = `${path}States.${name}`;
    if (!jsonata && state.QueryLanguage === undefined)
      yield { field: `${here}.QueryLanguage`, expected: 'JSONata, here or at the top', got: undefined };
    for (const variable of assignedIn(state).filter((one) => outer.includes(one)))
      yield { field: `${here}.Assign`, expected: 'no variable of an outer flow', got: variable };
    yield* wrongMoves(here, state, flow);
    yield* wrongRules(here, state);
    yield* wrongFields(here, state);
    yield* wrongExpressions(here, { ...state, Branches: undefined, ItemProcessor: undefined });
    const { Mode } = (state.Type === 'Map' && state.ItemProcessor.ProcessorConfig) || { Mode: 'INLINE' };
    for (const [i, inner] of flowsIn(state).entries())
      yield* wrongIn(inner, {
        jsonata,
        path: `${here}.${state.Type === 'Map' ? 'ItemProcessor' : `Branches.${i}`}.`,
        outer: Mode === 'DISTRIBUTED' ? [] : [...outer, ...assigned],
      });
  }
}

/** Fields that only some types of state have, asked of any. */
interface Any {
  readonly Next?: string;
  readonly End?: true;
  readonly Default?: string;
  readonly Choices?: readonly Catcher[];
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
  readonly Assign?: object;
}
const any = (state: State): Any => ({ ...state }) as Any;

function assignedIn(state: State): string[] {
  const { Choices = [], Catch = [], Assign } = any(state);
  return [Assign, ...[...Choices, ...Catch].map((rule) => rule.Assign)].flatMap((one) =>
    Object.keys(one ?? {}),
  );
}

function* wrongMoves(here: string, state: State, { States }: Flow): Generator<Complaint> {
  const { Next, End, Default, Choices = [], Catch = [] } = any(state);
  for (const target of [Next, Default, ...[...Choices, ...Catch].map((rule) => rule.Next)])
    if (target !== undefined && !(target in States))
      yield { field: `${here}.Next`, expected: 'a state of the same flow', got: target };
  if (!['Choice', 'Succeed', 'Fail'].includes(state.Type) && (Next === undefined) === (End === undefined))
    yield { field: here, expected: 'either Next or End', got: { Next, End } };
}

function* wrongRules(here: string, state: State): Generator<Complaint> {
  const { Retry = [], Catch = [] } = any(state);
  yield* wrongOrder(`${here}.Retry`, Retry);
  yield* wrongOrder(`${here}.Catch`, Catch);
  for (const [i, { IntervalSeconds = 1, MaxDelaySeconds }] of Retry.entries())
    if (MaxDelaySeconds !== undefined && MaxDelaySeconds <= IntervalSeconds)
      yield {
        field: `${here}.Retry.${i}.MaxDelaySeconds`,
        expected: `more than IntervalSeconds (${IntervalSeconds})`,
        got: MaxDelaySeconds,
      };
}

function* wrongFields(here: string, state: State): Generator<Complaint> {
  if (state.Type === 'Wait' && (state.Seconds === undefined) === (state.Timestamp === undefined))
    yield { field: here, expected: 'either Seconds or Timestamp', got: state };
  if (state.Type === 'Task' && state.HeartbeatSeconds !== undefined && !resourceOf(state).callback)
    yield {
      field: `${here}.HeartbeatSeconds`,
      expected: 'a .waitForTaskToken task (no other can send a heartbeat here)',
      got: state.HeartbeatSeconds,
    };
  if (state.Type !== 'Map') return;
  const config = state.ItemProcessor.ProcessorConfig;
  if (config?.Mode !== 'DISTRIBUTED') {
    for (const field of ['ItemBatcher', 'Label'] as const)
      if (state[field] !== undefined)
        yield { field: `${here}.${field}`, expected: 'a distributed Map', got: state[field] };
    return;
  }
  for (const [name, inner] of statesIn(state.ItemProcessor))
    if (config.ExecutionType === 'EXPRESS' && inner.Type === 'Task' && resourceOf(inner).callback)
      yield {
        field: `${here}.ItemProcessor.States.${name}`,
        expected: 'no task token in EXPRESS',
        got: inner.Resource,
      };
}

function* wrongOrder(
  path: string,
  rules: readonly { ErrorEquals: readonly string[] }[],
): Generator<Complaint> {
  for (const [i, { ErrorEquals }] of rules.entries())
    if (ErrorEquals.includes('States.ALL') && (ErrorEquals.length > 1 || i < rules.length - 1))
      yield { field: `${path}.${i}.ErrorEquals`, expected: 'States.ALL alone and last', got: ErrorEquals };
}

function* wrongExpressions(path: string, value: unknown): Generator<Complaint> {
  if (typeof value === 'string') {
    if (!isExpression(value) && isExpression(value.trim()))
      yield { field: path, expected: 'no space outside {% %}, which would make it plain text', got: value };
    const problem = isExpression(value) ? parseError(value) : undefined;
    if (problem) yield { field: path, expected: `JSONata that parses (${problem})`, got: value };
  } else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) yield* wrongExpressions(`${path}.${key}`, inner);
}

function parseError(text: string): string | undefined {
  try {
    compile(text);
    return undefined;
  } catch (error) {
    return (error as { message: string }).message;
  }
}
