/** What a plan rests on: the cluster as it is now, what the stack would decide there, and the same as a snapshot to play. */

import { floorMs } from '../../lambdas/core/budget/allowance.ts';
import { adoptionWorstMs, keptForMs, slotsPerEni } from '../../lambdas/core/cni.ts';
import type { RolloutReport } from '../../lambdas/core/decide-rollout.ts';
import type { DeploymentSettings, Kubernetes } from '../../lambdas/core/kubernetes.ts';
import { QUIET_MS } from '../../lambdas/core/limits.ts';
import type { Cluster } from '../../lambdas/core/model.ts';
import { policyFor } from '../../lambdas/core/node-group-policy.ts';
import { limitsOf } from '../../lambdas/core/plan/instance-limits.ts';
import { lookAt } from '../../lambdas/core/plan/standing.ts';
import { type ActStep, acts } from '../../lambdas/core/plan/steps.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import { warmRollout } from '../../lambdas/core/warm-rollout.ts';
import type { Account } from '../account-clients.ts';
import { countOn, kubeOf, NOT_COUNTED } from '../kubernetes.ts';
import { type Burst, type BurstOptions, burstOf, signalOf } from '../simulate/burst.ts';
import { fuller } from '../simulate/ways.ts';
import { withCounts } from '../snapshot/counts.ts';
import type { Snapshot, SnapshotNode } from '../snapshot/format.ts';
import { podSlots, settingsOf } from '../snapshot/pods.ts';
import { withPods } from '../snapshot/read.ts';
import { takeSnapshot } from '../snapshot/take.ts';
import { CountedLens, readingPorts } from './ports.ts';

export interface PlanRead {
  readonly cluster: Cluster;
  readonly burst: Burst;
  readonly report: RolloutReport;
  readonly snapshot: Snapshot;
  readonly effort: Effort;
  /** One line for each question that Kubernetes did not answer. */
  readonly troubles: readonly string[];
}

type PlanOptions = Omit<BurstOptions, 'pods'> & { readonly pods?: number; readonly kubernetes?: true };

/** What the plan costs, beside its totals. */
export interface Effort {
  /** From now until what it attaches can be used, s; 0 when it attaches nothing. */
  readonly readySeconds: number;
  /** Addresses it brings × the time they wait for their pods. */
  readonly addressSecondsIdle: number;
  /** Nodes of which the CNI gives something back if no pod comes, and after how long at the earliest, s; the others keep all. */
  readonly givesBack: { readonly nodes: number; readonly afterSeconds: number };
}

type Refused = { readonly complaint: string };

export async function readPlan(
  account: Account,
  name: string,
  options: PlanOptions,
  policy: Policy,
): Promise<PlanRead | Refused> {
  const taken = await takeSnapshot(name, account, policy.cniEnv);
  if ('complaint' in taken) return taken;
  if ('failure' in taken) return { complaint: account.failed.troubleWith(taken.failure, taken.call) };
  const { cluster, inventory } = taken;
  const { nodes } = inventory.world;
  const api = kubeOf(account);
  const asks = options.kubernetes === true || options.workload !== undefined;
  const counted = asks ? await countOn(api, name, account) : NOT_COUNTED;
  const lens = new CountedLens(api, account.clock, counted);
  const burst = await burstFor(lens, name, options);
  if ('complaint' in burst) return burst;
  const snapshot = withCounts(taken.snapshot, nodes, counted);
  const wrong = fuller(snapshot.nodes, burst, roomBy(policy, name));
  if (wrong !== undefined) return { complaint: wrong };
  const known = options.podsPerNode === undefined && counted.hasPods;
  const ports = readingPorts(account, name, { policy, kubernetes: known ? lens : undefined });
  // One look cannot tell which nodes are quiet: they are taken to have looked like this for as long as it takes.
  const nowMs = account.clock();
  await ports.ledger.saw(name, lookAt(nodes, new Map(), nowMs - QUIET_MS - 1));
  const signal = signalOf(burst, name, nowMs + burst.startsInMs);
  const report = await warmRollout(signal, ports, 'plan');
  if ('kind' in report) return { complaint: report.why };
  return {
    ...{ cluster, burst, report, troubles: counted.troubles },
    // What was said goes before what was counted.
    snapshot: withPods(snapshot, burst),
    effort: effortOf(report, burst, policy, taken.snapshot),
  };
}

