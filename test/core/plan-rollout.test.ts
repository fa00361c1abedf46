import { describe, expect, test } from 'vitest';
import type { Node, NodeId, Subnet } from '../../lambdas/core/model.ts';
import { planRollout, type RolloutPlan } from '../../lambdas/core/plan/plan.ts';
import type { Sight } from '../../lambdas/core/plan/standing.ts';
import type { Step } from '../../lambdas/core/plan/steps.ts';
import { Room } from '../../lambdas/core/plan/subnets.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import { aCandidate, aNode, anEni, aPolicy, aSubnet, enisOf, NOW_MS } from './fixtures.ts';
import { addressesOn } from './model-world.ts';

/** 65 s for a reconcile, 30 s until metadata shows it, 10 s of our own. */
const ADOPTED_AFTER_MS = 105_000;

interface Story {
  readonly nodes?: readonly Node[];
  readonly pods: number;
  readonly overMs?: number;
  readonly leadMs?: number;
  /** How long ago the nodes last changed, all or by id; a minute otherwise. */
  readonly unchangedMs?: number | Readonly<Record<NodeId, number>>;
  readonly podsPerNode?: number;
  readonly warmEniTarget?: number;
  readonly policy?: Partial<Policy>;
  readonly subnets?: readonly Subnet[];
}

function planFor(story: Story): RolloutPlan {
  const { nodes = [aNode()], pods, overMs = 0, leadMs = ADOPTED_AFTER_MS, unchangedMs = 60_000 } = story;
  const policy = aPolicy({ margin: 1, ...story.policy });
  const env = { WARM_ENI_TARGET: String(story.warmEniTarget ?? 1) };
  const sights = new Map<NodeId, Sight>(
    nodes.map((node) => {
      const agoMs = typeof unchangedMs === 'number' ? unchangedMs : (unchangedMs[node.id] ?? 60_000);
      return [node.id, { enis: node.enis.length, total: addressesOn(node), sinceMs: NOW_MS - agoMs }];
    }),
  );
  return planRollout({
    demand: {
      id: 'build-7',
      cluster: 'shop',
      addresses: pods,
      atOnce: pods,
      overMs,
      startsAtMs: NOW_MS + leadMs,
      selector: {},
      because: '',
    },
    candidates: nodes.map((node) => aCandidate(node, { env, policy })),
    sights,
    room: new Room(story.subnets ?? [aSubnet(1_000)], policy.subnetReserveAddresses),
    policy,
    nowMs: NOW_MS,
    ...(story.podsPerNode !== undefined && { podsPerNode: story.podsPerNode }),
  });
}

const brief = ({ steps }: RolloutPlan): string[] =>
  steps.map((step: Step) => {
    if (step.do === 'attach') return `${step.shape} at ${step.deviceIndex}: ${step.addresses}`;
    if (step.do === 'fill') return `fill ${step.eniId}: ${step.addresses}`;
    return step.do === 'leave' ? step.reason : step.do;
  });
const filled = (...filling: number[]): Node => aNode({ enis: enisOf('i-1', filling) });

describe('a quiet m5.large with time enough', () => {
  test('20 pods at one instant: addresses up to what the CNI keeps, 17, and an empty ENI for the rest', () => {
    expect(brief(planFor({ pods: 20 }))).toEqual(['partial at 2: 8', 'skeleton at 1: 0']);
  });
  test('9 pods or fewer at a time: an empty ENI is filled as fast as they come', () => {
    expect(brief(planFor({ pods: 20, overMs: 11_200 }))).toEqual(['skeleton at 2: 0', 'skeleton at 1: 0']);
  });
  test('no more in 14 s than are free: its own growth keeps up', () => {
    expect(brief(planFor({ pods: 20, overMs: 60_000 }))).toEqual(['already warm']);
  });
  test('no more than are free at all', () => {
    expect(brief(planFor({ pods: 9 }))).toEqual(['already warm']);
  });
  test('no pod lands here', () => {
    expect(brief(planFor({ pods: 0 }))).toEqual(['no demand']);
  });
  test('WARM_ENI_TARGET=2 with two ENIs: up to 26, which the CNI keeps with no pod at all', () => {
    const plan = planFor({ nodes: [filled(9, 9)], pods: 27, warmEniTarget: 2 });
    expect(brief(plan)).toEqual(['partial at 2: 8']);
  });
  test('announced pods raise what is kept: with 5 on the node 22 addresses last', () => {
    const plan = planFor({ nodes: [filled(9, 5)], pods: 20, podsPerNode: 5 });
    expect(brief(plan)).toEqual(['partial at 2: 8']);
  });
  test('the margin multiplies the demand', () => {
    expect(brief(planFor({ pods: 8, policy: { margin: 1 } }))).toEqual(['already warm']);
    expect(brief(planFor({ pods: 8, policy: { margin: 1.25 } }))).toEqual(['partial at 2: 8']);
  });
  test('max-pods of 11 is met by the ENI there is', () => {
    expect(brief(planFor({ pods: 20, policy: { maxPods: 11 } }))).toEqual(['already warm']);
  });
  test("an ENI is marked with its demand and has the primary's security groups", () => {
    expect(planFor({ pods: 20 }).steps).toMatchObject([
      { demandId: 'build-7', groupIds: ['sg-nodes'], until: 'attached' },
      { demandId: 'build-7', groupIds: ['sg-nodes'], until: 'attached' },
    ]);
  });
});

