/** A cluster as it is, read once and reduced to a snapshot. Nothing is changed; of tags and of the CNI's environment only what
 *  decides about addresses is kept. */
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { EKSClient } from '@aws-sdk/client-eks';
import { eachSubnet, reading } from '../../lambdas/adapters/ec2-pages.ts';
import { readConfiguration } from '../../lambdas/core/cni.ts';
import { say } from '../../lambdas/core/complaints.ts';
import type { Answer, Failure } from '../../lambdas/core/failures.ts';
import { ADDRESSES_PER_PREFIX } from '../../lambdas/core/limits.ts';
import {
  type Cluster,
  type Eni,
  ipamdStarted,
  NO_MANAGE_TAG,
  type Node,
  nodeGroupOf,
  type Subnet,
} from '../../lambdas/core/model.ts';
import { SUBNET_ROLE_TAG } from '../../lambdas/core/plan/subnets.ts';
import type { Clock, Clusters, Inventory, Vpc } from '../../lambdas/core/ports.ts';
import { typeLimits } from '../../sim/ec2/instance-types.ts';
import { KEPT_BY_AWS, readCidr } from '../../sim/scenario/cidr.ts';
import type { AwsCall } from '../call-trouble.ts';
import type { FailedCalls } from '../failed-calls.ts';
import { noSuchCluster } from '../no-cluster.ts';
import {
  CNI_SETTINGS,
  type CniEnv,
  FORMAT,
  type Snapshot,
  type SnapshotEni,
  type SnapshotNode,
  VERSION,
} from './format.ts';

/** Where a snapshot is read. */
export interface Readable {
  readonly region: string;
  readonly ec2: EC2Client;
  readonly eks: EKSClient;
  readonly vpc: Pick<Vpc, 'inventory'>;
  readonly clusters: Clusters;
  readonly failed: Pick<FailedCalls, 'trouble'>;
  readonly clock: Clock;
}

export type Taken =
  | { readonly snapshot: Snapshot; readonly cluster: Cluster; readonly inventory: Inventory }
  | { readonly call: AwsCall; readonly failure: Failure }
  /** One line: there is no such cluster, or nothing in it that can be played. */
  | { readonly complaint: string };

/** Kept of a subnet's tags: by these the CNI chooses (amazon-vpc-cni-k8s v1.23.1, subnet discovery). */
const SUBNET_TAGS = /^kubernetes\.io\/(role\/cni|cluster\/.+)$/;

/** `stated`: aws-node's environment where the CNI is no add-on, and its settings cannot be read. */
export async function takeSnapshot(
  name: string,
  { region, ec2, eks, vpc, clusters, failed, clock }: Readable,
  stated?: CniEnv,
): Promise<Taken> {
  const described = await clusters.describe(name);
  if (!described.ok) return { call: 'eks:DescribeCluster', failure: described.failure };
  const cluster = described.value;
  if (cluster === undefined) return { complaint: await noSuchCluster({ eks, region }, name) };
  const vpcIds = [cluster.vpcId];
  const [inventory, cidrs] = await Promise.all([
    vpc.inventory({ cluster: name, vpcIds }),
    readCidrs(ec2, cluster),
  ]);
  if (!inventory.ok) return { call: 'ec2:DescribeNetworkInterfaces', failure: inventory.failure };
  if (!cidrs.ok) return { call: 'ec2:DescribeSubnets', failure: cidrs.failure };

  const notes: string[] = [];
  const nodes = keptOf(inventory.value, notes).map(nodeOf);
  if (nodes.length === 0)
    return {
      complaint: `${name}: expected a Linux node that runs and has its CNI started, got none (in a scenario --at looks later)`,
    };
  const addOn =
    cluster.vpcCni ??
    (stated && { version: 'unknown', configurationValues: JSON.stringify({ env: stated }) });
  if (addOn === undefined)
    notes.push(
      `The CNI’s settings are not known, its defaults are assumed: ${failed.trouble('eks:DescribeAddon') ?? 'it is not the EKS add-on'}.`,
    );
  const env = addOn && envOf(addOn);
  if (env !== undefined && 'complaint' in env) return env;
  return {
    cluster,
    inventory: inventory.value,
    snapshot: {
      format: FORMAT,
      version: VERSION,
      takenAt: new Date(clock()).toISOString(),
      region,
      anonymised: false,
      notes,
      cluster: {
        ...{ name, vpcId: cluster.vpcId, ipFamily: cluster.ipFamily, autoMode: cluster.autoMode },
        ...(addOn !== undefined && { vpcCni: { version: addOn.version, env: env?.env ?? {} } }),
      },
      subnets: subnetsOf(inventory.value, cidrs.value, nodes),
      nodes,
    },
  };
}

