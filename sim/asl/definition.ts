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
  const complaints = [...wrongIn(read.data, read.data.QueryLanguage !== undefined)];
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
  const expected =
    issue.code === 'invalid_type'
      ? issue.expected
      : issue.code === 'invalid_value'
        ? issue.values.join(' or ')
        : issue.message;
  return [{ field: field || 'definition', expected, got: at(issue.path) }];
}

/** What no schema sees: dangling names, order of rules, expressions that do not parse. */
function* wrongIn(flow: Flow, jsonata: boolean, path = ''): Generator<Complaint> {
  const known = (name: string): boolean => name in flow.States;
  if (!known(flow.StartAt)) yield { field: `${path}StartAt`, expected: 'a state', got: flow.StartAt };
  for (const [name, state] of Object.entries(flow.States)) {
    const here = `${path}States.${name}`;
    if (!jsonata && state.QueryLanguage === undefined)
      yield { field: `${here}.QueryLanguage`, expected: 'JSONata, here or at the top', got: undefined };
    const targets =
      state.Type === 'Choice'
        ? [...state.Choices.map(({ Next }) => Next), ...(state.Default === undefined ? [] : [state.Default])]
        : 'Next' in state && state.Next !== undefined
          ? [state.Next]
          : [];
    const { Retry = [], Catch = [] } = { ...state } as { Retry?: Retrier[]; Catch?: Catcher[] };
    for (const target of [...targets, ...Catch.map(({ Next }) => Next)])
      if (!known(target)) yield { field: `${here}.Next`, expected: 'a state of the same flow', got: target };
    if (!['Choice', 'Succeed', 'Fail'].includes(state.Type)) {
      const { Next, End } = state as { Next?: string; End?: true };
      if ((Next === undefined) === (End === undefined))
        yield { field: here, expected: 'either Next or End', got: { Next, End } };
    }
    for (const [list, all] of [
      ['Retry', Retry],
      ['Catch', Catch],
    ] as const)
      yield* wrongOrder(`${here}.${list}`, all);
    for (const [i, { IntervalSeconds = 1, MaxDelaySeconds }] of Retry.entries())
      if (MaxDelaySeconds !== undefined && MaxDelaySeconds <= IntervalSeconds)
        yield {
          field: `${here}.Retry.${i}.MaxDelaySeconds`,
          expected: `more than IntervalSeconds (${IntervalSeconds})`,
          got: MaxDelaySeconds,
        };
    if (state.Type === 'Wait' && (state.Seconds === undefined) === (state.Timestamp === undefined))
      yield { field: here, expected: 'either Seconds or Timestamp', got: state };
    if (state.Type === 'Map' && state.ItemProcessor.ProcessorConfig?.Mode !== 'DISTRIBUTED')
      for (const field of ['ItemBatcher', 'Label'] as const)
        if (state[field] !== undefined)
          yield { field: `${here}.${field}`, expected: 'a distributed Map', got: state[field] };
    yield* wrongExpressions(here, { ...state, Branches: undefined, ItemProcessor: undefined });
    if ('Assign' in state && 'states' in (state.Assign ?? {}))
      yield { field: `${here}.Assign`, expected: 'another name ($states is reserved)', got: 'states' };
    for (const [i, inner] of flowsIn(state).entries())
      yield* wrongIn(inner, jsonata, `${here}.${state.Type === 'Map' ? 'ItemProcessor' : `Branches.${i}`}.`);
  }
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
