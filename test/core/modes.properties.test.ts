/** Properties of plans in the CNI's less usual modes, whatever nodes come with. Limits and rules are written again here. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Eni, Node, NodeId } from '../../lambdas/core/model.ts';
import { shortOf } from '../../lambdas/core/plan/allocation.ts';
import type { Candidate } from '../../lambdas/core/plan/eligibility.ts';
import { planLaunch } from '../../lambdas/core/plan/launches.ts';
import { planRollout } from '../../lambdas/core/plan/plan.ts';
import type { AttachStep, FillStep, Step } from '../../lambdas/core/plan/steps.ts';
import { Room } from '../../lambdas/core/plan/subnets.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import { aCandidate, aNode, anEni, aPolicy, aSubnet, CLUSTER_NAME, NOW_MS } from './fixtures.ts';
import { carriedOut, isAct, type ModelWorld, reserveTouched, same } from './model-world.ts';

/** Type: ENIs of the default card, addresses an ENI holds beside its own, whether it takes a trunk. */
const TYPES = {
  't3.medium': [3, 5, false],
  'm5.large': [3, 9, true],
  'm5.4xlarge': [8, 29, true],
  'c6in.32xlarge': [8, 49, true],
} as const;
type Type = keyof typeof TYPES;
const NODE: NodeId = 'i-1';
const POD_SUBNET = 'subnet-pods';
const RESERVE = 16;

interface Case {
  readonly world: ModelWorld;
  readonly env: Readonly<Record<string, string>>;
  readonly policy: Policy;
  readonly share: number;
  readonly asRollout: boolean;
  readonly podsPerNode: number | undefined;
}

const cases: fc.Arbitrary<Case> = fc.constantFrom(...(Object.keys(TYPES) as Type[])).chain((type) => {
  const [mostEnis, perEni] = TYPES[type];
  const size = fc.oneof(fc.constantFrom(0, perEni), fc.nat(perEni));
  const kind = fc.constantFrom('interface', 'interface', 'efa', 'trunk', 'efa-only');
  const extra = fc.record({
    ips: size,
    kind,
    podSubnet: fc.boolean(),
    card: fc.constantFrom(0, 0, 0, type === 'c6in.32xlarge' ? 1 : 0),
  });
  return fc
    .record({
      primary: size,
      extras: fc.array(extra, { maxLength: mostEnis - 1 }),
      free: fc.tuple(fc.oneof(fc.nat(60), fc.constant(4_000)), fc.oneof(fc.nat(60), fc.constant(4_000))),
      sole: fc.constantFrom(undefined, 'DISABLE_NETWORK_RESOURCE_PROVISIONING', 'ENABLE_IMDS_ONLY_MODE'),
      custom: fc.boolean(),
      podEni: fc.boolean(),
      share: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 300 })),
      launchDemand: fc.constantFrom<Policy['launchDemand'][]>('full', 'skeleton', 'none'),
      maxPods: fc.constantFrom(undefined, 8, 20, 110),
      asRollout: fc.boolean(),
      podsPerNode: fc.option(fc.nat(40), { nil: undefined }),
    })
    .map(({ primary, extras, free, sole, custom, podEni, share, launchDemand, maxPods, ...rest }) => {
      const enis = [
        anEni(0, primary),
        ...extras.map(({ ips, kind: interfaceType, podSubnet, card }, nth) =>
          anEni(nth + 1, interfaceType === 'trunk' || interfaceType === 'efa-only' ? 0 : ips, {
            interfaceType,
            networkCardIndex: card,
            ...(podSubnet && { subnetId: POD_SUBNET, groupIds: ['sg-pods'] }),
          }),
        ),
      ];
      const subnets = [aSubnet(free[0]), aSubnet(free[1], { id: POD_SUBNET })];
      return {
        ...rest,
        share,
        world: { nodes: [aNode({ id: NODE, type, enis })], subnets, made: [] },
        env: {
          ENABLE_POD_ENI: String(podEni),
          AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: String(custom),
          ...(sole !== undefined && { [sole]: 'true' }),
        },
        policy: aPolicy({
          soleAllocator: true,
          launchDemand,
          maxPods,
          margin: 1,
          subnetReserveAddresses: RESERVE,
          eniConfigs: { 'eu-central-1a': { subnetId: POD_SUBNET, securityGroupIds: ['sg-pods'] } },
        }),
      };
    });
});

const theNode = (world: ModelWorld): Node => {
  const [node] = world.nodes;
  if (node === undefined) throw new Error('no node');
  return node;
};
const candidateIn = (one: Case, world: ModelWorld): Candidate =>
  aCandidate(theNode(world), { env: one.env, policy: one.policy });

