/**
 * What a history is judged by: every call of ours as it left core (with the run it came from), what the stores granted, what
 * runs had read when they decided, and what really happened in EC2, whoever did it. Nothing here decides anything.
 */
import type { Calls } from '../../lambdas/core/budget/metered.ts';
import type { MutatingAction } from '../../lambdas/core/limits.ts';
import type { Node as ReadNode, World as ReadWorld } from '../../lambdas/core/model.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';
import type { CallClass, Ledger } from '../../lambdas/core/ports.ts';
import type { Node } from '../cluster/node.ts';
import type { CallRecord } from '../ec2/call-counts.ts';
import type { Stage } from '../stage.ts';
import type { World } from '../world.ts';
import type { History } from './history.ts';
import type { Invocation, Invocations, Reaper } from './invocations.ts';

/** One mutating call as it left core. */
export interface Sent {
  readonly id: number;
  readonly action: MutatingAction;
  readonly invocation: Invocation | undefined;
  /** The node it is about, by our tag or by where the ENI hangs. */
  readonly nodeId: string | undefined;
  readonly eniId: string | undefined;
  readonly subnetId: string | undefined;
  /** Addresses it takes from the subnet. */
  readonly addresses: number;
  readonly startMs: number;
  /** When its answer came, or was lost. */
  endMs: number | undefined;
  answer: 'ok' | 'failed' | undefined;
}

export interface Granted {
  readonly atMs: number;
  readonly as: CallClass;
  readonly calls: Calls;
  readonly invocation: Invocation | undefined;
}

export interface Lease {
  readonly owner: string;
  /** Virtual ms. */
  readonly untilMs: number;
  readonly invocation: Invocation | undefined;
}

/** What a run had read. */
export interface ReadOf {
  readonly endMs: number;
  readonly world: ReadWorld;
}

/** How long a subnet is left alone after its first complaint, ms (docs/failures.md). */
export const LEFT_ALONE_MS = 120_000;

export class Book {
  readonly sent: Sent[] = [];
  readonly grants: Granted[] = [];
  /** The store's own table of leases, as its answers tell. */
  readonly leases = new Map<string, Lease>();
  /** Reads by run, oldest first. */
  readonly reads = new Map<number, ReadOf[]>();
  /** When each read ended, by when it began: whoever shares it learns no more than it showed. */
  readonly readEndsMs = new Map<number, number>();
  /** Sweeps' sights of ENIs of ours that were unattached. */
  readonly unattachedSights = new Map<string, number[]>();
  /** Addresses pods use, by node and pod. */
  readonly inUse = new Map<Node, Map<string, string>>();
  /** When nodes began to run, in truth. */
  readonly runningAtMs = new Map<string, number>();
  readonly terminatedAtMs = new Map<string, number>();
  /** Instance each ENI was attached to last. */
  readonly lastHolder = new Map<string, string>();
  /** Launched nodes whose ipamd's start missed an attached ENI of ours, and that ENI. */
  readonly missedByStart = new Map<string, string>();
  /** By ENI: added by us, taken away by others. */
  readonly added = new Map<string, number>();
  readonly removedByOthers = new Map<string, number>();
  /** When EC2 told a run of ours that a subnet is full, and which run. */
  readonly saidFull = new Map<
    string,
    { readonly atMs: number; readonly invocation: Invocation | undefined }
  >();
  /** All pods of each demand that nodes claimed some of, and those nodes. */
  readonly claims = new Map<string, { readonly pods: number; readonly by: ReadonlySet<string> }>();
  /** Answers of EC2 to our calls that were errors, by code. */
  readonly refusals = new Map<string, number>();
  stoppedAtMs: number | undefined;
  readonly world: World;
  readonly invocations: Invocations;
  readonly reaper: Reaper;
  readonly history: History;
  #stage: Stage | undefined;
  #ledger: Ledger | undefined;

  constructor(world: World, history: History, invocations: Invocations, reaper: Reaper) {
    this.world = world;
    this.history = history;
    this.invocations = invocations;
    this.reaper = reaper;
  }

