/** A snapshot's cluster in the embedded AWS: its subnets with what is free in them, its nodes with what they hold, the pods they
 *  run as far as that can be told. */
import type { Deployment } from '../../sim/cluster/deployment.ts';
import type { Node } from '../../sim/cluster/node.ts';
import type { NodeGroup } from '../../sim/cluster/node-group.ts';
import type { PresentEni } from '../../sim/ec2/account.ts';
import { World } from '../../sim/world.ts';
import type { CniEnv, Snapshot, SnapshotEni, SnapshotNode } from '../snapshot/format.ts';
import { podsOf } from '../snapshot/pods.ts';
import type { Burst } from './burst.ts';
import { pass } from './pass.ts';

export interface Played {
  readonly world: World;
  /** The workload whose pods come. */
  readonly workload: Deployment;
}

/** From the first pod that fits nowhere to the launch of nodes, ms: the autoscaler looking, deciding, asking. */
const AUTOSCALER_LOOKS_AFTER_MS = 30_000;
/** The ipamds of nodes that have stood for long serve at once, if they serve at all. */
const SERVING_BY_MS = 120_000;
/** Pools are at rest by then, and two sweeps, five minutes apart, have seen every node. */
export const SETTLED_MS = 720_000;
/** Name of the second Deployment of a rollout in waves, as a canary's. */
export const FRESH = 'burst-next';

/** The names pods are kept to, in the world: a group there is of one type. */
export const groupKey = ({ nodeGroup, type, maxPods }: SnapshotNode): string =>
  `${nodeGroup}-${type}${maxPods === undefined ? '' : `-${maxPods}`}`;

/** A world in which the cluster of a snapshot has stood for long with these settings of the CNI. */
export async function openWorld(
  snapshot: Snapshot,
  burst: Burst,
  env: CniEnv,
  seed: number,
  before: (world: World) => void = () => {},
): Promise<Played> {
  const world = new World({
    seed,
    cluster: snapshot.cluster.name,
    cniEnv: env,
    subnets: snapshot.subnets.map(({ id, zone, cidr, tags }) => ({
      ...{ id, zone, cidr, vpcId: snapshot.cluster.vpcId },
      ...(tags !== undefined && { tags }),
    })),
  });
  const placed = place(world, snapshot, burst);
  for (const { id, freeAddresses, freeBlocks } of snapshot.subnets)
    leaveFree(world, id, freeAddresses, freeBlocks);
  before(world);
  for (const { node } of placed) node.join();
  const { kernel } = world;
  // The pods come in the same moment: an ENI that had none for a minute would be given back.
  await pass(kernel, SERVING_BY_MS, () => placed.every(({ node }) => node.ready));
  const workload = startPods(world, snapshot, burst, placed);
  await pass(kernel, SETTLED_MS);
  return { world, workload };
}

interface Placed {
  readonly node: Node;
  readonly was: SnapshotNode;
}

function place(world: World, { nodes }: Snapshot, burst: Burst): Placed[] {
  const placed: Placed[] = [];
  const groups = Map.groupBy(nodes, groupKey);
  const growing = burst.launches ? largest(groups, burst) : undefined;
  for (const [name, members] of groups) {
    const [first] = members;
    if (first === undefined) continue;
    const group: NodeGroup = world.addNodeGroup({
      name,
      type: first.type,
      launchedBy: first.launchedBy,
      subnets: [...new Set(members.map(({ subnetId }) => subnetId))],
      present: members.map(({ subnetId, enis }) => ({ subnetId, enis: presentEnis(enis) })),
      ...(first.maxPods !== undefined && { maxPods: first.maxPods }),
      ...(name === growing && { autoscale: { afterMs: AUTOSCALER_LOOKS_AFTER_MS } }),
    });
    for (const [index, node] of group.nodes.entries()) {
      const was = members[index];
      if (was !== undefined) placed.push({ node, was });
    }
  }
  return placed;
}

