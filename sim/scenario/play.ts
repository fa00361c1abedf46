/**
 * Plays a scenario in one column with one seed. First the clusters stand for a while: nodes join, pods start, pools grow
 * and grow quiet, and two sweeps have looked. Then trouble and story begin together, and last their minutes.
 */
import { readPolicy } from '../../lambdas/core/policy.ts';
import type { Fault as Ec2Fault } from '../ec2/faults.ts';
import { PREWARMER, Stage } from '../stage.ts';
import type { World } from '../world.ts';
import { type Built, build, troubleOf } from './build.ts';
import { compete } from './competitor.ts';
import { type Figures, Watch } from './figures.ts';
import type { Column, Fault, Scenario, Step } from './format.ts';

export interface Played extends Figures {
  readonly seed: number;
}

/** When the pods of the beginning come; by then the ipamds of the first nodes serve. */
const DEPLOY_AT_MS = 120_000;
/** Two sweeps, five minutes apart, have seen every node by then, and pools are at rest. */
const SETTLED_MS = 720_000;

export async function play(scenario: Scenario, column: Column, seed: number): Promise<Played> {
  const built = build(scenario, column, seed);
  const { world } = built;
  const { kernel } = world;
  const policy = { ...scenario.policy, ...column.policy };
  const stage = stageOf(world, column, policy);
  await settle(scenario, built);
  const startMs = kernel.nowMs;
  const watch = new Watch(world, stage);
  begin(scenario, column, built);
  await kernel.run(startMs + scenario.minutes * 60_000);
  return { seed, ...watch.measure(world.pods, readPolicy(policy).policy.budgetShare) };
}

const stageOf = (world: World, { prewarmer, gate }: Column, policy: Readonly<Record<string, unknown>>) =>
  prewarmer === 'off'
    ? undefined
    : new Stage(world, { mode: prewarmer, policy, ...(gate === true && { lens: 'lens and gate' }) });

/** How long a scenario's clusters stand before its story, virtual ms; those without nodes need not. */
export const settlesForMs = ({ clusters }: Scenario): number =>
  clusters.some(({ nodeGroups }) => nodeGroups.some(({ nodes, warmPool = 0 }) => nodes + warmPool > 0))
    ? SETTLED_MS
    : 0;

/** Lets the clusters stand until pods run and pools are at rest. */
export async function settle(scenario: Scenario, { world: { kernel }, deploy }: Built): Promise<void> {
  const forMs = settlesForMs(scenario);
  if (forMs === 0) deploy();
  else kernel.at(DEPLOY_AT_MS, deploy);
  await kernel.run(forMs);
}

/** Trouble and story begin now. */
export function begin(scenario: Scenario, column: Column, built: Built): void {
  const { kernel, bus } = built.world;
  const startMs = kernel.nowMs;
  bus.disturb(troubleOf(column.events ?? scenario.events));
  for (const fault of scenario.faults) order(fault, startMs, built);
  for (const step of scenario.story)
    kernel.at(startMs + step.atSeconds * 1000, () => happens(step, scenario, built));
}

function happens(step: Step, scenario: Scenario, { world, groups, replicated }: Built): void {
  switch (step.do) {
    case 'scale':
      replicated.get(step.workload)?.scaleTo(step.to, step.overSeconds * 1000);
      return;
    case 'rollOut':
      replicated.get(step.workload)?.rollOut();
      return;
    case 'launch': {
      const group = groups.get(step.nodeGroup);
      for (let index = 0; index < step.nodes; index++)
        world.kernel.after(Math.round((index * step.overSeconds * 1000) / step.nodes), () =>
          group?.scaleTo(group.desired + 1),
        );
      return;
    }
    case 'announce':
      announce(step, scenario, world, replicated.get(step.workload)?.replicas ?? 0);
  }
}

/** As a pipeline would say it (README, Deployment Announced). */
function announce(
  step: Extract<Step, { do: 'announce' }>,
  { clusters }: Scenario,
  world: World,
  replicas: number,
): void {
  for (const cluster of clusters)
    for (const workload of cluster.workloads) {
      if (workload.name !== step.workload || workload.kind === 'CronJob') continue;
      world.bus.put('eks-ip-prewarmer', 'Deployment Announced', {
        cluster: cluster.name,
        workload: { kind: workload.kind, namespace: 'default', name: workload.name },
        replicas: { from: replicas, to: step.to ?? replicas },
        startsAt: new Date(world.clockMs + step.startsInSeconds * 1000).toISOString(),
        overSeconds: Math.round(step.overSeconds),
        terminationGracePeriodSeconds: Math.round(workload.terminationGraceSeconds),
        ...(workload.kind === 'Deployment' && {
          strategy: {
            type: 'RollingUpdate',
            maxSurge: workload.maxSurge,
            maxUnavailable: workload.maxUnavailable,
          },
        }),
        ...(step.podsPerNode !== undefined && { podsPerNode: step.podsPerNode }),
      });
    }
}

/** Trouble, on the account's own time. */
function order(fault: Fault, startMs: number, { world, subnetIds }: Built): void {
  const span = { fromMs: startMs + fault.fromSeconds * 1000, toMs: startMs + fault.toSeconds * 1000 };
  if (fault.kind === 'competitor')
    compete(world, { action: fault.action, perSecond: fault.perSecond, ...span });
  else world.account.addFault({ ...ec2Fault(fault, subnetIds), ...span });
}

type Ec2Trouble = Ec2Fault extends infer F
  ? F extends Ec2Fault
    ? Omit<F, 'fromMs' | 'toMs'>
    : never
  : never;

function ec2Fault(
  fault: Exclude<Fault, { kind: 'competitor' }>,
  subnetIds: ReadonlyMap<string, string>,
): Ec2Trouble {
  const caller = 'callers' in fault && fault.callers && { caller: fault.callers.map(patternOf).join(',') };
  const subnetId = 'subnet' in fault && fault.subnet ? subnetIds.get(fault.subnet) : undefined;
  const subnet = subnetId !== undefined && { subnetId };
  switch (fault.kind) {
    case 'throttle':
      return { kind: 'throttle', action: fault.actions.join(','), ...caller };
    case 'replyLost':
      return { kind: 'lostReply', action: fault.actions.join(','), share: fault.share, ...caller };
    case 'subnetFull':
      return { kind: 'subnetExhausted', ...subnet };
    case 'noFreeBlock':
      return { kind: 'noFreePrefix', ...subnet };
    case 'eniNeverVisible':
      return { kind: 'eniNeverInImds', ...caller };
  }
}

/** ipamds call themselves after their instance. */
const patternOf = (caller: string): string => (caller === PREWARMER ? caller : `${caller}/*`);
