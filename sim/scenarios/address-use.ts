/** Rolls a random workload out in a world with room for everything, and looks how many addresses it comes to use. */
import type { RolloutAnnounced } from '../../lambdas/core/signals.ts';
import { Chance } from '../chance.ts';
import { Deployment } from '../cluster/deployment.ts';
import { Job } from '../cluster/job.ts';
import { StatefulSet } from '../cluster/stateful-set.ts';
import { World } from '../world.ts';
import { type Formula, type RandomWorkload, randomWorkload } from './random-workloads.ts';
import { SUBNET } from './subnets.ts';

export interface Played {
  readonly workload: RandomWorkload;
  /** Addresses with pods and cooling ones at their peak, less those at the start, as the nodes' ipamds have them. */
  readonly peak: number;
  /** From the first to the last address asked for. */
  readonly askedOverMs: number;
}

const CLUSTER = 'shop';

/** What a pipeline says before the rollout. */
export const announcementOf = ({ workload, askedOverMs }: Played): RolloutAnnounced => ({
  kind: 'rollout-announced',
  announcementId: 'release-7',
  cluster: CLUSTER,
  workload: { kind: workload.options.kind, namespace: 'default', name: workload.options.name },
  replicas: { from: workload.from, to: workload.to },
  startsAtMs: 0,
  overMs: workload.tellsPace ? askedOverMs : workload.rampMs,
  selector: {},
  attempt: 0,
  ...workload.announced,
});

/** m5.16xlarge: 15 ENIs with 49 addresses each beside their own. */
const TYPE = 'm5.16xlarge';
const ENIS = 15;
const NODES = 3;
const COOLED_MS = 60_000;
/** A CronJob is looked at for so many runs beyond those that meet. */
const RUNS = 8;
const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

export async function playRandom(formula: Formula, seed: number): Promise<Played> {
  const workload = randomWorkload(formula, new Chance(seed).stream(`workload ${formula}`));
  const perEni = Math.ceil(workload.mostUse / NODES / ENIS) + 1;
  const world = new World({
    seed,
    cluster: CLUSTER,
    // Nothing is added and nothing given back: what is used shows, not what ipamd would keep warm.
    cniEnv: { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' },
    subnets: [{ ...SUBNET, cidr: '10.0.0.0/19' }],
  });
  world.addNodeGroup({
    name: 'roomy',
    type: TYPE,
    launchedBy: 'self-managed',
    established: { nodes: NODES, addresses: Array.from({ length: ENIS }, () => Math.min(49, perEni)) },
  });
  const { kernel } = world;
  await kernel.run(1_000);

  const { options, from } = workload;
  const standing = from > 0 ? world.deploy(options) : undefined;
  await kernel.run(kernel.nowMs + DAY_MS, () => standing?.done ?? true);
  await kernel.run(kernel.nowMs + COOLED_MS);

  const use = watchUse(world);
  const done = begin(world, workload, standing);
  await kernel.run(kernel.nowMs + DAY_MS, () => {
    use.look();
    return done();
  });
  if (!done()) throw new Error(`${formula}, seed ${seed}: not over after a day`);
  await kernel.run(kernel.nowMs + COOLED_MS);
  const failed = world.pods.reduce((sum, pod) => sum + pod.failedRequests, 0);
  if (failed > 0) throw new Error(`${formula}, seed ${seed}: ${failed} requests failed in a world with room`);
  return { workload, peak: use.peak(), askedOverMs: use.askedOverMs() };
}

/** The rollout starts now; the answer tells whether it is over. */
function begin(
  world: World,
  { formula, options, from, to, rampMs }: RandomWorkload,
  standing: ReturnType<World['deploy']> | undefined,
): () => boolean {
  const there = standing ?? world.deploy(options);
  if (there instanceof Job) return () => there.done;
  if (!(there instanceof Deployment || there instanceof StatefulSet)) {
    const { everyMs = 0, runMs = 0 } = options.kind === 'CronJob' ? options : {};
    const untilMs = world.kernel.nowMs + runMs + RUNS * everyMs + COOLED_MS;
    return () => {
      if (world.kernel.nowMs >= untilMs) there.suspend();
      return world.kernel.nowMs >= untilMs && there.done;
    };
  }
  if (formula === 'blue-green') {
    const green = world.deploy({ ...options, name: 'green', replicas: to });
    const { kernel } = world;
    const switchOver = (): void => {
      if (green.done) there.scaleTo(0);
      else kernel.after(SECOND_MS, switchOver);
    };
    switchOver();
    return () => green.done && there.done && there.replicas === 0;
  }
  const grows = formula === 'scale-out' || formula === 'stateful-set growth';
  // Of a change that brings both, a Deployment with pods first gets its number (isScalingEvent), while a StatefulSet makes
  // its further pods in the new version (newVersionedStatefulSetPod).
  const numberFirst = there instanceof Deployment && from > 0;
  if (!grows && !numberFirst) there.rollOut();
  there.scaleTo(to, rampMs);
  if (!grows && numberFirst) there.rollOut();
  return () => there.done && there.replicas === to;
}

/** Looks each time pods were made: use rises at no other time. */
function watchUse({ pods, nodes }: World) {
  const used = (): number =>
    nodes.reduce((sum, { ipamd }) => {
      const { assigned = 0, cooling = 0 } = ipamd.snapshot() ?? {};
      return sum + assigned + cooling;
    }, 0);
  const before = used();
  const podsBefore = pods.length;
  let seen = podsBefore;
  let most = before;
  return {
    look: () => {
      if (pods.length === seen) return;
      seen = pods.length;
      most = Math.max(most, used());
    },
    peak: () => Math.max(most, used()) - before,
    askedOverMs: () => {
      const asked = pods.slice(podsBefore).map(({ askedAtMs }) => askedAtMs ?? 0);
      return asked.length === 0 ? 0 : Math.max(...asked) - Math.min(...asked);
    },
  };
}