describe('nodes without a free slot', () => {
  test('every ENI full: nothing to attach, nothing surely free, only pacing helps', () => {
    const plan = planFor({ nodes: [filled(9, 9, 9)], pods: 20 });
    expect(brief(plan)).toEqual(['no slots']);
    expect(plan).toMatchObject({ unplaced: 20, freeAddresses: 0 });
  });
  test('every ENI full, 12 pods announced on it: 15 addresses are free, for 15 pods or to pace with', () => {
    const nodes = [filled(9, 9, 9)];
    expect(brief(planFor({ nodes, pods: 15, podsPerNode: 12 }))).toEqual(['already warm']);
    const plan = planFor({ nodes, pods: 20, podsPerNode: 12 });
    expect(plan).toMatchObject({ unplaced: 5, freeAddresses: 15 });
    expect(brief(plan)).toEqual(['no slots']);
  });
  test('empty ENIs, pods known: filled up to what the CNI keeps', () => {
    const plan = planFor({ nodes: [filled(9, 0, 0)], pods: 20, podsPerNode: 0 });
    expect(brief(plan)).toEqual(['fill eni-i-1-1: 8']);
  });
  test('so on a node without slots whose subnet has no room: that is said, because it may have room again', () => {
    const full = { nodes: [filled(9, 0, 0)], pods: 20, podsPerNode: 0, subnets: [aSubnet(16)] };
    expect(brief(planFor(full))).toEqual(['subnet full']);
  });
  test('empty ENIs, pods not known: ipamd fills them itself, by a call each', () => {
    expect(brief(planFor({ nodes: [filled(9, 0, 0)], pods: 20 }))).toEqual(['already warm']);
  });
  test('as many addresses as max-pods: ipamd stops growing there, so they may all have pods, but for host-network ones', () => {
    const node = aNode({ type: 'm5.4xlarge', enis: enisOf('i-1', [29, 29]) });
    const plan = planFor({ nodes: [node], pods: 20, policy: { maxPods: 58 } });
    expect(plan).toMatchObject({ unplaced: 20, freeAddresses: 2 });
    const larger = planFor({ nodes: [node], pods: 20, policy: { maxPods: 59 } });
    expect(larger).toMatchObject({ unplaced: 0, freeAddresses: 29 });
  });
});

describe('attached and not adopted is worse than nothing where slots are few', () => {
  test('a millisecond less than adoption takes', () => {
    expect(brief(planFor({ pods: 20, leadMs: ADOPTED_AFTER_MS - 1 }))).toEqual(['too late']);
  });
  test('a node that changed less than a minute ago', () => {
    expect(brief(planFor({ pods: 20, unchangedMs: 59_999 }))).toEqual(['not quiet']);
  });
  test('a type with spare slots: an ENI of those ipamd could never need does no harm', () => {
    // 58 pods' worth and one warm ENI want 3 of 8 slots; 1 is there, so 5 of the 7 free ones are spare.
    const node = aNode({ type: 'm5.4xlarge', enis: enisOf('i-1', [29]) });
    const plan = planFor({ nodes: [node], pods: 50, leadMs: 0, policy: { maxPods: 60 } });
    expect(brief(plan)).toEqual(['skeleton at 7: 0']);
  });
  test('the same type with pods for all its slots has none to spare', () => {
    const node = aNode({ type: 'm5.4xlarge', enis: enisOf('i-1', [29]) });
    expect(brief(planFor({ nodes: [node], pods: 50, leadMs: 0 }))).toEqual(['too late']);
  });
});

describe('the same announcement again, after one of two nodes was done', () => {
  const [one, other] = [aNode(), aNode({ id: 'i-2' })];
  const first = planFor({ nodes: [one, other], pods: 30 });
  const ours = { 'eks-ip-prewarmer/node': 'i-1', 'eks-ip-prewarmer/demand': 'build-7' };
  const done = aNode({ enis: [...one.enis, anEni(2, 8, { tags: ours })] });
  const second = planFor({
    nodes: [done, other],
    pods: 30,
    // The sweep saw our ENI appear a moment ago.
    unchangedMs: { 'i-1': 1_000 },
  });

  test('the other gets what it was to get, and not what the first seems to have no room for any more', () => {
    expect(brief(first)).toEqual(['partial at 2: 8', 'partial at 2: 8']);
    expect(second.steps.filter(({ do: what }) => what === 'attach')).toEqual(first.steps.slice(1));
  });
});

describe('subnets', () => {
  test('fewer addresses than wished above the reserve: as many as there are', () => {
    expect(brief(planFor({ pods: 18, subnets: [aSubnet(16 + 5)] }))).toEqual(['partial at 2: 4']);
  });
  test('none above the reserve', () => {
    expect(brief(planFor({ pods: 20, subnets: [aSubnet(16)] }))).toEqual(['subnet full']);
  });
});

describe('ENIs that are not the pool', () => {
  test('one on another network card takes no slot and counts for no address', () => {
    const enis = [...enisOf('i-1', [9]), anEni(1, 9, { networkCardIndex: 1 })];
    const plan = planFor({ nodes: [aNode({ enis })], pods: 20 });
    expect(plan.freeAddresses).toBe(0);
  });
  test('one that the CNI must not manage takes its slot, and its addresses are nobody’s', () => {
    const unmanaged = anEni(1, 9, { tags: { 'node.k8s.amazonaws.com/no_manage': 'true' } });
    const nodes = [aNode({ enis: [...enisOf('i-1', [9]), unmanaged] })];
    const plan = planFor({ nodes, pods: 18, podsPerNode: 0 });
    expect(plan).toMatchObject({ unplaced: 0, freeAddresses: 9 });
  });
});
