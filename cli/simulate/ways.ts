/** The ways to meet a burst that are compared: the CNI alone under several settings, and us. */
import type { SelfPaced } from '../../lambdas/core/plan/deployment-patch.ts';
import { typeLimits } from '../../sim/ec2/instance-types.ts';
import { tooManyPerNode } from '../pods-per-node.ts';
import { CNI_SETTINGS, type CniEnv, type Snapshot, type SnapshotNode } from '../snapshot/format.ts';
import { podSlots, podsOf } from '../snapshot/pods.ts';
import type { Burst } from './burst.ts';

export interface Way {
  readonly name: string;
  /** aws-node's environment. */
  readonly env: CniEnv;
  /** What we do: nothing; warm the nodes for what was announced; send the pods in waves besides. */
  readonly us: 'nothing' | 'warm' | 'waves';
  /** The Deployment as it was patched. */
  readonly selfPaced?: SelfPaced;
}

/** Settings that decide about each other: another one of them replaces all. */
const TARGETS = [
  'WARM_ENI_TARGET',
  'WARM_IP_TARGET',
  'MINIMUM_IP_TARGET',
  'WARM_PREFIX_TARGET',
  'ENABLE_PREFIX_DELEGATION',
] as const;
const CUSTOM = 'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG';
/** Beside the pods expected, for those nobody expects. Source: EKS Best Practices Guide, WARM_IP_TARGET beside a minimum. */
const WARM_IPS = 5;

/** The settings the cluster has; the CNI's defaults where they are unknown. */
export const presentEnv = ({ cluster }: Snapshot): CniEnv => cluster.vpcCni?.env ?? {};

export const PRESENT = 'present settings';
export const WITH_US = 'with us, announced';
export const IN_WAVES = 'with us, in waves';
export const GIVEN = 'given settings';
export const PATCHED = 'Deployment patched';

export function alone(snapshot: Snapshot, burst: Burst, settings: CniEnv | undefined): Way[] {
  const present = presentEnv(snapshot);
  const nobody = (name: string, targets: CniEnv): Way => ({
    name,
    env: { ...without(present, TARGETS), ...targets },
    us: 'nothing',
  });
  const perNode = podsPerNode(snapshot, burst);
  const prefixes = (warm: number): Way =>
    nobody(`WARM_PREFIX_TARGET=${warm}`, {
      ENABLE_PREFIX_DELEGATION: 'true',
      WARM_PREFIX_TARGET: String(warm),
    });
  const ways: Way[] = [
    { name: PRESENT, env: present, us: 'nothing' },
    nobody('WARM_ENI_TARGET=2', { WARM_ENI_TARGET: '2' }),
    nobody(`MINIMUM_IP_TARGET=${perNode}, warm ${WARM_IPS}`, {
      WARM_IP_TARGET: String(WARM_IPS),
      MINIMUM_IP_TARGET: String(perNode),
    }),
    ...(snapshot.nodes.every(({ type }) => typeLimits(type)?.prefixes) ? [prefixes(1), prefixes(2)] : []),
  ];
  const known = new Set<string>();
  const different = ways.filter(({ env }) => {
    const key = JSON.stringify(Object.entries(env).toSorted());
    return !known.has(key) && known.add(key);
  });
  return settings === undefined
    ? different
    : [...different, { name: GIVEN, env: { ...present, ...settings }, us: 'nothing' }];
}

/** Pods with addresses that a node has when all have come, as many on each. */
function podsPerNode(snapshot: Snapshot, burst: Burst): number {
  const open = snapshot.nodes.filter(burst.takes);
  const now = open.reduce((sum, node) => sum + podsOf(node, snapshot), 0);
  const slots = Math.max(1, ...open.map(podSlots));
  return Math.min(slots, Math.max(1, Math.ceil((now + burst.replicas.to) / Math.max(1, open.length))));
}

export const named = (settings: CniEnv): string =>
  Object.entries(settings)
    .map(([name, text]) => `${name}=${text}`)
    .join(' ');

const without = (env: CniEnv, names: readonly string[]): CniEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));

/** Settings that are numbers; the others are yes or no. */
const NUMBERS = /_TARGET$|^MAX_ENI$|^IP_COOLDOWN_PERIOD$/;
const MOST = 1_000;

/** A setting that is none of the pool's, or that cannot be played, as one line. What the CNI itself would pass over in silence is
 *  mistyped here. */
export function settingsComplaint(settings: CniEnv = {}): string | undefined {
  for (const [name, value] of Object.entries(settings)) {
    if (!(CNI_SETTINGS as readonly string[]).includes(name))
      return `--settings: expected one of ${CNI_SETTINGS.join(', ')}, got "${name}"`;
    const number = NUMBERS.test(name);
    if (number ? !/^\d+$/.test(value) || Number(value) > MOST : !/^(true|false)$/.test(value))
      return `--settings ${name}: expected ${number ? `a whole number from 0 to ${MOST}` : 'true or false'}, got "${value}"`;
    if (value === 'true' && (name === 'ENABLE_IPv6' || name === CUSTOM))
      return `--settings ${name}: expected false, or nothing: that cannot be played, got "true"`;
  }
  return undefined;
}

/** What of a snapshot cannot be played, as one line. */
export function unplayable({ cluster, nodes }: Snapshot, burst: Burst): string | undefined {
  if (cluster.ipFamily === 'ipv6')
    return 'cluster.ipFamily: expected "ipv4": with IPv6 no address is ever short, got "ipv6"';
  if (cluster.vpcCni?.env[CUSTOM] === 'true')
    return `cluster.vpcCni.env.${CUSTOM}: expected no custom networking: which subnets ENIConfigs name is not in a snapshot, got "true"`;
  const slots = slotsFor(nodes, burst);
  if (burst.rolls && slots > 0 && burst.replicas.from > slots)
    return `--pods: expected at most ${slots} with --rolling, as many as the nodes run, got ${burst.replicas.from}`;
  return fuller(nodes, burst) ?? nowhere(nodes, burst);
}

/** Pods with an address that its nodes run at most, whosever they are. */
const slotsFor = (nodes: Snapshot['nodes'], burst: Burst): number =>
  nodes.filter(burst.takes).reduce((sum, node) => sum + podSlots(node), 0);

/** Of a Deployment that wants more pods than its nodes run: those that have a place there. The others wait, before and after. */
export function placed({ nodes }: Snapshot, burst: Burst): Burst {
  const slots = slotsFor(nodes, burst);
  return !burst.rolls || slots === 0 || burst.replicas.from <= slots
    ? burst
    : { ...burst, replicas: { from: slots, to: slots } };
}

/** More pods on each node than any can run, as one line. */
export function fuller(
  nodes: Snapshot['nodes'],
  { podsPerNode: said }: Pick<Burst, 'podsPerNode'>,
  roomOf: (node: SnapshotNode) => number = podSlots,
): string | undefined {
  const rooms = nodes.map((node) => ({ type: node.type, pods: roomOf(node) }));
  return tooManyPerNode(said, rooms, 'a plan or a snapshot with --kubernetes has them');
}

/** Node groups that have no node, as one line. */
export function nowhere(nodes: Snapshot['nodes'], burst: Burst): string | undefined {
  const names = [...new Set(nodes.map(({ nodeGroup }) => nodeGroup))].join(', ');
  return nodes.some(burst.takes)
    ? undefined
    : `--node-group: expected one that has nodes, of ${names}, got "${burst.nodeGroups?.join(',')}"`;
}
