/** How many pods find an address at once. Figures are spelled out: an m5.large has 3 ENIs of 9 addresses beside their own, and runs
 *  29 pods, 2 of them on the host's network. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CniMode } from '../../lambdas/core/cni.ts';
import { type Cluster, type Node, OUR_NODE_TAG } from '../../lambdas/core/model.ts';
import { spread } from '../../lambdas/core/plan/placement.ts';
import { lookAt } from '../../lambdas/core/plan/standing.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import {
  addressable,
  growthStep,
  type NodePool,
  type PoolsSeen,
  poolOf,
} from '../../lambdas/core/rollouts/addressable.ts';
import { aCluster, aNode, anEni, aPolicy, enisOf, IPAMD_TAG, NOW_MS } from './fixtures.ts';

const poolsOf = (...all: readonly (readonly [slots: number, free: number])[]): NodePool[] =>
  all.map(([freeSlots, freeAddresses], index) => ({ nodeId: `i-${index}`, freeSlots, freeAddresses }));

describe('addressable: pods of which none is refused', () => {
  test.each([
    ['nodes alike', poolsOf([18, 9], [18, 9]), 18, 'i-0'],
    ['one has fewer addresses: nobody may come so far that it runs out', poolsOf([18, 9], [18, 4]), 8, 'i-1'],
    ['the emptier node is filled first', poolsOf([27, 9], [18, 9]), 9, 'i-0'],
    ['or down to where the other one begins, and on', poolsOf([27, 18], [18, 9]), 27, 'i-0'],
    ['a node that is full is never chosen', poolsOf([20, 10], [4, 0]), 10, 'i-0'],
    ['one without any address that would be next', poolsOf([20, 10], [20, 0]), 0, 'i-1'],
    ['one without any that would be next after two', poolsOf([20, 10], [18, 0]), 2, 'i-1'],
    ['every free slot has its address', poolsOf([9, 9], [3, 8]), Number.POSITIVE_INFINITY, undefined],
    ['no slot is free', poolsOf([0, 5]), Number.POSITIVE_INFINITY, undefined],
    ['no node', [], Number.POSITIVE_INFINITY, undefined],
  ] as const)('%s', (_what, nodes, pods, limitedBy) => {
    expect(addressable({ nodes })).toEqual({
      pods,
      freeAddresses: nodes.reduce((sum, { freeAddresses }) => sum + freeAddresses, 0),
      freeSlots: nodes.reduce((sum, { freeSlots }) => sum + freeSlots, 0),
      ...(limitedBy !== undefined && { limitedBy }),
    });
  });

  const pools = (most: { readonly nodes: number; readonly each: number }) =>
    fc
      .array(fc.tuple(fc.nat(most.each), fc.nat(most.each)), { maxLength: most.nodes })
      .map((each) => poolsOf(...each));

  test('pod by pod, in whatever order ties are broken, no other number is right', () => {
    fc.assert(
      fc.property(pools({ nodes: 4, each: 5 }), (nodes) => {
        expect(addressable({ nodes }).pods).toBe(podByPod(nodes));
      }),
      { numRuns: 500 },
    );
  });

  test('no share of the spread is above the addresses of its node; with a pod more for each node one is', () => {
    fc.assert(
      fc.property(pools({ nodes: 40, each: 110 }), (nodes) => {
        const { pods, freeSlots, limitedBy } = addressable({ nodes });
        const short = (count: number) => {
          const { placed } = spread(
            count,
            nodes.map((node) => ({ nodeId: node.nodeId, freePods: node.freeSlots })),
          );
          return nodes.filter(({ nodeId, freeAddresses }) => (placed.get(nodeId) ?? 0) > freeAddresses);
        };
        expect(short(Math.min(pods, freeSlots))).toEqual([]);
        if (limitedBy !== undefined)
          expect(short(pods + nodes.length).map(({ nodeId }) => nodeId)).toContain(limitedBy);
      }),
    );
  });

  test('an address more, anywhere, is never a pod less; in which order nodes come means nothing', () => {
    fc.assert(
      fc.property(pools({ nodes: 12, each: 30 }), fc.nat(), (nodes, which) => {
        const { pods } = addressable({ nodes });
        const more = nodes.map((node, index) =>
          index === which % nodes.length ? { ...node, freeAddresses: node.freeAddresses + 1 } : node,
        );
        expect(addressable({ nodes: more }).pods).toBeGreaterThanOrEqual(pods);
        expect(addressable({ nodes: nodes.toReversed() })).toEqual(addressable({ nodes }));
      }),
    );
  });
});

/** The most pods that can come one after the other, each to any of the nodes with most free slots, so that none can be refused. */
function podByPod(nodes: readonly NodePool[]): number {
  let states: (readonly NodePool[])[] = [nodes];
  for (let pods = 0; ; pods++) {
    const next = new Map<string, readonly NodePool[]>();
    for (const state of states) {
      const most = Math.max(0, ...state.map(({ freeSlots }) => freeSlots));
      if (most === 0) return Number.POSITIVE_INFINITY;
      for (const [at, { freeSlots, freeAddresses }] of state.entries()) {
        if (freeSlots < most) continue;
        if (freeAddresses === 0) return pods;
        const after = state.map((node, index) =>
          index === at ? { ...node, freeSlots: freeSlots - 1, freeAddresses: freeAddresses - 1 } : node,
        );
        next.set(JSON.stringify(after), after);
      }
    }
    states = [...next.values()];
  }
}

