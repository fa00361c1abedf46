/** Scale-outs in random clusters: where pods are expected, and where the embedded scheduler puts them. */
import { podsOn } from '../lambdas/core/cni.ts';
import type { NodeId } from '../lambdas/core/model.ts';
import { spread } from '../lambdas/core/plan/placement.ts';
import { DEFAULT_POLICY } from '../lambdas/core/policy.ts';
import { Chance, type Stream } from '../sim/chance.ts';
import { HOST_NETWORK_PODS, type Node } from '../sim/cluster/node.ts';
import type { NodeSelector } from '../sim/cluster/pod.ts';
import { fits, type Placement } from '../sim/cluster/scheduler.ts';
import { typeLimits } from '../sim/ec2/instance-types.ts';
import { subnetsIn } from '../sim/scenarios/subnets.ts';
import { World } from '../sim/world.ts';

export interface Landing {
  /** Nodes the scale-out may go to. */
  readonly nodes: number;
  /** Pods of it that found one. */
  readonly landed: number;
  /** Of those, the ones that found an address which was free before. */
  readonly onFree: number;
  /** Those that found one which was free before or which the plan wants on their node: as the plan is when the pods on every
   *  node are announced, and when they are told from its addresses. */
  readonly onWarmed: { readonly podsKnown: number; readonly podsTold: number };
}

const TYPES = ['t3.medium', 'm5.large', 'm5.xlarge', 'c5.2xlarge', 'm5.4xlarge'] as const;
const SETTLED_MS = 600_000;

/** What the plan wants on a node is counted as there: how much of it the CNI adopts and keeps is another question. */
export async function playLanding(seed: number, placement: Placement): Promise<Landing> {
  const stream = new Chance(seed).stream('landing');
  const { world, groups, zones } = await settledCluster(seed, placement, stream);
  const selector = randomSelector(stream, groups, zones);
  const nodes = world.nodes.filter((node) => fits(selector, node)).map(seen);
  const room = nodes.reduce((sum, { node }) => sum + node.freePodSlots, 0);
  const pods = Math.max(1, Math.floor(room * stream.between(0.02, 0.9)));

  const knowing = warmed(nodes, pods, ({ podsThere }) => podsThere);
  const telling = warmed(nodes, pods, ({ podsMax }) => podsMax);
  const wave = world.deploy({ kind: 'Deployment', name: 'wave', replicas: pods, selector });
  const came = new Map(Map.groupBy(wave.pods, ({ node }) => node?.instanceId));
  const found = (there: (node: Seen) => number): number =>
    nodes.reduce((sum, each) => sum + Math.min(came.get(each.node.instanceId)?.length ?? 0, there(each)), 0);
  return {
    nodes: nodes.length,
    landed: found(() => Number.POSITIVE_INFINITY),
    onFree: found(({ addresses, podsThere }) => addresses - podsThere),
    onWarmed: { podsKnown: found(knowing), podsTold: found(telling) },
  };
}

/** Addresses without a pod on each node once the plan is carried out. What is free although it did not seem so is free
 *  nevertheless. */
function warmed(
  nodes: readonly Seen[],
  pods: number,
  podsOf: (node: Seen) => number,
): (node: Seen) => number {
  const { placed } = spread(
    Math.ceil(pods * DEFAULT_POLICY.margin),
    nodes.map((each) => ({
      nodeId: each.node.instanceId as NodeId,
      freePods: Math.max(0, each.node.maxPods - HOST_NETWORK_PODS - podsOf(each)),
    })),
  );
  return (each) => {
    const expected = placed.get(each.node.instanceId as NodeId) ?? 0;
    return Math.max(each.addresses, podsOf(each) + expected) - each.podsThere;
  };
}

/** 3 to 20 nodes of one to three groups, each node with pods of its own number, and ipamd as settled as it gets. */
async function settledCluster(seed: number, placement: Placement, stream: Stream) {
  const whole = (least: number, most: number): number => Math.floor(stream.between(least, most + 1));
  const subnets = subnetsIn(whole(1, 3), 18);
  const world = new World({
    seed,
    cluster: 'shop',
    placement,
    subnets,
  });
  const groups = ['blue', 'green', 'red'].slice(0, whole(1, 3));
  let left = whole(Math.max(3, groups.length), 20);
  for (const [index, name] of groups.entries()) {
    const nodes = index === groups.length - 1 ? left : whole(1, left - (groups.length - 1 - index));
    left -= nodes;
    const type = stream.pick(TYPES);
    const perEni = (typeLimits(type)?.ipv4PerEni ?? 0) - 1;
    world.addNodeGroup({ name, type, launchedBy: 'karpenter', established: { nodes, addresses: [perEni] } });
  }
  await world.kernel.run(30_000);
  for (const node of world.nodes)
    for (let count = Math.floor(node.freePodSlots * stream.between(0, 0.9)); count > 0; count--)
      node.bind(world.createPod(`old-${count}`, node));
  await world.kernel.run(SETTLED_MS);
  return { world, groups, zones: subnets.map(({ zone }) => zone) };
}

function randomSelector(stream: Stream, groups: readonly string[], zones: readonly string[]): NodeSelector {
  return {
    ...(stream.chance(0.3) && { nodeGroups: [stream.pick(groups)] }),
    ...(stream.chance(0.15) && { zones: [stream.pick(zones)] }),
  };
}

/** A node as it is, and as its addresses show it. */
interface Seen {
  readonly node: Node;
  readonly podsThere: number;
  readonly podsMax: number;
  readonly addresses: number;
}

function seen(node: Node): Seen {
  const addresses = node.instance.enis.reduce((sum, { secondaryIps }) => sum + secondaryIps.length, 0);
  const { enisPerCard = 0, ipv4PerEni = 1 } = typeLimits(node.type) ?? {};
  const perEni = ipv4PerEni - 1;
  const couldGrow = addresses < Math.min(enisPerCard * perEni, node.maxPods);
  const [, podsMax] = podsOn(addresses, 1, perEni, couldGrow);
  return { node, podsThere: node.pods.length, podsMax, addresses };
}