function readCidrs(ec2: EC2Client, { vpcId }: Cluster): Promise<Answer<ReadonlyMap<string, string>>> {
  return reading(async () => {
    const cidrs = new Map<string, string>();
    await eachSubnet(ec2, [{ Name: 'vpc-id', Values: [vpcId] }], ({ SubnetId, CidrBlock }) => {
      if (SubnetId !== undefined && CidrBlock !== undefined) cidrs.set(SubnetId, CidrBlock);
    });
    return cidrs;
  });
}

/** Nodes whose pods get addresses as this program knows it; of the others there is a note. */
function keptOf({ world }: Inventory, notes: string[]): readonly Node[] {
  const left = new Map<string, number>();
  const kept = world.nodes.filter((node) => {
    const why = whyNot(node);
    if (why !== undefined) left.set(why, (left.get(why) ?? 0) + 1);
    return why === undefined;
  });
  const incomplete = world.incomplete?.length ?? 0;
  if (incomplete > 0) left.set('not shown completely by EC2', incomplete);
  for (const [why, count] of left) notes.push(`${count} ${count === 1 ? 'node' : 'nodes'} left out: ${why}.`);
  return kept.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function whyNot(node: Node): string | undefined {
  if (node.operatedBy !== undefined) return `operated by ${node.operatedBy}`;
  if (node.platform === 'windows') return 'Windows';
  if (node.state !== 'running') return node.state;
  if (!ipamdStarted(node)) return 'the CNI has not started there';
  return typeLimits(node.type) === undefined ? `unknown instance type ${node.type}` : undefined;
}

const nodeOf = ({ id, type, subnetId, tags, enis }: Node): SnapshotNode => ({
  ...{ id, type, subnetId },
  nodeGroup: nodeGroupOf(tags),
  launchedBy:
    tags['eks:nodegroup-name'] !== undefined
      ? 'managed'
      : tags['karpenter.sh/nodepool'] !== undefined
        ? 'karpenter'
        : 'self-managed',
  enis: enis.map(eniOf),
});

function eniOf({
  subnetId,
  deviceIndex,
  networkCardIndex,
  interfaceType,
  secondaryIps,
  prefixes,
  tags,
}: Eni): SnapshotEni {
  const special = (['trunk', 'efa', 'efa-only'] as const).find((type) => type === interfaceType);
  return {
    ...{ subnetId, deviceIndex, secondaryIps, prefixes },
    ...(networkCardIndex !== 0 && { networkCardIndex }),
    ...(special !== undefined && { interfaceType: special }),
    ...(deviceIndex !== 0 && tags[NO_MANAGE_TAG] === 'true' && { unmanaged: true }),
  };
}

/** Those its nodes are in, or that the CNI may choose. */
function subnetsOf(
  { world, freeBlocks }: Inventory,
  cidrs: ReadonlyMap<string, string>,
  nodes: readonly SnapshotNode[],
): Snapshot['subnets'] {
  const held = new Map<string, number>();
  for (const { enis } of nodes)
    for (const { subnetId, secondaryIps, prefixes } of enis)
      held.set(subnetId, (held.get(subnetId) ?? 0) + 1 + secondaryIps + prefixes * ADDRESSES_PER_PREFIX);
  const used = new Set([...held.keys(), ...nodes.map(({ subnetId }) => subnetId)]);
  const wanted = ({ id, tags }: Subnet): boolean => used.has(id) || tags[SUBNET_ROLE_TAG] !== undefined;
  return world.subnets
    .filter(wanted)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, zone, freeAddresses, tags }) => {
      const cidr = cidrs.get(id) ?? '';
      const block = readCidr(cidr);
      const size = 'expected' in block ? 0 : block.size;
      // Subnets, instances and ENIs are read one after the other, while nodes come and go.
      const free = Math.max(0, Math.min(freeAddresses, size - KEPT_BY_AWS - (held.get(id) ?? 0)));
      const kept = Object.entries(tags).filter(([key]) => SUBNET_TAGS.test(key));
      return {
        ...{ id, zone, cidr, freeAddresses: free },
        freeBlocks: Math.min(freeBlocks.get(id) ?? 0, Math.floor(free / ADDRESSES_PER_PREFIX)),
        ...(kept.length > 0 && { tags: Object.fromEntries(kept) }),
      };
    });
}

/** The environment in an add-on's configuration, reduced to what shapes the pools. */
export function envOf(
  addOn: NonNullable<Cluster['vpcCni']>,
): { readonly env: CniEnv } | { readonly complaint: string } {
  const read = readConfiguration(addOn);
  if ('complaint' in read) return { complaint: say(read.complaint) };
  const kept = CNI_SETTINGS.flatMap((name) => {
    const value = read.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { env: Object.fromEntries(kept) };
}
