/** Whether the subnets have what the nodes will want, and others could help. */

import { SUBNET_ROLE_TAG } from '../plan/subnets.ts';
import { versionOf } from './cni-version.ts';
import { type Finding, many, type Rule, some } from './finding.ts';
import { podsAtMost } from './remedies.ts';
import {
  addressesOn,
  type ClusterSeen,
  nodeSubnets,
  ownNodes,
  type SubnetSeen,
  settingsFor,
  typesOf,
} from './seen.ts';

const DAY_MS = 86_400_000;
/** Ahead of the end: below the first there is hardly time to plan a range, below the second it should begin. */
const RED_DAYS = 30;
const YELLOW_DAYS = 180;
/** Free addresses EKS itself wants in a subnet of the cluster. Source: EKS User Guide, VPC and subnet requirements. */
const EKS_WANTS = 16;

interface Standing {
  readonly subnet: SubnetSeen;
  readonly nodes: number;
  /** Addresses the CNI may still ask for on its nodes, until all pods they may run have one. */
  readonly wanted: number;
  /** Until it is empty; absent when no growth is expected. */
  readonly days?: number;
}

function standings(seen: ClusterSeen): readonly Standing[] {
  const types = new Map(typesOf(seen).map((each) => [each.type, each]));
  const { growthPerDay } = seen.expected;
  const all = ownNodes(seen).length;
  return nodeSubnets(seen).map(({ subnet, nodes }) => {
    const wanted = nodes.reduce((sum, node) => {
      const type = types.get(node.type);
      if (type === undefined || node.subnetId !== subnet.id) return sum;
      const most = Math.min(type.holds, Math.max(type.podCaps.get(node.id) ?? 0, podsAtMost(node, type)));
      return sum + Math.max(0, most - addressesOn(node, type.settings));
    }, 0);
    // Growth comes where the nodes are.
    const perDay = growthPerDay === undefined ? 0 : (growthPerDay * nodes.length) / all;
    return {
      subnet,
      nodes: nodes.length,
      wanted,
      ...(perDay > 0 && { days: subnet.freeAddresses / perDay }),
    };
  });
}

export const subnetExhausted: Rule = {
  name: 'subnet-exhausted',
  looksFor: 'node subnets that are empty, or will be by a date at the growth you expect (--growth)',
  source:
    'VPC User Guide, subnet sizing; EKS User Guide, subnet requirements; amazon-vpc-cni-k8s v1.23.1 pauses 120 s',
  needs: ['settings', 'nodes', 'subnets'],
  judge: (seen) => {
    const worst = standings(seen).toSorted((a, b) => urgency(a) - urgency(b));
    const bad = worst.filter(({ subnet, days = Number.POSITIVE_INFINITY, wanted }) => {
      return subnet.freeAddresses < EKS_WANTS || days <= YELLOW_DAYS || subnet.freeAddresses < wanted;
    });
    const [first] = bad;
    if (first === undefined) return undefined;
    const red = bad.some(
      ({ subnet, days = Number.POSITIVE_INFINITY }) => subnet.freeAddresses < EKS_WANTS || days <= RED_DAYS,
    );
    return {
      severity: red ? 'red' : 'yellow',
      title: titleOf(first, seen.nowMs),
      evidence: some(
        bad.map(
          ({ subnet, nodes, wanted, days }) =>
            `${subnet.id} (${subnet.zone}, ${many(nodes, 'node')}): ${subnet.freeAddresses} free, ${wanted} more for every pod its nodes may run${days === undefined ? '' : `, empty on ${dateIn(days, seen.nowMs)}`}`,
        ),
      ),
      consequence:
        'In an empty subnet the CNI pauses growth on every node for two minutes at a time, new nodes do not start, and pods wait on addresses that others give back.',
      ...roomFor(seen, first.subnet),
    };
  },
};

const urgency = ({ subnet, wanted, days }: Standing): number =>
  days ?? (subnet.freeAddresses - wanted) / Math.max(1, wanted);

function titleOf({ subnet, days, wanted }: Standing, nowMs: number): string {
  if (subnet.freeAddresses < EKS_WANTS)
    return `Subnet ${subnet.id} has ${many(subnet.freeAddresses, 'free address', 'free addresses')}`;
  if (days !== undefined && days <= YELLOW_DAYS)
    return `Subnet ${subnet.id} is empty on ${dateIn(days, nowMs)}`;
  return `Subnet ${subnet.id} has ${subnet.freeAddresses} addresses for ${wanted} its nodes may want`;
}

const dateIn = (days: number, nowMs: number): string =>
  new Date(nowMs + days * DAY_MS).toISOString().slice(0, 10);

