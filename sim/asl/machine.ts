/**
 * A Standard state machine in a world: executions by name, on virtual time.
 *
 * An execution is RUNNING from `start` until it SUCCEEDED, FAILED, TIMED_OUT, or was ABORTED by `stop`. Any but the first
 * may be redriven for 14 days and is then RUNNING again. If nobody does anything it stays as it ended.
 */
import type { Chance } from '../chance.ts';
import { ApiError } from '../ec2/api.ts';
import type { Kernel } from '../kernel.ts';
import { readDefinition, statesIn } from './definition.ts';
import { bytesOf, NotInThisWorld, PAYLOAD_BYTES } from './errors.ts';
import { type Execution, Run } from './execution.ts';
import { Expressions, uuid } from './expressions.ts';
import { HISTORY_EVENTS } from './history.ts';
import { Interpreter } from './interpreter.ts';
import { type Definition, resourceOf } from './schema.ts';
import { TaskTokens } from './task-tokens.ts';
import type { Tasks } from './tasks.ts';

/** Source: Developer Guide, redriving executions. */
const REDRIVE_WINDOW_MS = 14 * 24 * 3_600_000;

export interface MachineSetup {
  /** `arn:aws:states:eu-central-1:111122223333:stateMachine:rollout`. */
  readonly arn: string;
  /** Amazon States Language as an object; checked here. */
  readonly definition: unknown;
  readonly kernel: Kernel;
  readonly chance: Chance;
  /** The wall clock at virtual zero. */
  readonly epochMs: number;
  readonly tasks: Tasks;
  /** Shared by the machines of a world whose callers know only tokens. */
  readonly tokens?: TaskTokens;
  /** Hears of each execution that started, ended or was redriven just now. */
  readonly onChange?: (execution: Execution) => void;
}

export class StateMachine {
  readonly arn: string;
  readonly tokens: TaskTokens;
  readonly #setup: MachineSetup;
  readonly #definition: Definition;
  readonly #interpreter: Interpreter;
  readonly #executions = new Map<string, Run>();
  readonly #names;

  constructor(setup: MachineSetup) {
    const { arn, kernel, chance, epochMs, tasks, tokens = new TaskTokens() } = setup;
    this.arn = arn;
    this.tokens = tokens;
    this.#setup = setup;
    this.#definition = readDefinition(setup.definition);
    for (const [where, state] of statesIn(this.#definition))
      if (state.Type === 'Task' && !tasks[resourceOf(state).name])
        throw new NotInThisWorld(`${where}: no task ${resourceOf(state).name} in this world`);
    const stream = (what: string) => chance.stream(`state machine ${arn} ${what}`);
    this.#names = stream('names');
    this.#interpreter = new Interpreter({
      ...{ kernel, epochMs, tasks, tokens, machineArn: arn },
      expressions: new Expressions({ stream: stream('expressions'), nowMs: () => epochMs + kernel.nowMs }),
      jitter: stream('jitter'),
      ids: stream('tokens'),
    });
  }

  get executions(): readonly Execution[] {
    return [...this.#executions.values()];
  }

  /** StartExecution. The same name and input again answers with the execution while it runs; a name that was used
   *  otherwise, or whose execution has ended, is ExecutionAlreadyExists (API reference, StartExecution). */
  start({ name = uuid(this.#names), input = {} }: { name?: string; input?: unknown }): Execution {
    if (!/^[\w-]{1,80}$/.test(name)) throw new ApiError('InvalidName', name);
    if (bytesOf(input) > PAYLOAD_BYTES) throw new ApiError('InvalidExecutionInput', 'the input is too large');
    const present = this.#executions.get(name);
    if (present) {
      if (present.status === 'RUNNING' && JSON.stringify(present.input) === JSON.stringify(input))
        return present;
      throw new ApiError('ExecutionAlreadyExists', `Execution Already Exists: '${present.arn}'`);
    }
    const { kernel, epochMs } = this.#setup;
    const arn = `${this.arn.replace(':stateMachine:', ':execution:')}:${name}`;
    const run: Run = new Run(
      {
        ...{ name, arn, input: structuredClone(input), kernel, epochMs, definition: this.#definition },
        ended: () => this.#setup.onChange?.(run),
      },
      this.#interpreter,
    );
    this.#executions.set(name, run);
    this.#setup.onChange?.(run);
    return run;
  }

  /** StopExecution. One that has ended stays as it is. */
  stop(name: string, { error, cause }: { error?: string; cause?: string } = {}): void {
    this.#find(name).end('ABORTED', error, cause);
  }

  /** RedriveExecution: on from where it failed, with what it had there; retries are counted anew. */
  redrive(name: string): void {
    const run = this.#find(name);
    const refused = this.whyNotRedrivable(run);
    if (refused) throw new ApiError('ExecutionNotRedrivable', `${run.arn}: ${refused}`);
    run.redrive(this.#interpreter);
    this.#setup.onChange?.(run);
  }

  /** In the words of the API reference, DescribeExecution, `redriveStatusReason`. */
  whyNotRedrivable({ status, stoppedMs = 0, history }: Execution): string | undefined {
    if (status === 'RUNNING' || status === 'SUCCEEDED')
      return `Execution is ${status} and cannot be redriven.`;
    if (this.#setup.kernel.nowMs - stoppedMs > REDRIVE_WINDOW_MS)
      return 'Execution redrivable period exceeded.';
    return history.length >= HISTORY_EVENTS - 1 ? 'Execution history event limit exceeded.' : undefined;
  }

  #find(name: string): Run {
    const run = this.#executions.get(name);
    if (!run) throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${name}'`);
    return run;
  }
}
