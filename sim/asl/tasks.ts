/** What Task states call: one attempt at a task, from scheduled to its answer. */
import type { Kernel } from '../kernel.ts';
import { fitting, NotInThisWorld, StateError } from './errors.ts';
import type { History } from './history.ts';
import type { TaskTokens } from './task-tokens.ts';
import { waitFor } from './waiting.ts';

/** Serves one kind of resource. Gets the state's Arguments; its answer is the state's result. Throws StateError to choose
 *  an error name; any other error carries its own `name`. */
export type Task = (input: unknown) => Promise<unknown>;

/** By resource, `arn:aws:states:::` left out: `lambda:invoke`, `events:putEvents`, `aws-sdk:s3:getObject`. */
export type Tasks = Readonly<Record<string, Task>>;

export type LambdaFunction = (event: unknown) => Promise<unknown>;

/** The optimised Lambda integration over real handlers, by function name or ARN. What crosses is JSON, both ways; an
 *  error becomes its class's name, with the cause Lambda's runtime writes for Node.js. */
export function lambdaInvoke(functions: Readonly<Record<string, LambdaFunction>>): Task {
  return async (input) => {
    const { FunctionName, Payload, ...rest } = input as { FunctionName?: unknown; Payload?: unknown };
    const unknown = Object.keys(rest).filter((key) => key !== 'InvocationType');
    if (unknown.length > 0 || ('InvocationType' in rest && rest.InvocationType !== 'RequestResponse'))
      throw new NotInThisWorld(`lambda:invoke: nothing known of ${JSON.stringify(rest)}`);
    const full = String(FunctionName);
    const run = functions[full] ?? functions[/:function:([^:]+)/.exec(full)?.[1] ?? ''];
    if (!run) throw new NotInThisWorld(`lambda:invoke: no function ${full} in this world`);
    try {
      const answer = asJson(await run(asJson(Payload ?? {}))) ?? null;
      return { ExecutedVersion: '$LATEST', Payload: answer, StatusCode: 200 };
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      const trace = (stack ?? '').split('\n');
      throw new StateError(name, JSON.stringify({ errorType: name, errorMessage: message, trace }));
    }
  };
}

const asJson = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

type Answer = { readonly value: unknown } | { readonly error: StateError; readonly event: string };

export interface Attempt {
  readonly task: Task;
  readonly input: unknown;
  readonly state: string;
  readonly timeoutMs: number | undefined;
  /** Only callbacks have heartbeats here: no task of this world is an activity. */
  readonly heartbeatMs: number | undefined;
  /** Of a `.waitForTaskToken` task: its answer comes from whoever holds the token, not from the task itself. */
  readonly token: string | undefined;
  readonly history: History;
  readonly halt: AbortSignal;
}

/** A task that outlives its attempt goes on, as a Lambda function does; nobody hears it any more. */
export async function attempt(
  { kernel, tokens }: { kernel: Kernel; tokens: TaskTokens },
  { task, input, state, timeoutMs, heartbeatMs, token, history, halt }: Attempt,
): Promise<unknown> {
  history.record('TaskScheduled', { state });
  history.record('TaskStarted', { state });
  const answer = await waitFor<Answer>(kernel, halt, (resolve, reject) => {
    const endings: (() => void)[] = [];
    const timesOut = (ms: number, error: string): (() => void) =>
      kernel.after(ms, () =>
        resolve({ error: new StateError(error, `no answer within ${ms / 1000} s`), event: 'TaskTimedOut' }),
      );
    if (timeoutMs !== undefined) endings.push(timesOut(timeoutMs, 'States.Timeout'));
    if (token !== undefined) {
      let cancel = (): void => {};
      const beat = (): void => {
        cancel();
        if (heartbeatMs !== undefined) cancel = timesOut(heartbeatMs, 'States.HeartbeatTimeout');
      };
      beat();
      const close = tokens.open(token, {
        succeed: (value) => resolve({ value }),
        fail: (error, cause) => resolve({ error: new StateError(error, cause), event: 'TaskFailed' }),
        beat,
      });
      endings.push(close, () => cancel());
    }
    let over = false;
    kernel.activity(
      async () => task(asJson(input)),
      (result) => {
        if (over) return;
        if (result.status === 'rejected') {
          const { reason } = result;
          if (reason instanceof NotInThisWorld) return reject(reason);
          return resolve({ error: errorOf(reason), event: 'TaskFailed' });
        }
        if (token === undefined) return resolve({ value: asJson(result.value) ?? null });
        try {
          history.record('TaskSubmitted', { state });
        } catch (error) {
          reject(error);
        }
      },
    );
    endings.push(() => {
      over = true;
    });
    return () => {
      for (const end of endings) end();
    };
  });
  if ('error' in answer) {
    const { error, event } = answer;
    history.record(event, { state, error: error.error, cause: error.reason });
    throw error;
  }
  const value = fitting(answer.value, `the result of ${state}`);
  history.record('TaskSucceeded', { state });
  return value;
}

function errorOf(reason: unknown): StateError {
  if (reason instanceof StateError) return reason;
  const { name, message } = reason instanceof Error ? reason : new Error(String(reason));
  return new StateError(name, message);
}
