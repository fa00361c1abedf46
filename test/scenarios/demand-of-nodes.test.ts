/** Demand of nodes that go away and of nodes that come, against pods of the embedded world. */
import { describe, expect, test } from 'vitest';
import { demandOfDisplaced, demandOfLaunching } from '../../lambdas/core/plan/demand.ts';
import { Chance } from '../../sim/chance.ts';
import { HOST_NETWORK_PODS, type Node } from '../../sim/cluster/node.ts';
import { World } from '../../sim/world.ts';
import { CLUSTER, minutes, SUBNET, seconds } from './stage.ts';

const SEEDS = 40;

const wholes = (seed: number): ((least: number, most: number) => number) => {
  const stream = new Chance(seed).stream('demand of nodes');
  return (least, most) => Math.floor(stream.between(least, most + 1));
};
const worldOf = (seed: number): World =>
  new World({ seed, cluster: CLUSTER, subnets: [{ ...SUBNET, cidr: '10.0.0.0/19' }] });

const used = (nodes: readonly Node[]): number =>
  nodes.reduce((sum, { ipamd }) => {
    const { assigned = 0, cooling = 0 } = ipamd.snapshot() ?? {};
    return sum + assigned + cooling;
  }, 0);

describe('a node is drained: its pods ask for addresses on the others', () => {
  /** m5.xlarge: four ENIs, with 14 addresses each beside their own. */
  const [type, perEni, enis, podCap] = ['m5.xlarge', 14, 4, 56];

  test(`of ${SEEDS} random clusters`, async () => {
    let full = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const whole = wholes(seed);
      const world = worldOf(seed);
      const { kernel } = world;
      const nodes = whole(3, 6);
      world.addNodeGroup({
        name: 'workers',
        type,
        launchedBy: 'karpenter',
        established: { nodes, addresses: [perEni] },
      });
      await kernel.run(seconds(30));
      const replicas = whole(1, podCap * (nodes - 1));
      const web = world.deploy({ kind: 'Deployment', name: 'web', replicas });
      await kernel.run(minutes(12));
      const drained = world.nodes[whole(0, nodes - 1)];
      if (drained === undefined || !web.done) throw new Error(`seed ${seed}: the cluster never settled`);
      const there = drained.instance.enis.map(({ secondaryIps }) => secondaryIps.length);
      const addresses = there.reduce((sum, count) => sum + count, 0);
      const pods = drained.pods.length;
      const couldGrow = addresses < enis * perEni;
      const node = { addresses, podCap, warmEniTarget: 1, perEni, couldGrow };

      const others = world.nodes.filter((each) => each !== drained);
      const before = used(others);
      drained.drain();
      let peak = 0;
      await kernel.run(kernel.nowMs + minutes(10), () => {
        peak = Math.max(peak, used(others) - before);
        return web.done;
      });

      const story = `seed ${seed}: ${pods} pods, ${addresses} addresses on ${there.length} ENIs`;
      expect(demandOfDisplaced({ ...node, pods }), story).toBe(peak);
      const unknown = demandOfDisplaced(node);
      expect(unknown, story).toBeGreaterThanOrEqual(peak);
      expect(unknown, story).toBeLessThan(peak + (couldGrow ? perEni : 2 * perEni));
      if (!couldGrow) full++;
    }
    expect(full).toBeGreaterThan(0);
    expect(full).toBeLessThan(SEEDS);
  });
});

describe('nodes launch while pods wait', () => {
  test(`of ${SEEDS} random clusters`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const whole = wholes(seed);
      const world = worldOf(seed);
      const { kernel } = world;
      const waiting = whole(1, 150);
      for (let index = 0; index < waiting; index++) world.createPod(`waiting-${index}`);
      const types = ['t3.medium', 'm5.large', 'm5.xlarge', 'c5.2xlarge'] as const;
      for (let index = whole(1, 4); index > 0; index--) world.launch(types[whole(0, 3)] ?? 'm5.large');
      await kernel.run(minutes(5));
      let open = waiting;
      const byReady = world.nodes.toSorted((a, b) => (a.readyAtMs ?? 0) - (b.readyAtMs ?? 0));
      for (const node of byReady) {
        const taken = world.pods.filter((pod) => pod.node === node && pod.scheduledAtMs === node.readyAtMs);
        const story = `seed ${seed}: ${open} of ${waiting} pods wait for ${node.name}, ${node.type}`;
        expect(node.readyAtMs, story).toBeDefined();
        expect(demandOfLaunching(open, node.maxPods - HOST_NETWORK_PODS), story).toBe(taken.length);
        open -= taken.length;
      }
    }
  });
});
