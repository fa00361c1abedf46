/** Rollouts that are played all at once and in waves: clusters as scenario files would say them, and what is announced. */
import { type Rollout, rolloutIn } from '../cli/rollout-input.ts';
import { readScenario } from '../sim/scenario/read.ts';

export interface Case {
  readonly title: string;
  /** How it goes out in waves. */
  readonly ways: readonly Way[];
}

export interface Way {
  readonly name: string;
  readonly rollout: Rollout;
  /** Whether we may count pods. */
  readonly lens: boolean;
}

const NAME = 'load';
/** Pods of the replacing case, and others beside them: 24 of the 27 addresses of each of five m5.large. */
const REPLACED = 100;
const OTHERS = 20;
const FULL = { nodes: 5, type: 'm5.large', podsPerNode: (REPLACED + OTHERS) / 5 };
/** What EKS recommends for nodes with prefixes below 30 vCPU. Source: EKS User Guide, prefixes. */
const MAX_PODS = 110;

interface Growth {
  readonly title: string;
  readonly pods: number;
  readonly nodes: number;
  readonly type: string;
  /** WARM_PREFIX_TARGET of nodes that have prefixes. */
  readonly prefixes?: number;
  readonly subnets?: readonly string[];
  readonly overSeconds?: number;
}

export const cases = (): readonly Case[] => [
  growing({ title: '1,000 pods on 100 m5.large, W=1', pods: 1_000, nodes: 100, type: 'm5.large' }),
  growing({ title: '5,000 pods on 99 m5.xlarge, W=1 (S4)', pods: 5_000, nodes: 99, type: 'm5.xlarge' }),
  ...[1, 2, 4].map((prefixes) =>
    growing({
      title: `5,000 pods on 99 m5.xlarge with prefixes, P=${prefixes}`,
      ...{ pods: 5_000, nodes: 99, type: 'm5.xlarge', prefixes },
    }),
  ),
  replacing(),
  growing({
    title: '23,000 pods on 500 m5.xlarge, W=1 (S5; without us over 180 s)',
    ...{ pods: 23_000, nodes: 500, type: 'm5.xlarge', overSeconds: 180 },
    subnets: ['10.0.0.0/16', '10.1.0.0/16'],
  }),
];

/** A hundred waves, a percent each. */
export function hundred(): Case {
  const title = '1,000 pods on 100 m5.large, waves of 1%';
  const pods = 1_000;
  const cluster = clusterOf({ title, pods, nodes: 100, type: 'm5.large' });
  const way = (name: string, lens: boolean, more: object): Way => {
    const waves = { size: '1%', ...more };
    return {
      ...{ name, lens },
      rollout: read(cluster, { replicas: { from: 0, to: pods }, podsPerNode: 0, waves }),
    };
  };
  return {
    title,
    ways: [
      way('announced', false, {}),
      way('scaled through the lens', true, { advance: 'scale' }),
      way('each approved', false, { gate: 'approve' }),
    ],
  };
}

/** A Deployment that has no pods yet. */
export function growing(growth: Growth): Case {
  const { title, pods, overSeconds } = growth;
  const cluster = clusterOf(growth);
  const replicas = { from: 0, to: pods };
  const over = overSeconds !== undefined && { overSeconds };
  return {
    title,
    ways: waysOf({
      known: read(cluster, { replicas, podsPerNode: 0, ...over }),
      counted: read(cluster, { replicas, waves: { advance: 'scale' }, ...over }),
      untold: read(cluster, { replicas, ...over }),
    }),
  };
}

/** A new version, on nodes whose ENIs are all full. */
function replacing(): Case {
  const { nodes, type, podsPerNode } = FULL;
  const pod = { readyAfterSeconds: 2, exitSeconds: 5, terminationGraceSeconds: 30 };
  const cluster = {
    ...{ nodes, type },
    cidrs: ['10.0.0.0/22'],
    workloads: [
      { kind: 'Deployment', name: NAME, replicas: REPLACED, ...pod },
      { kind: 'Deployment', name: 'others', replicas: OTHERS, ...pod },
    ],
  };
  const replicas = { from: REPLACED, to: REPLACED };
  const detail = { replicas, terminationGracePeriodSeconds: pod.terminationGraceSeconds };
  const untold = read(cluster, detail);
  return {
    title: '100 pods replaced on 5 full m5.large, W=1 (without us by a rolling update, 25 % at a time)',
    ways: waysOf({ known: read(cluster, { ...detail, podsPerNode }), counted: untold, untold }),
  };
}

const waysOf = ({ known, counted, untold }: Record<'known' | 'counted' | 'untold', Rollout>): Way[] => [
  { name: 'waves, podsPerNode said', rollout: known, lens: false },
  { name: 'waves, lens', rollout: counted, lens: true },
  { name: 'waves, neither', rollout: untold, lens: false },
];

interface ClusterOf {
  readonly nodes: number;
  readonly type: string;
  readonly cidrs: readonly string[];
  readonly workloads: readonly object[];
  readonly prefixes?: number;
}

function clusterOf({ nodes, type, prefixes, subnets = ['10.0.0.0/17'] }: Growth): ClusterOf {
  return {
    ...{ nodes, type, cidrs: subnets },
    ...(prefixes !== undefined && { prefixes }),
    workloads: [{ kind: 'Deployment', name: NAME, replicas: 0, readyAfterSeconds: 2 }],
  };
}

function read({ nodes, type, cidrs, workloads, prefixes }: ClusterOf, detail: object): Rollout {
  const maxPods = prefixes !== undefined && { maxPods: MAX_PODS };
  const scenario = readScenario(
    {
      name: 'bench',
      title: 'A rollout',
      minutes: 30,
      subnets: cidrs.map((cidr, at) => ({ name: `s${at}`, cidr, zone: `eu-central-1${'ab'[at]}` })),
      clusters: [
        {
          nodeGroups: [{ name: 'workers', type, nodes, ...maxPods }],
          workloads,
          ...(prefixes !== undefined && {
            cni: { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: String(prefixes) },
          }),
        },
      ],
      ...(maxPods && { policy: maxPods }),
      columns: ['ours'],
    },
    'bench/rollout-cases.ts',
  );
  if (!scenario.ok) throw new Error(scenario.message);
  const announcement = {
    cluster: scenario.scenario.clusters[0]?.name,
    workload: { kind: 'Deployment', namespace: 'default', name: NAME },
    ...detail,
  };
  const rollout = rolloutIn(announcement, scenario.scenario, Date.UTC(2026, 0, 1));
  if ('complaint' in rollout) throw new Error(rollout.complaint);
  return rollout;
}