function plan(one: Case, world: ModelWorld = one.world): readonly Step[] {
  const candidate = candidateIn(one, world);
  const { policy, share, podsPerNode } = one;
  const room = new Room(world.subnets, RESERVE);
  if (!one.asRollout)
    return planLaunch({ candidate, runningAtMs: NOW_MS, share, made: [] }, CLUSTER_NAME, room, policy);
  const demand = {
    id: 'r1',
    cluster: CLUSTER_NAME,
    addresses: share,
    atOnce: share,
    overMs: 0,
    startsAtMs: NOW_MS,
    selector: {},
    because: '',
  };
  const known = podsPerNode === undefined ? {} : { podsPerNode };
  return planRollout({
    candidates: [candidate],
    demand,
    sights: new Map(),
    room,
    policy,
    nowMs: NOW_MS,
    ...known,
  }).steps;
}

const attaches = (steps: readonly Step[]): AttachStep[] => steps.filter((step) => step.do === 'attach');
const fills = (steps: readonly Step[]): FillStep[] => steps.filter((step) => step.do === 'fill');
const onDefaultCard = (node: Node): readonly Eni[] =>
  node.enis.filter(({ networkCardIndex }) => networkCardIndex === 0);
const isSole = ({ env }: Case): boolean =>
  env['DISABLE_NETWORK_RESOURCE_PROVISIONING'] === 'true' || env['ENABLE_IMDS_ONLY_MODE'] === 'true';
const isCustom = ({ env }: Case): boolean => env['AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG'] === 'true';

describe('whatever the mode and whatever the node comes with', () => {
  test('slots, ENI sizes and the subnet reserve are kept, the trunk’s slot among them', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const before = theNode(one.world);
        const after = carriedOut(one.world, plan(one));
        const [mostEnis, perEni, trunks] = TYPES[before.type as Type];
        const awaited =
          one.env['ENABLE_POD_ENI'] === 'true' &&
          trunks &&
          !onDefaultCard(before).some(({ interfaceType }) => interfaceType === 'trunk');
        const node = same(after, before);
        if (node.enis.length > before.enis.length)
          expect(onDefaultCard(node).length).toBeLessThanOrEqual(mostEnis - (awaited ? 1 : 0));
        for (const eni of node.enis) expect(eni.secondaryIps).toBeLessThanOrEqual(perEni);
        expect(reserveTouched(one.world, after, RESERVE)).toEqual([]);
      }),
    );
  });

  test('trunks, EFA-only ENIs and those of other cards are not filled', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const enis = new Map(theNode(one.world).enis.map((eni) => [eni.id, eni]));
        for (const { eniId } of fills(plan(one))) {
          expect(enis.get(eniId)?.networkCardIndex).toBe(0);
          expect(['interface', 'efa']).toContain(enis.get(eniId)?.interfaceType ?? 'interface');
        }
      }),
    );
  });

  test('custom networking: nothing outside the ENIConfig’s subnet and groups, and nothing on the primary', () => {
    fc.assert(
      fc.property(cases.filter(isCustom), (one) => {
        const steps = plan(one);
        for (const step of attaches(steps))
          expect(step).toMatchObject({ subnetId: POD_SUBNET, groupIds: ['sg-pods'] });
        for (const { eniId } of fills(steps)) {
          const eni = theNode(one.world).enis.find(({ id }) => id === eniId);
          expect(eni).toMatchObject({ subnetId: POD_SUBNET, groupIds: ['sg-pods'] });
          expect(eni?.deviceIndex).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('sole allocator: nothing empty, a second run adds nothing, and with room a launch is short of nothing', () => {
    fc.assert(
      fc.property(cases.filter(isSole), (one) => {
        const steps = plan(one);
        expect(attaches(steps).filter(({ addresses }) => addresses === 0)).toEqual([]);
        const after = carriedOut(one.world, steps);
        expect(plan(one, after).filter(isAct)).toEqual([]);
        const roomy = after.subnets.every(({ freeAddresses }) => freeAddresses > 1_000);
        const mayFill = one.env['ENABLE_IMDS_ONLY_MODE'] !== 'true' && !isCustom(one);
        if (!one.asRollout && roomy && mayFill)
          expect(shortOf(candidateIn(one, after), one.policy, one.share)).toBe(0);
      }),
    );
  });

  test('IMDS-only mode: a running node’s ENIs are never filled', () => {
    fc.assert(
      fc.property(
        cases.filter(({ env }) => env['ENABLE_IMDS_ONLY_MODE'] === 'true'),
        (one) => {
          expect(fills(plan(one))).toEqual([]);
        },
      ),
    );
  });
});
