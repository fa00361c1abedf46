/**
 * Timing is never harmful: one burst of pods on two nodes, announced so many seconds ahead, by CNI mode, instance type and
 * what the nodes are doing; played with the prewarmer and without it, on the same seed.
 */
import { Watch } from '../scenario/figures.ts';
import { Stage } from '../stage.ts';
import { World } from '../world.ts';
import { SUBNET } from './subnets.ts';

const NODES = { ...SUBNET, cidr: '10.0.0.0/20' } as const;
/** Where custom networking takes its addresses from. */
const PODS = { ...NODES, id: 'subnet-0b2c3d4e5f6071829', cidr: '10.0.16.0/20' } as const;
const CUSTOM = { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' };

interface Mode {
  readonly cniEnv: Readonly<Record<string, string>>;
  /** The policy document. */
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly custom?: true;
  /** The CNI gives back what exceeds its targets at its first loops, so that no interface stays full that no pod uses
   *  (amazon-vpc-cni-k8s v1.23.1, recorded: 2.5 to 5 s after its start). */
  readonly trims?: true;
}

export const TIMING_MODES = {
  'W=1': { cniEnv: { WARM_ENI_TARGET: '1' } },
  'W=2': { cniEnv: { WARM_ENI_TARGET: '2' } },
  'IP 5/10': { cniEnv: { WARM_IP_TARGET: '5', MINIMUM_IP_TARGET: '10' }, trims: true },
  'P=1': { cniEnv: { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' }, trims: true },
  disabled: { cniEnv: { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' }, policy: { soleAllocator: true } },
  custom: {
    cniEnv: CUSTOM,
    policy: { eniConfigs: { [NODES.zone]: { subnetId: PODS.id, securityGroupIds: [] } } },
    custom: true,
  },
} as const satisfies Readonly<Record<string, Mode>>;
export type TimingMode = keyof typeof TIMING_MODES;
export const MODE_NAMES = Object.keys(TIMING_MODES) as readonly TimingMode[];

export const TIMING_LEADS_S = [0, 5, 30, 65, 80, 110, 180] as const;
/** Interfaces, and secondary addresses on each. Source: EC2 User Guide, IP addresses per network interface. */
export const TIMING_TYPES = {
  'm5.large': { enis: 3, perEni: 9 },
  't3.medium': { enis: 3, perEni: 5 },
  'm5.4xlarge': { enis: 8, perEni: 29 },
} as const;
export type TimingType = keyof typeof TIMING_TYPES;
export const TYPE_NAMES = Object.keys(TIMING_TYPES) as readonly TimingType[];

interface Moment {
  readonly nodes: 'launching' | 'quiet' | 'growing';
  /** The announcement says how many pods each node has, which EC2 does not show; the lens would count as many. */
  readonly podsKnown?: true;
}

/** What the nodes the pods land on do: they are launched when the pods come, they have stood still, or they are growing when
 *  the announcement arrives. */
export const TIMING_MOMENTS = {
  launching: { nodes: 'launching' },
  quiet: { nodes: 'quiet' },
  'quiet, pods known': { nodes: 'quiet', podsKnown: true },
  growing: { nodes: 'growing' },
  'growing, pods known': { nodes: 'growing', podsKnown: true },
} as const satisfies Readonly<Record<string, Moment>>;
export type TimingMoment = keyof typeof TIMING_MOMENTS;
export const MOMENT_NAMES = Object.keys(TIMING_MOMENTS) as readonly TimingMoment[];

export interface TimingRow {
  readonly mode: TimingMode;
  readonly type: TimingType;
  readonly moment: TimingMoment;
  readonly leadS: number;
}

/** Where a plan for a running node goes by the pods it has: what the CNI keeps depends on them in WARM_ENI_TARGET mode alone, custom
 *  networking included. Elsewhere the announcement's `podsPerNode` would only play the same run again. */
const PODS_MATTER: readonly TimingMode[] = ['W=1', 'W=2', 'custom'];

/** Every row there is. */
export const timingRows = (): TimingRow[] =>
  MODE_NAMES.flatMap((mode) =>
    MOMENT_NAMES.filter((moment) => !podsKnownIn(moment) || PODS_MATTER.includes(mode)).flatMap((moment) =>
      TYPE_NAMES.flatMap((type) => TIMING_LEADS_S.map((leadS) => ({ mode, moment, type, leadS }))),
    ),
  );

const podsKnownIn = (moment: TimingMoment): boolean => 'podsKnown' in TIMING_MOMENTS[moment];

/** Nodes that launch, in a mode whose CNI keeps the full interfaces it finds when it starts. */
export const launchesFull = ({ mode, moment }: TimingRow): boolean =>
  TIMING_MOMENTS[moment].nodes === 'launching' && !('trims' in TIMING_MODES[mode]);

/** Without the prewarmer nobody reads announcements: rows that differ in what they say are one world there. */
export const worldOf = ({ mode, moment, type, leadS }: TimingRow): string =>
  [mode, TIMING_MOMENTS[moment].nodes, type, leadS].join('|');

export interface TimingRun {
  readonly failedRequests: number;
  /** Pods of the burst that still have no address five minutes later. */
  readonly without: number;
  readonly lateAttach: number;
  /** Nodes that got an interface, calls that filled one that was there, and nodes that were left, by reason. */
  readonly warmed: number;
  readonly fills: number;
  readonly left: Readonly<Record<string, number>>;
}

/** Nodes that stand are older than that. */
const DEPLOYED_MS = 20_000;
/** Two sweeps, five minutes apart, have seen the nodes. */
const SETTLED_MS = 660_000;
const WATCHED_MS = 300_000;
/** Before the announcement, when growing nodes get what they grow for: their first call is on its way. */
const GROWING_MS = 8_000;
export const NODES_OF_A_ROW = 2;

/** One burst. Its size is drawn from the seed: one to two and a half interfaces' worth for each node. */
export async function timing(
  { mode, type, moment, leadS }: TimingRow,
  seed: number,
  prewarmer: boolean,
): Promise<TimingRun> {
  const { cniEnv, policy = {}, custom }: Mode = TIMING_MODES[mode];
  const world = new World({
    seed,
    cluster: 'shop',
    subnets: custom === undefined ? [NODES] : [NODES, PODS],
    cniEnv,
    ...(custom !== undefined && { eniConfigs: { [NODES.zone]: { subnetId: PODS.id, securityGroups: [] } } }),
  });
  const { kernel } = world;
  const { nodes, podsKnown }: Moment = TIMING_MOMENTS[moment];
  const { perEni } = TIMING_TYPES[type];
  const draw = world.chance.stream('burst');
  const before = Math.floor(draw.between(0, perEni / 2));
  const burst = NODES_OF_A_ROW * Math.floor(perEni * draw.between(1, 2.5));

  if (nodes !== 'launching') {
    for (let node = 0; node < NODES_OF_A_ROW; node++)
      world.established(type, mode === 'disabled' ? [perEni] : [0]);
    if (nodes === 'quiet') kernel.at(60_000, () => create(world, 'old', NODES_OF_A_ROW * before));
    // Nobody hears of their launches: they ran before the stack was deployed.
    await kernel.run(DEPLOYED_MS);
  }
  // Where the CNI allocates nothing, nothing works without somebody who does: us, or a person's scripts. It is played against
  // nodes that somebody gave one interface's worth.
  const stage = prewarmer ? new Stage(world, { mode: 'warm', policy }) : undefined;
  const announcedMs = nodes === 'launching' ? 0 : SETTLED_MS;
  // No pods until then: what the CNI adds for the first ones would do for half an interface more, and nothing would grow.
  if (nodes === 'growing')
    kernel.at(announcedMs - GROWING_MS, () =>
      create(world, 'growing', NODES_OF_A_ROW * (before + Math.ceil(perEni / 2))),
    );
  const startMs = announcedMs + leadS * 1000;
  kernel.at(announcedMs, () =>
    world.bus.put('eks-ip-prewarmer', 'Deployment Announced', {
      cluster: 'shop',
      workload: { kind: 'Deployment', namespace: 'default', name: 'burst' },
      replicas: { from: 0, to: burst },
      startsAt: new Date(world.clockMs + leadS * 1000).toISOString(),
      ...(podsKnown && { podsPerNode: world.pods.length / NODES_OF_A_ROW }),
    }),
  );
  await kernel.run(announcedMs);
  const watch = new Watch(world, stage);
  kernel.at(startMs, () => {
    create(world, 'burst', burst);
    if (nodes === 'launching') for (let node = 0; node < NODES_OF_A_ROW; node++) world.launch(type);
  });
  await kernel.run(startMs + WATCHED_MS);
  const { failedRequests, withoutAddress, lateAttach, nodesLeft, ours } = watch.measure(world.pods, 0.5);
  return {
    failedRequests,
    without: withoutAddress,
    lateAttach,
    warmed: ours?.nodesWarmed ?? 0,
    fills: ours?.fills ?? 0,
    left: nodesLeft,
  };
}

function create(world: World, name: string, pods: number): void {
  for (let index = 0; index < pods; index++) world.createPod(`${name}-${index}`);
}
