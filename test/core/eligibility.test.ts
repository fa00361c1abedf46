import { describe, expect, test } from 'vitest';
import type { Cluster, Node } from '../../lambdas/core/model.ts';
import { candidate } from '../../lambdas/core/plan/eligibility.ts';
import type { LeaveReason } from '../../lambdas/core/plan/steps.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import { aCandidate, aCluster, aNode, anEni, aPolicy } from './fixtures.ts';

function refusalOf(
  node: Node,
  cluster: Cluster = aCluster(),
  policy: Policy = aPolicy(),
): { reason: LeaveReason; because: string; setting?: string | undefined } {
  const checked = candidate(node, cluster, policy);
  if ('candidate' in checked) throw new Error('it was accepted');
  const { reason, because, advice } = checked.refusal;
  return { reason, because, setting: advice?.setting };
}

describe('the perfect node', () => {
  test('a running m5.large with the defaults of the CNI can be helped', () => {
    expect(candidate(aNode(), aCluster(), aPolicy())).toMatchObject({
      candidate: { warmEniTarget: 1, perEni: 9, maxEnis: 3, podCap: 27 },
    });
  });
  test('so can a pending one', () => {
    expect(candidate(aNode({ state: 'pending' }), aCluster(), aPolicy())).toHaveProperty('candidate');
  });
});

describe('one deviation, and it is left with its reason', () => {
  test.each(['stopping', 'stopped', 'shutting-down', 'terminated'] as const)('an instance is %s', (state) => {
    expect(refusalOf(aNode({ state })).reason).toBe('not a live node');
  });
  test('EKS Auto Mode operates the instance', () => {
    const node = aNode({ operatedBy: 'eks.amazonaws.com' });
    expect(refusalOf(node, aCluster({}, { autoMode: true })).reason).toBe('Auto Mode');
    expect(refusalOf(node).reason).toBe('Auto Mode');
  });
  test('Windows', () => {
    expect(refusalOf(aNode({ platform: 'windows' })).reason).toBe('Windows');
  });
  test('the cluster is IPv6', () => {
    expect(refusalOf(aNode(), aCluster({}, { ipFamily: 'ipv6' })).reason).toBe('IPv6');
  });
  test('the CNI is set to IPv6', () => {
    expect(refusalOf(aNode(), aCluster({ ENABLE_IPv6: 'true' })).reason).toBe('IPv6');
  });
  test('no add-on, and the policy does not say how the CNI is set', () => {
    const { reason, because } = refusalOf(aNode(), aCluster({}, { vpcCni: undefined }));
    expect(reason).toBe('unknown CNI settings');
    expect(because).toContain('policy.cniEnv');
  });
  test('the add-on carries something that is not JSON', () => {
    const cluster = aCluster({}, { vpcCni: { version: 'v1.23.1', configurationValues: 'env:' } });
    expect(refusalOf(aNode(), cluster).reason).toBe('unknown CNI settings');
  });
  test('custom networking', () => {
    const cluster = aCluster({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' });
    expect(refusalOf(aNode(), cluster).reason).toBe('custom networking');
  });
  test('the CNI ignores ENIs it did not tag', () => {
    const cluster = aCluster({ MANAGE_UNTAGGED_ENI: 'false' });
    expect(refusalOf(aNode(), cluster).reason).toBe('untagged ENIs unmanaged');
  });
  test('a type the table does not know', () => {
    const { reason, because } = refusalOf(aNode({ type: 'z9.enormous' }));
    expect(reason).toBe('unknown instance type');
    expect(because).toContain('z9.enormous');
  });
  test.each(['DISABLE_NETWORK_RESOURCE_PROVISIONING', 'ENABLE_IMDS_ONLY_MODE'])('%s', (name) => {
    expect(refusalOf(aNode(), aCluster({ [name]: 'true' })).reason).toBe('provisioning disabled');
  });
});

describe('modes in which the CNI keeps nothing: left, and told which setting would help', () => {
  test.each([
    [{ WARM_IP_TARGET: '5' }, 'MINIMUM_IP_TARGET'],
    [{ MINIMUM_IP_TARGET: '20' }, 'MINIMUM_IP_TARGET'],
    [{ ENABLE_PREFIX_DELEGATION: 'true' }, 'WARM_PREFIX_TARGET'],
    [{ ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '5' }, 'WARM_PREFIX_TARGET'],
  ])('%j', (env, setting) => {
    expect(refusalOf(aNode(), aCluster(env))).toMatchObject({ reason: 'mode keeps nothing', setting });
  });

  test('prefixes on a type that cannot have them: the node runs on addresses, and can be helped', () => {
    const node = aNode({ type: 'm4.large' });
    expect(aCandidate(node, { env: { ENABLE_PREFIX_DELEGATION: 'true' } })).toMatchObject({
      warmEniTarget: 1,
      maxEnis: 2,
      perEni: 9,
    });
  });
});

describe('not reasons to leave a node', () => {
  test('Auto Mode is on, but this instance belongs to an ordinary group', () => {
    expect(candidate(aNode(), aCluster({}, { autoMode: true }), aPolicy())).toHaveProperty('candidate');
  });
  test('a self-managed CNI whose environment the policy states', () => {
    const cluster = aCluster({}, { vpcCni: undefined });
    const policy = aPolicy({ cniEnv: { WARM_ENI_TARGET: '0' } });
    expect(candidate(aNode(), cluster, policy)).toHaveProperty('candidate.warmEniTarget', 0);
  });
  test('an EFA interface on another network card, which the CNI does not manage', () => {
    const enis = [anEni(0, 49), anEni(1, 0, { networkCardIndex: 1 })];
    expect(candidate(aNode({ type: 'hpc6id.32xlarge', enis }), aCluster(), aPolicy())).toHaveProperty(
      'candidate.maxEnis',
      1,
    );
  });
});

describe('pods that need an address, at most', () => {
  const podCap = (
    node: Partial<Node>,
    policy: Partial<Policy> = {},
    env: Readonly<Record<string, string>> = {},
  ): number => aCandidate(aNode(node), { env, policy: aPolicy(policy) }).podCap;

  test("the kubelet's own figure, less pods on the host's network", () => {
    expect(podCap({ type: 'm5.4xlarge' })).toBe(8 * 29);
    expect(podCap({ type: 'm5.4xlarge' }, { hostNetworkPods: 5 })).toBe(8 * 29 - 3);
  });
  test('a managed node group caps max-pods at 110 below 30 vCPU', () => {
    const tags = { 'eks:cluster-name': 'shop', 'eks:nodegroup-name': 'blue' };
    expect(podCap({ type: 'm5.4xlarge', tags })).toBe(108);
    expect(podCap({ type: 'm5.large', tags })).toBe(27);
  });
  test('max-pods from the policy replaces the formula', () => {
    expect(podCap({}, { maxPods: 12 })).toBe(10);
  });
  test('max-pods above what the ENIs hold is not believed', () => {
    expect(podCap({}, { maxPods: 110 })).toBe(27);
    expect(podCap({}, { maxPods: 110 }, { MAX_ENI: '2' })).toBe(18);
    expect(podCap({}, {}, { ENABLE_POD_ENI: 'true' })).toBe(18);
  });
  test('an ENI the CNI must not manage holds no pod', () => {
    const enis = [anEni(0, 9), anEni(1, 9, { tags: { 'node.k8s.amazonaws.com/no_manage': 'true' } })];
    expect(podCap({ enis })).toBe(18);
  });
  test('more host-network pods than max-pods leave none, not fewer than none', () => {
    expect(podCap({}, { maxPods: 4, hostNetworkPods: 9 })).toBe(0);
  });
});
