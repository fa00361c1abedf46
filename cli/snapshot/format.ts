/**
 * A snapshot: what of a cluster decides how its nodes get addresses, as one JSON file. Ids, addresses' numbers and settings,
 * nothing a person could log in with. What the fields mean together is checked in consistent.ts.
 */
import * as z from 'zod/mini';
import {
  listOf,
  ours,
  text,
  textsByName,
  value,
  whole,
  yesOrNo,
} from '../../lambdas/adapters/expectations.ts';

/** Counted up when a field changes its meaning. */
export const VERSION = 1;
export const FORMAT = 'eks-ip-prewarmer snapshot';

/** aws-node's environment as far as it shapes what a node's pool of addresses does; the rest is not taken along, because it may
 *  hold anything. Source: amazon-vpc-cni-k8s v1.23.1, README. */
export const CNI_SETTINGS = [
  'WARM_ENI_TARGET',
  'WARM_IP_TARGET',
  'MINIMUM_IP_TARGET',
  'WARM_PREFIX_TARGET',
  'ENABLE_PREFIX_DELEGATION',
  'MAX_ENI',
  'IP_COOLDOWN_PERIOD',
  'ENABLE_SUBNET_DISCOVERY',
  'DISABLE_NETWORK_RESOURCE_PROVISIONING',
  'ENABLE_IMDS_ONLY_MODE',
  'MANAGE_UNTAGGED_ENI',
  'AWS_MANAGE_ENIS_NON_SCHEDULABLE',
  'ENABLE_POD_ENI',
  'DISABLE_LEAKED_ENI_CLEANUP',
  'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG',
  'ENABLE_IPv6',
] as const;
export type CniEnv = Readonly<Record<string, string>>;

const oneOf = <T extends string>(...names: readonly T[]) =>
  value<T>(`one of ${names.map((name) => `"${name}"`).join(', ')}`, (given) =>
    names.some((name) => name === given),
  );
const id = (prefix: string) =>
  text(`an id such as "${prefix}-0123456789abcdef0"`, new RegExp(`^${prefix}-[0-9a-f]{8,17}$`));
const word = (what: string) => text(what, /^\S.{0,254}$/);

const CNI_ENV = value<CniEnv>(
  `an object whose fields are of ${CNI_SETTINGS.join(', ')}, each a text`,
  (given) =>
    typeof given === 'object' &&
    given !== null &&
    !Array.isArray(given) &&
    Object.entries(given).every(
      ([name, one]) => (CNI_SETTINGS as readonly string[]).includes(name) && typeof one === 'string',
    ),
);

const TIME = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?Z$/;

const CLUSTER = ours({
  name: word('the name of a cluster'),
  vpcId: id('vpc'),
  ipFamily: oneOf('ipv4', 'ipv6'),
  autoMode: yesOrNo,
  /** Absent where the CNI is not the EKS add-on: its settings cannot be read then. */
  vpcCni: z.optional(ours({ version: word('a version such as "v1.23.1-eksbuild.1"'), env: CNI_ENV })),
});

const SUBNET = ours({
  id: id('subnet'),
  zone: word('an availability zone such as "eu-central-1a"'),
  cidr: text('a CIDR such as "10.0.0.0/22"', /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/),
  freeAddresses: whole(0, 65_536, 'addresses'),
  /** Aligned /28 blocks in which nobody holds an address. */
  freeBlocks: whole(0, 4_096, '/28 blocks'),
  /** Those the CNI chooses subnets by; none when absent. */
  tags: z.optional(textsByName('an object of texts that names at least one tag', /^.{1,128}$/, /^.{0,256}$/)),
});

const ENI = ours({
  subnetId: id('subnet'),
  deviceIndex: whole(0, 99, 'a device index'),
  /** 0 when absent. */
  networkCardIndex: z.optional(whole(0, 31, 'a network card index')),
  /** An ordinary one when absent. */
  interfaceType: z.optional(oneOf('trunk', 'efa', 'efa-only')),
  /** Its own address not counted. */
  secondaryIps: whole(0, 64, 'secondary addresses'),
  prefixes: whole(0, 64, 'prefixes'),
  /** The CNI is told to leave it alone (node.k8s.amazonaws.com/no_manage); false when absent. */
  unmanaged: z.optional(yesOrNo),
});

/** Whole numbers that `maxPods` and `pods` of a node may be. */
export const MAX_PODS = { from: 3, to: 1_000 } as const;
export const PODS = { from: 0, to: 1_000 } as const;

const NODE = ours({
  id: id('i'),
  type: text('an EC2 instance type such as "m5.large"', /^[a-z0-9-]+\.[a-z0-9-]+$/),
  subnetId: id('subnet'),
  nodeGroup: word('the name of a node group, node pool or Auto Scaling group'),
  launchedBy: oneOf('managed', 'self-managed', 'karpenter'),
  /** max-pods of its kubelet; by the CNI's formula when absent. */
  maxPods: z.optional(whole(MAX_PODS.from, MAX_PODS.to, 'pods')),
  /** Pods that hold an address; told from its addresses when absent, because EC2 does not show it. */
  pods: z.optional(whole(PODS.from, PODS.to, 'pods')),
  enis: listOf(ENI, 'a list of at least one ENI'),
});

export const SNAPSHOT = ours({
  format: oneOf(FORMAT),
  version: value<typeof VERSION>(
    `${VERSION}, the version this program reads: take the snapshot anew`,
    (given) => given === VERSION,
  ),
  takenAt: text('a time such as "2026-11-05T10:00:00.000Z"', TIME),
  region: word('a Region such as "eu-central-1"'),
  anonymised: yesOrNo,
  /** What a reader should know: nodes left out, and why. */
  notes: z.array(text('a sentence', /^\S.{0,999}$/), { error: 'a list of sentences' }),
  cluster: CLUSTER,
  subnets: listOf(SUBNET, 'a list of at least one subnet'),
  nodes: listOf(NODE, 'a list of at least one node'),
});

export type Snapshot = z.output<typeof SNAPSHOT>;
export type SnapshotNode = Snapshot['nodes'][number];
export type SnapshotEni = SnapshotNode['enis'][number];
export type SnapshotSubnet = Snapshot['subnets'][number];
