/** The nodes that a rollout's pods can come to, as they are now: one read of the world for whatever is decided about them. */
import { withAdoption } from './cni.ts';
import type { Failure } from './failures.ts';
import { lensOf, named, seenThrough } from './lens.ts';
import { adoptionMostMs } from './looks/lessons.ts';
import { type Cluster, ipamdStarted, type Node, type NodeId, nodeGroupOf, type World } from './model.ts';
import { type Acting, actingIn } from './node-group-policy.ts';
import { type Candidate, candidate, mayHaveStarted, refusalSteps } from './plan/eligibility.ts';
import type { Mark } from './plan/marks.ts';
import { selectable, selects } from './plan/open-demand.ts';
import { anyChanged, lookAt, type Sight } from './plan/standing.ts';
import type { Step } from './plan/steps.ts';
import type { Mode, Policy } from './policy.ts';
import type { Ports } from './ports.ts';
import { readWorld } from './reading.ts';
import type { RolloutAnnounced } from './signals.ts';

export interface PresentNodes {
  readonly cluster: Cluster;
  /** What the deployment may do there. */
  readonly mode: Mode;
  readonly world: World;
  /** Those that the rollout selects and that may have pods. Nodes that are starting have signals of their own. */
  readonly nodes: readonly Node[];
  /** Of those, the ones that can be helped. */
  readonly candidates: readonly Candidate[];
  /** Why the others are left. */
  readonly refused: readonly Step[];
  /** Of each candidate's node group. */
  readonly acting: ReadonlyMap<NodeId, Acting>;
  readonly marks: ReadonlyMap<string, Mark>;
  readonly sights: ReadonlyMap<NodeId, Sight>;
  /** Exact pods, where somebody counted. */
  readonly podsOn?: ReadonlyMap<NodeId, number>;
  /** With what was learnt of adoption there. */
  readonly policy: Policy;
  readonly nowMs: number;
}

export type Unseen = { readonly unread: Failure } | { readonly unknown: 'cluster' };

/** Remembers how the nodes look, unless only asked, so that a later look can tell which are quiet. */
export async function seePresent(
  signal: RolloutAnnounced,
  ports: Ports,
  want: 'plan' | 'do' = 'do',
): Promise<PresentNodes | Unseen> {
  const { ledger, clock, settings } = ports;
  const [read, marks, lessons, before] = await Promise.all([
    readWorld({ ofCluster: signal.cluster }, ports),
    ledger.marks(),
    ledger.lessons(signal.cluster),
    ledger.sights(signal.cluster),
  ]);
  if (!read.ok) return { unread: read.failure };
  const found = read.value.clusters.get(signal.cluster);
  if (found === undefined) return { unknown: 'cluster' };
  const { world } = read.value;
  const nowMs = clock();

  const nodes: Node[] = [];
  const refused: Step[] = [];
  const candidates: Candidate[] = [];
  for (const node of world.nodes) {
    if (!selects(signal.selector, selectable(node))) continue;
    const checked = candidate(node, found.cluster, settings.policy);
    if (!('candidate' in checked ? mayHaveStarted(checked.candidate) : ipamdStarted(node))) continue;
    nodes.push(node);
    if ('candidate' in checked) candidates.push(checked.candidate);
    else refused.push(...refusalSteps(node.id, checked.refusal).filter((step) => !saidBefore(step, refused)));
  }
  const groups = [...new Set(candidates.map(({ node }) => nodeGroupOf(node.tags)))];
  const acting = new Map<NodeId, Acting>(
    candidates.map(({ node, policy }) => [
      node.id,
      actingIn(policy, found.mode, lessons.get(nodeGroupOf(node.tags)), nowMs),
    ]),
  );
  const sights = lookAt(nodes, before, nowMs);
  const [podsOn] = await Promise.all([
    countPods(signal, nodes, world.nodes.length, ports),
    want === 'do' &&
      anyChanged(before, sights) &&
      ledger.saw(signal.cluster, new Map([...before, ...sights])),
  ]);
  return {
    ...{ cluster: found.cluster, mode: found.mode, world, nodes, candidates, refused, acting, marks, sights },
    ...(podsOn !== undefined && { podsOn }),
    policy: withAdoption(settings.policy, adoptionMostMs(groups.map((group) => lessons.get(group)))),
    nowMs,
  };
}

/** Pods of the present nodes, exactly, where the lens can tell. A later try reads anew only before the rollout begins: its own
 *  pods would pass for old ones, and the nodes would be given addresses for them a second time. */
async function countPods(
  signal: RolloutAnnounced,
  present: readonly Node[],
  nodesInAll: number,
  ports: Ports,
): Promise<ReadonlyMap<NodeId, number> | undefined> {
  const lens = lensOf(signal.cluster, ports);
  if (lens === undefined || present.length === 0) return undefined;
  if (signal.attempt > 0 && ports.clock() >= signal.startsAtMs) return undefined;
  const answer = await lens.pods(signal.cluster, present.map(named), nodesInAll);
  const pods = seenThrough(
    answer,
    signal.cluster,
    'pods are told from addresses, as without the lens',
    ports,
  );
  return pods && new Map([...pods].map(([nodeId, { count }]) => [nodeId, count]));
}

/** One advice for a setting is enough, however many nodes it is about. */
const saidBefore = (step: Step, earlier: readonly Step[]): boolean =>
  step.do === 'advise' && earlier.some((other) => other.do === 'advise' && other.setting === step.setting);
