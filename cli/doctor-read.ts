/** One look at a cluster for the doctor. Each part is read by calls of its own: what one call is denied, the others still show. */
import { GetSubnetCidrReservationsCommand, type Subnet as SubnetAnswer } from '@aws-sdk/client-ec2';
import {
  DescribeAddonCommand,
  DescribeClusterCommand,
  DescribeNodegroupCommand,
  type Nodegroup,
} from '@aws-sdk/client-eks';
import { nodeGroupNames } from '../infra/eks-names.ts';
import { UsedBlocks } from '../lambdas/adapters/ec2-inventory.ts';
import { eachEni, eachInstance, eachSubnet, nodesOfCluster } from '../lambdas/adapters/ec2-pages.ts';
import { NodesRead, readSubnet } from '../lambdas/adapters/ec2-reading.ts';
import { NOT_FOUND, readCluster, VPC_CNI } from '../lambdas/adapters/eks-clusters.ts';
import { freeBlocksIn } from '../lambdas/core/blocks.ts';
import { readCniSettings } from '../lambdas/core/cni.ts';
import {
  type ClusterSeen,
  type EniQuota,
  type NodeGroupSeen,
  nodeSubnets,
  type Part,
  type SubnetSeen,
  settingsFor,
} from '../lambdas/core/doctor/seen.ts';
import { named } from '../lambdas/core/lens.ts';
import type { Node, NodeCount } from '../lambdas/core/model.ts';
import { inParallel } from '../lambdas/core/parallel.ts';
import type { Account } from './account-clients.ts';
import { ASSUMED_QUOTA, readEniQuota } from './eni-quota.ts';
import { countOn, kubeOf, NOT_COUNTED } from './kubernetes.ts';
import { noSuchCluster } from './no-cluster.ts';
import { type Tried, together, tried, triedPages } from './tried.ts';

export interface Asked extends Pick<ClusterSeen, 'policy' | 'expected'> {
  readonly cluster: string;
  /** Whether its API server is asked too. */
  readonly kubernetes: boolean;
  /** Pods with an address on each node, where somebody said it. */
  readonly podsPerNode?: number;
  /** Whether somebody said max-pods, which the policy then has: what was counted does not count. */
  readonly maxPodsSaid: boolean;
  /** ENIs the account may have in a zone, where somebody said it. */
  readonly eniQuota?: number;
}

export interface Look {
  readonly seen: ClusterSeen;
  /** One line for each call that was not answered. */
  readonly troubles: readonly string[];
  /** Instances left out because EC2 did not show all of them. */
  readonly incomplete: readonly string[];
}

/** Calls of one kind under way at a time: the account's request buckets are others' too. */
const AT_ONCE = 4;

/** The complaint is for where nothing could be read, or there is no such cluster. `said` hears how far it is. */
export async function look(
  account: Account,
  asked: Asked,
  said: (progress: string) => void,
): Promise<Look | { readonly complaint: string }> {
  const { ec2, eks, region } = account;
  const { cluster: name, policy } = asked;
  const troubles: string[] = [];
  const parts = new Set<Part>();
  const took = <T>(part: Part | undefined, result: Tried<T>): T | undefined => {
    if ('trouble' in result) troubles.push(result.trouble);
    else if (part !== undefined) parts.add(part);
    return 'value' in result ? result.value : undefined;
  };

  const nodes = new NodesRead();
  const vpcIds = new Set<string>();
  let instances = 0;
  const describing = tried(
    'eks:DescribeCluster',
    async () => (await eks.send(new DescribeClusterCommand({ name }))).cluster,
  );
  const [described, addon, groups, found, counted] = await Promise.all([
    describing,
    tried('eks:DescribeAddon', async () => {
      const ask = new DescribeAddonCommand({ clusterName: name, addonName: VPC_CNI });
      return (await eks.send(ask)).addon;
    }),
    readNodeGroups(account, name),
    triedPages('ec2:DescribeInstances', () =>
      eachInstance(ec2, nodesOfCluster(name), (instance) => {
        nodes.add(instance);
        if (instance.VpcId !== undefined) vpcIds.add(instance.VpcId);
        said(`${++instances} instances`);
      }),
    ),
    // Where its API server is, is in the description.
    describing.then((answer) =>
      asked.kubernetes && 'value' in answer ? countOn(kubeOf(account), name, account, said) : NOT_COUNTED,
    ),
  ]);
  if ('code' in described && described.code === NOT_FOUND)
    return { complaint: await noSuchCluster(account, name) };
  const cluster = took('cluster', described);
  const vpcId = cluster?.resourcesVpcConfig?.vpcId ?? [...vpcIds][0];
  const noAddon = 'code' in addon && addon.code === NOT_FOUND;
  const vpcCni = noAddon ? undefined : took('add-on', addon);
  if (noAddon) parts.add('add-on');
  const nodeGroups = took('node groups', groups) ?? [];
  const hasInstances = took(undefined, found) === true;
  troubles.push(...counted.troubles);

  const blocks = new UsedBlocks();
  const enisByZone = new Map<string, number>();
  const answers: SubnetAnswer[] = [];
  let eniQuota = quotaSaid(asked.eniQuota);
  if (vpcId !== undefined) {
    const filters = [{ Name: 'vpc-id', Values: [vpcId] }];
    let enis = 0;
    const [enisRead, subnetsRead, quota] = await Promise.all([
      triedPages('ec2:DescribeNetworkInterfaces', () =>
        eachEni(ec2, { filters, hiddenToo: true }, (eni) => {
          nodes.addEni(eni);
          blocks.add(eni);
          const zone = eni.AvailabilityZone ?? 'unknown zone';
          enisByZone.set(zone, (enisByZone.get(zone) ?? 0) + 1);
          said(`${instances} instances, ${++enis} interfaces`);
        }),
      ),
      triedPages('ec2:DescribeSubnets', () => eachSubnet(ec2, filters, (subnet) => answers.push(subnet))),
      asked.eniQuota === undefined ? readEniQuota(account.quotas) : undefined,
    ]);
    eniQuota = quota?.quota ?? eniQuota;
    troubles.push(...(quota?.trouble === undefined ? [] : [quota.trouble]));
    const hasEnis = took(undefined, enisRead) === true;
    if (hasInstances && hasEnis) parts.add('nodes');
    // Which blocks are free only the interfaces tell.
    if (took(undefined, subnetsRead) === true && hasEnis) parts.add('subnets');
  }
  if (parts.size === 0) return { complaint: together(troubles).join('\n') };

  const whole = parts.has('nodes') ? nodes.whole() : { nodes: [] };
  const seen: ClusterSeen = {
    nowMs: account.clock(),
    region,
    parts,
    cluster: readCluster({ name, vpcId: vpcId ?? '' }, cluster, vpcCni),
    ...(cluster?.version !== undefined && { kubernetesVersion: cluster.version }),
    policy,
    nodeGroups,
    nodes: whole.nodes.map((node) => withCount(node, counted.of(named(node)), asked)),
    subnets: parts.has('subnets') ? answers.flatMap((answer) => subnetOf(answer, blocks)) : [],
    enisByZone,
    eniQuota,
    expected: asked.expected,
  };
  if ('settings' in readCniSettings(seen.cluster.vpcCni, policy)) parts.add('settings');
  const reserved = await withReservations(account, seen);
  took(undefined, reserved);
  return {
    seen: 'value' in reserved ? reserved.value : seen,
    troubles: together(troubles),
    incomplete: whole.incomplete ?? [],
  };
}

