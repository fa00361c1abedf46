import { describe, expect, test } from 'vitest';
import type { Deployment, DeploymentOptions } from '../../sim/cluster/deployment.ts';
import type { World } from '../../sim/world.ts';
import { fullNodes, minutes, seconds, until, world } from './cluster-stage.ts';

/** Ten pods that run on nodes with room for many more. */
async function tenPods(options: Partial<DeploymentOptions>): Promise<{ shop: World; web: Deployment }> {
  const shop = world();
  shop.addNodeGroup(fullNodes(3));
  await shop.kernel.run(seconds(30));
  const web = shop.deploy({
    kind: 'Deployment',
    name: 'web',
    replicas: 10,
    readyAfterMs: 5_000,
    exitMs: 2_000,
    ...options,
  });
  await until(shop, () => web.done);
  return { shop, web };
}

/** Looks after every moment of the world: the most pods alive, and the fewest available, while `done` is false. */
async function watched(shop: World, web: Deployment): Promise<{ most: number; fewest: number }> {
  let most = 0;
  let fewest = Number.POSITIVE_INFINITY;
  await until(shop, () => {
    most = Math.max(most, web.pods.filter(({ alive }) => alive).length);
    fewest = Math.min(fewest, web.available);
    return web.done;
  });
  return { most, fewest };
}

describe('a rolling update', () => {
  test.each([
    ['25 % each, as Kubernetes has it', {}, { most: 13, fewest: 8 }],
    ['surge only', { maxSurge: 2, maxUnavailable: 0 }, { most: 12, fewest: 10 }],
    ['no surge', { maxSurge: 0, maxUnavailable: 3 }, { most: 10, fewest: 7 }],
    ['neither: one may still be missing', { maxSurge: 0, maxUnavailable: 0 }, { most: 10, fewest: 9 }],
  ] as const)('%s: never more pods than allowed, never fewer available', async (_how, strategy, bounds) => {
    const { shop, web } = await tenPods({ strategy });
    const old = [...web.pods];
    web.rollOut();
    expect(await watched(shop, web)).toEqual(bounds);
    expect(old.every(({ deleted }) => deleted)).toBe(true);
    expect(web.pods.filter(({ alive }) => alive).map(({ template }) => template.image)).toEqual(
      Array(10).fill('web:2'),
    );
  });

  test('pods that are ending hold addresses beside the surge', async () => {
    const { shop, web } = await tenPods({
      strategy: { maxSurge: 2, maxUnavailable: 2 },
      exitMs: 29_000,
      readyAfterMs: 1_000,
    });
    web.rollOut();
    let held = 0;
    await until(shop, () => {
      const assigned = shop.nodes.map(({ ipamd }) => ipamd.snapshot()?.assigned ?? 0);
      held = Math.max(
        held,
        assigned.reduce((sum, count) => sum + count, 0),
      );
      return web.done;
    });
    expect(held).toBe(20);
  });

  test('minReadySeconds of 30 spaces the steps: a new pod counts only then', async () => {
    const { shop, web } = await tenPods({
      strategy: { maxSurge: 5, maxUnavailable: 0 },
      minReadySeconds: 30,
    });
    web.rollOut();
    // Two batches of five, each 5 s to Ready and 30 s to available; the last old pods need 2 s to end.
    expect(await until(shop, () => web.done)).toBe(2 * 35_000 + 2_000);
  });

  test('Recreate: the new pods come when the last old one is gone', async () => {
    const { shop, web } = await tenPods({ strategy: 'Recreate' });
    const endedAtMs = shop.kernel.nowMs + 2_000;
    web.rollOut();
    await until(shop, () => web.done);
    expect(new Set(web.times.slice(10).map(({ createdAtMs }) => createdAtMs))).toEqual(new Set([endedAtMs]));
  });

  test('pods whose node dies are made anew elsewhere', async () => {
    const { shop, web } = await tenPods({});
    shop.nodes[0]?.terminate();
    expect(web.available).toBeLessThan(10);
    await until(shop, () => web.done);
    expect(web.pods.filter(({ alive }) => alive).every(({ node }) => node !== shop.nodes[0])).toBe(true);
  });
});

test('a scale-out over three minutes: one pod after the other, at an even pace', async () => {
  const { shop, web } = await tenPods({});
  const fromMs = shop.kernel.nowMs;
  web.scaleTo(40, minutes(3));
  await until(shop, () => web.done && web.replicas === 40);
  expect(web.times.slice(10).map(({ createdAtMs }) => createdAtMs - fromMs)).toEqual(
    Array.from({ length: 30 }, (_, index) => index * 6_000),
  );
});

