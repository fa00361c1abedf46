/** What one running node can take, as far as EC2 and earlier looks can tell. */
import { podsOn } from '../cni.ts';
import { ADDRESSES_PER_PREFIX, QUIET_MS } from '../limits.ts';
import {
  cardEnis,
  type Eni,
  managedEnis,
  type Node,
  type NodeId,
  OUR_DEMAND_TAG,
  totalIps,
} from '../model.ts';
import type { Policy } from '../policy.ts';
import type { Demand } from './demand.ts';
import { type Candidate, hostNetworkOn } from './eligibility.ts';
import { fillableEnis, podAddresses } from './pod-enis.ts';

/** How a node looked when we last saw it change. */
export interface Sight {
  readonly enis: number;
  /** Addresses, those of prefixes too: a node with prefixes grows by these alone. */
  readonly total: number;
  /** Since when it has looked like this, epoch ms. */
  readonly sinceMs: number;
}

/** Everything the decision for one running node rests on. */
export interface Standing {
  readonly candidate: Candidate;
  /** Device indexes of ENIs an earlier run attached for this very demand. They are left out of everything else here: the
   *  plan is made from the node as it was before us, then asks for the difference, so that a second run adds nothing. */
  readonly attachedForThis: ReadonlySet<number>;
  readonly total: number;
  readonly podsMin: number;
  readonly podsMax: number;
  /** Whether the pods were counted or announced, rather than told from the addresses. */
  readonly podsKnown: boolean;
  /** Addresses that surely have no pod. */
  readonly free: number;
  readonly freeSlots: number;
  /** Addresses the present ENIs could still take. */
  readonly fillable: number;
  readonly quiet: boolean;
}

/** What the standing of a node is judged by. */
export interface Looking {
  readonly demand: Demand;
  readonly sights: ReadonlyMap<NodeId, Sight>;
  readonly policy: Policy;
  readonly nowMs: number;
  /** Pods with addresses on each node, when the announcer knows: EC2 does not show it. */
  readonly podsPerNode?: number;
  /** The same, exact and node by node, where somebody counted. */
  readonly podsOn?: ReadonlyMap<NodeId, number>;
}

export function standing(
  present: Candidate,
  ask: Omit<Looking, 'demand'> & { readonly demand: Pick<Demand, 'id'> },
): Standing {
  const forThis = (eni: Eni): boolean => eni.tags[OUR_DEMAND_TAG] === ask.demand.id;
  const node: Node = { ...present.node, enis: present.node.enis.filter((eni) => !forThis(eni)) };
  const candidate = { ...present, node };
  const { perEni, warmEniTarget, maxEnis } = candidate;
  const total = podAddresses(candidate);
  const freeSlots = Math.max(0, maxEnis - cardEnis(node).length);
  const fillable = fillableEnis(candidate).reduce((sum, eni) => sum + entriesFree(eni, perEni), 0);
  const attachedForThis = new Set(present.node.enis.filter(forThis).map((eni) => eni.deviceIndex));
  // A sight may be older than our own attach, or already show it: neither makes the node less quiet.
  const sight = ask.sights.get(node.id);
  const unchanged = looksLike(sight, node) || looksLike(sight, present.node);
  const quiet =
    node.state === 'running' && unchanged && sight !== undefined && ask.nowMs - sight.sinceMs >= QUIET_MS;
  // A node that could grow and does not has its W·M free; of one that is full nothing can be told, nor of one with as many
  // addresses as max-pods: there ipamd stops growing. What we attached before is no reason to know less than then.
  const settled = quiet || (unchanged && attachedForThis.size > 0);
  const maxPods = candidate.podCap + hostNetworkOn(node, candidate.policy);
  const canGrow = settled && freeSlots + fillable > 0 && total < maxPods;
  const pods = ask.podsOn?.get(node.id) ?? ask.podsPerNode;
  const podsKnown = pods !== undefined && pods <= total;
  const [podsMin, podsMost] =
    pods !== undefined
      ? [Math.min(pods, total), Math.min(pods, total)]
      : candidate.soleAllocator
        ? // Nothing grew or was given back there: its addresses tell nothing about its pods.
          [0, total]
        : podsOn(total, warmEniTarget, perEni, canGrow);
  const podsMax = Math.min(podsMost, candidate.podCap);
  return {
    candidate,
    attachedForThis,
    total,
    podsMin,
    podsMax,
    podsKnown,
    free: total - podsMax,
    freeSlots,
    fillable,
    quiet,
  };
}

export const looksLike = (sight: Sight | undefined, node: Node): boolean =>
  sight?.enis === node.enis.length && sight.total === allIps(node);

/** Secondary addresses, and those of prefixes, on the ENIs that ipamd manages. */
export const allIps = (node: Node): number =>
  managedEnis(node).reduce((sum, { prefixes }) => sum + prefixes * ADDRESSES_PER_PREFIX, totalIps(node));

/** Sights carried forward: a node that looks as before has looked so since then. */
export function lookAt(
  nodes: readonly Node[],
  before: ReadonlyMap<NodeId, Sight>,
  nowMs: number,
): ReadonlyMap<NodeId, Sight> {
  return new Map(
    nodes.map((node) => {
      const last = before.get(node.id);
      const sinceMs = last !== undefined && looksLike(last, node) ? last.sinceMs : nowMs;
      return [node.id, { enis: node.enis.length, total: allIps(node), sinceMs }];
    }),
  );
}

/** Whether any node that was looked at now looks otherwise than it was last seen. */
export const anyChanged = (before: ReadonlyMap<NodeId, Sight>, now: ReadonlyMap<NodeId, Sight>): boolean =>
  [...now].some(([id, { sinceMs }]) => before.get(id)?.sinceMs !== sinceMs);

/** Addresses an ENI could still take. */
export const entriesFree = (eni: Eni, perEni: number): number =>
  Math.max(0, perEni - eni.secondaryIps - eni.prefixes);
