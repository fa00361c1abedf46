/**
 * ipamd's EC2 client: the SDK for Go v2 in standard retry mode. Three attempts in all, full jitter that doubles, and one
 * allowance for retries per process, so that a process under long throttling soon stops retrying.
 * Source: aws-sdk-go-v2, aws/retry and aws/ratelimit.
 */
import type { Stream } from '../chance.ts';
import { ApiError, type Caller, type Ec2, type Ec2Action, type Ec2Actions, ReplyLost } from '../ec2/api.ts';
import type { Kernel, Process } from '../kernel.ts';

const ATTEMPTS = 3;
const LONGEST_WAIT_MS = 20_000;
const RETRY_TOKENS = 500;
const RETRY_COST = 5;
const TIMEOUT_RETRY_COST = 10;
const TOKENS_PER_SUCCESS = 1;

export class SdkClient {
  readonly #ec2: Ec2;
  readonly #name: string;
  readonly #kernel: Kernel;
  readonly #stream: Stream;
  #tokens = RETRY_TOKENS;

  constructor(options: { ec2: Ec2; name: string; kernel: Kernel; stream: Stream }) {
    this.#ec2 = options.ec2;
    this.#name = options.name;
    this.#kernel = options.kernel;
    this.#stream = options.stream;
  }

  /** Throws what the last attempt threw. A create carries a client token, so that its retries make no second ENI; an
   *  assign has none and may happen twice. */
  *send<A extends Ec2Action>(action: A, input: Ec2Actions[A]['input']): Process<Ec2Actions[A]['output']> {
    const request =
      action === 'CreateNetworkInterface' ? { clientToken: this.#stream.hex(32), ...input } : input;
    let paid = 0;
    for (let attempt = 1; ; attempt++) {
      const caller: Caller = attempt === 1 ? { name: this.#name } : { name: this.#name, attempt };
      try {
        const output = yield* this.#ec2.call(caller, action, request);
        this.#tokens = Math.min(RETRY_TOKENS, this.#tokens + paid + TOKENS_PER_SUCCESS);
        return output;
      } catch (error) {
        paid = retryCost(error);
        if (paid === 0 || attempt === ATTEMPTS || this.#tokens < paid) throw error;
        this.#tokens -= paid;
        const longestMs = Math.min(1000 * 2 ** attempt, LONGEST_WAIT_MS);
        yield* this.#kernel.sleep(Math.floor(this.#stream.next() * longestMs));
      }
    }
  }
}

/** What a retry after this error costs; 0 for errors that are not retried. */
function retryCost(error: unknown): number {
  if (error instanceof ReplyLost) return TIMEOUT_RETRY_COST;
  if (!(error instanceof ApiError)) return 0;
  return error.httpStatus >= 500 || error.code === 'RequestLimitExceeded' ? RETRY_COST : 0;
}

/** Whether the error is EC2's answer or its absence: everything else is a defect of the simulator. */
export const isEc2Failure = (error: unknown): error is ApiError | ReplyLost =>
  error instanceof ApiError || error instanceof ReplyLost;

/** The work's result, or the failure EC2 answered with. */
export function* attempt<T>(
  work: Process<T>,
): Process<{ ok: true; value: T } | { ok: false; error: ApiError | ReplyLost }> {
  try {
    return { ok: true, value: yield* work };
  } catch (error) {
    if (!isEc2Failure(error)) throw error;
    return { ok: false, error };
  }
}
