/** The lens is a cluster's own: another one beside it may have it and this one not. */
import { expect, test } from 'vitest';
import type { Kubernetes } from '../../lambdas/core/kubernetes.ts';
import { gatesOf, lensOf } from '../../lambdas/core/lens.ts';
import type { ClusterSetting, Ports } from '../../lambdas/core/ports.ts';
import { aPolicy } from './fixtures.ts';

const kubernetes = {} as Kubernetes;
const CLUSTERS: readonly ClusterSetting[] = [
  { name: 'off', mode: 'warm' },
  { name: 'lens', mode: 'warm', lens: true },
  { name: 'gate', mode: 'warm', lens: true, gate: true },
];
const ports = { kubernetes, settings: { clusters: CLUSTERS, policy: aPolicy() } } as unknown as Ports;

test.each([
  ['off', undefined, undefined],
  ['lens', kubernetes, undefined],
  ['gate', kubernetes, kubernetes],
  ['of somebody else', undefined, undefined],
])('a cluster %s', (cluster, lens, gates) => {
  expect(lensOf(cluster, ports)).toBe(lens);
  expect(gatesOf(cluster, ports)).toBe(gates);
});
