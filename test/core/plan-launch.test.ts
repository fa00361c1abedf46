import { describe, expect, test } from 'vitest';
import type { Eni, Subnet } from '../../lambdas/core/model.ts';
import type { Launch } from '../../lambdas/core/plan/giving.ts';
import { planLaunch, unfinished } from '../../lambdas/core/plan/launches.ts';
import type { Step } from '../../lambdas/core/plan/steps.ts';
import { Room } from '../../lambdas/core/plan/subnets.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import { aCandidate, aNode, anEni, aPolicy, aPromise, aSubnet, CLUSTER_NAME, NOW_MS } from './fixtures.ts';

interface Story {
  readonly state?: 'pending' | 'running';
  readonly type?: string;
  readonly enis?: readonly Eni[];
  readonly share?: number;
  readonly made?: Launch['made'];
  readonly policy?: Partial<Policy>;
  readonly env?: Readonly<Record<string, string>>;
  readonly subnets?: readonly Subnet[];
}

function planFor(story: Story): Step[] {
  const { state = 'running', type = 'm5.large', enis = [anEni(0, 0)], share = 0, made = [] } = story;
  const policy = aPolicy(story.policy);
  const candidate = aCandidate(aNode({ state, type, enis, launchedAtMs: NOW_MS }), {
    policy,
    ...(story.env && { env: story.env }),
  });
  const room = new Room(story.subnets ?? [aSubnet(1_000)], policy.subnetReserveAddresses);
  const runningAtMs = state === 'running' ? NOW_MS : undefined;
  return planLaunch({ candidate, runningAtMs, share, made }, CLUSTER_NAME, room, policy);
}

const brief = (steps: readonly Step[]): string[] =>
  steps.map((step) => {
    if (step.do === 'attach') return `${step.until} ${step.shape} at ${step.deviceIndex}: ${step.addresses}`;
    if (step.do === 'fill') return `fill ${step.eniId}: ${step.addresses}`;
    return step.do === 'leave' ? `leave: ${step.reason}` : step.do;
  });

describe('a plain m5.large starts, and pods wait for it', () => {
  test('pending: its ENIs are made, highest device index first, because ipamd takes the lowest', () => {
    expect(brief(planFor({ state: 'pending' }))).toEqual(['created full at 2: 9', 'created full at 1: 9']);
  });
  test('running: everything at once, the primary filled too', () => {
    expect(brief(planFor({}))).toEqual(['fill eni-0: 9', 'attached full at 2: 9', 'attached full at 1: 9']);
  });
  test('what was made while pending is attached, not made again', () => {
    const made = [2, 1].map((deviceIndex) => aPromise(`eni-m${deviceIndex}`, deviceIndex));
    const attaches = planFor({ made }).filter((step) => step.do === 'attach');
    expect(attaches).toMatchObject([{ eniId: 'eni-m2' }, { eniId: 'eni-m1' }]);
  });
  test('its device index was taken meanwhile: it goes to the one that is free', () => {
    const enis = [anEni(0, 9), anEni(2, 9)];
    const made = [aPromise('eni-m2', 2)];
    expect(planFor({ enis, made })).toMatchObject([{ do: 'attach', eniId: 'eni-m2', deviceIndex: 1 }]);
  });
  test('two were made, and one index is taken: the one that can keep its own goes on the last slot', () => {
    const enis = [anEni(0, 9), anEni(1, 9)];
    const made = [1, 2].map((deviceIndex) => aPromise(`eni-m${deviceIndex}`, deviceIndex));
    expect(planFor({ enis, made })).toMatchObject([{ do: 'attach', eniId: 'eni-m2', deviceIndex: 2 }]);
  });
  test('it is attached already: nothing is left to do', () => {
    const enis = [anEni(0, 9), anEni(1, 9), anEni(2, 9)];
    const made = [aPromise('eni-2', 2)];
    expect(brief(planFor({ enis, made }))).toEqual(['leave: already warm']);
  });
  test("security groups are the primary's, since ipamd sets none on what it adopts", () => {
    const enis = [anEni(0, 0, { groupIds: ['sg-a', 'sg-b'] })];
    expect(planFor({ state: 'pending', enis })).toMatchObject([
      { groupIds: ['sg-a', 'sg-b'] },
      { groupIds: ['sg-a', 'sg-b'] },
    ]);
  });
});

