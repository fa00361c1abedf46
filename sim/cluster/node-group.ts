/**
 * Nodes of one type that are launched alike: by an EKS managed node group, by an Auto Scaling group of one's own, or by
 * Karpenter, which has none. The group keeps as many as are wanted; nodes that go away unasked are replaced, except by
 * Karpenter, which waits for pods that need them.
 */

import type { Stream } from '../chance.ts';
import type { PresentEni } from '../ec2/account-options.ts';
import type { Kernel, Running } from '../kernel.ts';
import { DRAIN_TIMEOUT_MS } from '../latencies.ts';
import type { GroupEvents } from './group-events.ts';
import { checkHook, type LifecycleHook, type LifecycleResult } from './lifecycle-hook.ts';
import { Member, type Membership } from './member.ts';
import { HOST_NETWORK_PODS, type Node } from './node.ts';

export type LaunchedBy = 'managed' | 'self-managed' | 'karpenter';

export interface NodeGroupOptions {
  readonly name: string;
  /** An EC2 instance type, the same for all. */
  readonly type: string;
  readonly launchedBy: LaunchedBy;
  /** Where its nodes go, by subnet; all of the cluster's unless said. */
  readonly subnets?: readonly string[];
  /** Of those, only the subnets in these zones. */
  readonly zones?: readonly string[];
  /** Nodes that have been there for long: how many, and their secondary addresses by ENI, the primary's first. */
  readonly established?: { readonly nodes: number; readonly addresses: readonly number[] };
  /** The same where they are not alike: each as it is. They join when they are told to. */
  readonly present?: readonly PresentNode[];
  readonly lifecycleHook?: LifecycleHook;
  /** Stopped instances kept ready beside the group. */
  readonly warmPool?: { readonly size: number };
  /** A taint its nodes register with, until `removeTaint`. */
  readonly startupTaint?: string;
  /** Launches nodes for pods that fit nowhere, `afterMs` after the first of them; never more than `most` nodes. */
  readonly autoscale?: { readonly afterMs: number; readonly most?: number };
  /** kubelet's max-pods; by the CNI's formula unless said. */
  readonly maxPods?: number;
}

/** A node that has been there for long: where, and with which ENIs, the primary first. */
export interface PresentNode {
  readonly subnetId: string;
  readonly enis: readonly PresentEni[];
}

/** What a group needs of its cluster. */
export interface GroupWorld {
  readonly kernel: Kernel;
  readonly clockMs: () => number;
  readonly chance: Stream;
  readonly events: GroupEvents | undefined;
  /** Max-pods of a node of this group. */
  readonly maxPods: number;
  readonly subnets: readonly { readonly id: string; readonly zone: string }[];
  readonly launch: (subnetId: string) => Node | undefined;
}

/** Name of a hook that has none. */
const HOOK_NAME = 'launch';
/** Between the warning and the end of a spot instance (EC2 User Guide, Spot Instance interruption notices). */
const SPOT_NOTICE_MS = 120_000;

export class NodeGroup {
  readonly name: string;
  readonly launchedBy: LaunchedBy;
  readonly type: string;
  readonly zones: readonly string[];
  readonly subnetIds: readonly string[];
  readonly options: NodeGroupOptions;
  /** Pods one of its nodes can take that need an address. */
  readonly podSlots: number;
  readonly #world: GroupWorld;
  readonly #members = new Map<Member, Running | undefined>();
  readonly #membership: Membership;
  #desired = 0;

