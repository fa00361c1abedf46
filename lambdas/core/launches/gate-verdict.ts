/** Whether one launch gate may be opened, from what Kubernetes, EC2 and the ledger say of its node. */

import type { GateSeen } from '../kubernetes.ts';
import {
  CONSISTENT_AFTER_MS,
  IPAMD_LOOP_MS,
  RECONCILE_EVERY_MS,
  RECONCILE_WORST_MS,
  USABLE_AFTER_SEEN_MS,
} from '../limits.ts';
import type { Lesson } from '../looks/lessons.ts';
import {
  type Cluster,
  IPAMD_INSTANCE_TAG,
  ipamdStarted,
  type Node,
  type NodeId,
  nodeGroupOf,
  OUR_NODE_TAG,
} from '../model.ts';
import { actingIn } from '../node-group-policy.ts';
import { candidate } from '../plan/eligibility.ts';
import type { Policy } from '../policy.ts';
import type { NodeRecord } from '../records.ts';
import type { Gate } from '../signals.ts';

export type Verdict =
  | { readonly do: 'open'; readonly gate: Gate; readonly name: string; readonly because: string }
  /** The guard left it as too late; behind its gate it is not. */
  | { readonly do: 'plan again'; readonly gate: Gate }
  | { readonly do: 'wait'; readonly gate: Gate }
  /** It is open. */
  | { readonly do: 'nothing' };

export interface Known {
  /** `undefined`: the node has not joined. */
  readonly seen: GateSeen | undefined;
  /** `undefined`: AWS could not be asked. */
  readonly aws: { readonly cluster: Cluster; readonly nodes: ReadonlyMap<NodeId, Node> } | undefined;
  readonly record: NodeRecord | undefined;
  readonly readAtMs: number;
  /** Until when another attach would be adopted before the deadline. */
  readonly attachByMs: number;
  readonly nowMs: number;
  readonly policy: Policy;
  /** Whether we may change anything in EC2. */
  readonly acts: boolean;
  /** Of the cluster's node groups: one on which attaches came too late is only observed. */
  readonly lessons: ReadonlyMap<string, Lesson>;
}

export function judgeGate(gate: Gate, known: Known): Verdict {
  const { seen, aws, readAtMs, nowMs, policy, acts } = known;
  const node = aws?.nodes.get(gate.nodeId);
  const looked = {
    ...gate,
    ...(seen !== undefined && { name: seen.name }),
    ...(node !== undefined && !ipamdStarted(node) && { notStartedAtMs: readAtMs }),
  };
  const wait: Verdict = { do: 'wait', gate: looked };
  if (seen === undefined) return wait;
  if (!seen.closed) return { do: 'nothing' };
  const open = (because: string): Verdict => ({ do: 'open', gate: looked, name: seen.name, because });
  if (nowMs >= gate.runningAtMs + policy.gateDeadlineMs)
    return open(`the deadline, ${policy.gateDeadlineMs / 1000} s after running`);
  if (!acts) return open('nothing is changed in EC2: observe mode, or policy.stopped');
  // EC2 may not show it yet.
  if (aws === undefined || node === undefined) return wait;
  const checked = candidate(node, aws.cluster, policy);
  if ('refusal' in checked) return open(checked.refusal.because);
  const { policy: own } = checked.candidate;
  const acting = actingIn(own, 'warm', known.lessons.get(nodeGroupOf(node.tags)), nowMs);
  if (acting.mode === 'observe') return open(`its node group is only observed: ${acting.because}`);
  return judgeNode(looked, seen, { ...known, node, soleAllocator: checked.candidate.soleAllocator });
}

function judgeNode(
  gate: Gate,
  { name, readySinceMs }: GateSeen,
  {
    node,
    soleAllocator,
    record,
    readAtMs,
    attachByMs,
    nowMs,
    policy,
  }: Known & { readonly node: Node; readonly soleAllocator: boolean },
): Verdict {
  const wait: Verdict = { do: 'wait', gate };
  const open = (because: string): Verdict => ({ do: 'open', gate, name, because });
  // Until then another attach is of use; its own message is on the way, or goes on its way now.
  if (nowMs < attachByMs && !attachSent(record)) {
    const apart = readySinceMs === undefined || betweenHalves(nowMs - readySinceMs, policy);
    return gate.again === true || apart ? wait : { do: 'plan again', gate };
  }
  const ours = node.enis.filter((eni) => eni.tags[OUR_NODE_TAG] === node.id);
  const there = new Set<string>(ours.map(({ id }) => id));
  const unseen = (record?.enis ?? []).some(
    ({ eniId, attachedAtMs }) => attachedAtMs !== undefined && (eniId === undefined || !there.has(eniId)),
  );
  if (unseen) return wait;
  if (soleAllocator) {
    // Its ipamd writes no tag: the worst case of adoption tells.
    const fromMs = record?.times?.usableFromMs;
    return fromMs !== undefined && nowMs < fromMs ? wait : open('our addresses are presumed usable');
  }
  if (!ours.every((eni) => eni.tags[IPAMD_INSTANCE_TAG] !== undefined)) return wait;
  if (readySinceMs === undefined) return wait;
  if (ours.length === 0) return open('nothing of ours is on its way');
  const seenByMs = gate.seenByMs ?? readAtMs;
  // Within the time of a reconcile only its start can have adopted them, and a node is Ready once that is over.
  const { notStartedAtMs } = gate;
  if (notStartedAtMs !== undefined && seenByMs - notStartedAtMs < RECONCILE_EVERY_MS - CONSISTENT_AFTER_MS)
    return open('its ipamd started with our addresses');
  if (nowMs >= seenByMs + USABLE_AFTER_SEEN_MS) return open('our addresses were adopted');
  return { do: 'wait', gate: { ...gate, seenByMs } };
}

/** Whether all was done for it that will be. One that was left because the guard's time ran out has more behind a gate. */
function attachSent(record: NodeRecord | undefined): boolean {
  switch (record?.outcome.state) {
    case undefined:
    case 'claimed':
    case 'created':
    case 'would attach':
      return false;
    case 'left':
      return record.outcome.reason !== 'too late' && record.outcome.reason !== 'over budget';
    case 'attached':
    case 'filled':
    case 'seen':
    case 'adopted':
    case 'late attach':
    case 'not seen':
      return true;
  }
}

/** From ipamd serving to its first reconcile, in the first loop after its start. Ready comes after serving. */
const FIRST_RECONCILE_MS = 7_000;
/** From a look to the attach it leads to, and between two looks at Ready: queues and a function. */
const PIPELINE_MS = 8_000;

/** Whether interfaces attached now might be split between two reconciles: the first adopts one, and the next the other, a minute
 *  later, after the first was given back. Only the first two reconciles after Ready can be foretold. */
function betweenHalves(sinceReadyMs: number, { attachP95Ms, imdsP95Ms }: Policy): boolean {
  const secondFromMs = RECONCILE_EVERY_MS - attachP95Ms - imdsP95Ms - PIPELINE_MS;
  const secondUntilMs = RECONCILE_WORST_MS + IPAMD_LOOP_MS;
  return sinceReadyMs < FIRST_RECONCILE_MS || (sinceReadyMs >= secondFromMs && sinceReadyMs < secondUntilMs);
}
