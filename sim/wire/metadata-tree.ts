/**
 * What instance metadata says, as a tree of names. Only what node software reads: identity, placement, the role's
 * credentials, and the interfaces as the CNI walks them (amazon-vpc-cni-k8s v1.23.1, pkg/awsutils/imds.go).
 * Names: EC2 User Guide, instance metadata categories.
 */
import type { Account } from '../ec2/account.ts';
import type { Instance } from '../ec2/api.ts';
import type { MetadataEni } from '../ec2/instance-metadata.ts';
import { typeLimits } from '../ec2/instance-types.ts';
import { isoSeconds } from '../iso-seconds.ts';
import type { Kernel } from '../kernel.ts';

export interface MetadataWorld {
  readonly kernel: Kernel;
  readonly account: Account;
  readonly region: string;
  readonly accountId: string;
  /** Unix time, in ms, of virtual time 0. */
  readonly epochMs: number;
}

/** `undefined` leaves the name out. */
export type Tree = string | undefined | { readonly [name: string]: Tree };

/** The role every node here plays. */
const ROLE = 'node-role';
/** How long its credentials are good for, ms: six hours (IAM User Guide, roles for EC2). */
const CREDENTIALS_MS = 6 * 3_600_000;

/** The whole tree below `/latest`, as it is now. */
export function metadataTree(world: MetadataWorld, instance: Instance): Tree {
  const { kernel, account, region, epochMs } = world;
  const nowMs = epochMs + kernel.nowMs;
  const [primary] = instance.enis;
  const privateIp = primary?.privateIp ?? '';
  const interfaces = account.metadata(instance.id).enis(kernel.nowMs);
  const hostname = hostNameOf(privateIp, region);
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return {
    dynamic: { 'instance-identity': { document: identity(world, instance, privateIp) } },
    'meta-data': {
      hostname,
      iam: {
        'security-credentials': { [ROLE]: credentials(instance.id, nowMs) },
      },
      'instance-id': instance.id,
      'instance-type': instance.type,
      'local-hostname': hostname,
      'local-ipv4': privateIp,
      mac: primary?.mac ?? '',
      network: {
        interfaces: {
          macs: Object.fromEntries(interfaces.map((eni) => [eni.mac, eniTree(world, instance, eni)])),
        },
      },
      placement: { 'availability-zone': instance.zone, region },
      services: { domain, partition: 'aws' },
    },
  };
}

/** `network-card` is there on types with several of them only; `ipv4-prefix` only while there is a prefix. */
function eniTree({ account, accountId, region }: MetadataWorld, instance: Instance, eni: MetadataEni): Tree {
  const subnet = account.subnet(eni.subnetId);
  const vpcBlocks = blocksOf(account, subnet.vpcId);
  const severalCards = (typeLimits(instance.type)?.networkCards ?? 1) > 1;
  return {
    'device-number': String(eni.deviceIndex),
    'interface-id': eni.id,
    'ipv4-prefix': eni.prefixes.length === 0 ? undefined : lines(eni.prefixes),
    'local-hostname': hostNameOf(eni.privateIp, region),
    'local-ipv4s': lines([eni.privateIp, ...eni.secondaryIps]),
    mac: eni.mac,
    'network-card': severalCards ? String(eni.networkCardIndex) : undefined,
    'owner-id': accountId,
    'security-group-ids': lines(eni.groups),
    'security-groups': lines(eni.groups),
    'subnet-id': eni.subnetId,
    'subnet-ipv4-cidr-block': subnet.cidr,
    'vpc-id': subnet.vpcId,
    'vpc-ipv4-cidr-block': vpcBlocks[0],
    'vpc-ipv4-cidr-blocks': lines(vpcBlocks),
  };
}

/** A VPC here has no range of its own: it is taken to hold the /16 around each of its subnets. */
function blocksOf(account: Account, vpcId: string): string[] {
  const around = account
    .subnets()
    .filter((subnet) => subnet.vpcId === vpcId)
    .map(({ cidr }) => `${cidr.split('.').slice(0, 2).join('.')}.0.0/16`);
  return [...new Set(around)];
}

function identity(
  { region, accountId, epochMs }: MetadataWorld,
  instance: Instance,
  privateIp: string,
): string {
  const document = {
    accountId,
    availabilityZone: instance.zone,
    instanceId: instance.id,
    instanceType: instance.type,
    pendingTime: isoSeconds(epochMs + instance.launchedAtMs),
    privateIp,
    region,
    version: '2017-09-30',
  };
  return JSON.stringify(document, null, 2);
}

/** The key id is the instance's id, so the account tells each node's calls apart. */
function credentials(instanceId: string, nowMs: number): string {
  const document = {
    Code: 'Success',
    LastUpdated: isoSeconds(nowMs),
    Type: 'AWS-HMAC',
    AccessKeyId: instanceId,
    SecretAccessKey: 'simulated',
    Token: 'simulated',
    Expiration: isoSeconds(nowMs + CREDENTIALS_MS),
  };
  return JSON.stringify(document, null, 2);
}

/** The text at a path, or the names below it with `/` after those that have more below; `undefined` when there is none. */
export function readTree(tree: Tree, path: readonly string[]): string | undefined {
  let at: Tree = tree;
  for (const name of path) {
    if (at === undefined || typeof at === 'string' || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  if (at === undefined || typeof at === 'string') return at;
  return lines(
    Object.entries(at)
      .filter(([, below]) => below !== undefined)
      .map(([name, below]) => (typeof below === 'string' ? name : `${name}/`)),
  );
}

const lines = (entries: readonly string[]): string => entries.join('\n');
const hostNameOf = (ip: string, region: string): string =>
  `ip-${ip.replaceAll('.', '-')}.${region}.compute.internal`;
