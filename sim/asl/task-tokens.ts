/** Callbacks: the tokens handed out by `.waitForTaskToken` tasks, and the three calls that answer them. One keeper may
 *  serve all machines of a world, as the service's API takes a token and no machine. */
import { ApiError } from '../ec2/api.ts';
import { bytesOf, PAYLOAD_BYTES } from './errors.ts';

/** The task that waits for an answer. */
export interface Waiting {
  succeed(output: unknown): void;
  fail(error: string, cause: string): void;
  beat(): void;
}

export class TaskTokens {
  readonly #waiting = new Map<string, Waiting>();
  readonly #over = new Set<string>();

  /** From now on `token` is answered to `task`. Returns what ends it. */
  open(token: string, task: Waiting): () => void {
    this.#waiting.set(token, task);
    return () => {
      this.#waiting.delete(token);
      this.#over.add(token);
    };
  }

  /** `output` is JSON text, as on the wire. */
  sendTaskSuccess(token: string, output: string): void {
    const task = this.#find(token);
    let value: unknown;
    try {
      value = JSON.parse(output);
    } catch {
      throw new ApiError('InvalidOutput', 'the output is not JSON');
    }
    if (bytesOf(value) > PAYLOAD_BYTES) throw new ApiError('InvalidOutput', 'the output is too large');
    task.succeed(value);
  }

  sendTaskFailure(token: string, { error = '', cause = '' }: { error?: string; cause?: string }): void {
    this.#find(token).fail(error, cause);
  }

  sendTaskHeartbeat(token: string): void {
    this.#find(token).beat();
  }

  #find(token: string): Waiting {
    const task = this.#waiting.get(token);
    if (task) return task;
    if (this.#over.has(token))
      throw new ApiError('TaskTimedOut', 'the task of this token no longer waits for an answer');
    throw new ApiError('InvalidToken', 'no task has this token');
  }
}
