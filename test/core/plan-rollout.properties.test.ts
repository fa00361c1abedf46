/** Properties of the plan for nodes that run. The limits and formulas are written again here, not imported. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Node, NodeId, SubnetId } from '../../lambdas/core/model.ts';
import { candidate } from '../../lambdas/core/plan/eligibility.ts';
import { planRollout, type RolloutPlan } from '../../lambdas/core/plan/plan.ts';
import type { Sight } from '../../lambdas/core/plan/standing.ts';
import { Room } from '../../lambdas/core/plan/subnets.ts';
import { aCluster, aNode, aPolicy, aSubnet, enisOf, NOW_MS } from './fixtures.ts';
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
const HOST_NETWORK = 2;
const QUIET_MS = 60_000;

interface Case {
  readonly world: ModelWorld;
  readonly sights: ReadonlyMap<NodeId, Sight>;
  readonly warmEniTarget: number;
  readonly podEni: boolean;
  readonly maxPods: number | undefined;
  readonly reserve: number;
  readonly addresses: number;
  readonly overMs: number;
  readonly leadMs: number;
  readonly podsPerNode: number | undefined;
}

const subnetIds: readonly SubnetId[] = ['subnet-1', 'subnet-2'];
type Look = 'quiet' | 'recent' | 'changed' | 'never';

const nodes = fc.constantFrom<Type[]>(...(Object.keys(TYPES) as Type[])).chain((type) => {
  const [mostEnis, perEni] = TYPES[type];
  return fc.record({
    type: fc.constant(type),
    subnetId: fc.constantFrom(...subnetIds),
    filling: fc.array(fc.oneof(fc.constantFrom(0, perEni), fc.nat(perEni)), {
      minLength: 1,
      maxLength: mostEnis,
    }),
    look: fc.oneof(
      { weight: 3, arbitrary: fc.constant<Look>('quiet') },
      { weight: 1, arbitrary: fc.constantFrom<Look>('recent', 'changed', 'never') },
    ),
  });
});

const cases: fc.Arbitrary<Case> = fc
  .record({
    nodes: fc.array(nodes, { minLength: 1, maxLength: 5 }),
    free: fc.tuple(...subnetIds.map(() => fc.oneof(fc.nat(60), fc.constant(4_000)))),
    tagged: fc.boolean(),
    warmEniTarget: fc.nat(3),
    podEni: fc.boolean(),
    maxPods: fc.constantFrom(undefined, 8, 20, 29, 110),
    reserve: fc.constantFrom(0, 16),
    addresses: fc.nat(150),
    overMs: fc.constantFrom(0, 0, 2_000, 10_000, 60_000, 600_000),
    leadMs: fc.constantFrom(600_000, 105_000, 104_999, 0),
    podsPerNode: fc.option(fc.nat(40), { nil: undefined }),
  })
  .map(({ nodes: drawn, free, tagged, ...rest }) => {
    const built = drawn.map(({ type, subnetId, filling }, index) =>
      aNode({
        id: `i-${index}`,
        type,
        subnetId,
        enis: enisOf(`i-${index}`, filling, { subnetId }),
      }),
    );
    const sights = new Map<NodeId, Sight>();
    for (const [index, node] of built.entries()) {
      const look = drawn[index]?.look;
      if (look === 'never') continue;
      const total = addressesOn(node) + (look === 'changed' ? 1 : 0);
      const ageMs = look === 'recent' ? QUIET_MS - 1 : QUIET_MS;
      sights.set(node.id, { enis: node.enis.length, total, sinceMs: NOW_MS - ageMs });
    }
    const subnets = subnetIds.map((id, index) =>
      aSubnet(free[index] ?? 0, { id, tags: tagged ? { 'kubernetes.io/role/cni': '1' } : {} }),
    );
    return { ...rest, sights, world: { nodes: built, subnets, made: [] } };
  });

function plan(one: Case, world: ModelWorld = one.world, sights = one.sights): RolloutPlan {
  const policy = aPolicy({ subnetReserveAddresses: one.reserve, maxPods: one.maxPods });
  const env = { WARM_ENI_TARGET: String(one.warmEniTarget), ENABLE_POD_ENI: String(one.podEni) };
  const cluster = aCluster(env);
  return planRollout({
    demand: {
      id: 'build-7',
      cluster: cluster.name,
      addresses: one.addresses,
      atOnce: one.addresses,
      overMs: one.overMs,
      startsAtMs: NOW_MS + one.leadMs,
      selector: {},
      because: '',
    },
    candidates: world.nodes.map((node) => {
      const checked = candidate(node, cluster, policy);
      if ('refusal' in checked) throw new Error(checked.refusal.because);
      return checked.candidate;
    }),
    sights,
    room: new Room(world.subnets, one.reserve),
    policy,
    nowMs: NOW_MS,
    ...(one.podsPerNode !== undefined && { podsPerNode: one.podsPerNode }),
  });
}

/** What the sweep remembers after it looked: as before for nodes that look as before, since just now for the others. */
function lookedAgain(one: Case, world: ModelWorld): Map<NodeId, Sight> {
  return new Map(
    world.nodes.map((node): [NodeId, Sight] => {
      const last = one.sights.get(node.id);
      const [enis, total] = [node.enis.length, addressesOn(node)];
      const unchanged = last?.enis === enis && last.total === total;
      return [node.id, { enis, total, sinceMs: unchanged ? last.sinceMs : NOW_MS }];
    }),
  );
}