/** Of the groups the pods may go to, the one with most nodes is taken to be the one that grows. */
function largest(groups: ReadonlyMap<string, readonly SnapshotNode[]>, burst: Burst): string | undefined {
  const open = [...groups].filter(([, [node]]) => node !== undefined && burst.takes(node));
  return open.toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0];
}

/** The primary first. A trunk is left to the controller that gives it, which takes an account of its own to do so. */
const presentEnis = (enis: readonly SnapshotEni[]): PresentEni[] =>
  enis
    .filter(({ interfaceType }) => interfaceType !== 'trunk')
    .toSorted(
      (a, b) => (a.networkCardIndex ?? 0) - (b.networkCardIndex ?? 0) || a.deviceIndex - b.deviceIndex,
    )
    .map(
      ({
        subnetId,
        deviceIndex,
        networkCardIndex = 0,
        interfaceType,
        secondaryIps,
        prefixes,
        unmanaged,
      }) => ({
        ...{ subnetId, deviceIndex, networkCardIndex, secondaryIps, prefixes },
        ...(interfaceType === 'efa' && { interfaceType }),
        // It has no address of its own, but takes its slot and gives nothing: as good as left alone.
        ...((unmanaged || interfaceType === 'efa-only') && {
          tags: { 'node.k8s.amazonaws.com/no_manage': 'true' },
        }),
      }),
    );

/** What others hold lies anywhere, as the nodes' own addresses do; so with prefixes, when nodes give theirs back, blocks become
 *  whole in which nobody else is. Every block beyond those that are wholly free loses an address at least. */
function leaveFree({ account }: World, id: string, addresses: number, blocks: number): void {
  const now = account.subnet(id);
  account.othersTake(id, { addresses: now.freeAddresses - addresses, leavingPrefixes: blocks });
  const { freeAddresses, freePrefixes } = account.subnet(id);
  if (freePrefixes <= blocks) return;
  account.othersLeaveFree(id, { addresses: freeAddresses - (freePrefixes - blocks), prefixes: blocks });
}

/** Pods that are there already stay where they are; those of the workload that is rolled out are spread by the scheduler. */
function startPods(world: World, snapshot: Snapshot, burst: Burst, placed: readonly Placed[]): Deployment {
  const pods = new Map(placed.map(({ node, was }) => [node, podsOf(was, snapshot)]));
  let ofWorkload = burst.replicas.from;
  // From the fullest nodes, one at a time: a workload's pods are where most pods are.
  const open = placed.filter(({ was }) => burst.takes(was)).map(({ node }) => node);
  while (ofWorkload > 0) {
    const fullest = open.reduce<Node | undefined>(
      (best, node) =>
        (pods.get(node) ?? 0) > (best === undefined ? 0 : (pods.get(best) ?? 0)) ? node : best,
      undefined,
    );
    if (fullest === undefined) break;
    pods.set(fullest, (pods.get(fullest) ?? 0) - 1);
    ofWorkload--;
  }
  for (const [node, count] of pods)
    for (let index = 0; index < count && node.freePodSlots > 0; index++)
      node.bind(world.createPod(`${node.name}-there-${index}`, node));
  return world.deploy(deploymentOf(burst, snapshot, 'burst', burst.replicas.from));
}

/** The workload as it rolls out, or a second one of it beside. */
export const deploymentOf = (burst: Burst, snapshot: Snapshot, name: string, replicas: number) => ({
  kind: 'Deployment' as const,
  name,
  replicas,
  strategy: burst.strategy,
  minReadySeconds: burst.minReadySeconds,
  readyAfterMs: burst.readyAfterMs,
  exitMs: burst.exitMs,
  terminationGraceMs: burst.terminationGraceMs,
  ...(burst.nodeGroups !== undefined && {
    selector: { nodeGroups: [...new Set(snapshot.nodes.filter(burst.takes).map(groupKey))] },
  }),
});