describe('poolOf: what of a node is surely free', () => {
  interface Given extends Partial<PoolsSeen> {
    readonly env?: Readonly<Record<string, string>>;
    readonly policy?: Partial<Policy>;
    readonly cluster?: Partial<Cluster>;
    /** The node looked the same so long ago. */
    readonly sameForMs?: number;
  }
  const poolFor = (node: Node, { env, policy, cluster, sameForMs, ...seen }: Given = {}) =>
    poolOf(node, aCluster(env, cluster), aPolicy(policy), {
      nowMs: NOW_MS,
      ...(sameForMs !== undefined && { sights: lookAt([node], new Map(), NOW_MS - sameForMs) }),
      ...seen,
    });
  const room = (node: Node, given?: Given): readonly [slots: number, free: number] | undefined => {
    const pool = poolFor(node, given);
    return pool && [pool.freeSlots, pool.freeAddresses];
  };
  /** ENIs with these numbers of prefixes. */
  const withPrefixes = (...prefixes: readonly number[]): Node =>
    aNode({
      enis: prefixes.map((each, index) => anEni(index, 0, { prefixes: each, tags: { [IPAMD_TAG]: 'i-1' } })),
    });
  const PREFIXES = { ENABLE_PREFIX_DELEGATION: 'true' };
  const QUIET = { sameForMs: 60_000 };

  test('pods that were counted leave the rest of its addresses free', () => {
    const node = aNode({ enis: enisOf('i-1', [9, 9]) });
    const podsOn = new Map([['i-1', 5]] as const);
    expect(room(node, { podsOn, podsPerNode: 11 })).toEqual([22, 13]);
    expect(room(node, { podsPerNode: 11 })).toEqual([16, 7]);
    // Uncounted here, though others were.
    expect(room(node, { podsOn: new Map(), podsPerNode: 11 })).toEqual([16, 7]);
    // They came after EC2 was read.
    expect(room(node, { podsPerNode: 20 })).toEqual([7, 0]);
  });

  test('addresses that cool are not free', () => {
    const node = aNode({ enis: enisOf('i-1', [9, 9]) });
    expect(room(node, { podsPerNode: 11, cooling: 3 })).toEqual([16, 4]);
    expect(room(node, { podsPerNode: 11, cooling: new Map([['i-1', 6]]) })).toEqual([16, 1]);
    expect(room(node, { podsPerNode: 11, cooling: new Map([['i-2', 6]]) })).toEqual([16, 7]);
    expect(room(node, { podsPerNode: 11, cooling: 8 })).toEqual([16, 0]);
  });

  test('with ENIs full for every pod it may run, no slot is without an address while its pods keep them', () => {
    const node = aNode({ enis: enisOf('i-1', [9, 9, 9]) });
    for (const podsPerNode of [10, 20, 27]) {
      const pool = poolFor(node, { podsPerNode });
      expect(addressable({ nodes: pool ? [pool] : [] }).pods).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test('what the CNI would give back within seconds does not count', () => {
    const node = aNode({ enis: enisOf('i-1', [9, 9, 9]) });
    // Whole ENIs, as long as two of them could be without a pod's address.
    expect(room(node, { podsPerNode: 0 })).toEqual([27, 9]);
    expect(room(node, { podsPerNode: 9 })).toEqual([18, 9]);
    expect(room(node, { podsPerNode: 10 })).toEqual([17, 17]);
    const env = { WARM_IP_TARGET: '5', MINIMUM_IP_TARGET: '10' };
    expect(room(aNode({ enis: enisOf('i-1', [9, 3]) }), { env, podsPerNode: 4 })).toEqual([23, 6]);
  });

  test('an ENI that came less than 45 s ago is there for pods that come now, however many are free', () => {
    const attached = (secondsAgo: number) =>
      aNode({
        enis: [
          anEni(0, 9, { tags: { [IPAMD_TAG]: 'i-1' } }),
          anEni(1, 9, { attachedAtMs: NOW_MS - secondsAgo * 1000, tags: { [IPAMD_TAG]: 'i-1' } }),
        ],
      });
    const env = { WARM_ENI_TARGET: '0' };
    expect(room(attached(44), { env, podsPerNode: 9 })).toEqual([18, 9]);
    expect(room(attached(45), { env, podsPerNode: 9 })).toEqual([18, 0]);
    // A pod keeps it.
    expect(room(attached(45), { env, podsPerNode: 10 })).toEqual([17, 8]);
  });

  test.each<[string, Readonly<Record<string, string>>, podsPerNode: number, grows: boolean | undefined]>([
    ['more free than it keeps', {}, 9, undefined],
    ['fewer', {}, 10, true],
    ['none free, with a target of 0', { WARM_ENI_TARGET: '0' }, 18, true],
    ['some, which it gives back in turn', { WARM_ENI_TARGET: '0' }, 17, true],
    ['it must not', { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' }, 18, undefined],
    ['no ENI more', { MAX_ENI: '2' }, 18, undefined],
  ])(
    '18 addresses and pods that were counted: whether the CNI is about to grow, %s',
    (_, env, podsPerNode, grows) => {
      const node = aNode({ enis: enisOf('i-1', [9, 9]) });
      expect(poolFor(node, { env, podsPerNode })?.grows).toBe(grows);
    },
  );

  test('nobody counted: what the CNI keeps free on a quiet node that could grow, or nothing', () => {
    const node = aNode({ enis: enisOf('i-1', [9, 9]) });
    expect(room(node, QUIET)).toEqual([18, 9]);
    expect(room(node, { ...QUIET, env: { WARM_ENI_TARGET: '0' } })).toEqual([9, 0]);
    expect(room(node, { ...QUIET, env: { WARM_ENI_TARGET: '3' } })).toEqual([27, 18]);
    expect(room(node)).toEqual([9, 0]);
    expect(room(node, { sameForMs: 59_000 })).toEqual([9, 0]);
    expect(room(node, { sights: lookAt([aNode()], new Map(), NOW_MS - 3_600_000) })).toEqual([9, 0]);
    expect(room(aNode({ enis: enisOf('i-1', [9, 9, 9]) }), QUIET)).toEqual([0, 0]);
    expect(room(node, { ...QUIET, env: { MAX_ENI: '2' } })).toEqual([9, 0]);
    // Its pods may be as many as 16; ipamd stops growing at max-pods.
    expect(room(node, { ...QUIET, policy: { maxPods: 18 } })).toEqual([0, 2]);
  });

  test('with IP targets that is WARM_IP_TARGET, and never MINIMUM_IP_TARGET', () => {
    const node = aNode({ enis: enisOf('i-1', [9, 3]) });
    const env = { WARM_IP_TARGET: '5', MINIMUM_IP_TARGET: '10' };
    expect(room(node, { ...QUIET, env })).toEqual([20, 5]);
    expect(room(node, { ...QUIET, env: { MINIMUM_IP_TARGET: '12' } })).toEqual([15, 0]);
  });

  describe('with prefixes', () => {
    test('sixteen addresses each count, single ones beside them do not', () => {
      expect(room(withPrefixes(2), { env: PREFIXES, podsPerNode: 10 })).toEqual([98, 22]);
      const both = aNode({ enis: [anEni(0, 4, { prefixes: 2 }), anEni(1, 5)] });
      const tagged = {
        ...both,
        enis: both.enis.map((eni) => ({ ...eni, tags: { [IPAMD_TAG]: 'i-1' } })),
      };
      expect(room(tagged, { env: PREFIXES, podsPerNode: 10 })).toEqual([98, 22]);
      // And the other way round.
      expect(room(tagged, { podsPerNode: 4 })).toEqual([23, 5]);
    });

    test('nobody counted: 16 for each of WARM_PREFIX_TARGET', () => {
      const raised = { ...QUIET, policy: { maxPods: 110 } };
      expect(room(withPrefixes(3), { ...raised, env: PREFIXES })).toEqual([76, 16]);
      expect(room(withPrefixes(3), { ...raised, env: { ...PREFIXES, WARM_PREFIX_TARGET: '2' } })).toEqual([
        92, 32,
      ]);
      expect(room(withPrefixes(3), { ...raised, env: { ...PREFIXES, WARM_PREFIX_TARGET: '0' } })).toEqual([
        60, 0,
      ]);
      expect(room(withPrefixes(3), { ...raised, env: { ...PREFIXES, WARM_IP_TARGET: '20' } })).toEqual([
        80, 20,
      ]);
    });

    test('a prefix that came meanwhile: the node was not quiet', () => {
      const sights = lookAt([withPrefixes(2)], new Map(), NOW_MS - 3_600_000);
      expect(room(withPrefixes(3), { sights, env: PREFIXES, policy: { maxPods: 110 } })).toEqual([60, 0]);
    });

    test('unless max-pods is told, it may have been raised for the scheduler, and not be for what the CNI keeps', () => {
      // 29 pods by the CNI's formula: with 32 addresses it may not grow any more.
      expect(room(withPrefixes(2), { ...QUIET, env: PREFIXES })).toEqual([76, 0]);
      expect(room(withPrefixes(1), { ...QUIET, env: PREFIXES })).toEqual([108, 16]);
      expect(room(withPrefixes(2), { ...QUIET, env: PREFIXES, policy: { maxPods: 29 } })).toEqual([0, 5]);
      const nano = { ...withPrefixes(1), type: 't3.nano' };
      // Two ENIs of one prefix: 32 pods.
      expect(room(nano, { env: PREFIXES, podsPerNode: 0 })).toEqual([32, 16]);
    });
  });

  test('an ENI that the CNI has not taken in yet does not count; where it writes no tags it does', () => {
    const ours = anEni(1, 9, { tags: { [OUR_NODE_TAG]: 'i-1' } });
    const node = aNode({ enis: [...enisOf('i-1', [9]), ours] });
    expect(room(node, { podsPerNode: 4 })).toEqual([23, 5]);
    const seen = { ...ours, tags: { ...ours.tags, [IPAMD_TAG]: 'i-1' } };
    expect(room({ ...node, enis: [...enisOf('i-1', [9]), seen] }, { podsPerNode: 4 })).toEqual([23, 14]);
    const disabled = { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' };
    expect(room(node, { podsPerNode: 4, env: disabled })).toEqual([23, 14]);
    expect(room(node, { podsPerNode: 4, env: { ...disabled, MANAGE_UNTAGGED_ENI: 'false' } })).toEqual([
      23, 5,
    ]);
    const untagged = aNode({ enis: [anEni(0, 9)] });
    expect(room(untagged, { podsPerNode: 4, env: disabled })).toEqual([23, 5]);
    expect(room(untagged, { ...QUIET, env: disabled })).toEqual([18, 0]);
  });

  test.each([
    ['being attached', { attachmentStatus: 'attaching' }],
    ['on its way off', { attachmentStatus: 'detaching' }],
    ['a trunk', { interfaceType: 'trunk' }],
    ['on another card', { networkCardIndex: 1 }],
    ['left alone by order', { tags: { [IPAMD_TAG]: 'i-1', 'node.k8s.amazonaws.com/no_manage': 'true' } }],
  ] as const)('addresses of an ENI that is %s are nobody’s', (_what, changes) => {
    const [primary, second] = enisOf('i-1', [9, 9]);
    if (primary === undefined || second === undefined) throw new Error('no ENIs');
    const node = aNode({ enis: [primary, { ...second, ...changes }] });
    expect(room(node, { podsPerNode: 4 })).toEqual([23, 5]);
  });

  test('custom networking: the primary gives none, and one ENI of pods less', () => {
    const node = aNode({ enis: enisOf('i-1', [9, 9]) });
    const env = { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' };
    expect(room(node, { env, podsPerNode: 4 })).toEqual([14, 5]);
    expect(room(node, { env, ...QUIET })).toEqual([18, 9]);
  });

  test('IPv6: an address for every pod', () => {
    expect(room(aNode(), { cluster: { ipFamily: 'ipv6' }, podsPerNode: 4 })).toEqual([23, 23]);
    expect(room(aNode(), { env: { ENABLE_IPv6: 'true' } })).toEqual([27, 27]);
  });

  test.each([
    ['is not running', aNode({ state: 'pending' })],
    ['has no ipamd yet', aNode({ enis: [anEni(0, 9)] })],
    ['is operated by EKS', aNode({ operatedBy: 'eks.amazonaws.com' })],
    ['runs Windows', aNode({ platform: 'windows' })],
  ])('a node that %s takes no pod with an address of the CNI', (_what, node) => {
    expect(room(node, { podsPerNode: 4 })).toBeUndefined();
  });

  test('too little is known: slots, and no address', () => {
    expect(room(aNode(), { cluster: { vpcCni: undefined }, podsPerNode: 4 })).toEqual([104, 0]);
    const future = aNode({ type: 'm99.large' });
    expect(room(future, QUIET)).toEqual([99, 0]);
    // Its addresses are there all the same.
    expect(room(future, { podsPerNode: 4 })).toEqual([104, 5]);
  });

  test('max-pods and pods on the host’s network are those of its node group', () => {
    const node = aNode({ tags: { 'eks:cluster-name': 'shop', 'karpenter.sh/nodepool': 'batch' } });
    const clusters = { shop: { nodeGroups: { batch: { maxPods: 20, hostNetworkPods: 5 } } } };
    expect(room(node, { policy: { clusters }, podsPerNode: 4 })).toEqual([11, 5]);
  });
});

describe('growthStep: what the CNI brings by itself', () => {
  const prefix = (warmPrefixTarget: number): CniMode => ({ kind: 'prefix', warmPrefixTarget });
  const ips = (warmIpTarget: number, kind: 'ip-targets' | 'prefix-ip-targets' = 'ip-targets'): CniMode => ({
    kind,
    warmIpTarget,
    minimumIpTarget: 30,
  });
  test.each([
    [{ kind: 'warm-eni', warmEniTarget: 2 }, 9, { pods: 9, everyMs: 14_000 }],
    [ips(5), 9, { pods: 5, everyMs: 6_000 }],
    [ips(12), 9, { pods: 9, everyMs: 14_000 }],
    [ips(0), 9, undefined],
    [prefix(0), 9, { pods: 16, everyMs: 6_000 }],
    [prefix(1), 9, { pods: 16, everyMs: 6_000 }],
    [prefix(3), 9, { pods: 48, everyMs: 6_000 }],
    [prefix(3), 1, { pods: 16, everyMs: 14_000 }],
    [ips(20, 'prefix-ip-targets'), 9, { pods: 32, everyMs: 6_000 }],
    [ips(0, 'prefix-ip-targets'), 9, undefined],
    [{ kind: 'provisioning-disabled' }, 9, undefined],
  ] as const)('%j with %i to an ENI', (mode, perEni, expected) => {
    expect(growthStep(mode, perEni)).toEqual(expected);
  });
});
