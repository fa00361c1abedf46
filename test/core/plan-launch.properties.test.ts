/** Properties of the plan for one launching node. The limits and formulas are written again here, not imported. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Eni, Node, NodeId } from '../../lambdas/core/model.ts';
import { planLaunch } from '../../lambdas/core/plan/launches.ts';
import type { Step } from '../../lambdas/core/plan/steps.ts';
import { Room } from '../../lambdas/core/plan/subnets.ts';
import type { PromisedEni } from '../../lambdas/core/records.ts';
import { aCandidate, aNode, anEni, aPolicy, aPromise, aSubnet, CLUSTER_NAME, NOW_MS } from './fixtures.ts';
import { addressesOn, carriedOut, isAct, type ModelWorld, reserveTouched, same } from './model-world.ts';

/** Type: ENIs, addresses an ENI holds beside its own (EC2 User Guide). */
const TYPES = {
  't3.medium': [3, 5],
  'm5.large': [3, 9],
  'c5.xlarge': [4, 14],
  'm5.4xlarge': [8, 29],
} as const;
type Type = keyof typeof TYPES;
/** Source: amazon-vpc-resource-controller-k8s, limits.go. */
const TAKES_TRUNK = { 't3.medium': false, 'm5.large': true, 'c5.xlarge': true, 'm5.4xlarge': true } as const;
const NODE: NodeId = 'i-1';
const HOST_NETWORK = 2;

interface Case {
  readonly world: ModelWorld;
  readonly running: boolean;
  readonly share: number;
  readonly warmEniTarget: number;
  readonly podEni: boolean;
  readonly maxPods: number | undefined;
  readonly reserve: number;
  readonly launchDemand: 'full' | 'skeleton' | 'none';
}

/** Launch templates may bring ENIs, empty, partly filled or full; an earlier run of ours may have made some, and one of
 *  its device indexes may be taken since. */
const cases: fc.Arbitrary<Case> = fc.constantFrom(...(Object.keys(TYPES) as Type[])).chain((type) => {
  const [mostEnis, perEni] = TYPES[type];
  const size = fc.oneof(fc.constantFrom(0, perEni), fc.nat(perEni));
  return fc
    .record({
      extra: fc.array(size, { maxLength: mostEnis - 1 }),
      primary: size,
      made: fc.uniqueArray(fc.integer({ min: 1, max: mostEnis - 1 }), { maxLength: 2 }),
      unfinished: fc.boolean(),
      free: fc.tuple(...[0, 1].map(() => fc.oneof(fc.nat(80), fc.constant(4_000)))),
      tagged: fc.boolean(),
      running: fc.boolean(),
      share: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 250 })),
      warmEniTarget: fc.nat(3),
      podEni: fc.boolean(),
      maxPods: fc.constantFrom(undefined, 2, 8, 20, 110),
      reserve: fc.constantFrom(0, 16),
      launchDemand: fc.constantFrom<Case['launchDemand'][]>('full', 'skeleton', 'none'),
    })
    .map(({ extra, primary, made, unfinished, free, tagged, ...rest }) => {
      const enis = [primary, ...extra].map((ips, index) => anEni(index, ips));
      const ours = { tags: { 'eks-ip-prewarmer/node': NODE }, deleteOnTermination: false };
      const last = enis.at(-1);
      if (unfinished && last !== undefined && last.deviceIndex > 0)
        enis[enis.length - 1] = { ...last, ...ours };
      const node = aNode({
        id: NODE,
        type,
        state: rest.running ? 'running' : 'pending',
        launchedAtMs: NOW_MS,
        enis,
      });
      const tags = tagged ? { 'kubernetes.io/role/cni': '1' } : {};
      const subnets = [aSubnet(free[0] ?? 0, { tags }), aSubnet(free[1] ?? 0, { id: 'subnet-2', tags })];
      const waiting = made.map((index) => anEni(index, perEni, { id: `eni-made-${index}` }));
      return { ...rest, world: { nodes: [node], subnets, made: waiting } };
    });
});

function theNode(world: ModelWorld): Node {
  return same(world, aNode({ id: NODE }));
}

const asMade = ({ id, deviceIndex, secondaryIps }: Eni): PromisedEni =>
  aPromise(id, deviceIndex, secondaryIps);

function plan(one: Case, world: ModelWorld = one.world): Step[] {
  const policy = aPolicy({
    subnetReserveAddresses: one.reserve,
    maxPods: one.maxPods,
    launchDemand: one.launchDemand,
  });
  const env = { WARM_ENI_TARGET: String(one.warmEniTarget), ENABLE_POD_ENI: String(one.podEni) };
  const node = theNode(world);
  const launch = {
    candidate: aCandidate(node, { env, policy }),
    runningAtMs: node.state === 'running' ? NOW_MS : undefined,
    share: one.share,
    made: world.made.map(asMade),
  };
  return planLaunch(launch, CLUSTER_NAME, new Room(world.subnets, one.reserve), policy);
}