/** What the policy says of max-pods counts as well: nodes may take so many, though the type's own are fewer. */
const roomBy =
  (policy: Policy, cluster: string) =>
  (node: SnapshotNode): number => {
    const { maxPods = 0, hostNetworkPods } = policyFor(policy, cluster, node.nodeGroup);
    return Math.max(podSlots(node), maxPods - hostNetworkPods);
  };

async function burstFor(lens: Kubernetes, cluster: string, options: PlanOptions): Promise<Burst | Refused> {
  const { pods, workload } = options;
  if (workload === undefined)
    return pods === undefined
      ? { complaint: '--pods: expected a number of pods, or --workload, got neither' }
      : burstOf({ ...options, pods });
  const answer = await lens.deployment(cluster, workload);
  if (!answer.ok) return { complaint: `--workload: ${answer.failure.message}` };
  if (answer.value === undefined)
    return {
      complaint: `--workload: expected a Deployment of ${cluster}, got "${workload.namespace}/${workload.name}"`,
    };
  return deployedBurst(answer.value, options);
}

/** Without a number of pods the Deployment is rolled out as it is; with one, so many come beside those it has. */
function deployedBurst(
  { replicas, strategy, terminationGraceMs }: DeploymentSettings,
  options: PlanOptions,
): Burst | Refused {
  const { pods } = options;
  if (strategy.type !== 'rolling-update')
    return { complaint: `--workload: expected a Deployment with rolling updates, got ${strategy.type}` };
  const { maxSurge, maxUnavailable } = strategy;
  const own = options.rolling ?? { maxSurge, maxUnavailable };
  const burst = burstOf({ ...options, pods: pods ?? replicas, ...(pods === undefined && { rolling: own }) });
  return { ...burst, terminationGraceMs };
}

function effortOf(
  { steps, totals }: RolloutReport,
  burst: Burst,
  policy: Policy,
  snapshot: Snapshot,
): Effort {
  const doing = steps.filter(acts);
  const addresses = doing.reduce((sum, step) => sum + ('addresses' in step ? step.addresses : 0), 0);
  const callsMs = floorMs(totals.calls, policy.budgetShare, policy.buckets);
  return {
    readySeconds: doing.length === 0 ? 0 : Math.round((callsMs + adoptionWorstMs(policy)) / 1000),
    // On average a pod comes in the middle of the time over which all do.
    addressSecondsIdle: Math.round((addresses * (burst.startsInMs + burst.overMs / 2)) / 1000),
    givesBack: givenBack(doing, snapshot),
  };
}

/** Judged as though no pod were there: more pods only make the CNI keep more. */
function givenBack(doing: readonly ActStep[], { nodes, cluster }: Snapshot): Effort['givesBack'] {
  let count = 0;
  let soonestMs = Number.POSITIVE_INFINITY;
  for (const [nodeId, steps] of Map.groupBy(doing, (step) => step.nodeId)) {
    const node = nodes.find(({ id }) => id === nodeId);
    const limits = node && limitsOf(node.type);
    if (node === undefined || limits === undefined) continue;
    const { mode } = settingsOf(cluster.vpcCni?.env ?? {}, limits.prefixes);
    const there = node.enis.reduce((sum, { secondaryIps }) => sum + secondaryIps, 0);
    const added = steps.reduce((sum, step) => sum + ('addresses' in step ? step.addresses : 0), 0);
    const keptMs = keptForMs(mode, there + added, slotsPerEni(limits));
    if (keptMs === undefined) continue;
    count++;
    soonestMs = Math.min(soonestMs, keptMs);
  }
  return { nodes: count, afterSeconds: count === 0 ? 0 : soonestMs / 1000 };
}
