/** A rolling update on nodes whose addresses are all there: Kubernetes' own pace fails, the one the plan advises does not. */
import { describe, expect, test } from 'vitest';
import type { RolloutReport } from '../../lambdas/core/decide-rollout.ts';
import type { SelfPaced } from '../../lambdas/core/plan/deployment-patch.ts';
import { CLUSTER, failedRequests, inWorld, minutes, seconds, staged } from './stage.ts';

const NODES = 5;
const REPLICAS = 100;
/** Of other workloads: with them 24 of 27 addresses of each node are in use. */
const OTHERS = 20;

interface Strategy {
  readonly maxSurge: number | `${number}%`;
  readonly maxUnavailable: number | `${number}%`;
}

interface Rolled {
  readonly failed: number;
  /** From the new version to the last old pod's end. */
  readonly tookMs: number;
  /** Fewest pods available meanwhile. */
  readonly fewest: number;
}

/** Plays the update under `strategy`, or as the plan for it advises. */
async function roll(
  seed: number,
  strategy: Strategy,
  paced?: SelfPaced,
): Promise<Rolled & { readonly advice: SelfPaced | undefined }> {
  const { world, stage } = staged({ seed }, { sweep: true });
  for (let node = 0; node < NODES; node++) world.established('m5.large', [9, 9, 9]);
  const { spec } = paced?.patch ?? {};
  const times = { readyAfterMs: seconds(2), exitMs: seconds(5), terminationGraceMs: seconds(30) };
  const checkout = world.deploy({
    kind: 'Deployment',
    name: 'checkout',
    replicas: REPLICAS,
    strategy: spec?.strategy.rollingUpdate ?? strategy,
    minReadySeconds: spec?.minReadySeconds ?? 0,
    ...times,
  });
  world.deploy({ kind: 'Deployment', name: 'others', replicas: OTHERS, ...times });
  await world.kernel.run(minutes(11));
  expect(failedRequests(world)).toBe(0);
  const event = world.bus.event('eks-ip-prewarmer', 'Deployment Announced', {
    cluster: CLUSTER,
    workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
    replicas: { from: REPLICAS, to: REPLICAS },
    strategy: { type: 'RollingUpdate', ...strategy },
    podsPerNode: (REPLICAS + OTHERS) / NODES,
  });
  const answer = await inWorld(world, () => stage.ask({ plan: event }));
  const [report] = 'reports' in answer ? (answer.reports as readonly RolloutReport[]) : [];
  const startMs = world.kernel.nowMs;
  let fewest = REPLICAS;
  const look = (): void => {
    fewest = Math.min(fewest, checkout.available);
    if (!checkout.done) world.kernel.after(500, look);
  };
  checkout.rollOut();
  look();
  await world.kernel.run(startMs + minutes(30), () => checkout.done);
  return {
    failed: failedRequests(world),
    tookMs: world.kernel.nowMs - startMs,
    fewest,
    advice: report?.selfPaced,
  };
}

describe.each([
  ['Kubernetes’ defaults', { maxSurge: '25%', maxUnavailable: '25%' }],
  ['no pod may be missing', { maxSurge: '25%', maxUnavailable: 0 }],
  ['no pod more', { maxSurge: 0, maxUnavailable: '10%' }],
] as const)('100 pods are replaced where 15 addresses are free: %s', (_, strategy) => {
  test.each([61, 62, 63])(
    'requests fail, and none with the patch the plan advises (seed %i)',
    async (seed) => {
      const unpaced = await roll(seed, strategy);
      expect(unpaced.failed).toBeGreaterThan(0);
      const { advice } = unpaced;
      if (advice === undefined) throw new Error('no advice');
      const paced = await roll(seed, strategy, advice);
      expect(paced.failed).toBe(0);
      expect(paced.tookMs).toBeGreaterThanOrEqual(advice.takesMs);
      const { maxUnavailable } = advice.patch.spec.strategy.rollingUpdate;
      expect(paced.fewest).toBeGreaterThanOrEqual(REPLICAS - maxUnavailable);
    },
  );
});
