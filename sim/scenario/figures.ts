/** The figures every way to run a cluster is judged by, read off the world while and after a story is played. */
import { EC2_BUCKETS, type MutatingAction } from '../../lambdas/core/limits.ts';
import type { Pod } from '../cluster/pod.ts';
import { quantileOf } from '../scenarios/statistics.ts';
import { type Note, PREWARMER, type Stage } from '../stage.ts';
import type { World } from '../world.ts';
import { type Attached, AttachTimes, type Warming } from './attaches.ts';

export interface Figures {
  /** Pods created since the story began. */
  readonly pods: number;
  /** Refused requests for an address: each is a `failed to assign an IP address to container` event. */
  readonly failedRequests: number;
  /** Pods that were refused at least once. */
  readonly podsRefused: number;
  /** Pods that asked and had no address when the story ended; those asked to end meanwhile are not counted. */
  readonly withoutAddress: number;
  /** From a pod's first request on its node to its address, ms; to the end of the story if it never came. */
  readonly worstWaitMs: number;
  readonly p99WaitMs: number;
  /** From a pod's creation to Running, what its owner feels, ms: waiting for a node, the image and the container included. */
  readonly p99RunningMs: number;
  /** From the beginning to the last address of a pod that is not a Job's, s; `undefined` when one never came. */
  readonly rolloutSeconds: number | undefined;
  /** Every attempt of every caller in the account, by action. */
  readonly ec2Calls: Readonly<Record<string, number>>;
  /** Attempts answered RequestLimitExceeded. */
  readonly throttled: number;
  /** Addresses held by nodes, or by ENIs not attached yet, that no pod used, integrated over the story. */
  readonly addressSecondsIdle: number;
  /** Nodes whose ipamd started before it could see what we attached. */
  readonly lateAttach: number;
  /** Nodes we looked at and gave nothing, by the last reason given. */
  readonly nodesLeft: Readonly<Record<string, number>>;
  readonly launched: number;
  /** From a launched node being Ready to its launch gate being open, at most, ms: what a gate costs; to the end where it is
   *  still closed. `undefined` where no node came with one. */
  readonly gateHeldMs: number | undefined;
  /** What we did ourselves; `undefined` without the prewarmer. */
  readonly ours: Ours | undefined;
}

export interface Ours extends Warming {
  readonly calls: Readonly<Record<string, number>>;
  readonly interfaces: number;
  /** Creates, attaches and DeleteOnTermination calls for each interface attached. */
  readonly callsPerInterface: number | undefined;
  readonly fills: number;
  readonly callsPerFill: number | undefined;
  /** Nodes that got an interface of ours. */
  readonly nodesWarmed: number;
  /** Requests of ours that EC2 throttled. */
  readonly throttled: number;
}

/** Time between two looks at idle addresses: pools change by the loop of ipamd, every 5 s. */
const LOOK_EVERY_MS = 5_000;
const OUR_TAG = 'eks-ip-prewarmer/node';
const INTERFACE_ACTIONS = [
  'CreateNetworkInterface',
  'AttachNetworkInterface',
  'ModifyNetworkInterfaceAttribute',
] as const satisfies readonly MutatingAction[];

/** Watches a world from now on. */
export class Watch {
  readonly #world: World;
  readonly #stage: Stage | undefined;
  readonly #fromMs: number;
  readonly #callsBefore: ReadonlyMap<string, number>;
  readonly #oursBefore: ReadonlyMap<string, number>;
  readonly #throttledBefore: number;
  readonly #nodesBefore: number;
  readonly #ourThrottlesBefore: number;
  readonly #times: AttachTimes;
  /** Interfaces of ours that were attached since, those given back meanwhile included: which node, and when. */
  readonly #attached = new Map<string, Attached>();
  #idle = 0;

  constructor(world: World, stage: Stage | undefined) {
    this.#world = world;
    this.#stage = stage;
    this.#fromMs = world.kernel.nowMs;
    this.#callsBefore = world.account.calls.of('*');
    this.#oursBefore = world.account.calls.of(PREWARMER);
    this.#throttledBefore = throttled(world);
    this.#nodesBefore = world.nodes.length;
    this.#ourThrottlesBefore = world.account.calls.throttlesOf(PREWARMER);
    this.#times = new AttachTimes(world);
    const look = (): void => {
      this.#look();
      world.kernel.after(LOOK_EVERY_MS, look);
    };
    world.kernel.after(LOOK_EVERY_MS, look);
  }

  /** No interface escapes: ipamd gives none back within a minute of its adoption. */
  #look(): void {
    let idle = this.#world.nodes.reduce((sum, node) => sum + node.idleAddresses, 0);
    for (const { id, attachment, secondaryIps, tags } of this.#world.account.enis()) {
      if (attachment === undefined) idle += 1 + secondaryIps.length;
      else if (tags.has(OUR_TAG) && attachment.attachedAtMs >= this.#fromMs)
        this.#attached.set(id, { nodeId: attachment.instanceId, atMs: attachment.attachedAtMs });
    }
    this.#idle += idle * (LOOK_EVERY_MS / 1000);
  }

