/** One execution of a Standard machine, from `start` to its end, and on again when redriven. */
import type { Kernel } from '../kernel.ts';
import { fitting, Halted, StateError } from './errors.ts';
import { History, type HistoryEvent, HistoryFull } from './history.ts';
import type { Interpreter } from './interpreter.ts';
import { type Line, lineThrough } from './line.ts';
import type { Definition } from './schema.ts';

export type Status = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

export interface Execution {
  readonly name: string;
  readonly arn: string;
  readonly input: unknown;
  readonly status: Status;
  /** Once it SUCCEEDED. */
  readonly output: unknown;
  /** Once it ended otherwise; empty where a Fail state or a caller gave none. */
  readonly error: string | undefined;
  readonly cause: string | undefined;
  readonly startedMs: number;
  readonly stoppedMs: number | undefined;
  readonly redriveCount: number;
  /** When it was last redriven. */
  readonly redrivenMs: number | undefined;
  readonly history: readonly HistoryEvent[];
  /** Billed state transitions, those of a distributed Map's Standard children included. */
  readonly transitions: number;
}

interface Setup {
  readonly name: string;
  readonly arn: string;
  readonly input: unknown;
  readonly kernel: Kernel;
  readonly epochMs: number;
  readonly definition: Definition;
  /** Hears of each end. */
  readonly ended: () => void;
}

const ENDS = {
  SUCCEEDED: 'ExecutionSucceeded',
  FAILED: 'ExecutionFailed',
  TIMED_OUT: 'ExecutionTimedOut',
  ABORTED: 'ExecutionAborted',
} as const;

export class Run implements Execution {
  status: Status = 'RUNNING';
  output: unknown;
  error: string | undefined;
  cause: string | undefined;
  stoppedMs: number | undefined;
  redriveCount = 0;
  redrivenMs: number | undefined;
  readonly startedMs: number;
  readonly #setup: Setup;
  readonly #history: History;
  readonly #line: Line;
  #halt = new AbortController();

  constructor(setup: Setup, interpreter: Interpreter) {
    const { kernel, epochMs, definition, input } = setup;
    this.#setup = setup;
    this.startedMs = kernel.nowMs;
    this.#history = new History(() => kernel.nowMs);
    const StartTime = new Date(epochMs + kernel.nowMs).toISOString();
    const context = { Id: setup.arn, Name: setup.name, Input: input, StartTime, RedriveCount: 0 };
    this.#line = lineThrough(definition, {
      owner: { context, history: this.#history },
      item: undefined,
      input,
    });
    this.#history.record('ExecutionStarted');
    this.#drive(interpreter);
  }

  get name(): string {
    return this.#setup.name;
  }
  get arn(): string {
    return this.#setup.arn;
  }
  get input(): unknown {
    return this.#setup.input;
  }
  get history(): readonly HistoryEvent[] {
    return this.#history.events;
  }
  get transitions(): number {
    return this.#history.transitions;
  }

  redrive(interpreter: Interpreter): void {
    this.status = 'RUNNING';
    this.error = this.cause = this.stoppedMs = undefined;
    this.redrivenMs = this.#setup.kernel.nowMs;
    this.#line.owner.context.RedriveCount = ++this.redriveCount;
    // In a moment of its own: what was stopped just now has then come to rest.
    this.#setup.kernel.after(0, () => {
      if (this.status !== 'RUNNING') return;
      this.#history.closed = false;
      this.#history.record('ExecutionRedriven');
      this.#history.transitions++;
      this.#drive(interpreter);
    });
  }

  /** Ends it, once: everything that waits in it is halted, and nothing more is recorded. */
  end(status: Exclude<Status, 'RUNNING'>, error?: string, cause?: string): void {
    if (this.status !== 'RUNNING') return;
    this.status = status;
    this.stoppedMs = this.#setup.kernel.nowMs;
    this.error = error;
    this.cause = cause;
    this.#history.close(ENDS[status], {
      ...(error === undefined ? {} : { error }),
      ...(cause === undefined ? {} : { cause }),
    });
    this.#halt.abort(new Halted(status));
    this.#setup.ended();
  }

  #drive(interpreter: Interpreter): void {
    const { kernel, definition } = this.#setup;
    const halt = new AbortController();
    this.#halt = halt;
    const { TimeoutSeconds } = definition;
    if (TimeoutSeconds !== undefined) {
      const cancel = kernel.after(TimeoutSeconds * 1_000, () => this.end('TIMED_OUT', 'States.Timeout'));
      halt.signal.addEventListener('abort', cancel);
    }
    kernel.activity(
      async () => fitting(await interpreter.run(this.#line, halt.signal), 'the output of the execution'),
      (result) => {
        if (result.status === 'fulfilled') {
          if (this.status === 'RUNNING') this.output = result.value;
          return this.end('SUCCEEDED');
        }
        const failure = result.reason instanceof HistoryFull ? result.reason.failure : result.reason;
        if (failure instanceof StateError) return this.end('FAILED', failure.error, failure.reason);
        if (!(failure instanceof Halted)) throw failure;
      },
    );
  }
}
