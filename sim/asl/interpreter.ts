/**
 * One line of control through states: an execution, a branch of a Parallel, an item of a Map.
 *
 * A line keeps where it stands. When its execution fails, is stopped or times out it simply stays there, and a redrive
 * runs it on from that state with the same input and variables.
 */
import type { Stream } from '../chance.ts';
import { answers, fitting, Halted, NotInThisWorld, queryError, StateError } from './errors.ts';
import { type Bindings, uuid } from './expressions.ts';
import type { Line, Running, Visit, World } from './line.ts';
import { runMap, runParallel } from './nested.ts';
import { type Catcher, type Kind, type Retrier, resourceOf, type State } from './schema.ts';
import { attempt } from './tasks.ts';
import { pause } from './waiting.ts';

/** Source: Developer Guide, variables: one variable and one Assign; all variables of an execution. */
const VARIABLE_BYTES = 262_144;
const VARIABLES_BYTES = 10_485_760;

interface Outcome {
  readonly output: unknown;
  readonly assigned: Readonly<Record<string, unknown>>;
  readonly next: string | undefined;
}

type Fields = { readonly Assign?: unknown; readonly Output?: unknown; readonly Next?: string | undefined };

export class Interpreter implements Running {
  readonly world: World;
  constructor(world: World) {
    this.world = world;
  }

  /** Runs the line to its end and returns its output. Throws StateError where it fails and Halted when told to stop. */
  async run(line: Line, halt: AbortSignal): Promise<unknown> {
    while (!line.done) await this.#visit(line, halt);
    return line.done.output;
  }