describe('a StatefulSet', () => {
  test('starts one after the other, updates from the last to the first, keeps names', async () => {
    const shop = world();
    shop.addNodeGroup(fullNodes(1));
    await shop.kernel.run(seconds(30));
    const db = shop.deploy({
      kind: 'StatefulSet',
      name: 'db',
      replicas: 3,
      readyAfterMs: 5_000,
      exitMs: 1_000,
    });
    await until(shop, () => db.done);
    expect(db.times.map(({ name, createdAtMs }) => [name, createdAtMs])).toEqual([
      ['db-0', 30_000],
      ['db-1', 35_000],
      ['db-2', 40_000],
    ]);
    db.rollOut();
    await until(shop, () => db.done);
    expect(db.times.slice(3).map(({ name, createdAtMs }) => [name, createdAtMs])).toEqual([
      ['db-2', 46_000],
      ['db-1', 52_000],
      ['db-0', 58_000],
    ]);
    db.scaleTo(1);
    await until(shop, () => db.done);
    expect(shop.nodes[0]?.pods.map(({ name }) => name)).toEqual(['db-0']);
  });

  test('Parallel: all at once', async () => {
    const shop = world();
    shop.addNodeGroup(fullNodes(1));
    await shop.kernel.run(seconds(30));
    const db = shop.deploy({
      kind: 'StatefulSet',
      name: 'db',
      replicas: 5,
      readyAfterMs: 5_000,
      podManagement: 'Parallel',
    });
    expect(await until(shop, () => db.done)).toBe(5_000);
  });
});

test('StatefulSet with three missing at a time: replaced by threes, the last first', async () => {
  const shop = world();
  shop.addNodeGroup(fullNodes(1));
  await shop.kernel.run(seconds(30));
  const db = shop.deploy({
    kind: 'StatefulSet',
    name: 'db',
    replicas: 7,
    podManagement: 'Parallel',
    maxUnavailable: 3,
    readyAfterMs: 5_000,
    exitMs: 1_000,
  });
  await until(shop, () => db.done);
  db.rollOut();
  await until(shop, () => db.done);
  expect(db.times.slice(7).map(({ name, createdAtMs }) => `${name} ${createdAtMs}`)).toEqual([
    ...['db-6', 'db-5', 'db-4'].map((name) => `${name} 36000`),
    ...['db-3', 'db-2', 'db-1'].map((name) => `${name} 42000`),
    'db-0 48000',
  ]);
});

test('Job: three at a time until eight have completed, the pods of a drained node again elsewhere', async () => {
  const shop = world();
  const group = shop.addNodeGroup(fullNodes(2));
  await shop.kernel.run(seconds(30));
  const job = shop.deploy({ kind: 'Job', name: 'import', completions: 8, parallelism: 3, runMs: 10_000 });
  await shop.kernel.run(seconds(35));
  expect(job.pods).toHaveLength(3);
  const lost = group.nodes[0]?.pods.length ?? 0;
  group.nodes[0]?.drain();
  await shop.kernel.run(seconds(40));
  expect(job.pods).toHaveLength(3 + lost + (3 - lost));
  await until(shop, () => job.done);
  expect(job.pods).toHaveLength(8 + lost);
  expect(job.pods.every(({ deleted }) => deleted)).toBe(true);
});

test('one change brings a new version and fewer replicas: the surplus goes, then the others are replaced', async () => {
  const shop = world();
  shop.addNodeGroup(fullNodes(2));
  await shop.kernel.run(seconds(30));
  const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 10, readyAfterMs: 5_000 });
  await until(shop, () => web.done);
  web.scaleTo(6);
  web.rollOut();
  await until(shop, () => web.done);
  expect([web.replicas, web.pods.filter(({ alive }) => alive).length]).toEqual([6, 6]);
  expect(web.pods.slice(10)).toHaveLength(6);
});

test('CronJob churn: completed pods leave addresses that cool, until runs faster than 30 s find none', async () => {
  const shop = world();
  const group = shop.addNodeGroup({ ...fullNodes(1), maxPods: 29 });
  await shop.kernel.run(seconds(30));
  const jobs = shop.deploy({
    kind: 'CronJob',
    name: 'report',
    replicas: 14,
    everyMs: 20_000,
    runMs: 10_000,
  });
  await shop.kernel.run(seconds(89));
  // Runs at 50 and 70 s took 28 places; the addresses of the first cool until 90 s.
  expect(jobs.pods).toHaveLength(28);
  expect(jobs.failedRequests).toBeGreaterThan(0);
  expect(group.nodes[0]?.ipamd.snapshot()?.cooling).toBeGreaterThanOrEqual(14);
  jobs.suspend();
  await until(shop, () => jobs.done);
});
