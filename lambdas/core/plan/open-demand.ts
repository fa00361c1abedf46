/** Pods announced that no present node can take: which launching node claims how many of them, and what comes back from nodes
 *  that never served. */

import { labelsOf, type Node, type NodeId, nodeGroupOf } from '../model.ts';
import type { NodeSelector } from '../signals.ts';
import { demandOfLaunching } from './demand.ts';

/** Pods announced that no present node can take; they wait for launches. */
export interface OpenDemand {
  readonly id: string;
  readonly cluster: string;
  readonly podsLeft: number;
  readonly selector: NodeSelector;
  readonly startsAtMs: number;
  readonly expiresAtMs: number;
  /** What each node took, so that the same launch takes only once. */
  readonly claims: Readonly<Record<NodeId, number>>;
  /** Grows with each write; a claim is one conditional write on it. */
  readonly version: number;
}

export interface Taker {
  readonly nodeId: NodeId;
  readonly nodeGroup: string;
  readonly zone: string;
  /** As far as its tags tell them; none when absent. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly podCap: number;
}

/** What each taker claims of open demand, oldest demand first, and for how many pods it must be ready. What a node claimed
 *  before is returned again, never twice. A claim counts nodes: it ends the demand once enough of them launch. Which pods a
 *  node gets is another question, because the scheduler binds all that wait to whichever is Ready first; so each node that
 *  claimed anything may meet as many as the whole demand has. */
export function shareOut(
  open: readonly OpenDemand[],
  takers: readonly Taker[],
): { readonly shares: Map<NodeId, number>; readonly claimed: OpenDemand[] } {
  // What was claimed before counts first: a demand announced since then must not fill the same pods again.
  const claims = new Map<NodeId, number>(
    takers.map(({ nodeId }) => [nodeId, sum(open.map(({ claims }) => claims[nodeId] ?? 0))]),
  );
  const claimed: OpenDemand[] = [];
  const all: OpenDemand[] = [];
  for (const demand of [...open].sort((a, b) => a.startsAtMs - b.startsAtMs || (a.id < b.id ? -1 : 1))) {
    let podsLeft = demand.podsLeft;
    const taken: Record<NodeId, number> = { ...demand.claims };
    for (const taker of takers) {
      const { nodeId, podCap } = taker;
      if (taken[nodeId] !== undefined || !selects(demand.selector, taker)) continue;
      const before = claims.get(nodeId) ?? 0;
      const take = demandOfLaunching(podsLeft, podCap - before);
      if (take === 0) continue;
      taken[nodeId] = take;
      podsLeft -= take;
      claims.set(nodeId, before + take);
    }
    const next = { ...demand, podsLeft, claims: taken, version: demand.version + 1 };
    all.push(next);
    if (podsLeft < demand.podsLeft) claimed.push(next);
  }
  const podsFor = ({ nodeId, podCap }: Taker): number =>
    demandOfLaunching(sum(all.filter(({ claims }) => claims[nodeId] !== undefined).map(podsOf)), podCap);
  return { shares: new Map(takers.map((taker) => [taker.nodeId, podsFor(taker)])), claimed };
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

/** All pods of a demand, claimed or not. */
const podsOf = ({ podsLeft, claims }: OpenDemand): number => podsLeft + sum(Object.values(claims));

/** Whether a rollout's pods may land there. What the selector does not name, it does not mind. */
export const selects = (
  { nodeGroups, zones, labels, exceptNodes }: NodeSelector,
  node: Omit<Taker, 'podCap'>,
): boolean =>
  (nodeGroups?.includes(node.nodeGroup) ?? true) &&
  (zones?.includes(node.zone) ?? true) &&
  Object.entries(labels ?? {}).every(([key, value]) => node.labels?.[key] === value) &&
  !(exceptNodes?.includes(node.nodeId) ?? false);

/** A node as selectors see it. */
export const selectable = (node: Node): Omit<Taker, 'podCap'> => ({
  nodeId: node.id,
  nodeGroup: nodeGroupOf(node.tags),
  zone: node.zone,
  labels: labelsOf(node),
});

/** The demand with the shares of `gone` nodes given back; `undefined` when they claimed nothing of it. */
export function givenBack(demand: OpenDemand, gone: ReadonlySet<NodeId>): OpenDemand | undefined {
  const claims = Object.entries(demand.claims) as [NodeId, number][];
  const back = claims.filter(([nodeId]) => gone.has(nodeId));
  if (back.length === 0) return undefined;
  return {
    ...demand,
    podsLeft: back.reduce((sum, [, pods]) => sum + pods, demand.podsLeft),
    claims: Object.fromEntries(claims.filter(([nodeId]) => !gone.has(nodeId))),
    version: demand.version + 1,
  };
}
