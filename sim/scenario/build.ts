/** A scenario's clusters, node groups, subnets and workloads in a world, as they have been for long. */
import { GATE_TAINT } from '../../lambdas/core/model.ts';
import type { Deployment, IntOrPercent } from '../cluster/deployment.ts';
import type { NodeGroup } from '../cluster/node-group.ts';
import type { StatefulSet } from '../cluster/stateful-set.ts';
import type { MetadataLags } from '../ec2/instance-metadata.ts';
import type { ReadLagOptions } from '../ec2/read-lag.ts';
import type { BusTrouble } from '../event-bus.ts';
import { METADATA_LAGS } from '../latencies.ts';
import { World } from '../world.ts';
import type { Cluster, Column, Delivery, Scenario, Workload } from './format.ts';

/** A built scenario, by the names its story uses. */
export interface Built {
  readonly world: World;
  readonly groups: ReadonlyMap<string, NodeGroup>;
  /** Those a story can scale and roll out. */
  readonly replicated: ReadonlyMap<string, Deployment | StatefulSet>;
  /** Puts the pods there that run before the story begins. */
  readonly deploy: () => void;
  readonly subnetIds: ReadonlyMap<string, string>;
}

const VPC = 'vpc-0a1b2c3d4e5f60718';

/** `epochMs`: virtual time 0 in Unix time, where real clocks look at the world too. */
export function build(scenario: Scenario, column: Column, seed: number, epochMs?: number): Built {
  const subnetIds = new Map(
    scenario.subnets.map(({ name }, index) => [name, `subnet-${(index + 1).toString(16).padStart(17, '0')}`]),
  );
  const idsOf = (names: readonly string[]): string[] => names.flatMap((name) => subnetIds.get(name) ?? []);
  const [first] = scenario.clusters;
  if (first === undefined) throw new Error('a scenario needs a cluster');
  const world = new World({
    seed,
    cluster: first.name,
    cniEnv: environment(first, column),
    placement: first.placement,
    ...(scenario.staleReads && { readLag: readLagOf(scenario.staleReads) }),
    ...(scenario.slowMetadata && { metadataLags: metadataLagsOf(scenario.slowMetadata) }),
    ...(epochMs !== undefined && { epochMs }),
    subnets: scenario.subnets.map(({ name, zone, cidr, free, tags }) => ({
      id: subnetIds.get(name) ?? '',
      vpcId: VPC,
      zone,
      cidr,
      ...(free !== undefined && { free: { addresses: free.addresses, prefixes: free.blocks } }),
      ...(tags !== undefined && { tags }),
    })),
  });
  for (const each of scenario.clusters.slice(1))
    world.addCluster({ name: each.name, cniEnv: environment(each, column), placement: each.placement });

  const groups = new Map<string, NodeGroup>();
  for (const cluster of scenario.clusters)
    for (const { name, type, launchedBy, nodes, subnets, maxPods, warmPool, autoscale } of cluster.nodeGroups)
      groups.set(
        name,
        world.addNodeGroup({
          cluster: cluster.name,
          name,
          type,
          launchedBy,
          // No address yet: the CNI gives each node what its own settings and pods call for.
          established: { nodes, addresses: [0] },
          ...(subnets !== undefined && { subnets: idsOf(subnets) }),
          ...(maxPods !== undefined && { maxPods }),
          ...(warmPool !== undefined && { warmPool: { size: warmPool } }),
          ...(column.gate === true && { startupTaint: GATE_TAINT.key }),
          ...(autoscale !== undefined && {
            autoscale: { afterMs: autoscale.afterSeconds * 1000, most: autoscale.most },
          }),
        }),
      );
  const replicated = new Map<string, Deployment | StatefulSet>();
  return {
    world,
    groups,
    replicated,
    subnetIds,
    deploy: () => {
      for (const cluster of scenario.clusters)
        for (const workload of cluster.workloads) put(world, cluster.name, workload, replicated);
    },
  };
}

const environment = ({ cni }: Cluster, column: Column): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ ...cni, ...column.cni }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );

function put(
  world: World,
  cluster: string,
  workload: Workload,
  replicated: Map<string, Deployment | StatefulSet>,
): void {
  const { name } = workload;
  const imagePullMs = workload.imagePullSeconds * 1000;
  switch (workload.kind) {
    case 'CronJob': {
      const { everySeconds, pods, runSeconds } = workload;
      world.deploy({
        kind: 'CronJob',
        cluster,
        name,
        everyMs: everySeconds * 1000,
        replicas: pods,
        runMs: runSeconds * 1000,
        imagePullMs,
      });
      return;
    }
    case 'Deployment': {
      const { maxSurge, maxUnavailable, minReadySeconds } = workload;
      const strategy = {
        maxSurge: maxSurge as IntOrPercent,
        maxUnavailable: maxUnavailable as IntOrPercent,
      };
      const shape = { cluster, name, strategy, minReadySeconds, ...podOf(workload) };
      replicated.set(name, world.deploy({ kind: 'Deployment', ...shape }));
      return;
    }
    case 'StatefulSet':
      replicated.set(name, world.deploy({ kind: 'StatefulSet', cluster, name, ...podOf(workload) }));
  }
}

const podOf = (workload: Exclude<Workload, { kind: 'CronJob' }>) => ({
  replicas: workload.replicas,
  imagePullMs: workload.imagePullSeconds * 1000,
  readyAfterMs: workload.readyAfterSeconds * 1000,
  exitMs: workload.exitSeconds * 1000,
  terminationGraceMs: workload.terminationGraceSeconds * 1000,
});

const readLagOf = ({ mostSeconds, callers }: NonNullable<Scenario['staleReads']>): ReadLagOptions => ({
  callers: (name) => callers?.some((caller) => name === caller || name.startsWith(`${caller}/`)) ?? true,
  lagMs: [
    [0, 0],
    [1, mostSeconds * 1000],
  ],
});

const metadataLagsOf = ({
  leastSeconds,
  mostSeconds,
}: NonNullable<Scenario['slowMetadata']>): MetadataLags => ({
  ...METADATA_LAGS,
  eniToImds: [
    [0, leastSeconds * 1000],
    [1, mostSeconds * 1000],
  ],
});

export const troubleOf = ({
  lateSeconds,
  lostShare,
  duplicateShare,
  reorderSeconds,
}: Delivery): BusTrouble => ({
  lateByMs: lateSeconds * 1000,
  lostShare,
  duplicateShare,
  reorderWithinMs: reorderSeconds * 1000,
});
