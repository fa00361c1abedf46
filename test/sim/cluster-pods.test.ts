import { describe, expect, test } from 'vitest';
import { fullNodes, reasonsOf, SUBNETS, seconds, until, WORKERS, world } from './cluster-stage.ts';

describe('one pod, as a user sees it', () => {
  test('address, image, Running, Ready: each at its time, each with its event', async () => {
    const shop = world();
    shop.addNodeGroup(fullNodes(1));
    await shop.kernel.run(seconds(30));
    const web = shop.deploy({
      kind: 'Deployment',
      name: 'web',
      replicas: 1,
      imagePullMs: 4_000,
      readyAfterMs: 3_000,
    });
    await until(shop, () => web.done);
    expect(web.times).toEqual([
      {
        name: 'web-1-0',
        createdAtMs: 30_000,
        scheduledAtMs: 30_000,
        gotAddressAtMs: 30_000,
        runningAtMs: 34_000,
        readyAtMs: 37_000,
        failedRequests: 0,
      },
    ]);
    expect(web.events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'Normal Scheduled',
      'Normal Pulling',
      'Normal Pulled',
      'Normal Started',
    ]);
  });

  test('27 pods on a node with nine addresses: those refused are told so in the CNI’s words, and ask again after 10 to 15 s', async () => {
    const shop = world();
    shop.addNodeGroup({ ...WORKERS, established: { nodes: 1, addresses: [9] } });
    await shop.kernel.run(2_000);
    const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 27 });
    await until(shop, () => web.done);
    const waited = web.pods.filter(({ failedRequests }) => failedRequests > 0);
    expect(waited.length).toBeGreaterThan(0);
    for (const { events, failedRequests, readyAtMs } of waited) {
      const refused = events.filter(({ reason }) => reason === 'FailedCreatePodSandBox');
      expect(refused).toHaveLength(failedRequests);
      expect(refused[0]).toMatchObject({
        type: 'Warning',
        message: expect.stringContaining('add cmd: failed to assign an IP address to container'),
      });
      const tries = [...refused.map(({ atMs }) => atMs), readyAtMs ?? 0];
      for (const [index, atMs] of tries.slice(1).entries()) {
        const pauseMs = atMs - (tries[index] ?? 0);
        expect(pauseMs).toBeGreaterThanOrEqual(10_000);
        expect(pauseMs).toBeLessThanOrEqual(15_000);
      }
    }
    expect(waited[0]?.events[1]?.message).toMatch(/sandbox "[0-9a-f]{64}"/);
  });

  test('an image is pulled once a node: the second pod that wants it starts at once, two at a time share the pull', async () => {
    const shop = world();
    shop.addNodeGroup(fullNodes(1));
    await shop.kernel.run(seconds(30));
    const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 2, imagePullMs: 20_000 });
    await until(shop, () => web.done);
    expect(web.times.map(({ runningAtMs }) => runningAtMs)).toEqual([50_000, 50_000]);
    expect(web.pods.map((pod) => reasonsOf(pod).includes('Pulling'))).toEqual([true, false]);
    web.scaleTo(3);
    expect(web.times[2]?.runningAtMs).toBe(50_000);
  });
});

describe('a pod ends', () => {
  test.each([
    ['by itself within its grace', 4_000, 4_000],
    ['killed when its grace is over', 90_000, 30_000],
  ])('%s: slot and address stay taken until then', async (_how, exitMs, takesMs) => {
    const shop = world();
    const group = shop.addNodeGroup(fullNodes(1));
    await shop.kernel.run(seconds(30));
    const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 1, exitMs });
    const [node] = group.nodes;
    await shop.kernel.run(seconds(40));
    const assigned = () => node?.ipamd.snapshot()?.assigned;
    expect(assigned()).toBe(1);
    web.scaleTo(0);
    await shop.kernel.run(seconds(40) + takesMs - 1);
    expect([assigned(), node?.freePodSlots, web.done]).toEqual([1, 26, false]);
    await shop.kernel.run(seconds(40) + takesMs);
    expect([assigned(), node?.freePodSlots, web.done]).toEqual([0, 27, true]);
    expect(node?.ipamd.snapshot()?.cooling).toBe(1);
    expect(reasonsOf(web.pods[0]).at(-1)).toBe('Killing');
  });

  test('one that never got to a node is gone at once', async () => {
    const shop = world();
    const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 3, exitMs: 5_000 });
    expect(shop.cluster().scheduler.pendingPods).toBe(3);
    web.scaleTo(0);
    expect(web.done).toBe(true);
    expect(shop.cluster().scheduler.pendingPods).toBe(0);
  });
});

