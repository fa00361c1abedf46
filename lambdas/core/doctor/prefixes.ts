/** Traps with prefixes: the subnet's /28 blocks, addresses of the wrong kind, and prefixes that would help and are not used. */
import { ADDRESSES_PER_PREFIX } from '../limits.ts';
import { managedEnis } from '../model.ts';
import { type Finding, many, type Rule, some } from './finding.ts';
import { addressesAtReady, launchesFor } from './launches.ts';
import { held, priceOf, setEnv } from './remedies.ts';
import { mostOnOne } from './room.ts';
import { type ClusterSeen, nodeSubnets, ownNodes, type SubnetSeen, settingsFor, typesOf } from './seen.ts';
import { roomFor } from './subnets.ts';

export const fragmentedSubnet: Rule = {
  name: 'prefix-fragmented-subnet',
  looksFor: 'prefix mode in a subnet with addresses and without free, aligned /28 blocks',
  source: 'EKS Best Practices Guide, prefix mode; VPC User Guide, subnet CIDR reservations',
  needs: ['settings', 'nodes', 'subnets'],
  judge: (seen) => {
    const settings = settingsFor(seen);
    if (settings?.prefixes !== true) return undefined;
    const each = settings.mode.kind === 'prefix' ? Math.max(1, settings.mode.warmPrefixTarget) : 1;
    const short = nodeSubnets(seen).flatMap(({ subnet, nodes }) => {
      const wanted = nodes.length * each;
      const scattered = subnet.freeAddresses >= wanted * ADDRESSES_PER_PREFIX;
      return subnet.freeBlocks.length < wanted && scattered ? [{ subnet, wanted }] : [];
    });
    if (short.length === 0) return undefined;
    const [worst] = short.toSorted((a, b) => a.subnet.freeBlocks.length - b.subnet.freeBlocks.length);
    const blocks = worst?.subnet.freeBlocks.length ?? 0;
    const reserved = short.flatMap(({ subnet }) => reservationIn(subnet) ?? []);
    return {
      severity: blocks < each ? 'red' : 'yellow',
      title: 'A subnet has addresses, and too few whole /28 blocks',
      evidence: some(
        short.map(
          ({ subnet, wanted }) =>
            `${subnet.id}: ${subnet.freeAddresses} free addresses, ${many(subnet.freeBlocks.length, 'free block')} of ${wanted} its nodes ask for next`,
        ),
      ),
      consequence:
        'EC2 answers InsufficientCidrBlocks, and the CNI then asks for nothing on that node for two minutes: pods fail meanwhile.',
      ...(reserved.length > 0 || worst === undefined
        ? reserving(seen, reserved)
        : another(seen, worst.subnet)),
    };
  },
};

function reserving(seen: ClusterSeen, reserved: readonly Reservation[]): Pick<Finding, 'remedy' | 'price'> {
  const addresses = reserved.reduce((sum, each) => sum + each.addresses, 0);
  return {
    remedy: {
      says: 'Reserve for prefixes what is whole now, so that single addresses stay out of it. What is scattered becomes whole only when its nodes go; a new subnet tagged for the CNI is whole at once.',
      commands: reserved.map(({ subnetId, cidr }) => reserve(seen, subnetId, cidr)),
    },
    price: {
      ...{ calls: reserved.length, addresses: 0, rolls: 0 },
      also: `${addresses} addresses no longer for anything but prefixes`,
    },
  };
}

function another(seen: ClusterSeen, subnet: SubnetSeen): Pick<Finding, 'remedy' | 'price'> {
  const { remedy, price } = roomFor(seen, subnet);
  const why =
    (subnet.prefixReservations?.length ?? 0) > 0
      ? `What is reserved in ${subnet.id} is used up.`
      : 'No block is left to reserve.';
  return { remedy: { ...remedy, says: `${why} ${remedy.says}` }, price };
}

