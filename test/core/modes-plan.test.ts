/** What plans give in the CNI's less usual modes. One perfect node, one deviation a test. */
import { describe, expect, test } from 'vitest';
import type { Eni, Node, Subnet } from '../../lambdas/core/model.ts';
import { owed, shortOf } from '../../lambdas/core/plan/allocation.ts';
import { planLaunch } from '../../lambdas/core/plan/launches.ts';
import { planRollout } from '../../lambdas/core/plan/plan.ts';
import type { Step } from '../../lambdas/core/plan/steps.ts';
import { Room } from '../../lambdas/core/plan/subnets.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import { aCandidate, aNode, anEni, aPolicy, aSubnet, CLUSTER_NAME, enisOf, NOW_MS } from './fixtures.ts';

interface Story {
  readonly env: Readonly<Record<string, string>>;
  readonly policy?: Partial<Policy>;
  readonly enis?: readonly Eni[];
  readonly node?: Partial<Node>;
  readonly share?: number;
  readonly subnets?: readonly Subnet[];
  /** How long ago a running node last changed, and how far ahead its pods are, ms. */
  readonly unchangedMs?: number;
  readonly leadMs?: number;
}

const candidateOf = (
  { env, policy, enis = [anEni(0, 0)], node }: Story,
  as: 'running' | 'launching' = 'running',
) => aCandidate(aNode({ enis, ...node }), { env, policy: aPolicy(policy), as });
const roomOf = (story: Story): Room => new Room(story.subnets ?? [aSubnet(1_000)], 16);

function launch(story: Story): Step[] {
  const candidate = candidateOf(story, 'launching');
  const runningAtMs = candidate.node.state === 'pending' ? undefined : NOW_MS;
  const about = { candidate, runningAtMs, share: story.share ?? 0, made: [] };
  return planLaunch(about, CLUSTER_NAME, roomOf(story), aPolicy(story.policy));
}

function rollout(story: Story, pods: number, podsPerNode?: number): Step[] {
  const candidate = candidateOf(story);
  const { node } = candidate;
  const { unchangedMs = 120_000, leadMs = 300_000 } = story;
  const total = node.enis.reduce((sum, { secondaryIps }) => sum + secondaryIps, 0);
  const plan = planRollout({
    candidates: [candidate],
    demand: {
      id: 'r1',
      cluster: CLUSTER_NAME,
      addresses: pods,
      atOnce: pods,
      overMs: 0,
      startsAtMs: NOW_MS + leadMs,
      selector: {},
      because: '',
    },
    sights: new Map([[node.id, { enis: node.enis.length, total, sinceMs: NOW_MS - unchangedMs }]]),
    room: roomOf(story),
    policy: aPolicy({ margin: 1, ...story.policy }),
    nowMs: NOW_MS,
    ...(podsPerNode !== undefined && { podsPerNode }),
  });
  return [...plan.steps];
}

const brief = (steps: readonly Step[]): string[] =>
  steps.map((step) => {
    if (step.do === 'attach')
      return `${step.until} ${step.shape} at ${step.deviceIndex} in ${step.subnetId}: ${step.addresses}`;
    if (step.do === 'fill') return `fill ${step.eniId}: ${step.addresses}`;
    return step.do === 'leave' ? `leave: ${step.reason}` : step.do;
  });
const becauseOf = (steps: readonly Step[]): string => steps.at(-1)?.because ?? '';