  constructor(options: NodeGroupOptions, world: GroupWorld) {
    const { lifecycleHook, launchedBy, warmPool } = options;
    if (launchedBy === 'karpenter' && (lifecycleHook !== undefined || warmPool !== undefined))
      throw new Error('Karpenter launches without an Auto Scaling group: no hook, no warm pool');
    if (lifecycleHook !== undefined) checkHook(lifecycleHook);
    this.name = options.name;
    this.launchedBy = launchedBy;
    this.type = options.type;
    this.options = options;
    this.podSlots = world.maxPods - HOST_NETWORK_PODS;
    this.subnetIds = world.subnets.map(({ id }) => id);
    this.zones = [...new Set(world.subnets.map(({ zone }) => zone))];
    this.#world = world;
    this.#membership = {
      kernel: world.kernel,
      clockMs: world.clockMs,
      chance: world.chance,
      hook: lifecycleHook && { name: HOOK_NAME, ...lifecycleHook },
      events: world.events,
      launch: (member) => this.#launch(member),
      abandoned: (member) => this.#abandon(member),
    };
    this.#fillWarmPool();
  }

  /** Name of its lifecycle hook, if it has one. */
  get hookName(): string | undefined {
    return this.#membership.hook?.name;
  }

  /** Nodes wanted, those on their way included. */
  get desired(): number {
    return this.#desired;
  }

  /** Its instances, in the warm pool too, in order of the wish for them. */
  get members(): readonly Member[] {
    return [...this.#members.keys()];
  }

  /** Nodes in or on their way to the group; those in the warm pool are not counted. */
  get nodes(): readonly Node[] {
    return this.members.flatMap(({ pooled, node }) => (pooled || node === undefined ? [] : [node]));
  }

  /** Pod slots of nodes that are wanted and cannot take pods yet. */
  get slotsOnTheWay(): number {
    let slots = 0;
    for (const { pooled, node } of this.#members.keys())
      if (!pooled && (node === undefined || (!node.schedulable && !node.cordoned))) slots += this.podSlots;
    return slots;
  }

  /** A node that has been there for long becomes part of the group. */
  adopt(node: Node): void {
    const member = new Member('group');
    member.node = node;
    member.state = 'InService';
    this.#members.set(member, undefined);
    this.#desired++;
  }

  /** Somebody wants another number of nodes. */
  scaleTo(nodes: number): void {
    if (nodes !== this.#desired)
      this.#world.events?.capacityAskedFor(
        this.launchedBy === 'managed' ? 'UpdateNodegroupConfig' : 'SetDesiredCapacity',
        nodes,
      );
    this.#want(nodes);
  }

  /** An autoscaler wants so many more, at most as many as it may; `zones` says where they are of use. */
  grow(nodes: number, zones?: readonly string[]): number {
    const most = this.options.autoscale?.most ?? Number.POSITIVE_INFINITY;
    const more = Math.min(nodes, most - this.#desired);
    if (more <= 0) return 0;
    this.#world.events?.capacityAskedFor('SetDesiredCapacity', this.#desired + more);
    this.#want(this.#desired + more, zones);
    return more;
  }

  #want(nodes: number, zones?: readonly string[]): void {
    this.#desired = nodes;
    const wanted = this.members.filter(({ pooled, state }) => !pooled && state !== 'Terminating');
    for (let missing = nodes - wanted.length; missing > 0; missing--) this.#add(zones);
    if (wanted.length > nodes)
      for (const member of leastUsed(wanted).slice(0, wanted.length - nodes)) this.#retire(member);
    this.#fillWarmPool();
  }

  /** A stopped instance of the warm pool if there is one, or a new one. */
  #add(zones: readonly string[] | undefined): void {
    const stopped = this.members.find(
      ({ state, node }) =>
        state === 'Warmed:Stopped' && node !== undefined && (zones?.includes(node.zone) ?? true),
    );
    if (stopped === undefined) this.#start(new Member('group', zones));
    else stopped.want();
  }

  #fillWarmPool(): void {
    const size = this.options.warmPool?.size ?? 0;
    const pooled = this.members.filter(({ pooled }) => pooled).length;
    for (let missing = size - pooled; missing > 0; missing--) this.#start(new Member('warm pool'));
  }

  #start(member: Member): void {
    this.#members.set(member, undefined);
    this.#members.set(member, this.#world.kernel.spawn(member.life(this.#membership)));
  }

  /** Into the subnet with fewest of its nodes that has room: groups balance zones. */
  #launch({ zones }: Member): Node | undefined {
    const here = new Map<string, number>();
    for (const { node } of this.#members.keys())
      if (node !== undefined) here.set(node.subnetId, (here.get(node.subnetId) ?? 0) + 1);
    const candidates = this.#world.subnets
      .filter(({ zone }) => zones?.includes(zone) ?? true)
      .toSorted((a, b) => (here.get(a.id) ?? 0) - (here.get(b.id) ?? 0));
    for (const { id } of candidates) {
      const node = this.#world.launch(id);
      if (node !== undefined) return node;
    }
    return undefined;
  }

  /** The answer of an operator, or of the product, to the hook that holds an instance. False when none does. */
  completeLifecycleAction(
    of: { readonly instanceId?: string; readonly token?: string },
    result: LifecycleResult,
  ): boolean {
    const waiting = this.#waiting(of);
    waiting?.complete(result);
    return waiting !== undefined;
  }

  recordHeartbeat(of: { readonly instanceId?: string; readonly token?: string }): boolean {
    const waiting = this.#waiting(of);
    waiting?.heartbeat();
    return waiting !== undefined;
  }

  #waiting({ instanceId, token }: { readonly instanceId?: string; readonly token?: string }) {
    return this.members.find(({ node, waiting }) =>
      token === undefined ? node?.instanceId === instanceId : waiting?.token === token,
    )?.waiting;
  }

  /** The spot market takes a node back: a warning, and two minutes later it is gone. */
  interrupt(node: Node): void {
    this.#world.events?.spotInterruption(node.instanceId);
    this.#world.kernel.after(SPOT_NOTICE_MS, () => node.terminate());
  }

  /** A node ended that nobody here had asked to end. */
  lost(node: Node): void {
    const member = this.members.find((candidate) => candidate.node === node);
    if (member === undefined || member.state === 'Terminating') return;
    this.#forget(member);
    if (this.launchedBy === 'karpenter') this.#desired--;
    else this.#want(this.#desired);
  }

  #abandon(member: Member): void {
    // Its life ends by itself: this is its own last step.
    this.#members.delete(member);
    member.node?.terminate();
    this.#want(this.#desired);
  }

  #forget(member: Member): void {
    const life = this.#members.get(member);
    this.#members.delete(member);
    life?.stop();
  }

  /** Pods are moved away first, except by an Auto Scaling group of one's own: that knows nothing of pods. */
  #retire(member: Member): void {
    const { node } = member;
    member.state = 'Terminating';
    const startedAtMs = this.#world.clockMs();
    const end = (): void => {
      if (!this.#members.has(member)) return;
      this.#forget(member);
      if (node === undefined) return;
      node.terminate();
      this.#world.events?.terminated(node.instance, startedAtMs);
    };
    if (node === undefined || this.launchedBy === 'self-managed') {
      end();
      return;
    }
    node.drain();
    node.whenEmpty(end);
    this.#world.kernel.after(DRAIN_TIMEOUT_MS, end);
  }
}

/** Those not there yet, then those with fewest pods: what an autoscaler would give up first. */
const leastUsed = (members: readonly Member[]): Member[] =>
  members.toSorted((a, b) => (a.node?.pods.length ?? -1) - (b.node?.pods.length ?? -1));
