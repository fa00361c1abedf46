/** Tries again with growing waits: each twice the one before, capped, plus a random share of itself.
 *  Source: amazon-vpc-cni-k8s v1.23.1, pkg/utils/retry. */
import type { Stream } from '../chance.ts';
import type { Kernel, Process } from '../kernel.ts';

export interface Backoff {
  readonly tries: number;
  readonly firstMs: number;
  /** Largest random addition, as a share of the wait. */
  readonly jitter: number;
}

const LONGEST_MS = 60_000;

/** Runs `work` until it returns true; false when all tries are used up. No wait after the last. */
export function* withBackoff(
  { kernel, stream }: { kernel: Kernel; stream: Stream },
  { tries, firstMs, jitter }: Backoff,
  work: () => Process<boolean>,
): Process<boolean> {
  let waitMs = firstMs;
  for (let n = 1; ; n++) {
    if (yield* work()) return true;
    if (n === tries) return false;
    yield* kernel.sleep(waitMs + Math.floor(stream.next() * jitter * waitMs));
    waitMs = Math.min(2 * waitMs, LONGEST_MS);
  }
}
