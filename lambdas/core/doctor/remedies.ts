/** Remedies as commands, and what they cost. */
import { type CniMode, growthThreshold, keptFree, podsOn, readConfiguration } from '../cni.ts';
import { ADDRESSES_PER_PREFIX } from '../limits.ts';
import type { Node } from '../model.ts';
import type { Price } from './finding.ts';
import { addressesOn, type ClusterSeen, enisOn, ownNodes, type TypeSeen, typesOf } from './seen.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Sets variables of aws-node, or removes those that are `undefined`: by the add-on, with all else its configuration says
 *  as it is, since an update replaces the whole of it (EKS User Guide, updating an add-on); by hand where there is no add-on. */
export function setEnv({ cluster, region }: ClusterSeen, changes: Env): readonly string[] {
  if (cluster.vpcCni === undefined)
    return [
      ...['kubectl', '-n', 'kube-system', 'set', 'env', 'daemonset/aws-node'],
      ...Object.entries(changes).map(([name, value]) =>
        value === undefined ? `${name}-` : `${name}=${value}`,
      ),
    ];
  const read = readConfiguration(cluster.vpcCni);
  // What cannot be read was said before: a node has no remedy whose settings are not known.
  const document = 'complaint' in read ? {} : read.document;
  const env = { ...(document['env'] as object | undefined), ...changes };
  return [
    ...['aws', 'eks', 'update-addon', '--region', region, '--cluster-name', cluster.name],
    ...['--addon-name', 'vpc-cni', '--resolve-conflicts', 'PRESERVE'],
    // What is undefined does not get into JSON.
    ...['--configuration-values', JSON.stringify({ ...document, env })],
  ];
}

/** Requests of ipamd when it starts again on a node: one look at all ENIs, then a look at the subnet and the security groups of
 *  each, and one fill. Source: amazon-vpc-cni-k8s v1.23.1, nodeInit. */
const restartCalls = (node: Node): number => 2 + 2 * enisOn(node);

/** Addresses a quiet node holds with these pods, and never more than it has slots for, or needs for as many pods as it may run.
 *  Source: amazon-vpc-cni-k8s v1.23.1, isDatastorePoolTooLow and increaseDatastorePool; `docs/eni-and-ip-target.md`. */
export function held(mode: CniMode, pods: number, { perEni, enis, maxPods }: Room): number {
  const each = modeUsesPrefixes(mode) ? ADDRESSES_PER_PREFIX : 1;
  const most = Math.min(enis * perEni * each, whole(maxPods, each === 1 ? perEni : each));
  switch (mode.kind) {
    case 'warm-eni':
      return Math.min(most, whole(growthThreshold(mode.warmEniTarget, pods, perEni), perEni));
    case 'ip-targets':
    case 'prefix-ip-targets':
      return Math.min(most, whole(Math.max(pods + mode.warmIpTarget, mode.minimumIpTarget), each));
    case 'prefix':
      return Math.min(most, whole(pods + Math.max(mode.warmPrefixTarget * each, 1), each));
    case 'provisioning-disabled':
      return 0;
  }
}

/** `enis`: those that pods' addresses may come from. */
type Room = Pick<TypeSeen, 'perEni' | 'enis' | 'maxPods'>;

const whole = (addresses: number, each: number): number => Math.ceil(addresses / each) * each;

const modeUsesPrefixes = ({ kind }: CniMode): boolean => kind === 'prefix' || kind === 'prefix-ip-targets';

/** Pods with an address on the node: as counted, or at most if it is quiet, because EC2 does not show them. */
export function podsAtMost(node: Node, { settings, perEni, holds }: TypeSeen): number {
  const total = addressesOn(node, settings);
  const { mode } = settings;
  if (node.counted?.pods !== undefined) return Math.min(node.counted.pods, total);
  return mode.kind === 'warm-eni'
    ? podsOn(total, mode.warmEniTarget, perEni, total < holds)[1]
    : Math.max(0, total - keptFree(mode, perEni));
}

/** Of setting aws-node's variables so that nodes are in `mode`: every node's aws-node starts again, then adds or gives back. */
export function priceOf(seen: ClusterSeen, mode: CniMode): Price {
  let calls = 0;
  let addresses = 0;
  for (const type of typesOf(seen))
    for (const node of type.nodes) {
      const more = held(mode, podsAtMost(node, type), type) - addressesOn(node, type.settings);
      calls += restartCalls(node) + (more > 0 ? growthCalls(more, type) : 0);
      addresses += more;
    }
  return { calls, addresses, rolls: ownNodes(seen).length };
}

/** Of restarting aws-node on every node, its pool as it is. */
export function priceOfRestart(seen: ClusterSeen): Price {
  const nodes = ownNodes(seen);
  const calls = nodes.reduce((sum, node) => sum + restartCalls(node), 0);
  return { calls, addresses: 0, rolls: nodes.length };
}

/** Three for an ENI more, one for a fill of one that is there; what is above one ENI takes more of them. */
const growthCalls = (addresses: number, { perEni }: TypeSeen): number => Math.ceil(addresses / perEni) * 3;

/** The prewarmer with the right to act for this cluster (README, Deploy). */
export const deployWarm = ({ cluster }: ClusterSeen): readonly string[] => [
  ...[
    'npx',
    'cdk',
    'deploy',
    '-c',
    `cluster=${cluster.name}`,
    '-c',
    'mode=warm',
    '-c',
    `vpcId=${cluster.vpcId}`,
  ],
];
