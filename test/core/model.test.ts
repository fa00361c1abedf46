import { describe, expect, test } from 'vitest';
import {
  clusterOf,
  ipamdStarted,
  managedEnis,
  nodeGroupOf,
  primaryEni,
  totalIps,
} from '../../lambdas/core/model.ts';
import { lookAt } from '../../lambdas/core/plan/standing.ts';
import { aNode, anEni, enisOf, IPAMD_TAG, NOW_MS } from './fixtures.ts';

describe('the cluster an instance says it belongs to', () => {
  test.each([
    [{ 'eks:cluster-name': 'shop' }, 'shop'],
    [{ 'eks:eks-cluster-name': 'shop' }, 'shop'],
    [{ 'aws:eks:cluster-name': 'shop' }, 'shop'],
    [{ 'kubernetes.io/cluster/shop': 'owned' }, 'shop'],
    [{ 'kubernetes.io/cluster/bank': 'shared', 'kubernetes.io/cluster/shop': 'owned' }, 'shop'],
    [{ 'kubernetes.io/cluster/shop': 'shared' }, undefined],
    [{ Name: 'shop' }, undefined],
    [{}, undefined],
  ])('%j: %s', (tags, cluster) => {
    expect(clusterOf(tags)).toBe(cluster);
  });
});

test('launches resemble each other by managed node group, then Karpenter node pool, then Auto Scaling group', () => {
  const tags = {
    'eks:nodegroup-name': 'blue',
    'karpenter.sh/nodepool': 'spot',
    'aws:autoscaling:groupName': 'eks-blue-1',
  };
  const { 'eks:nodegroup-name': _, ...withoutGroup } = tags;
  expect([nodeGroupOf(tags), nodeGroupOf(withoutGroup)]).toEqual(['blue', 'spot']);
  expect(nodeGroupOf({ 'aws:autoscaling:groupName': 'eks-blue-1' })).toBe('eks-blue-1');
  expect(nodeGroupOf({})).toBe('ungrouped');
});

describe('what the CNI has of a node', () => {
  const enis = [
    anEni(0, 9, { tags: { [IPAMD_TAG]: 'i-1' } }),
    anEni(1, 5),
    anEni(2, 3, { tags: { 'node.k8s.amazonaws.com/no_manage': 'true' } }),
    anEni(0, 7, { id: 'eni-efa', networkCardIndex: 1 }),
  ];
  test('its pool is on the default card, without ENIs it must not manage', () => {
    expect(totalIps(aNode({ enis }))).toBe(14);
  });
  test("any other value of that tag is an invitation, and the primary is always the CNI's", () => {
    const tags = (value: string): Record<string, string> => ({ 'node.k8s.amazonaws.com/no_manage': value });
    const node = aNode({ enis: [anEni(0, 9, { tags: tags('true') }), anEni(1, 9, { tags: tags('no') })] });
    expect(managedEnis(node)).toHaveLength(2);
  });
  test('the primary is index 0 of card 0, wherever EC2 lists it', () => {
    expect(primaryEni(aNode({ enis: enis.toReversed() }))?.id).toBe('eni-0');
    expect(ipamdStarted(aNode({ enis: enis.toReversed() }))).toBe(true);
    expect(ipamdStarted(aNode({ enis: enis.slice(1) }))).toBe(false);
  });
});

describe('sights: since when a node has looked as it does', () => {
  const node = aNode({ enis: enisOf('i-1', [9, 5]) });
  const hourAgo = NOW_MS - 3_600_000;
  test('seen for the first time: since now', () => {
    expect(lookAt([node], new Map(), NOW_MS).get('i-1')).toEqual({ enis: 2, total: 14, sinceMs: NOW_MS });
  });
  test('unchanged: since it last changed', () => {
    const before = new Map([['i-1', { enis: 2, total: 14, sinceMs: hourAgo }]] as const);
    expect(lookAt([node], before, NOW_MS).get('i-1')?.sinceMs).toBe(hourAgo);
  });
  test.each([
    { enis: 3, total: 14 },
    { enis: 2, total: 13 },
  ])('it looked like %j before: since now', (look) => {
    const before = new Map([['i-1', { ...look, sinceMs: hourAgo }]] as const);
    expect(lookAt([node], before, NOW_MS).get('i-1')?.sinceMs).toBe(NOW_MS);
  });
  test('a node that is gone is forgotten', () => {
    const before = new Map([['i-1', { enis: 2, total: 14, sinceMs: hourAgo }]] as const);
    expect(lookAt([], before, NOW_MS).size).toBe(0);
  });
});
