/** One policy document, and what it means in each node group. */
import { describe, expect, test } from 'vitest';
import { say } from '../../lambdas/core/complaints.ts';
import type { Race } from '../../lambdas/core/looks/lessons.ts';
import type { Node } from '../../lambdas/core/model.ts';
import { actingIn, misfits, policyFor } from '../../lambdas/core/node-group-policy.ts';
import { candidate } from '../../lambdas/core/plan/eligibility.ts';
import { planLaunch } from '../../lambdas/core/plan/launches.ts';
import { planRollout } from '../../lambdas/core/plan/plan.ts';
import type { Step } from '../../lambdas/core/plan/steps.ts';
import { Room } from '../../lambdas/core/plan/subnets.ts';
import type { Overrides, Policy } from '../../lambdas/core/policy.ts';
import { aCluster, aNode, aPolicy, aSubnet, CLUSTER_NAME, enisOf, NOW_MS } from './fixtures.ts';

const inGroup = (own: Overrides, cluster: Overrides = {}): Policy =>
  aPolicy({ clusters: { [CLUSTER_NAME]: { ...cluster, nodeGroups: { blue: own } } } });

describe('the nearest word counts', () => {
  const policy = {
    ...inGroup({ launchDemand: 'none' }, { launchDemand: 'skeleton', startP05Ms: 12_000 }),
    margin: 2,
  };
  test('the group over its cluster, the cluster over the document', () => {
    expect(policyFor(policy, CLUSTER_NAME, 'blue')).toMatchObject({
      launchDemand: 'none',
      startP05Ms: 12_000,
      margin: 2,
    });
  });
  test('another group has its cluster’s, another cluster the document’s', () => {
    expect(policyFor(policy, CLUSTER_NAME, 'green')).toMatchObject({ launchDemand: 'skeleton' });
    expect(policyFor(policy, 'games', 'blue')).toMatchObject({ launchDemand: 'full', startP05Ms: 20_000 });
  });
  test('names from the language are nobody’s', () => {
    expect(policyFor(policy, 'constructor', 'toString')).toEqual(policy);
    expect(policyFor(policy, CLUSTER_NAME, 'constructor').launchDemand).toBe('skeleton');
  });
});

describe('whether we act', () => {
  const races = (late: number, of: number, atMs = NOW_MS - 60_000): Race[] =>
    Array.from({ length: of }, (_, index) => ({ of: `i-${index}`, atMs, late: index < late }));
  const acting = (own: Overrides, late: number, of: number, deployed: 'observe' | 'warm' = 'warm') =>
    actingIn(
      policyFor(inGroup(own), CLUSTER_NAME, 'blue'),
      deployed,
      { boots: [], adoptions: [], races: races(late, of) },
      NOW_MS,
    );

  test('nothing said: as the cluster is deployed', () => {
    expect(acting({}, 0, 0)).toEqual({ mode: 'warm' });
    expect(acting({}, 0, 0, 'observe')).toEqual({ mode: 'observe' });
  });
  test('observe where the policy says so; warm never beyond what the deployment has rights for', () => {
    expect(acting({ mode: 'observe' }, 0, 0)).toEqual({ mode: 'observe', because: 'the policy says so' });
    expect(acting({ mode: 'warm' }, 0, 0, 'observe')).toEqual({ mode: 'observe' });
  });
  test('one late attach in fifty is borne, a second is not, however few launches there were', () => {
    expect(acting({}, 1, 50).mode).toBe('warm');
    expect(acting({}, 2, 50)).toEqual({
      mode: 'observe',
      late: 2,
      because: '2 of its last 50 attaches came too late; resumedAt in the policy switches it back',
    });
    expect(acting({}, 2, 3).mode).toBe('observe');
  });
  test('"mode": "warm" does not lift it; resumedAt does, for what was attached before', () => {
    expect(acting({ mode: 'warm' }, 2, 50).mode).toBe('observe');
    expect(acting({ resumedAt: iso(NOW_MS) }, 2, 50).mode).toBe('warm');
    expect(acting({ resumedAt: iso(NOW_MS - 120_000) }, 2, 50).mode).toBe('observe');
  });
  test('a moment that has not come lifts nothing', () => {
    expect(acting({ resumedAt: iso(NOW_MS + 60_000) }, 2, 50).mode).toBe('observe');
  });
});

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000', '');

