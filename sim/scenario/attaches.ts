/** How fast our interfaces were attached, beside what the request bucket, EventBridge and EC2 itself allow: all of it as it came
 *  about in a world. */
import type { RequestBucket } from '../../lambdas/core/limits.ts';
import { PREWARMER } from '../stage.ts';
import type { World } from '../world.ts';

/** Seconds are counted from the beginning of the watch, in which nodes boot, too; `undefined` where nothing was attached. */
export interface Warming {
  /** To our last attach. */
  readonly warmSeconds: number | undefined;
  /** When the last attach would be made if each were sent the moment its node runs and our share of the bucket has a request
   *  left: the floor of `warmSeconds`. */
  readonly warmFloorSeconds: number | undefined;
  /** The same if each were sent, share permitting, the moment EventBridge has first delivered the event that says that its node
   *  runs; or at its own time, where ours was sent even before that. What this floor adds is EventBridge's. */
  readonly warmFloorTold: number | undefined;
  /** The same, first come first served, and each answered after what EC2 took for that very attach. What this one adds is EC2's; what
   *  `warmSeconds` has beyond it is ours: gathering, starting, reading, leasing, asking for the budget. Other orders can be a little
   *  faster, where the slowest answers happen to be asked for first. */
  readonly warmFloorAnswered: number | undefined;
}

export interface Attached {
  readonly nodeId: string;
  readonly atMs: number;
}

/** Watches who runs, who is told of it, and what is sent, from now on. */
export class AttachTimes {
  readonly #fromMs: number;
  readonly #runningAtMs = new Map<string, number>();
  readonly #toldAtMs = new Map<string, number>();
  readonly #sent: readonly AttachSent[];

  constructor(world: World) {
    const { kernel } = world;
    this.#fromMs = kernel.nowMs;
    this.#sent = attachesSent(world);
    world.account.onStateChange(({ id }, state) => {
      if (state === 'running') this.#runningAtMs.set(id, kernel.nowMs);
    });
    world.bus.onDelivery(({ source, detail }) => {
      if (source !== 'aws.ec2') return;
      const { 'instance-id': id = '', state } = detail as { 'instance-id'?: string; state?: string };
      if (state === 'running' && !this.#toldAtMs.has(id)) this.#toldAtMs.set(id, kernel.nowMs);
    });
  }

  /** `attached`: by interface; `share`: ours of the bucket. */
  warming(attached: ReadonlyMap<string, Attached>, share: RequestBucket): Warming {
    const sentAtMs = new Map(this.#sent.map(({ eniId, atMs }) => [eniId, atMs]));
    const all = [...attached].map(([id, { nodeId, atMs }]) => {
      const sentMs = sentAtMs.get(id) ?? atMs;
      const runningMs = this.#runningAtMs.get(nodeId);
      const toldMs =
        runningMs === undefined ? undefined : Math.min(this.#toldAtMs.get(nodeId) ?? sentMs, sentMs);
      return { atMs, sentMs, runningMs, toldMs };
    });
    // A node that ran before waits for nothing but its turn: from our first request on.
    const firstSent = Math.min(...all.map(({ sentMs }) => sentMs));
    const told = all
      .map(({ atMs, sentMs, toldMs }) => ({ readyMs: toldMs ?? firstSent, tookMs: atMs - sentMs }))
      .sort((a, b) => a.readyMs - b.readyMs);
    const turns = turnsMs(
      told.map(({ readyMs }) => readyMs),
      share,
    );
    const ends = told.map(({ tookMs }, nth) => (turns[nth] ?? 0) + tookMs);
    const running = all.map(({ runningMs }) => runningMs ?? firstSent);
    const since = (ms: number): number | undefined =>
      all.length === 0 ? undefined : (ms - this.#fromMs) / 1000;
    return {
      warmSeconds: since(Math.max(...all.map(({ atMs }) => atMs))),
      warmFloorSeconds: since(lastTurnMs(running, share)),
      warmFloorTold: since(turns.at(-1) ?? 0),
      warmFloorAnswered: since(Math.max(...ends)),
    };
  }
}

export interface AttachSent {
  readonly eniId: string;
  readonly atMs: number;
}

/** Each attach of ours that is sent from now on, a second attempt at the same interface included. */
export function attachesSent({ account, kernel }: World): readonly AttachSent[] {
  const sent: AttachSent[] = [];
  const real = account.call.bind(account);
  account.call = (caller, action, input) => {
    if (caller.name === PREWARMER && action === 'AttachNetworkInterface' && 'networkInterfaceId' in input)
      sent.push({ eniId: input.networkInterfaceId ?? '', atMs: kernel.nowMs });
    return real(caller, action, input);
  };
  return sent;
}

/** When each of these requests is sent, first come first served, out of a bucket that is full at first; `readyMs` ascending. */
export function turnsMs(readyMs: readonly number[], { size, perSecond }: RequestBucket): number[] {
  let tokens = size;
  let nowMs = 0;
  return readyMs.map((atMs) => {
    const from = Math.max(nowMs, atMs);
    tokens = Math.min(size, tokens + ((from - nowMs) / 1000) * perSecond);
    const missing = Math.max(0, 1 - tokens);
    nowMs = from + (missing / perSecond) * 1000;
    tokens = Math.max(0, tokens - 1);
    return nowMs;
  });
}

/** When the last of requests is sent that are ready at given times, in any order. */
export const lastTurnMs = (readyMs: readonly number[], bucket: RequestBucket): number =>
  turnsMs(
    readyMs.toSorted((a, b) => a - b),
    bucket,
  ).at(-1) ?? 0;