describe('we are the only one who gives the node addresses', () => {
  const sole = (story: Partial<Story> = {}): Story => ({
    env: { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' },
    ...story,
    policy: { soleAllocator: true, ...story.policy },
  });

  test('a node starts: its primary is filled, and two full ENIs come, finished at once', () => {
    expect(brief(launch(sole()))).toEqual([
      'fill eni-0: 9',
      'attached full at 2 in subnet-1: 9',
      'attached full at 1 in subnet-1: 9',
    ]);
    expect(launch(sole()).at(-1)).toMatchObject({ finish: 'at once' });
  });
  test('it is pending: the primary is filled already, and the ENIs are made', () => {
    expect(brief(launch(sole({ node: { state: 'pending' } })))).toEqual([
      'fill eni-0: 9',
      'created full at 2 in subnet-1: 9',
      'created full at 1 in subnet-1: 9',
    ]);
  });
  test('ten pods were announced for it: all the same, because others may come', () => {
    expect(brief(launch(sole({ share: 10 })))).toHaveLength(3);
  });
  test('ten pods were announced, and launchDemand is none: the primary and one ENI', () => {
    expect(brief(launch(sole({ share: 10, policy: { launchDemand: 'none' } })))).toEqual([
      'fill eni-0: 9',
      'attached full at 2 in subnet-1: 9',
    ]);
  });
  test('three pods were announced so: what ipamd’s own start would bring, because nobody else brings it', () => {
    const steps = launch(sole({ share: 3, policy: { launchDemand: 'none' } }));
    expect(brief(steps)).toEqual(['fill eni-0: 9']);
  });
  test.each(['skeleton', 'none'] as const)(
    'nobody announced pods and launchDemand is %s: the same',
    (demand) => {
      expect(brief(launch(sole({ policy: { launchDemand: demand } })))).toEqual(['fill eni-0: 9']);
    },
  );
  test('max-pods leaves four pods: four addresses', () => {
    expect(brief(launch(sole({ policy: { maxPods: 6 } })))).toEqual(['fill eni-0: 4']);
  });
  test('max-pods leaves none: left', () => {
    expect(brief(launch(sole({ policy: { maxPods: 2 } })))).toEqual(['leave: max pods']);
  });
  test('it has all it should have: left, and short of nothing', () => {
    const full = sole({ enis: enisOf('i-1', [9, 9, 9]) });
    expect(brief(launch(full))).toEqual(['leave: already warm']);
    expect(shortOf(candidateOf(full), aPolicy(full.policy))).toBe(0);
  });
  test('its slots are taken by ENIs that hold no pod: short of nothing they leave room for', () => {
    const enis = [anEni(0, 9), ...[1, 2].map((at) => anEni(at, 0, { interfaceType: 'efa-only' }))];
    const policy = aPolicy({ soleAllocator: true });
    expect(shortOf(candidateOf(sole({ enis })), policy)).toBe(0);
  });
  test('its subnet has room for half an ENI: half an ENI', () => {
    const subnets = [aSubnet(16 + 9 + 1 + 4)];
    expect(brief(launch(sole({ subnets })))).toEqual([
      'fill eni-0: 9',
      'attached partial at 2 in subnet-1: 4',
    ]);
  });
  test('its subnet is full: left', () => {
    expect(brief(launch(sole({ enis: [anEni(0, 9)], subnets: [aSubnet(17)] })))).toEqual([
      'leave: subnet full',
    ]);
  });
  test('an ENI of ours would outlive it: that is mended too', () => {
    const enis = [
      anEni(0, 9),
      anEni(1, 9, { tags: { 'eks-ip-prewarmer/node': 'i-1' }, deleteOnTermination: false }),
    ];
    expect(brief(launch(sole({ enis })))).toEqual(['finish', 'attached full at 2 in subnet-1: 9']);
    expect(brief(launch(sole({ enis, policy: { launchDemand: 'none' } })))).toEqual(['finish']);
  });
  test('the steps say that nobody else gives any', () => {
    expect(becauseOf(launch(sole()))).toContain('0 of 27 addresses are there, and nobody else gives any');
  });

  describe('what it should have', () => {
    const figures = (story: Story, share = 0) => [
      owed(candidateOf(story), aPolicy(story.policy), share),
      shortOf(candidateOf(story), aPolicy(story.policy), share),
    ];
    test('every pod it may run has an address', () => {
      expect(figures(sole({ enis: enisOf('i-1', [9, 4]) }))).toEqual([27, 14]);
    });
    test('launchDemand none: one ENI’s worth', () => {
      const policy = { launchDemand: 'none' } as const;
      expect(figures(sole({ policy }))).toEqual([9, 9]);
      expect(figures(sole({ policy, enis: enisOf('i-1', [9]) }))).toEqual([9, 0]);
    });
    test('announced pods, never more than it may run', () => {
      const policy = { launchDemand: 'none' } as const;
      expect(figures(sole({ policy }), 12)).toEqual([12, 12]);
      expect(figures(sole({ policy }), 99)).toEqual([27, 27]);
      expect(figures(sole(), 12)).toEqual([27, 27]);
    });
    test('a CNI that provisions owes its nodes itself', () => {
      expect(shortOf(candidateOf({ env: {} }), aPolicy())).toBe(0);
    });
  });

  describe('pods are announced for a node that runs', () => {
    test('nobody says how many it has: every pod it may run has an address, its ENIs filled first', () => {
      expect(brief(rollout(sole({ enis: enisOf('i-1', [9, 4]) }), 3))).toEqual([
        'fill eni-i-1-1: 5',
        'attached full at 2 in subnet-1: 9',
      ]);
    });
    test('it changed a second ago and the pods come at once: all the same', () => {
      const steps = rollout(sole({ enis: enisOf('i-1', [9]), unchangedMs: 1_000, leadMs: 0 }), 3);
      expect(brief(steps)).toHaveLength(2);
      expect(becauseOf(steps)).toContain('taken in within 65 s');
    });
    test('the announcer says how many it has: those and the new ones', () => {
      expect(brief(rollout(sole({ enis: enisOf('i-1', [9]) }), 5, 8))).toEqual([
        'attached full at 2 in subnet-1: 9',
      ]);
      expect(brief(rollout(sole({ enis: enisOf('i-1', [9]) }), 1, 8))).toEqual(['leave: already warm']);
    });
    test('it has an address for every pod it may run: left, not told to pace', () => {
      expect(brief(rollout(sole({ enis: enisOf('i-1', [9, 9, 9]) }), 3))).toEqual(['leave: already warm']);
    });
    test('never an empty ENI, which nobody would fill', () => {
      const steps = rollout(sole({ enis: enisOf('i-1', [9]) }), 3);
      expect(steps.filter((step) => step.do === 'attach' && step.addresses === 0)).toEqual([]);
    });
  });

  describe('and its ipamd may have no access to EC2 (ENABLE_IMDS_ONLY_MODE)', () => {
    const metadataOnly = (story: Partial<Story> = {}): Story => ({
      ...sole(story),
      env: { ENABLE_IMDS_ONLY_MODE: 'true' },
    });
    test('pending: its primary is filled before ipamd can look', () => {
      expect(brief(launch(metadataOnly({ node: { state: 'pending' } })))[0]).toBe('fill eni-0: 9');
    });
    test('running: new ENIs alone, whole', () => {
      expect(brief(launch(metadataOnly()))).toEqual([
        'attached full at 2 in subnet-1: 9',
        'attached full at 1 in subnet-1: 9',
      ]);
      const steps = rollout(metadataOnly({ enis: enisOf('i-1', [9, 4]) }), 3);
      expect(brief(steps)).toEqual(['attached full at 2 in subnet-1: 9']);
      expect(becauseOf(steps)).toContain('new ENIs only: with ENABLE_IMDS_ONLY_MODE');
    });
    test('no slot is left: left, and the reason says that present ENIs are not filled', () => {
      const steps = launch(metadataOnly({ enis: enisOf('i-1', [0, 9, 9]) }));
      expect(brief(steps)).toEqual(['leave: no slots']);
      expect(becauseOf(steps)).toContain('ENABLE_IMDS_ONLY_MODE');
    });
  });
});

describe('custom networking', () => {
  const POD_SUBNET = 'subnet-pods';
  const GROUPS = ['sg-pods', 'sg-more'];
  const custom = (story: Partial<Story> = {}): Story => ({
    env: { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' },
    subnets: [aSubnet(1_000), aSubnet(900, { id: POD_SUBNET })],
    ...story,
    policy: {
      eniConfigs: { 'eu-central-1a': { subnetId: POD_SUBNET, securityGroupIds: GROUPS } },
      ...story.policy,
    },
  });
  const podEni = (deviceIndex: number, ips: number, changes: Partial<Eni> = {}): Eni =>
    anEni(deviceIndex, ips, { subnetId: POD_SUBNET, groupIds: GROUPS, ...changes });

  test('a node starts: two full ENIs in the ENIConfig’s subnet and groups, and nothing for the primary', () => {
    expect(brief(launch(custom()))).toEqual([
      'attached full at 2 in subnet-pods: 9',
      'attached full at 1 in subnet-pods: 9',
    ]);
    expect(launch(custom())).toMatchObject([{ groupIds: GROUPS }, { groupIds: GROUPS }]);
  });
  test('the ENIConfig has no groups: the primary’s', () => {
    const eniConfigs = { 'eu-central-1a': { subnetId: POD_SUBNET, securityGroupIds: [] } } as const;
    expect(launch(custom({ policy: { eniConfigs } }))[0]).toMatchObject({ groupIds: ['sg-nodes'] });
  });
  test('addresses on the primary count for nothing', () => {
    expect(brief(launch(custom({ enis: [anEni(0, 9)] })))).toHaveLength(2);
  });
  test('nine pods: ipamd’s own start brings an ENI of nine', () => {
    expect(brief(launch(custom({ share: 9 })))).toEqual(['leave: already warm']);
  });
  test('ten pods: two ENIs', () => {
    expect(brief(launch(custom({ share: 10 })))).toHaveLength(2);
  });
  test('an ENI half full where and as the ENIConfig says: filled', () => {
    expect(brief(launch(custom({ enis: [anEni(0, 0), podEni(1, 4)] })))).toEqual([
      'fill eni-1: 5',
      'attached full at 2 in subnet-pods: 9',
    ]);
  });
  test('the same groups in another order are the same groups', () => {
    const enis = [anEni(0, 0), podEni(1, 4, { groupIds: GROUPS.toReversed() })];
    expect(brief(launch(custom({ enis })))[0]).toBe('fill eni-1: 5');
  });
  test.each<[string, Partial<Eni>]>([
    ['in another subnet', { subnetId: 'subnet-1' }],
    ['with one group less', { groupIds: ['sg-pods'] }],
    ['with other groups', { groupIds: ['sg-nodes'] }],
  ])('an ENI half full %s: not filled', (_, changes) => {
    expect(brief(launch(custom({ enis: [anEni(0, 0), podEni(1, 4, changes)] })))).toEqual([
      'attached full at 2 in subnet-pods: 9',
    ]);
  });
  test('the node’s own subnet has room, the ENIConfig’s has none: left', () => {
    const subnets = [aSubnet(1_000), aSubnet(20, { id: POD_SUBNET })];
    expect(brief(launch(custom({ subnets })))).toEqual(['leave: subnet full']);
  });
  test('the ENIConfig’s subnet said a minute ago that it is full: left as full', () => {
    const story = custom();
    const room = new Room(story.subnets ?? [], 16, new Set([POD_SUBNET]));
    const about = { candidate: candidateOf(story), runningAtMs: NOW_MS, share: 0, made: [] };
    expect(brief(planLaunch(about, CLUSTER_NAME, room, aPolicy(story.policy)))).toEqual([
      'leave: subnet full',
    ]);
  });
  test.each<[string, Subnet[], string]>([
    ['is not there', [aSubnet(1_000)], 'EC2 shows no subnet-pods'],
    [
      'is in another zone',
      [aSubnet(900, { id: POD_SUBNET, zone: 'eu-central-1b' })],
      'is in eu-central-1b, the node in eu-central-1a',
    ],
    [
      'is in another VPC',
      [aSubnet(900, { id: POD_SUBNET, vpcId: 'vpc-2' })],
      'is in vpc-2, the node in vpc-1',
    ],
    [
      'is closed to pods',
      [aSubnet(900, { id: POD_SUBNET, tags: { 'kubernetes.io/role/cni': '0' } })],
      'its tags close subnet-pods',
    ],
    [
      'belongs to another cluster',
      [
        aSubnet(900, {
          id: POD_SUBNET,
          tags: { 'kubernetes.io/role/cni': '1', 'cni.networking.k8s.aws/cluster/other': '' },
        }),
      ],
      'its tags close subnet-pods',
    ],
  ])('the ENIConfig’s subnet %s: left, whatever pods are announced', (_, subnets, because) => {
    for (const steps of [launch(custom({ subnets })), rollout(custom({ subnets }), 5)]) {
      expect(brief(steps)).toEqual(['leave: custom networking']);
      expect(becauseOf(steps)).toContain('policy.eniConfigs.eu-central-1a.subnetId');
      expect(becauseOf(steps)).toContain(because);
    }
  });
  test('a running node: a burst is met by an ENI where the ENIConfig says, the primary’s room is none', () => {
    const steps = rollout(custom({ enis: [anEni(0, 0), podEni(1, 9)] }), 18);
    expect(brief(steps)).toEqual(['attached partial at 2 in subnet-pods: 8']);
    expect(steps[0]).toMatchObject({ groupIds: GROUPS });
  });
  test('a running node whose ENIs are full and slots taken: only pacing helps', () => {
    const enis = [anEni(0, 0), podEni(1, 9), podEni(2, 9)];
    expect(brief(rollout(custom({ enis }), 18))).toEqual(['leave: no slots']);
  });
  test('we are the sole allocator too: pods’ ENIs filled first, the primary never', () => {
    const env = {
      AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true',
      DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true',
    };
    const story = custom({ enis: [anEni(0, 0), podEni(1, 4)] });
    const both = { ...story, env, policy: { ...story.policy, soleAllocator: true } };
    expect(brief(launch(both))).toEqual(['fill eni-1: 5', 'attached full at 2 in subnet-pods: 9']);
    expect(shortOf(candidateOf(both), aPolicy(both.policy))).toBe(14);
  });
});

describe('a trunk for pods with security groups of their own', () => {
  const env = { ENABLE_POD_ENI: 'true' };
  const trunk = (deviceIndex: number): Eni => anEni(deviceIndex, 0, { interfaceType: 'trunk' });

  test('a node starts: one ENI, and one slot stays for the trunk', () => {
    expect(brief(launch({ env }))).toEqual(['fill eni-0: 9', 'attached full at 2 in subnet-1: 9']);
  });
  test('the trunk is there: it is not filled, and its slot is not taken', () => {
    const enis = [anEni(0, 9), trunk(1)];
    expect(brief(launch({ env, enis }))).toEqual(['attached full at 2 in subnet-1: 9']);
    expect(brief(launch({ env, enis: [...enis, anEni(2, 9)] }))).toEqual(['leave: already warm']);
  });
  test('a running node with its trunk and full ENIs: no slots', () => {
    expect(brief(rollout({ env, enis: [anEni(0, 9), trunk(1), anEni(2, 9)] }, 20))).toEqual([
      'leave: no slots',
    ]);
  });
  test('an EFA-only ENI takes a slot and is not filled', () => {
    const enis = [anEni(0, 9), anEni(1, 0, { interfaceType: 'efa-only' })];
    expect(brief(launch({ env: {}, enis }))).toEqual(['attached full at 2 in subnet-1: 9']);
  });
});

describe('two network cards', () => {
  test('ENIs on the second card take no index, no slot and no address of the default card', () => {
    const second = [1, 2, 3].map((at) => anEni(at, 0, { id: `eni-second-${at}`, networkCardIndex: 1 }));
    const enis = [anEni(0, 49), ...second];
    const steps = launch({ env: {}, enis, node: { type: 'c6in.32xlarge' } });
    expect(brief(steps)).toEqual(
      [7, 6, 5, 4, 3, 2, 1].map((index) => `attached full at ${index} in subnet-1: 49`),
    );
  });
});

describe('IP targets', () => {
  const env = (w: number, m: number) => ({ WARM_IP_TARGET: String(w), MINIMUM_IP_TARGET: String(m) });
  const brought = (steps: readonly Step[]): number =>
    steps.reduce((sum, step) => sum + ('addresses' in step ? step.addresses : 0), 0);

  test.each([
    ['the minimum', env(5, 19), 19],
    ['the warm target, where that is more', env(21, 10), 21],
    ['all it can hold, where the target is beyond', env(5, 60), 27],
  ])('nobody announced pods: a launching m5.large is brought to %s', (_, targets, due) => {
    const steps = launch({ env: targets });
    expect(brought(steps)).toBe(due);
    expect(steps.map((step) => step.do)).toEqual(['fill', 'attach', 'attach']);
  });

  test('announced pods get full interfaces, whatever the targets: they are there before the CNI trims', () => {
    const steps = launch({ env: env(2, 2), share: 14 });
    expect(steps).toMatchObject([
      { do: 'fill', addresses: 9 },
      { do: 'attach', addresses: 9, shape: 'full' },
    ]);
  });

  test('a second run finds it done and adds nothing', () => {
    const steps = launch({ env: env(5, 20), enis: enisOf('i-0123456789abcdef0', [9, 6, 5]) });
    expect(steps).toMatchObject([{ do: 'leave', reason: 'already warm' }]);
  });

  test('what its own start brings needs nothing of us', () => {
    expect(launch({ env: env(5, 9), share: 8 })).toMatchObject([{ do: 'leave', reason: 'already warm' }]);
    expect(launch({ env: env(5, 9) })).toMatchObject([
      { do: 'leave', reason: 'mode keeps nothing' },
      { do: 'advise', setting: 'MINIMUM_IP_TARGET' },
    ]);
  });

  test('a node that runs is left', () => {
    expect(() => candidateOf({ env: env(5, 20) })).toThrow('gives a surplus back within seconds');
  });

  test('policy.launchDemand none and no announced pods: left', () => {
    expect(launch({ env: env(5, 20), policy: { launchDemand: 'none' } })).toMatchObject([
      { do: 'leave', reason: 'no demand' },
    ]);
  });
});
