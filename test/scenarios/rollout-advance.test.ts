/** How a wave's pods come: whoever announced them is told, or their Deployment is scaled; and where we see them, they are waited for. */
import { describe, expect, test } from 'vitest';
import { followWaves } from '../../sim/pipeline.ts';
import type { StageOptions } from '../../sim/stage.ts';
import type { World } from '../../sim/world.ts';
import { announceWaves, detailsOf, grownByPipeline, NAME, type Rolling, rolling } from './rollout-stage.ts';
import { failedRequests, minutes, notesOf, seconds } from './stage.ts';

/** Two m5.large with these addresses, settled. */
async function twoNodes(
  seed: number,
  { addresses = [9], ...options }: Partial<StageOptions> & { readonly addresses?: readonly number[] } = {},
): Promise<Rolling> {
  const rollout = rolling({ seed }, options);
  for (let node = 0; node < 2; node++) rollout.world.established('m5.large', addresses);
  await rollout.world.kernel.run(minutes(11));
  return rollout;
}

const readyPods = ({ pods }: World): number => pods.filter(({ ready }) => ready).length;
const finished = ({ heard }: Rolling) => detailsOf(heard, 'Rollout Finished');

/** Looks every second, and runs the world to the rollout's end. */
async function watched<T>({ world, toEnd }: Rolling, look: () => T): Promise<T[]> {
  const seen: T[] = [];
  let over = false;
  const again = (): void => {
    if (over) return;
    seen.push(look());
    world.kernel.after(seconds(1), again);
  };
  again();
  await toEnd();
  await world.kernel.run(world.kernel.nowMs + seconds(30));
  over = true;
  return seen;
}

const steps = (counts: readonly number[]): number[] =>
  counts.filter((count, index) => index === 0 || count !== counts[index - 1]);

describe('announce', () => {
  test.each([
    ['with the lens', 'lens' as const],
    ['without', undefined],
  ])('a Deployment grows from 6 to 30 pods in waves of at most 8, %s', async (_how, lens) => {
    const rollout = await twoNodes(201, lens && { lens });
    const { world } = rollout;
    const deployment = grownByPipeline(world, { from: 6, to: 30 });
    await world.kernel.run(world.kernel.nowMs + minutes(3));
    announceWaves(world, { from: 6, to: 30, podsPerNode: 3, waves: { size: 8 } });
    const replicas = steps(await watched(rollout, () => deployment.replicas));
    expect(rollout.execution().status).toBe('SUCCEEDED');
    expect(replicas).toEqual([6, 14, 22, 30]);
    expect(finished(rollout)).toMatchObject([{ outcome: 'completed', replicas: 30, waves: 3 }]);
    expect([readyPods(world), failedRequests(world)]).toEqual([30, 0]);
  });

  test.each([2, 9])(
    'pools grow while a wave is looked at: what ipamd has not set up yet is not counted (seed %i)',
    async (seed) => {
      const rollout = rolling({ seed }, { lens: 'lens' });
      const { world } = rollout;
      for (let node = 0; node < 3; node++) world.established('m5.large', [9]);
      await world.kernel.run(minutes(11));
      grownByPipeline(world, { from: 6, to: 66 });
      await world.kernel.run(world.kernel.nowMs + seconds(5 * (seed + 1)));
      announceWaves(world, { from: 6, to: 66 });
      expect((await rollout.toEnd()).status).toBe('SUCCEEDED');
      await world.kernel.run(world.kernel.nowMs + seconds(30));
      expect([readyPods(world), failedRequests(world)]).toEqual([66, 0]);
    },
  );

  test('44 pods replace 44 on nodes whose ENIs are full: each wave fits into the addresses that are free and have cooled', async () => {
    const rollout = await twoNodes(202, { addresses: [9, 9, 9] });
    const { world } = rollout;
    const pods = { kind: 'Deployment', exitMs: seconds(10), readyAfterMs: seconds(5) } as const;
    const old = world.deploy({ ...pods, name: NAME, replicas: 44 });
    await world.kernel.run(world.kernel.nowMs + minutes(3));
    const fresh = world.deploy({ ...pods, name: `${NAME}-canary`, replicas: 0 });
    followWaves(world.bus, { announcementId: 'release-7', fresh, old, replicas: 44 });
    announceWaves(world, { from: 44, to: 44, podsPerNode: 22, newVersion: true });
    const both = await watched(rollout, () => fresh.replicas + old.replicas);
    expect(rollout.execution().status).toBe('SUCCEEDED');
    expect(new Set(both)).toEqual(new Set([44]));
    const waves = await rollout.waves();
    expect(waves.map(({ readyPods }) => readyPods)).toEqual([8, 8, 8, 8, 8, 4]);
    // Old pods need 10 s to end and may take 30; then their addresses cool.
    const releasedAtMs = waves.map((wave) => wave.releasedAtMs ?? 0);
    for (const [index, atMs] of releasedAtMs.slice(1).entries())
      expect(atMs - (releasedAtMs[index] ?? 0)).toBeGreaterThanOrEqual(seconds(60));
    expect([fresh.readyPods, old.readyPods, fresh.failedRequests]).toEqual([44, 0, 0]);
  });
});