const reserve = ({ region }: ClusterSeen, subnetId: string, cidr: string): readonly string[] => [
  ...['aws', 'ec2', 'create-subnet-cidr-reservation', '--region', region],
  ...['--subnet-id', subnetId, '--reservation-type', 'prefix', '--cidr', cidr],
];

interface Reservation {
  readonly subnetId: string;
  readonly cidr: string;
  readonly addresses: number;
}

/** The largest aligned range of which every block is free, and that is not reserved yet. */
export function reservationIn(subnet: SubnetSeen): Reservation | undefined {
  if ((subnet.prefixReservations?.length ?? 0) > 0) return undefined;
  const free = new Set(subnet.freeBlocks);
  let found: { readonly first: number; readonly blocks: number } | undefined;
  for (const first of subnet.freeBlocks) {
    let blocks = 1;
    while (first % (blocks * 2) === 0 && wholly(free, first + blocks, blocks)) blocks *= 2;
    if (found === undefined || blocks > found.blocks) found = { first, blocks };
  }
  if (found === undefined) return undefined;
  const bits = 28 - Math.log2(found.blocks);
  return {
    subnetId: subnet.id,
    cidr: `${addressOf(found.first)}/${bits}`,
    addresses: found.blocks * ADDRESSES_PER_PREFIX,
  };
}

const wholly = (free: ReadonlySet<number>, first: number, blocks: number): boolean =>
  Array.from({ length: blocks }, (_, nth) => first + nth).every((block) => free.has(block));

/** The first address of a block, by its number. */
const addressOf = (block: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor((block * ADDRESSES_PER_PREFIX) / 2 ** shift) % 256).join('.');

export const prefixUnused: Rule = {
  name: 'prefix-unused',
  looksFor:
    'types that take prefixes, without prefix mode: what WARM_PREFIX_TARGET would give, and whether warming is needed then',
  source:
    'amazon-vpc-cni-k8s v1.23.1, increaseDatastorePool: one call brings all prefixes; EKS Best Practices Guide, prefix mode',
  needs: ['settings', 'nodes', 'subnets'],
  judge: (seen) => {
    const settings = settingsFor(seen);
    if (settings === undefined || settings.prefixes || settings.mode.kind === 'provisioning-disabled')
      return undefined;
    // Of a cluster without nodes, what its groups would launch.
    const all = typesOf(seen);
    const empty = all.every(({ nodes }) => nodes.length === 0);
    const types = all.filter(({ nodes, limits }) => limits.prefixes && (empty || nodes.length > 0));
    const [most] = types;
    if (most === undefined) return undefined;
    const { type } = most;
    const ready = addressesAtReady(most.settings.mode, most.perEni);
    const { burst } = seen.expected;
    // A node that starts may get a backlog of as many pods as it may run.
    const podCap = Math.max(...types.map((each) => each.podCap));
    const atOnce =
      burst === undefined
        ? podCap
        : Math.min(podCap, Math.max(mostOnOne(seen, burst.pods), launchesFor(seen, burst.pods).backlog));
    const prefixes = Math.ceil(atOnce / ADDRESSES_PER_PREFIX);
    const mode = { kind: 'prefix', warmPrefixTarget: prefixes } as const;
    const gives = prefixes * ADDRESSES_PER_PREFIX;
    if (atOnce <= ready) return undefined;
    const nodes = types.reduce((sum, each) => sum + each.nodes.length, 0);
    // It stops growing at max-pods.
    const blocksAll = types.reduce(
      (sum, each) => sum + (each.nodes.length * held(mode, each.podCap, each)) / ADDRESSES_PER_PREFIX,
      0,
    );
    const blocksFree = nodeSubnets(seen).reduce((sum, { subnet }) => sum + subnet.freeBlocks.length, 0);
    const fits = empty || blocksFree >= blocksAll;
    return {
      severity: burst !== undefined ? 'yellow' : 'info',
      title: `Prefixes would give a node ${gives} addresses in one call, and are not used`,
      evidence: `A node of type ${type} that starts has ${ready} addresses when it is Ready; ${atOnce} pods may come at once${burst === undefined ? ', as many as it may run' : ''}. With WARM_PREFIX_TARGET=${prefixes} it has ${gives}.${empty ? '' : ` The nodes’ subnets have ${many(blocksFree, 'free /28 block')}; ${many(nodes, 'node')} full of pods would take ${blocksAll}.`}`,
      consequence: `${gives} are enough for ${atOnce} pods at once: then no request fails at Ready, and the prewarmer is not needed for launches${burst === undefined ? '' : ', nor for such a burst on nodes that run, which keep as many free'}.${fits ? '' : ' But not all nodes can have them from these subnets.'}`,
      remedy: {
        says: `${fits ? 'Set' : 'Give the CNI subnets with room first, then set'} ENABLE_PREFIX_DELEGATION=true and WARM_PREFIX_TARGET=${prefixes}${empty ? '.' : ', then replace the nodes: one that has pods on single addresses keeps them, and mixes both kinds badly.'}`,
        commands: [
          setEnv(seen, {
            ENABLE_PREFIX_DELEGATION: 'true',
            WARM_PREFIX_TARGET: String(prefixes),
            WARM_IP_TARGET: undefined,
            MINIMUM_IP_TARGET: undefined,
          }),
        ],
      },
      price: {
        ...priceOf(seen, mode),
        also: `${empty ? '' : 'every node replaced, and '}max-pods as it is unless you raise it`,
      },
    };
  },
};