const quotaSaid = (enis: number | undefined): EniQuota =>
  enis === undefined ? ASSUMED_QUOTA : { enis, from: 'option' };

/** What was said goes before what was counted. */
function withCount(
  node: Node,
  { maxPods, ...count }: NodeCount,
  { podsPerNode, maxPodsSaid }: Pick<Asked, 'podsPerNode' | 'maxPodsSaid'>,
): Node {
  const counted = {
    ...count,
    ...(podsPerNode !== undefined && { pods: podsPerNode }),
    ...(maxPods !== undefined && !maxPodsSaid && { maxPods }),
  };
  return Object.keys(counted).length > 0 ? { ...node, counted } : node;
}

function subnetOf(answer: SubnetAnswer, blocks: UsedBlocks): SubnetSeen[] {
  const subnet = readSubnet(answer);
  const cidr = answer.CidrBlock;
  if (subnet === undefined || cidr === undefined) return [];
  return [{ ...subnet, cidr, freeBlocks: freeBlocksIn(cidr, blocks.in(subnet.id)) ?? [] }];
}

async function readNodeGroups({ eks }: Account, clusterName: string): Promise<Tried<NodeGroupSeen[]>> {
  const listed = await tried('eks:ListNodegroups', () => nodeGroupNames(eks, clusterName));
  if ('trouble' in listed) return listed;
  const groups: NodeGroupSeen[] = [];
  const described = await tried('eks:DescribeNodegroup', () =>
    inParallel(listed.value, AT_ONCE, async (nodegroupName) => {
      const { nodegroup } = await eks.send(new DescribeNodegroupCommand({ clusterName, nodegroupName }));
      groups.push(groupOf(nodegroupName, nodegroup));
    }),
  );
  return 'trouble' in described
    ? described
    : { value: groups.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

const groupOf = (name: string, group: Nodegroup | undefined): NodeGroupSeen => ({
  name,
  types: group?.instanceTypes ?? [],
  desired: group?.scalingConfig?.desiredSize ?? 0,
  most: group?.scalingConfig?.maxSize ?? 0,
});

/** With prefixes: ranges of the nodes' subnets that are reserved for them. Best left unread elsewhere. */
async function withReservations({ ec2 }: Account, seen: ClusterSeen): Promise<Tried<ClusterSeen>> {
  if (settingsFor(seen)?.prefixes !== true) return { value: seen };
  const reservations = new Map<string, readonly string[]>();
  const used = nodeSubnets(seen).map(({ subnet }) => subnet.id);
  const read = await tried('ec2:GetSubnetCidrReservations', () =>
    inParallel(used, AT_ONCE, async (SubnetId) => {
      const { SubnetIpv4CidrReservations = [] } = await ec2.send(
        new GetSubnetCidrReservationsCommand({ SubnetId }),
      );
      const prefixes = SubnetIpv4CidrReservations.filter(
        ({ ReservationType }) => ReservationType === 'prefix',
      );
      reservations.set(
        SubnetId,
        prefixes.flatMap(({ Cidr }) => Cidr ?? []),
      );
    }),
  );
  if ('trouble' in read) return read;
  const subnets = seen.subnets.map((subnet) => {
    const prefixReservations = reservations.get(subnet.id);
    return { ...subnet, ...(prefixReservations !== undefined && { prefixReservations }) };
  });
  return { value: { ...seen, subnets } };
}