describe('as many as are announced, and no more than are of use', () => {
  test.each([
    [1, ['leave: already warm']],
    [9, ['leave: already warm']],
    [10, ['created full at 2: 9']],
    [18, ['created full at 2: 9']],
    [19, ['created full at 2: 9', 'created full at 1: 9']],
    [500, ['created full at 2: 9', 'created full at 1: 9']],
  ])('%i pods', (share, expected) => {
    expect(brief(planFor({ state: 'pending', share }))).toEqual(expected);
  });
  test('max-pods of 12 needs one ENI beside the primary', () => {
    const steps = planFor({ state: 'pending', policy: { maxPods: 12 } });
    expect(brief(steps)).toEqual(['created full at 2: 9']);
  });
  test('max-pods that leaves no pod an address', () => {
    expect(brief(planFor({ policy: { maxPods: 2 } }))).toEqual(['leave: max pods']);
  });
  test('WARM_ENI_TARGET=2: what its start would grow to is there before, for a single pod too', () => {
    const steps = planFor({ state: 'pending', share: 1, env: { WARM_ENI_TARGET: '2' } });
    expect(brief(steps)).toEqual(['created full at 2: 9']);
  });
});

describe('nobody announced anything', () => {
  test('policy none: left', () => {
    expect(brief(planFor({ policy: { launchDemand: 'none' } }))).toEqual(['leave: no demand']);
  });
  test('policy skeleton: empty ENIs', () => {
    const steps = planFor({ state: 'pending', policy: { launchDemand: 'skeleton' } });
    expect(brief(steps)).toEqual(['created skeleton at 2: 0', 'created skeleton at 1: 0']);
  });
  test('either policy gives way to pods that are announced', () => {
    const steps = planFor({ state: 'pending', share: 12, policy: { launchDemand: 'none' } });
    expect(brief(steps)).toEqual(['created full at 2: 9']);
  });
});

describe('slots and subnets', () => {
  test('every slot taken by empty ENIs of the launch template: they are filled', () => {
    const enis = [anEni(0, 9), anEni(1, 0), anEni(2, 0)];
    expect(brief(planFor({ enis }))).toEqual(['fill eni-1: 9', 'fill eni-2: 9']);
    expect(brief(planFor({ enis, state: 'pending' }))).toEqual(['leave: already warm']);
  });
  test('the launch template brings more than is wanted: nothing is added, W=0 would give it back', () => {
    const enis = [anEni(0, 0), anEni(1, 9), anEni(2, 9)];
    expect(brief(planFor({ enis, share: 10, env: { WARM_ENI_TARGET: '0' } }))).toEqual([
      'leave: already warm',
    ]);
  });
  test('the slot of the trunk stays free when pods have security groups of their own', () => {
    const steps = planFor({ state: 'pending', env: { ENABLE_POD_ENI: 'true' } });
    expect(brief(steps)).toEqual(['created full at 2: 9']);
  });
  test('an ENI on another network card takes no slot of ours, and gets no address', () => {
    const enis = [anEni(0, 0), anEni(1, 0, { id: 'eni-efa', networkCardIndex: 1 })];
    const steps = planFor({ type: 'trn2.48xlarge', enis, share: 60 });
    expect(brief(steps)).toEqual(['fill eni-0: 49', 'attached full at 1: 49']);
  });
  test('an ENI the CNI must not manage takes its slot, and gets no address', () => {
    const enis = [anEni(0, 0), anEni(1, 0, { tags: { 'node.k8s.amazonaws.com/no_manage': 'true' } })];
    expect(brief(planFor({ enis }))).toEqual(['fill eni-0: 9', 'attached full at 2: 9']);
  });
  test('room for one ENI only above the reserve', () => {
    const steps = planFor({ state: 'pending', subnets: [aSubnet(16 + 19)] });
    expect(brief(steps)).toEqual(['created full at 2: 9']);
  });
  test('room for none', () => {
    const steps = planFor({ state: 'pending', subnets: [aSubnet(16 + 9)] });
    expect(brief(steps)).toEqual(['leave: subnet full']);
  });
});

test('a killed run attached an ENI that would outlive the node: it is told to go with it', () => {
  const ours = { tags: { 'eks-ip-prewarmer/node': 'i-1' }, deleteOnTermination: false };
  const half = aNode({ enis: [anEni(0, 9), anEni(2, 9, ours)] });
  const expected = { do: 'finish', nodeId: 'i-1', eniId: 'eni-2', attachmentId: 'eni-attach-2' };
  expect(unfinished(half)).toMatchObject([expected]);
  expect(brief(planFor({ enis: half.enis }))).toEqual(['finish', 'attached full at 1: 9']);
});

test("somebody else's ENI that outlives the node is their business", () => {
  const enis = [anEni(0, 9), anEni(1, 9, { deleteOnTermination: false })];
  expect(unfinished(aNode({ enis }))).toEqual([]);
  const others = { tags: { 'eks-ip-prewarmer/node': 'i-2' }, deleteOnTermination: false };
  expect(unfinished(aNode({ enis: [anEni(0, 9), anEni(1, 9, others)] }))).toEqual([]);
});