function figures(one: Case): { slots: number; perEni: number; podCap: number } {
  const type = theNode(one.world).type as Type;
  const [enis, perEni] = TYPES[type];
  const slots = enis - (one.podEni && TAKES_TRUNK[type] ? 1 : 0);
  const podCap = Math.max(0, Math.min((one.maxPods ?? enis * perEni + 2) - HOST_NETWORK, slots * perEni));
  return { slots, perEni, podCap };
}

const nowRunning = (world: ModelWorld): ModelWorld => ({
  ...world,
  nodes: world.nodes.map((node) => ({ ...node, state: 'running' })),
});
const addressesIn = (world: ModelWorld): number =>
  addressesOn(theNode(world)) + world.made.reduce((sum, { secondaryIps }) => sum + secondaryIps, 0);
const enisIn = (world: ModelWorld): number => theNode(world).enis.length + world.made.length;

const RUNS = { numRuns: 1_500 };

describe('the plan for a launching node, whatever it comes with, and whatever was made for it before', () => {
  test('never exceeds slots, ENI sizes, useful ENIs, the subnet reserve, or what the CNI keeps', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { slots, perEni, podCap } = figures(one);
        const before = theNode(one.world);
        const after = carriedOut(one.world, plan(one));
        const node = theNode(after);
        expect(reserveTouched(one.world, after, one.reserve)).toEqual([]);
        for (const eni of node.enis) expect(eni.secondaryIps).toBeLessThanOrEqual(perEni);
        if (node.enis.length > before.enis.length) {
          expect(node.enis.length).toBeLessThanOrEqual(slots);
          const useful = Math.max(Math.ceil(podCap / perEni), one.warmEniTarget);
          expect(node.enis.length).toBeLessThanOrEqual(useful);
        }
        if (addressesOn(node) > addressesOn(before)) {
          const pods = one.share === 0 ? podCap : Math.min(one.share, podCap);
          const keeps = pods + (one.warmEniTarget + 1) * perEni - 1;
          expect(addressesOn(node)).toBeLessThanOrEqual(keeps);
        }
      }),
      RUNS,
    );
  });

  test('says what is done or why it is left, never both, and is the same for the same world', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const steps = plan(one);
        expect(steps.length).toBeGreaterThan(0);
        if (steps.some((step) => step.do === 'leave')) expect(steps).toHaveLength(1);
        for (const step of steps) expect(step.because).not.toBe('');
        expect(plan(one)).toEqual(steps);
      }),
      RUNS,
    );
  });

  test('a pending node is attached to nothing and filled with nothing: ENIs are only made', () => {
    fc.assert(
      fc.property(cases, (one) => {
        if (one.running) return;
        const steps = plan(one).filter((step) => isAct(step) && step.do !== 'finish');
        for (const step of steps) expect(step).toMatchObject({ do: 'attach', until: 'created' });
      }),
      RUNS,
    );
  });

  test('asks for nothing more once it was carried out; once it runs, only to attach and fill; then for nothing', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const done = carriedOut(one.world, plan(one));
        expect(plan(one, done).filter(isAct)).toEqual([]);
        const running = nowRunning(done);
        const finished = carriedOut(running, plan(one, running));
        expect(plan(one, finished).filter(isAct)).toEqual([]);
      }),
      RUNS,
    );
  });

  test('where subnets have room, made while pending and attached once running comes to the same as all at once', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const subnets = one.world.subnets.map((subnet) => ({ ...subnet, freeAddresses: 4_000 }));
        const wide = { ...one.world, subnets };
        const atOnce = carriedOut(nowRunning(wide), plan(one, nowRunning(wide)));
        const made = nowRunning(carriedOut(wide, plan(one, wide)));
        const inTwo = carriedOut(made, plan(one, made));
        expect(enisIn(inTwo)).toBe(enisIn(atOnce));
        expect(addressesIn(inTwo)).toBe(addressesIn(atOnce));
      }),
      RUNS,
    );
  });

  test('does not do less for more announced pods', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 60 }), (one, more) => {
        if (one.share === 0) return;
        const [few, many] = [
          carriedOut(one.world, plan(one)),
          carriedOut(one.world, plan({ ...one, share: one.share + more })),
        ];
        expect(addressesIn(many)).toBeGreaterThanOrEqual(addressesIn(few));
        expect(theNode(many).enis.length).toBeGreaterThanOrEqual(theNode(few).enis.length);
      }),
      RUNS,
    );
  });
});