/** More addresses in a zone, from a subnet that is there or a new one. */
export function roomFor(
  seen: ClusterSeen,
  { zone }: Pick<SubnetSeen, 'zone'>,
): Pick<Finding, 'remedy' | 'price'> {
  const { region, cluster } = seen;
  const ec2 = (...words: string[]): string[] => ['aws', 'ec2', ...words, '--region', region];
  const [other] = couldHelp(seen, zone);
  if (other !== undefined)
    return {
      remedy: {
        says: `${other.id} in ${zone} has ${other.freeAddresses} free addresses: tag it for the CNI, which then makes new ENIs in the one with most free.`,
        commands: [tag(seen, [other])],
      },
      price: { calls: 1, addresses: 0, rolls: 0 },
    };
  const commands = [
    ec2('associate-vpc-cidr-block', '--vpc-id', cluster.vpcId, '--cidr-block', '100.64.0.0/16'),
    [
      ...ec2('create-subnet', '--vpc-id', cluster.vpcId, '--availability-zone', zone),
      ...['--cidr-block', '100.64.0.0/18', '--tag-specifications'],
      `ResourceType=subnet,Tags=[{Key=${SUBNET_ROLE_TAG},Value=1}]`,
    ],
  ];
  return {
    remedy: {
      says: 'Add a range to the VPC and a subnet of it in that zone, tagged for the CNI (100.64.0.0/10 does not collide with most networks).',
      commands,
    },
    price: { calls: commands.length, addresses: 0, rolls: 0, also: 'a route table for the new subnet' },
  };
}

const tag = ({ region }: ClusterSeen, subnets: readonly SubnetSeen[]): readonly string[] => [
  ...['aws', 'ec2', 'create-tags', '--region', region, '--resources', ...subnets.map(({ id }) => id)],
  ...['--tags', `Key=${SUBNET_ROLE_TAG},Value=1`],
];

/** Subnets of the zone that no node is in and the CNI may not use for want of the tag, the one with most room first. */
function couldHelp(seen: ClusterSeen, zone: string): readonly SubnetSeen[] {
  const used = new Set(nodeSubnets(seen).map(({ subnet }) => subnet.id));
  return seen.subnets
    .filter((each) => each.zone === zone && !used.has(each.id) && (each.tags[SUBNET_ROLE_TAG] ?? '') === '')
    .filter(({ freeAddresses }) => freeAddresses > EKS_WANTS)
    .toSorted((a, b) => b.freeAddresses - a.freeAddresses);
}

export const subnetsUntagged: Rule = {
  name: 'subnets-untagged',
  looksFor: 'subnets of the nodes’ zones with more room than theirs, not tagged for the CNI’s discovery',
  source: 'amazon-vpc-cni-k8s v1.18 and later, ENABLE_SUBNET_DISCOVERY and the tag kubernetes.io/role/cni',
  needs: ['settings', 'nodes', 'subnets'],
  judge: (seen) => {
    const settings = settingsFor(seen);
    if (settings === undefined || settings.customNetworking || !settings.subnetDiscovery) return undefined;
    const { minor = 0 } = versionOf(seen) ?? {};
    if (minor < 18) return undefined;
    const tight = standings(seen).filter(({ subnet, wanted }) => subnet.freeAddresses < wanted);
    const helpers = tight.flatMap(({ subnet }) =>
      couldHelp(seen, subnet.zone).filter(({ freeAddresses }) => freeAddresses > subnet.freeAddresses),
    );
    const [best] = helpers;
    if (best === undefined) return undefined;
    const unique = [...new Set(helpers)];
    return {
      severity: 'yellow',
      title: `${many(unique.length, 'subnet')} with room that the CNI does not see`,
      evidence: `${some(unique.map(({ id, zone, freeAddresses }) => `${id} (${zone}): ${freeAddresses} free`))}; not tagged ${SUBNET_ROLE_TAG}. The nodes’ own: ${some(tight.map(({ subnet, wanted }) => `${subnet.id}: ${subnet.freeAddresses} free of ${wanted} that may be wanted`))}`,
      consequence: 'The CNI makes ENIs in the node’s own subnet alone, and stops growing when that is empty.',
      remedy: {
        says: 'If their routes and network ACLs suit pods, tag them; new ENIs go to the subnet of the zone with most free addresses. To be on the safe side try one first.',
        commands: [tag(seen, unique.slice(0, 3))],
      },
      price: { calls: 1, addresses: 0, rolls: 0 },
    };
  },
};

export const SUBNET_RULES: readonly Rule[] = [subnetExhausted, subnetsUntagged];
