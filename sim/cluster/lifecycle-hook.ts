/**
 * A lifecycle hook of an Auto Scaling group, waiting for one instance. It holds the group's state of the instance and
 * nothing else: the instance boots, its ipamd starts and pods are scheduled to it meanwhile.
 * Source: EC2 Auto Scaling User Guide, lifecycle hooks; API reference, PutLifecycleHook.
 */
import type { Kernel } from '../kernel.ts';

export interface LifecycleHook {
  readonly name?: string;
  /** 30,000 to 7,200,000 ms; 3,600,000 unless said. */
  readonly heartbeatMs?: number;
  /** What happens when nobody answers in time; ABANDON unless said. */
  readonly defaultResult?: LifecycleResult;
}

export type LifecycleResult = 'CONTINUE' | 'ABANDON';

export const DEFAULT_HEARTBEAT_MS = 3_600_000;
const HEARTBEAT_MS = { least: 30_000, most: 7_200_000 } as const;
/** However often the time is started anew, it ends after 48 h or 100 times the heartbeat, whichever is sooner. */
const LONGEST_MS = 48 * 3_600_000;
const MOST_HEARTBEATS = 100;

export function checkHook({ heartbeatMs = DEFAULT_HEARTBEAT_MS }: LifecycleHook): void {
  if (heartbeatMs >= HEARTBEAT_MS.least && heartbeatMs <= HEARTBEAT_MS.most) return;
  throw new Error(
    `a hook's heartbeat is ${HEARTBEAT_MS.least} to ${HEARTBEAT_MS.most} ms, not ${heartbeatMs}`,
  );
}

/** One instance waiting at the hook. */
export class LifecycleWait {
  readonly token: string;
  readonly #kernel: Kernel;
  readonly #heartbeatMs: number;
  readonly #defaultResult: LifecycleResult;
  readonly #endsAtMs: number;
  readonly #resumes: (() => void)[] = [];
  #cancelTimer: () => void = () => {};
  #result: LifecycleResult | undefined;

  constructor(token: string, hook: LifecycleHook, kernel: Kernel) {
    const { heartbeatMs = DEFAULT_HEARTBEAT_MS, defaultResult = 'ABANDON' } = hook;
    this.token = token;
    this.#kernel = kernel;
    this.#heartbeatMs = heartbeatMs;
    this.#defaultResult = defaultResult;
    this.#endsAtMs = kernel.nowMs + Math.min(LONGEST_MS, MOST_HEARTBEATS * heartbeatMs);
    this.heartbeat();
  }

  get result(): LifecycleResult | undefined {
    return this.#result;
  }

  /** The time limit starts anew. */
  heartbeat(): void {
    this.#cancelTimer();
    const untilMs = Math.min(this.#endsAtMs, this.#kernel.nowMs + this.#heartbeatMs);
    this.#cancelTimer = this.#kernel.at(untilMs, () => this.complete(this.#defaultResult));
  }

  complete(result: LifecycleResult): void {
    if (this.#result !== undefined) return;
    this.#result = result;
    this.#cancelTimer();
    for (const resume of this.#resumes) resume();
  }

  /** Calls `resume` once there is a result. */
  wait(resume: () => void): void {
    if (this.#result === undefined) this.#resumes.push(resume);
    else resume();
  }
}