export const mixedKinds: Rule = {
  name: 'mixed-kinds',
  looksFor: 'prefixes on nodes that give single addresses, or single addresses on nodes that give prefixes',
  source:
    'amazon-vpc-cni-k8s v1.23.1, AssignPodIPv4Address skips the other kind; an ENI full of it is asked for more again and again',
  needs: ['settings', 'nodes'],
  judge: (seen) => {
    const prefixes = settingsFor(seen)?.prefixes === true;
    const given = new Map(typesOf(seen).map(({ type, settings }) => [type, settings.prefixes]));
    const wrong = ownNodes(seen).flatMap((node) => {
      const takesPrefixes = given.get(node.type) ?? prefixes;
      const entries = managedEnis(node).reduce(
        (sum, eni) => sum + (takesPrefixes ? eni.secondaryIps : eni.prefixes),
        0,
      );
      return entries > 0 ? [{ id: node.id, entries }] : [];
    });
    if (wrong.length === 0) return undefined;
    const entries = wrong.reduce((sum, each) => sum + each.entries, 0);
    return {
      severity: 'yellow',
      title: `${many(wrong.length, 'node')} with addresses of the kind the CNI does not give`,
      evidence: `${prefixes ? many(entries, 'single address', 'single addresses') : many(entries, 'prefix', 'prefixes')} on ${some(wrong.map(({ id }) => id))}`,
      consequence:
        'They take slots and no new pod gets them. If the CNI does not know of them it asks EC2 for more on a full ENI every 5 s, and the node does not grow.',
      remedy: {
        says: 'Replace these nodes: what pods still use cannot be exchanged under them.',
        commands: wrong
          .slice(0, 3)
          .map(({ id }) => [
            'kubectl',
            'drain',
            '--ignore-daemonsets',
            '--delete-emptydir-data',
            nameOf(seen, id),
          ]),
      },
      price: { calls: 0, addresses: 0, rolls: 0, also: `${many(wrong.length, 'node')} replaced` },
    } satisfies Finding;
  },
};

/** As most nodes are called in their cluster. */
const nameOf = ({ nodes }: ClusterSeen, id: string): string =>
  nodes.find((node) => node.id === id)?.dnsName ?? `NODE-OF-${id}`;

export const PREFIX_RULES: readonly Rule[] = [fragmentedSubnet, prefixUnused, mixedKinds];