/** The same a minute later: what was quiet before us is quiet again. */
function settledAgain(one: Case, world: ModelWorld): Map<NodeId, Sight> {
  const looked = lookedAgain(one, world);
  for (const node of one.world.nodes) {
    const [before, now] = [one.sights.get(node.id), looked.get(node.id)];
    const wasQuiet =
      before?.total === addressesOn(node) &&
      before.enis === node.enis.length &&
      NOW_MS - before.sinceMs >= QUIET_MS;
    if (wasQuiet && now !== undefined) looked.set(node.id, { ...now, sinceMs: NOW_MS - QUIET_MS });
  }
  return looked;
}

const type = (node: Node): Type => node.type as Type;
const taken = (before: ModelWorld, after: ModelWorld): number =>
  before.subnets.reduce(
    (sum, { freeAddresses }, at) => sum + freeAddresses - (after.subnets[at]?.freeAddresses ?? 0),
    0,
  );

const RUNS = { numRuns: 1500 };

describe('the plan for running nodes, whatever the nodes, subnets, sights and demand', () => {
  test('never exceeds slots, ENI sizes, useful ENIs, the subnet reserve, or what the CNI keeps', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const after = carriedOut(one.world, plan(one).steps);
        expect(reserveTouched(one.world, after, one.reserve)).toEqual([]);
        for (const before of one.world.nodes) {
          const node = same(after, before);
          const [enis, perEni] = TYPES[type(node)];
          const slots = enis - (one.podEni && TAKES_TRUNK[type(node)] ? 1 : 0);
          const podCap = Math.min((one.maxPods ?? enis * perEni + 2) - HOST_NETWORK, slots * perEni);
          if (node.enis.length > before.enis.length) {
            expect(node.enis.length).toBeLessThanOrEqual(slots);
            expect(node.enis.length).toBeLessThanOrEqual(Math.ceil(podCap / perEni));
          }
          for (const eni of node.enis) expect(eni.secondaryIps).toBeLessThanOrEqual(perEni);
          if (addressesOn(node) > addressesOn(before)) {
            // Pods it surely runs: as announced, or what makes so many addresses last at all.
            const band = (one.warmEniTarget + 1) * perEni - 1;
            const podsMin = Math.min(
              one.podsPerNode ?? Math.max(0, addressesOn(before) - band),
              addressesOn(before),
            );
            expect(addressesOn(node)).toBeLessThanOrEqual(podsMin + band);
          }
        }
      }),
      RUNS,
    );
  });

  test('says of every node what is done or why it is left, and never both', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { steps } = plan(one);
        for (const { id } of one.world.nodes) {
          const own = steps.filter((step) => step.do !== 'advise' && step.nodeId === id);
          const left = own.filter((step) => step.do === 'leave');
          expect(left.length).toBe(own.some(isAct) ? 0 : 1);
          for (const step of own) expect(step.because).not.toBe('');
        }
      }),
      RUNS,
    );
  });

  test('is the same for the same world, in whatever order EC2 lists the nodes', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const once = plan(one);
        expect(plan(one)).toEqual(once);
        const reversed = plan(one, { ...one.world, nodes: [...one.world.nodes].reverse() });
        const sorted = (steps: RolloutPlan['steps']): string[] =>
          steps.map((step) => JSON.stringify(step)).sort();
        expect(sorted(reversed.steps)).toEqual(sorted(once.steps));
        expect(reversed.unplaced).toBe(once.unplaced);
      }),
      RUNS,
    );
  });

  test('asks for nothing more once it was carried out, at the same instant', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const after = carriedOut(one.world, plan(one).steps);
        expect(plan(one, after).steps.filter(isAct)).toEqual([]);
      }),
      RUNS,
    );
  });

  test('nor when its own changes were looked at since', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const after = carriedOut(one.world, plan(one).steps);
        expect(plan(one, after, lookedAgain(one, after)).steps.filter(isAct)).toEqual([]);
        expect(plan(one, after, settledAgain(one, after)).steps.filter(isAct)).toEqual([]);
      }),
      RUNS,
    );
  });

  test('half carried out, it asks for the other half only', () => {
    fc.assert(
      fc.property(cases, fc.nat(), (one, cut) => {
        const acts = plan(one).steps.filter(isAct);
        const half = carriedOut(one.world, acts.slice(0, cut % (acts.length + 1)));
        const whole = carriedOut(half, plan(one, half).steps);
        expect(taken(one.world, whole)).toBeLessThanOrEqual(taken(one.world, carriedOut(one.world, acts)));
      }),
      RUNS,
    );
  });

  test('does not do less for more demand', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 60 }), (one, more) => {
        const bigger = { ...one, addresses: one.addresses + more };
        const [few, many] = [plan(one), plan(bigger)];
        const takes = (steps: RolloutPlan['steps']): number => taken(one.world, carriedOut(one.world, steps));
        expect(takes(many.steps)).toBeGreaterThanOrEqual(takes(few.steps));
        expect(many.unplaced).toBeGreaterThanOrEqual(few.unplaced);
      }),
      RUNS,
    );
  });
});