  measure(all: readonly Pod[], budgetShare: number): Figures {
    const world = this.#world;
    const nowMs = world.kernel.nowMs;
    const pods = all.filter(({ createdAtMs }) => createdAtMs >= this.#fromMs);
    const waits = pods.flatMap(({ askedAtMs, gotAddressAtMs, goneAtMs }) =>
      askedAtMs === undefined ? [] : [(gotAddressAtMs ?? goneAtMs ?? nowMs) - askedAtMs],
    );
    const missing = pods.filter((pod) => pod.gotAddressAtMs === undefined && pod.alive);
    const lasting = pods.filter(({ template }) => template.runMs === undefined);
    const last = lasting.reduce((latest, pod) => Math.max(latest, pod.gotAddressAtMs ?? 0), this.#fromMs);
    return {
      pods: pods.length,
      failedRequests: pods.reduce((sum, { failedRequests }) => sum + failedRequests, 0),
      podsRefused: pods.filter(({ failedRequests }) => failedRequests > 0).length,
      withoutAddress: missing.length,
      worstWaitMs: waits.reduce((worst, wait) => Math.max(worst, wait), 0),
      p99WaitMs: quantileOf(waits, 0.99),
      p99RunningMs: quantileOf(
        pods.flatMap(({ createdAtMs, runningAtMs }) =>
          runningAtMs === undefined ? [] : [runningAtMs - createdAtMs],
        ),
        0.99,
      ),
      rolloutSeconds: missing.some(({ template }) => template.runMs === undefined)
        ? undefined
        : Math.round((last - this.#fromMs) / 1000),
      ec2Calls: since(this.#callsBefore, world.account.calls.of('*')),
      throttled: throttled(world) - this.#throttledBefore,
      addressSecondsIdle: Math.round(this.#idle),
      lateAttach: this.#stage === undefined ? 0 : lateAttaches(this.#stage.journal),
      nodesLeft: this.#stage === undefined ? {} : this.#nodesLeft(this.#stage.journal),
      launched: world.nodes.length - this.#nodesBefore,
      gateHeldMs: this.#gateHeldMs(),
      ours: this.#stage === undefined ? undefined : this.#ours(this.#stage, budgetShare),
    };
  }

  #gateHeldMs(): number | undefined {
    const { nodes, kernel } = this.#world;
    const held = nodes
      .slice(this.#nodesBefore)
      .flatMap(({ readyAtMs, untaintedAtMs, taints }) =>
        readyAtMs === undefined || (untaintedAtMs === undefined && taints.size === 0)
          ? []
          : [Math.max(0, (untaintedAtMs ?? kernel.nowMs) - readyAtMs)],
      );
    return held.length === 0 ? undefined : Math.max(...held);
  }

  #nodesLeft(journal: readonly Note[]): Readonly<Record<string, number>> {
    const given = new Set([...this.#attached.values()].map(({ nodeId }) => nodeId));
    const reasons = new Map<string, string>();
    for (const { what, facts } of journal) {
      if (what !== 'plan') continue;
      for (const step of facts['steps'] as readonly { do: string; nodeId: string; reason?: string }[])
        if (step.do === 'leave' && step.reason !== undefined && !given.has(step.nodeId))
          reasons.set(step.nodeId, step.reason);
    }
    const counts: Record<string, number> = {};
    for (const reason of reasons.values()) counts[reason] = (counts[reason] ?? 0) + 1;
    return counts;
  }

  #ours({ journal }: Stage, budgetShare: number): Ours {
    const calls = since(this.#oursBefore, this.#world.account.calls.of(PREWARMER));
    const interfaces = this.#attached.size;
    const failedFills = journal.filter(
      ({ what, facts }) => what === 'call failed' && facts['action'] === 'AssignPrivateIpAddresses',
    ).length;
    const assigns = calls['AssignPrivateIpAddresses'] ?? 0;
    const fills = assigns - failedFills;
    const perInterface = INTERFACE_ACTIONS.reduce((sum, action) => sum + (calls[action] ?? 0), 0);
    const { size, perSecond } = EC2_BUCKETS.AttachNetworkInterface;
    return {
      calls,
      interfaces,
      callsPerInterface: interfaces === 0 ? undefined : perInterface / interfaces,
      fills,
      callsPerFill: fills === 0 ? undefined : assigns / fills,
      nodesWarmed: new Set([...this.#attached.values()].map(({ nodeId }) => nodeId)).size,
      ...this.#times.warming(this.#attached, {
        size: size * budgetShare,
        perSecond: perSecond * budgetShare,
      }),
      throttled: this.#world.account.calls.throttlesOf(PREWARMER) - this.#ourThrottlesBefore,
    };
  }
}

function since(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...after]
      .map(([action, count]) => [action, count - (before.get(action) ?? 0)] as const)
      .filter(([, count]) => count > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const throttled = (world: World): number =>
  [...world.account.calls.throttles.values()].reduce((sum, count) => sum + count, 0);

const lateAttaches = (journal: readonly Note[]): number =>
  journal
    .filter(({ what }) => what === 'verified')
    .reduce((sum, { facts }) => sum + (facts['lateAttach'] as readonly string[]).length, 0);