  async #visit(line: Line, halt: AbortSignal): Promise<void> {
    const { history } = line.owner;
    const state = line.flow.States[line.at] as State;
    if (!line.entered) {
      history.record(`${state.Type}StateEntered`, { state: line.at });
      history.transitions++;
      line.entered = true;
    }
    const visit: Visit = { line, halt, enteredMs: this.world.kernel.nowMs, retries: 0 };
    let outcome: Outcome;
    try {
      outcome = await this.#outcome(state, visit);
    } catch (error) {
      if (error instanceof Halted && ['Task', 'Wait', 'Parallel', 'Map'].includes(state.Type))
        history.record(`${state.Type}StateAborted`, { state: line.at });
      throw error;
    }
    const variables = { ...line.variables, ...outcome.assigned };
    fitting(variables, 'the variables of the execution', VARIABLES_BYTES);
    history.record(`${state.Type}StateExited`, { state: line.at });
    line.variables = variables;
    line.entered = false;
    line.children = undefined;
    if (outcome.next === undefined) {
      line.done = { output: outcome.output };
      return;
    }
    line.at = outcome.next;
    line.input = outcome.output;
  }

  /** The state's work, with its Retry and Catch around it. */
  async #outcome(state: State, visit: Visit): Promise<Outcome> {
    if (state.Type !== 'Task' && state.Type !== 'Parallel' && state.Type !== 'Map')
      return this.#step(state, visit);
    const spent = new Map<Retrier, number>();
    for (;;) {
      try {
        const result = await this.#work(state, visit);
        return await this.#settle(state, visit, { result }, result);
      } catch (error) {
        if (!(error instanceof StateError)) throw error;
        const retrier = state.Retry?.find(({ ErrorEquals }) => answers(ErrorEquals, error.error));
        const tries = (retrier && spent.get(retrier)) ?? 0;
        if (retrier && tries < (retrier.MaxAttempts ?? 3) && error.error !== 'States.Runtime') {
          spent.set(retrier, tries + 1);
          await pause(this.world.kernel, retryDelayMs(retrier, tries, this.world.jitter), visit.halt);
          visit.retries++;
          visit.line.owner.history.transitions++;
          visit.line.children = undefined;
          continue;
        }
        const caught = state.Catch?.find(({ ErrorEquals }) => answers(ErrorEquals, error.error));
        if (!caught) throw error;
        return this.#caught(caught, visit, error);
      }
    }
  }

  #caught(catcher: Catcher, visit: Visit, { error, reason }: StateError): Promise<Outcome> {
    const errorOutput = { Error: error, Cause: reason };
    return this.#settle(catcher, visit, { errorOutput }, errorOutput);
  }

  #work(state: Kind<'Task' | 'Parallel' | 'Map'>, visit: Visit): Promise<unknown> {
    if (state.Type === 'Task') return this.#task(state, visit);
    return state.Type === 'Map' ? runMap(this, state, visit) : runParallel(this, state, visit);
  }

  async #step(state: Exclude<State, Kind<'Task' | 'Parallel' | 'Map'>>, visit: Visit): Promise<Outcome> {
    const { line, halt } = visit;
    switch (state.Type) {
      case 'Pass':
      case 'Succeed':
        return this.#settle(state, visit, {}, line.input);
      case 'Wait':
        await pause(this.world.kernel, await this.#waitMs(state, visit), halt);
        return this.#settle(state, visit, {}, line.input);
      case 'Choice':
        for (const [i, rule] of state.Choices.entries()) {
          const field = `Choices[${i}]/Condition`;
          const holds = await this.value(visit, rule.Condition, field);
          if (typeof holds !== 'boolean') throw this.wrong(visit, field, 'a boolean', holds);
          if (holds) return this.#settle(rule, visit, {}, line.input);
        }
        if (state.Default === undefined)
          throw new StateError(
            'States.NoChoiceMatched',
            `no Choice of ${line.at} holds and it has no Default`,
          );
        return this.#settle({ ...state, Next: state.Default }, visit, {}, line.input);
      case 'Fail': {
        const error = await this.value(visit, state.Error ?? '', 'Error');
        const cause = await this.value(visit, state.Cause ?? '', 'Cause');
        throw new StateError(String(error), String(cause));
      }
    }
  }

  async #waitMs({ Seconds, Timestamp }: Kind<'Wait'>, visit: Visit): Promise<number> {
    if (Seconds !== undefined) return 1_000 * ((await this.whole(visit, Seconds, 'Seconds')) ?? 0);
    const timestamp = await this.value(visit, Timestamp, 'Timestamp');
    const untilMs = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
    if (Number.isNaN(untilMs)) throw this.wrong(visit, 'Timestamp', 'an ISO 8601 time', timestamp);
    return Math.max(0, untilMs - this.world.epochMs - this.world.kernel.nowMs);
  }

  async #task(state: Kind<'Task'>, visit: Visit): Promise<unknown> {
    const { name, callback } = resourceOf(state);
    const task = this.world.tasks[name];
    if (!task) throw new NotInThisWorld(`${state.Resource} (${visit.line.at}): no such task in this world`);
    visit.token = callback ? uuid(this.world.ids) : undefined;
    const input = await this.argumentsOf(state, visit);
    const ms = (seconds: number | undefined): number | undefined =>
      seconds === undefined ? undefined : seconds * 1_000;
    return attempt(this.world, {
      task,
      input: fitting(input, `the input of ${visit.line.at}`),
      state: visit.line.at,
      timeoutMs: ms(await this.whole(visit, state.TimeoutSeconds, 'TimeoutSeconds')),
      heartbeatMs: ms(await this.whole(visit, state.HeartbeatSeconds, 'HeartbeatSeconds')),
      token: visit.token,
      history: visit.line.owner.history,
      halt: visit.halt,
    });
  }

  /** Assign and Output, both on what the state found when it was entered; nothing is assigned unless all of it can be. */
  async #settle(fields: Fields, visit: Visit, more: Bindings, otherwise: unknown): Promise<Outcome> {
    const [assigned, output] = await Promise.all([
      this.value(visit, fields.Assign ?? {}, 'Assign', more) as Promise<Record<string, unknown>>,
      fields.Output === undefined ? otherwise : this.value(visit, fields.Output, 'Output', more),
    ]);
    fitting(assigned, `Assign of ${visit.line.at}`, VARIABLE_BYTES);
    return { output: fitting(output, `the output of ${visit.line.at}`), assigned, next: fields.Next };
  }

  /** What a Task or a Parallel works on: its Arguments, or its input as it is. */
  async argumentsOf(state: { readonly Arguments?: unknown }, visit: Visit): Promise<unknown> {
    if (state.Arguments === undefined) return visit.line.input;
    return this.value(visit, state.Arguments, 'Arguments');
  }

  /** A field of the state, with its expressions replaced. What JSONata cannot give is recorded and thrown. */
  async value(visit: Visit, template: unknown, field: string, more: Bindings = {}): Promise<unknown> {
    const { line } = visit;
    const states = { input: line.input, context: this.#context(visit), ...more };
    try {
      return await this.world.expressions.evaluate(template, field, { ...line.variables, states });
    } catch (error) {
      if (error instanceof StateError) this.#evaluationFailed(visit, error);
      throw error;
    }
  }

  /** A field that is a whole number, not below zero and not above `most`, or absent. */
  async whole(
    visit: Visit,
    template: unknown,
    field: string,
    most = Number.POSITIVE_INFINITY,
  ): Promise<number | undefined> {
    if (template === undefined) return undefined;
    const value = await this.value(visit, template, field);
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value;
    throw this.wrong(visit, field, 'a whole number of at least 0', value);
  }

  /** Records and returns the error of a field whose expression gave what the field cannot take. */
  wrong(visit: Visit, field: string, expected: string, got: unknown): StateError {
    const error = queryError(
      `The field '${field}' of '${visit.line.at}' must be ${expected}, got ${JSON.stringify(got)}`,
    );
    this.#evaluationFailed(visit, error);
    return error;
  }

  #evaluationFailed({ line }: Visit, { error, reason }: StateError): void {
    line.owner.history.record('EvaluationFailed', { state: line.at, error, cause: reason });
  }

  /** `$states.context`. */
  #context({ line, enteredMs, retries, token }: Visit): unknown {
    const EnteredTime = new Date(this.world.epochMs + enteredMs).toISOString();
    return {
      Execution: line.owner.context,
      State: { EnteredTime, Name: line.at, RetryCount: retries },
      StateMachine: { Id: this.world.machineArn, Name: this.world.machineArn.split(':').at(-1) },
      ...(token === undefined ? {} : { Task: { Token: token } }),
      ...(line.item === undefined ? {} : { Map: { Item: line.item } }),
    };
  }
}

/** The wait before retry `tries + 1`. FULL draws between nothing and that. */
export function retryDelayMs(retrier: Retrier, tries: number, jitter: Stream): number {
  const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Number.POSITIVE_INFINITY } = retrier;
  const delayMs = 1_000 * Math.min(IntervalSeconds * BackoffRate ** tries, MaxDelaySeconds);
  return Math.round(retrier.JitterStrategy === 'FULL' ? jitter.between(0, delayMs) : delayMs);
}