describe('the scheduler', () => {
  test('spreads over the emptiest nodes, or packs the fullest', async () => {
    for (const [placement, expected] of [
      ['spread', [10, 10, 10]],
      ['pack', [27, 3, 0]],
    ] as const) {
      const shop = world({ placement });
      const group = shop.addNodeGroup(fullNodes(3));
      await shop.kernel.run(seconds(30));
      shop.deploy({ kind: 'Deployment', name: 'web', replicas: 30 });
      expect(group.nodes.map(({ pods }) => pods.length)).toEqual(expected);
    }
  });

  test('ranks as the default profile does: by shares of a node, not by slots', async () => {
    const shop = world({ placement: 'default' });
    const small = shop.addNodeGroup(fullNodes(1));
    const large = shop.addNodeGroup({
      name: 'large',
      type: 'm5.xlarge',
      launchedBy: 'managed',
      established: { nodes: 1, addresses: [14, 14, 14, 14] },
    });
    await shop.kernel.run(seconds(30));
    for (let index = 0; index < 30; index++) shop.createPod(`lone-${index}`);
    const [few = 0, many = 0] = [small, large].map(({ nodes: [node] }) => node?.pods.length);
    expect(few + many).toBe(30);
    // A third of 27 and of 56.
    expect(few / 27).toBeCloseTo(many / 56, 1);
  });

  test('and keeps replicas apart, where shares alone would put them all on the emptier node', async () => {
    for (const [placement, expected] of [
      ['spread', [0, 5]],
      // The second: s = pods·ln 4 + zone's pods·ln 3 + 6 is 7 on the fuller node and 8 on the other, which makes 2·100 + 78
      // against 2·87 + 92; so on the fuller one. With as many on both, on the emptier. And so on.
      ['default', [2, 3]],
    ] as const) {
      const shop = world({ placement, subnets: SUBNETS.slice(0, 1) });
      const group = shop.addNodeGroup(fullNodes(2));
      await shop.kernel.run(seconds(30));
      const [fuller] = group.nodes;
      for (let index = 0; index < 5; index++) fuller?.bind(shop.createPod(`old-${index}`, fuller));
      const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 5 });
      expect(group.nodes.map((node) => web.pods.filter((pod) => pod.node === node).length)).toEqual(expected);
    }
  });

  test('a pod nobody can take says why, and is bound in the instant a slot is free', async () => {
    const shop = world();
    shop.addNodeGroup(fullNodes(1));
    const other = shop.addNodeGroup({ ...fullNodes(1), name: 'gpu' });
    await shop.kernel.run(seconds(30));
    const web = shop.deploy({
      kind: 'Deployment',
      name: 'web',
      replicas: 28,
      selector: { nodeGroups: ['workers'] },
    });
    const refused = web.pods[27];
    expect(refused?.events).toMatchObject([
      {
        reason: 'FailedScheduling',
        message:
          "0/2 nodes are available: 1 Too many pods, 1 node(s) didn't match Pod's node affinity/selector.",
      },
    ]);
    const [first] = web.pods;
    if (first === undefined) throw new Error('no pod');
    await shop.kernel.run(seconds(45));
    first.node?.end(first);
    expect(refused?.scheduledAtMs).toBe(45_000);
    expect(other.nodes[0]?.pods).toEqual([]);
  });

  test('a zone selected is a zone kept to', async () => {
    const shop = world();
    const group = shop.addNodeGroup(fullNodes(2));
    await shop.kernel.run(seconds(30));
    shop.deploy({ kind: 'Deployment', name: 'web', replicas: 5, selector: { zones: ['eu-central-1b'] } });
    expect(group.nodes.map(({ zone, pods }) => [zone, pods.length])).toEqual([
      ['eu-central-1a', 0],
      ['eu-central-1b', 5],
    ]);
  });
});