  get stage(): Stage {
    if (this.#stage === undefined) throw new Error('the product is not in the world yet');
    return this.#stage;
  }

  set stage(stage: Stage) {
    this.#stage = stage;
  }

  /** The ledger itself, with nothing around it. */
  get ledger(): Ledger {
    if (this.#ledger === undefined) throw new Error('the product is not in the world yet');
    return this.#ledger;
  }

  set ledger(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Share of EC2's documented rate that is ours. */
  get share(): number {
    const small = this.history.stimuli.find((one) => one.kind === 'smallShare');
    return small?.share ?? DEFAULT_POLICY.budgetShare;
  }

  get nowMs(): number {
    return this.world.kernel.nowMs;
  }

  /** What this run read last about the node. */
  readOf(invocation: Invocation | undefined, nodeId: string): { read: ReadOf; node: ReadNode } | undefined {
    const reads = this.reads.get(invocation?.id ?? 0) ?? [];
    for (const read of reads.toReversed()) {
      const node = read.world.nodes.find(({ id }) => id === nodeId);
      if (node !== undefined) return { read, node };
    }
    return undefined;
  }

  /** What this run read last about an attached interface, and of which node. */
  eniReadOf(
    invocation: Invocation | undefined,
    eniId: string,
  ): { readonly nodeId: string; readonly secondaryIps: number } | undefined {
    for (const { world } of (this.reads.get(invocation?.id ?? 0) ?? []).toReversed())
      for (const node of world.nodes) {
        const eni = node.enis.find(({ id }) => id === eniId);
        if (eni !== undefined) return { nodeId: node.id, secondaryIps: eni.secondaryIps };
      }
    return undefined;
  }

  /** What this run read last about the subnet. */
  subnetReadOf(
    invocation: Invocation | undefined,
    subnetId: string,
  ): { readonly beganMs: number; readonly endMs: number; readonly freeAddresses: number } | undefined {
    for (const { endMs, world } of (this.reads.get(invocation?.id ?? 0) ?? []).toReversed()) {
      const subnet = world.subnets.find(({ id }) => id === subnetId);
      if (subnet !== undefined) {
        const beganMs = world.readAtMs - this.world.epochMs;
        return { beganMs, endMs, freeAddresses: subnet.freeAddresses };
      }
    }
    return undefined;
  }

  /** Since when an ENI has hung on no instance, in truth; `undefined` while it hangs on one. */
  unattachedSinceMs(eniId: string): number | undefined {
    const eni = this.world.account.eni(eniId);
    if (eni === undefined || eni.attachment !== undefined) return undefined;
    const ended = this.terminatedAtMs.get(this.lastHolder.get(eniId) ?? '');
    return Math.max(eni.createdAtMs, ended ?? 0);
  }

  /** Complaints while a subnet is left alone are the same one: calls that were under way. */
  heardFull(subnetId: string, invocation: Invocation | undefined): void {
    const known = this.saidFull.get(subnetId);
    const holds = known?.invocation?.dead === false && this.nowMs - known.atMs < LEFT_ALONE_MS;
    if (!holds) this.saidFull.set(subnetId, { atMs: this.nowMs, invocation });
  }

  /** Whether the node's CNI allocates nothing, so that all its addresses come from us. */
  allocatesNothing(nodeId: string): boolean {
    const alone = this.history.stimuli.find((one) => one.kind === 'soleAllocator');
    return (
      alone !== undefined &&
      this.world.cluster(alone.cluster).nodes.some(({ instanceId }) => instanceId === nodeId)
    );
  }

  /** Whether the history has a stimulus of this kind. */
  has(kind: History['stimuli'][number]['kind']): boolean {
    return this.history.stimuli.some((stimulus) => stimulus.kind === kind);
  }
}

/** Everything that happens, told to whoever judges it. */
export interface Listener {
  readonly sends?: (call: Sent) => void;
  readonly answered?: (call: Sent) => void;
  readonly granted?: (grant: Granted) => void;
  /** EC2 carried a call out or refused it, anybody's. */
  readonly settled?: (record: Omit<CallRecord, 'attempt'>) => void;
}