describe('scale', () => {
  const scaling = { size: 8, advance: 'scale' } as const;

  test('the Deployment is scaled wave by wave, each once the pods before it are ready', async () => {
    const rollout = await twoNodes(203, { lens: 'lens' });
    const { world } = rollout;
    const deployment = world.deploy({
      ...{ kind: 'Deployment', name: NAME, replicas: 4 },
      readyAfterMs: seconds(40),
    });
    await world.kernel.run(world.kernel.nowMs + minutes(2));
    announceWaves(world, { from: 4, to: 28, waves: scaling });
    const seen = await watched(rollout, () => ({
      replicas: deployment.replicas,
      ready: deployment.readyPods,
    }));
    expect(rollout.execution().status).toBe('SUCCEEDED');
    expect(steps(seen.map(({ replicas }) => replicas))).toEqual([4, 12, 20, 28]);
    for (const [index, { replicas }] of seen.slice(1).entries()) {
      const before = seen[index];
      if (before !== undefined && replicas > before.replicas) expect(before.ready).toBe(before.replicas);
    }
    expect(finished(rollout)).toMatchObject([
      {
        outcome: 'completed',
        stands: '28 replicas were released; the Deployment wants 28, 28 are ready',
      },
    ]);
    expect(detailsOf(rollout.heard, 'Wave Advanced')).toEqual([]);
    expect([readyPods(world), failedRequests(world)]).toEqual([28, 0]);
  });

  test('it is scaled to as many as have addresses, and no pod fails: 4 to 40 pods where 14 addresses are free', async () => {
    const rollout = await twoNodes(209, { lens: 'lens' });
    const { world } = rollout;
    const deployment = world.deploy({ kind: 'Deployment', name: NAME, replicas: 4 });
    await world.kernel.run(world.kernel.nowMs + seconds(5));
    announceWaves(world, { from: 4, to: 40, waves: { advance: 'scale' } });
    const replicas = steps(await watched(rollout, () => deployment.replicas));
    expect(rollout.execution().status).toBe('SUCCEEDED');
    expect(replicas.length).toBeGreaterThan(2);
    expect([replicas.at(-1), readyPods(world), failedRequests(world)]).toEqual([40, 40, 0]);
  });

  test('an autoscaler wants more in between: nothing is scaled down, and the rest still comes', async () => {
    const rollout = await twoNodes(204, { lens: 'lens' });
    const { world, heard } = rollout;
    const deployment = world.deploy({
      kind: 'Deployment',
      name: NAME,
      replicas: 4,
      readyAfterMs: seconds(40),
    });
    await world.kernel.run(world.kernel.nowMs + minutes(2));
    announceWaves(world, { from: 4, to: 28, waves: scaling });
    const { kernel } = world;
    await kernel.run(kernel.nowMs + minutes(20), () => deployment.replicas === 12);
    // Its pods are not ready when an autoscaler doubles them.
    world.kernel.after(seconds(10), () => deployment.scaleTo(24));
    const replicas = steps(await watched(rollout, () => deployment.replicas));
    expect(rollout.execution().status).toBe('SUCCEEDED');
    expect(replicas).toEqual([12, 24, 28]);
    expect([readyPods(world), failedRequests(world)]).toEqual([28, 0]);
    expect(detailsOf(heard, 'Rollout Finished')).toHaveLength(1);
  });

  test('an autoscaler makes all of them and takes the last addresses: no wave waits for those its pods have no use for', async () => {
    const rollout = await twoNodes(205, { lens: 'lens' });
    const { world } = rollout;
    const { kernel } = world;
    const deployment = world.deploy({ kind: 'Deployment', name: NAME, replicas: 4 });
    await kernel.run(kernel.nowMs + minutes(2));
    const full = { fromMs: kernel.nowMs, toMs: kernel.nowMs + minutes(60) };
    world.account.addFault({ kind: 'subnetExhausted', ...full });
    announceWaves(world, { from: 4, to: 36, waves: { ...scaling, size: 4 } });
    await kernel.run(kernel.nowMs + minutes(20), () => deployment.replicas === 8);
    deployment.scaleTo(36);
    const startMs = kernel.nowMs;
    const replicas = steps(await watched(rollout, () => deployment.replicas));
    expect(rollout.execution().status).toBe('SUCCEEDED');
    expect(kernel.nowMs - startMs).toBeLessThan(minutes(3));
    expect([replicas, readyPods(world), failedRequests(world)]).toEqual([[36], 36, 0]);
  });

  test('the pods of a wave never become ready: it stops after its longest pause, scaled back to nothing, and says where it stands', async () => {
    const rollout = await twoNodes(206, { lens: 'lens' });
    const { world, machine } = rollout;
    const deployment = world.deploy({
      kind: 'Deployment',
      name: NAME,
      replicas: 4,
      readyAfterMs: minutes(10),
    });
    await world.kernel.run(world.kernel.nowMs + minutes(12));
    announceWaves(world, { from: 4, to: 28, waves: { ...scaling, longestPauseSeconds: 120 } });
    const { status, error, cause, name } = await rollout.toEnd();
    expect([status, error]).toEqual(['FAILED', 'RolloutStopped']);
    const [{ releasedAtMs = 0 } = {}] = await rollout.waves();
    const waitedMs = world.clockMs - releasedAtMs;
    expect(waitedMs).toBeGreaterThanOrEqual(seconds(120));
    expect(waitedMs).toBeLessThan(seconds(140));
    expect(cause).toMatch(/4 of 12 replicas are ready 12\d s after they were released/);
    await world.kernel.run(world.kernel.nowMs + seconds(30));
    expect(finished(rollout)).toMatchObject([
      {
        ...{ outcome: 'stopped', replicas: 12, pods: { released: 8, of: 24 }, waves: 1 },
        remedy: `See what keeps them: kubectl -n default get pods; then redrive the execution.`,
        stands: '12 replicas were released; the Deployment wants 12, 4 are ready',
      },
    ]);
    await world.kernel.run(world.kernel.nowMs + minutes(15));
    expect([deployment.replicas, deployment.readyPods]).toEqual([12, 12]);

    // They are now: a redrive goes on with the next wave, which has no more luck.
    machine.redrive(name);
    expect((await rollout.toEnd()).status).toBe('FAILED');
    expect([deployment.replicas, deployment.readyPods, failedRequests(world)]).toEqual([20, 12, 0]);
  });

  test('it may not scale: it stops, says what to grant, and goes on once that is granted', async () => {
    const rollout = await twoNodes(207, { lens: 'lens' });
    const { world, machine } = rollout;
    const deployment = world.deploy({ kind: 'Deployment', name: NAME, replicas: 4 });
    const { denied } = world.cluster().kubernetes;
    denied.add('patch deployments/scale');
    await world.kernel.run(world.kernel.nowMs + minutes(2));
    announceWaves(world, { from: 4, to: 12, waves: scaling });
    const { status, cause, name } = await rollout.toEnd();
    expect(status).toBe('FAILED');
    expect(cause).toMatch(/the Deployment may not be scaled: .*Grant it as docs\/lens\.md says and redrive/);
    expect(deployment.replicas).toBe(4);
    denied.clear();
    machine.redrive(name);
    expect((await rollout.toEnd()).status).toBe('SUCCEEDED');
    expect([deployment.replicas, deployment.readyPods]).toEqual([12, 12]);
  });

  test('there is no such Deployment: it stops and says so', async () => {
    const rollout = await twoNodes(208, { lens: 'lens' });
    announceWaves(rollout.world, { to: 12, waves: scaling });
    expect((await rollout.toEnd()).cause).toContain('there is no Deployment default/checkout in shop');
    expect(notesOf(rollout.stage, 'wave advanced')).toHaveLength(1);
  });
});
