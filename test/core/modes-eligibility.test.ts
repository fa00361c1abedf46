/** Who is a candidate in the CNI's less usual modes, and what its figures are. One perfect candidate, one deviation a test. */
import { describe, expect, test } from 'vitest';
import type { Eni, Node } from '../../lambdas/core/model.ts';
import { type Candidate, candidate, mayHaveStarted } from '../../lambdas/core/plan/eligibility.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import { aCandidate, aCluster, aNode, anEni, aPolicy, enisOf } from './fixtures.ts';

function refusal(
  env: Readonly<Record<string, string>>,
  policy: Partial<Policy> = {},
  node: Partial<Node> = {},
) {
  const checked = candidate(aNode(node), aCluster(env), aPolicy(policy));
  if ('candidate' in checked) throw new Error('it was accepted');
  return checked.refusal;
}

describe('provisioning disabled', () => {
  const DISABLED = { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' };
  const SOLE = { soleAllocator: true };
  const sole = (env: Readonly<Record<string, string>> = {}, node: Partial<Node> = {}): Candidate =>
    aCandidate(aNode(node), { env: { ...DISABLED, ...env }, policy: aPolicy(SOLE) });

  test('the policy says that we are the only one: a candidate whose CNI grows nothing', () => {
    expect(sole()).toMatchObject({ soleAllocator: true, warmEniTarget: 0, maxEnis: 3, podCap: 27 });
  });
  test('so with ENABLE_IMDS_ONLY_MODE', () => {
    const env = { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'false', ENABLE_IMDS_ONLY_MODE: 'true' };
    expect(sole(env)).toMatchObject({ soleAllocator: true, settings: { metadataOnly: true } });
  });
  test('whatever the targets say, which nobody reads', () => {
    expect(sole({ WARM_IP_TARGET: '5', WARM_ENI_TARGET: '3' })).toMatchObject({ warmEniTarget: 0 });
  });
  test('a CNI that provisions is not ours alone, whatever the policy says', () => {
    expect(aCandidate(aNode(), { policy: aPolicy(SOLE) })).toMatchObject({ soleAllocator: false });
  });
  test('the policy does not say so: left, naming the setting', () => {
    expect(refusal(DISABLED)).toMatchObject({ reason: 'provisioning disabled' });
    expect(refusal(DISABLED).because).toContain('policy.soleAllocator');
  });
  test('pods take prefixes: left, because we give none', () => {
    const { reason, because } = refusal({ ...DISABLED, ENABLE_PREFIX_DELEGATION: 'true' }, SOLE);
    expect(reason).toBe('provisioning disabled');
    expect(because).toContain('ENABLE_PREFIX_DELEGATION');
  });
  test('prefixes on a type that takes none: its pods have addresses, so it is a candidate', () => {
    expect(sole({ ENABLE_PREFIX_DELEGATION: 'true' }, { type: 'm4.large' })).toMatchObject({ maxEnis: 2 });
  });
  test('the CNI would ignore ENIs it did not tag: left', () => {
    expect(refusal({ ...DISABLED, MANAGE_UNTAGGED_ENI: 'false' }, SOLE).reason).toBe(
      'untagged ENIs unmanaged',
    );
  });

  test('its ipamd leaves no tag: every node that runs may have started, none that is pending', () => {
    const enis = [anEni(0, 0)];
    expect(mayHaveStarted(sole({}, { enis }))).toBe(true);
    expect(mayHaveStarted(sole({}, { enis, state: 'pending' }))).toBe(false);
    expect(mayHaveStarted(aCandidate(aNode({ enis })))).toBe(false);
    expect(mayHaveStarted(aCandidate(aNode()))).toBe(true);
  });
});

describe('custom networking', () => {
  const CUSTOM = { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' };
  const POLICY = {
    eniConfigs: { 'eu-central-1a': { subnetId: 'subnet-pods', securityGroupIds: [] } },
  } as const;
  const custom = (
    node: Partial<Node> = {},
    policy: Partial<Policy> = {},
    env: Readonly<Record<string, string>> = {},
  ): Candidate =>
    aCandidate(aNode(node), { env: { ...CUSTOM, ...env }, policy: aPolicy({ ...POLICY, ...policy }) });

  test('the policy has the zone’s ENIConfig: the primary gives no addresses, so one ENI less holds pods', () => {
    expect(custom()).toMatchObject({
      eniConfig: { subnetId: 'subnet-pods' },
      maxEnis: 3,
      podCap: 18,
      warmEniTarget: 1,
    });
  });
  test('without custom networking the entry means nothing', () => {
    expect(aCandidate(aNode(), { policy: aPolicy(POLICY) })).toMatchObject({
      eniConfig: undefined,
      podCap: 27,
    });
  });
  test('max-pods by the CNI’s recommendation for one ENI less', () => {
    expect(custom({ type: 'm5.4xlarge' }).podCap).toBe(7 * 29);
    expect(custom({ type: 'm5.4xlarge' }, { hostNetworkPods: 5 }).podCap).toBe(7 * 29 - 3);
  });
  test('a higher max-pods of the policy is not believed', () => {
    expect(custom({}, { maxPods: 29 }).podCap).toBe(18);
  });
  test('with MAX_ENI, a trunk to come, and an ENI the CNI leaves alone, each takes one more', () => {
    expect(custom({}, {}, { MAX_ENI: '2' }).podCap).toBe(9);
    expect(custom({}, {}, { ENABLE_POD_ENI: 'true' }).podCap).toBe(9);
    const enis = [anEni(0, 0), anEni(1, 9, { tags: { 'node.k8s.amazonaws.com/no_manage': 'true' } })];
    expect(custom({ enis }).podCap).toBe(9);
  });
  test('MAX_ENI=1 leaves no ENI for pods', () => {
    expect(custom({}, {}, { MAX_ENI: '1' }).podCap).toBe(0);
  });
  test('no entry for the zone: left, naming where it belongs', () => {
    const { reason, because } = refusal(CUSTOM, POLICY, { zone: 'eu-central-1b' });
    expect(reason).toBe('custom networking');
    expect(because).toContain('policy.eniConfigs.eu-central-1b');
  });
  test('a zone called like a property of every object has no entry either', () => {
    expect(refusal(CUSTOM, POLICY, { zone: 'constructor' }).reason).toBe('custom networking');
  });
  test('with IP targets or prefixes it is left as those modes are', () => {
    expect(refusal({ ...CUSTOM, WARM_IP_TARGET: '5' }, POLICY).reason).toBe('mode keeps nothing');
    expect(refusal({ ...CUSTOM, ENABLE_PREFIX_DELEGATION: 'true' }, POLICY).reason).toBe(
      'mode keeps nothing',
    );
  });
  test('with provisioning disabled it is both', () => {
    const both = custom({}, { soleAllocator: true }, { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' });
    expect(both).toMatchObject({ soleAllocator: true, podCap: 18, eniConfig: { subnetId: 'subnet-pods' } });
  });
});

describe('a trunk for pods with security groups of their own', () => {
  const POD_ENI = { ENABLE_POD_ENI: 'true' };
  const trunk = (deviceIndex: number): Eni => anEni(deviceIndex, 0, { interfaceType: 'trunk' });
  const withEnis = (enis: readonly Eni[], node: Partial<Node> = {}): Candidate =>
    aCandidate(aNode({ ...node, enis }), { env: POD_ENI });

  test('it is still to come: its slot is kept', () => {
    expect(withEnis([anEni(0, 9)])).toMatchObject({ maxEnis: 2, podCap: 18 });
  });
  test('it is there: it takes its slot itself, and none is kept beside it', () => {
    expect(withEnis([anEni(0, 9), trunk(1)])).toMatchObject({ maxEnis: 3, podCap: 18 });
  });
  test('a type that takes none: every slot is of use', () => {
    expect(withEnis([anEni(0, 5)], { type: 't3.medium' })).toMatchObject({ maxEnis: 3, podCap: 15 });
    expect(withEnis([anEni(0, 9)], { type: 'm4.large' })).toMatchObject({ maxEnis: 2, podCap: 18 });
  });
  test('a trunk is there although the setting is off by now: it takes its slot', () => {
    const enis = [anEni(0, 9), trunk(1)];
    expect(aCandidate(aNode({ enis }))).toMatchObject({ maxEnis: 3, podCap: 18 });
  });
  test.each(['trunk', 'branch', 'efa-only'])('an ENI of kind %s holds no pod', (interfaceType) => {
    expect(aCandidate(aNode({ enis: [anEni(0, 9), anEni(1, 0, { interfaceType })] })).podCap).toBe(18);
  });
  test('an EFA that has addresses gives them to pods as any other', () => {
    expect(aCandidate(aNode({ enis: [anEni(0, 9), anEni(1, 9, { interfaceType: 'efa' })] })).podCap).toBe(27);
  });
});

describe('two network cards: all figures are of the default card', () => {
  const onCard1 = (deviceIndex: number): Eni =>
    anEni(deviceIndex, 49, { id: `eni-second-${deviceIndex}`, networkCardIndex: 1 });

  test('c6in.32xlarge has 8 ENIs of 49 addresses on it, and those of the second card take none', () => {
    const node = aNode({ type: 'c6in.32xlarge', enis: [...enisOf('i-1', [49]), onCard1(1), onCard1(2)] });
    expect(aCandidate(node)).toMatchObject({ maxEnis: 8, perEni: 49, podCap: 8 * 49 });
  });
  test('a trunk on the second card is none of the default card', () => {
    const second = { ...onCard1(1), interfaceType: 'trunk', secondaryIps: 0 };
    const node = aNode({ type: 'c6in.32xlarge', enis: [anEni(0, 49), second] });
    expect(aCandidate(node, { env: { ENABLE_POD_ENI: 'true' } })).toMatchObject({ maxEnis: 7 });
  });
});