describe('in a plan', () => {
  const tags = { 'eks:cluster-name': CLUSTER_NAME, 'eks:nodegroup-name': 'blue' };
  const pending = (own: Overrides, changes: Partial<Node> = {}) => {
    const node = aNode({ tags, enis: enisOf('i-1', [0], { tags: {} }), ...changes });
    const checked = candidate(node, aCluster(), inGroup(own));
    if ('refusal' in checked) throw new Error(checked.refusal.because);
    return checked.candidate;
  };
  const launch = (own: Overrides, free = 1_000): Step[] => {
    const one = pending(own);
    const room = new Room([aSubnet(free)], 16).keeping(one.policy.subnetReserveAddresses);
    return planLaunch(
      { candidate: one, runningAtMs: NOW_MS, share: 0, made: [] },
      CLUSTER_NAME,
      room,
      one.policy,
    );
  };
  const did = (steps: readonly Step[]): unknown[] =>
    steps.map((step) => (step.do === 'attach' ? step.shape : step.do === 'leave' ? step.reason : step.do));

  test('launchDemand, max-pods and pods on the host’s network are the group’s own', () => {
    expect(did(launch({}))).toEqual(['fill', 'full', 'full']);
    expect(did(launch({ launchDemand: 'none' }))).toEqual(['no demand']);
    expect(did(launch({ maxPods: 12 }))).toEqual(['fill', 'full']);
    expect(did(launch({ maxPods: 12, hostNetworkPods: 12 }))).toEqual(['max pods']);
  });
  test('so is the reserve; what one group takes is gone for the others', () => {
    expect(did(launch({ subnetReserveAddresses: 990 }))).toEqual(['fill']);
    const room = new Room([aSubnet(100)], 16);
    const careful = room.keeping(60);
    expect([room.left('subnet-1'), careful.left('subnet-1')]).toEqual([84, 40]);
    careful.take('subnet-1', 10);
    expect([room.left('subnet-1'), careful.left('subnet-1')]).toEqual([74, 30]);
  });

  /** A quiet node with nine addresses; pods come faster than it grows, far enough ahead for addresses of any kind. */
  const rollout = (own: Overrides, pods: number, overMs: number): readonly Step[] => {
    const present = pending(own, { enis: enisOf('i-1', [9]) });
    return planRollout({
      demand: {
        id: 'r',
        cluster: CLUSTER_NAME,
        addresses: pods,
        atOnce: pods,
        overMs,
        startsAtMs: NOW_MS + 600_000,
        selector: {},
        because: '',
      },
      candidates: [present],
      sights: new Map([[present.node.id, { enis: 1, total: 9, sinceMs: NOW_MS - 900_000 }]]),
      room: new Room([aSubnet(1_000)], 16),
      policy: inGroup(own),
      nowMs: NOW_MS,
    }).steps;
  };
  test('shapes: a running node gets what its group may have, and is left with the reason otherwise', () => {
    expect(did(rollout({}, 10, 0))).toEqual(['partial']);
    expect(did(rollout({ shapes: 'skeleton' }, 10, 0))).toEqual(['skeleton']);
    expect(did(rollout({ shapes: 'full' }, 10, 0))).toEqual(['partial']);
    expect(did(rollout({}, 20, 20_000))).toEqual(['skeleton', 'skeleton']);
    expect(did(rollout({ shapes: 'full' }, 20, 20_000))).toEqual(['shape not wanted']);
  });
});

describe('what cannot be so is said, seen from the cluster', () => {
  const lines = (policy: Policy, mode: 'observe' | 'warm', ...groups: string[]): string[] =>
    misfits(policy, { name: CLUSTER_NAME, mode }, new Set(groups)).map(say);
  test('a node group that is not there', () => {
    expect(lines(inGroup({}), 'warm', 'green', 'black')).toEqual([
      'policy.clusters.shop.nodeGroups.blue: expected a node group of shop (black, green), got "blue"',
    ]);
    expect(lines(inGroup({}), 'warm', 'blue')).toEqual([]);
  });
  test('more than the deployment has rights for', () => {
    const line =
      '.mode: expected "observe", as the cluster is deployed: it holds no right to change anything, got "warm"';
    expect(lines(inGroup({ mode: 'warm' }, { mode: 'warm' }), 'observe', 'blue')).toEqual([
      `policy.clusters.shop${line}`,
      `policy.clusters.shop.nodeGroups.blue${line}`,
    ]);
    expect(lines(inGroup({ mode: 'warm' }), 'warm', 'blue')).toEqual([]);
  });
});
