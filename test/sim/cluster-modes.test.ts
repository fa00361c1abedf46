/** The CNI's less usual modes in the world without us: what a cluster does with them by itself. */
import { expect, test } from 'vitest';
import type { Node } from '../../sim/cluster/node.ts';
import { World, type WorldSetup } from '../../sim/world.ts';
import { replayable } from '../replay.ts';

const NODES = {
  id: 'subnet-0a1b2c3d4e5f60718',
  vpcId: 'vpc-1',
  zone: 'eu-central-1a',
  cidr: '10.0.0.0/22',
} as const;
const PODS = { ...NODES, id: 'subnet-0b2c3d4e5f6071829', cidr: '10.0.8.0/22' };
const MINUTE_MS = 60_000;

function world(setup: Partial<WorldSetup> & { readonly seed: number }): World {
  replayable(setup.seed);
  return new World({ cluster: 'shop', subnets: [NODES], ...setup });
}

const kinds = (node: Node): string[] => node.instance.enis.map(({ interfaceType }) => interfaceType);

test('with pod ENIs a started node gets one trunk, which ipamd never fills and never gives back', async () => {
  const shop = world({ seed: 1, cniEnv: { ENABLE_POD_ENI: 'true' } });
  const node = shop.launch('m5.large');
  await shop.kernel.run(30 * MINUTE_MS);
  expect(kinds(node)).toEqual(['interface', 'trunk']);
  expect(node.instance.enis.map(({ secondaryIps }) => secondaryIps.length)).toEqual([9, 0]);
  expect(node.instance.enis[1]?.attachment).toMatchObject({ deviceIndex: 1, deleteOnTermination: true });
});

test('with pod ENIs a node grows to all slots but the trunk’s, whenever the trunk comes', async () => {
  const shop = world({ seed: 2, cniEnv: { ENABLE_POD_ENI: 'true' } });
  for (let index = 0; index < 18; index++) shop.createPod(`pod-${index}`);
  const node = shop.launch('m5.large');
  await shop.kernel.run(5 * MINUTE_MS);
  expect(kinds(node).toSorted()).toEqual(['interface', 'interface', 'trunk']);
  expect(node.ipamd.snapshot()).toMatchObject({ enis: 3, totalIps: 18, assigned: 18 });
});

test('somebody took the last slot: the node has no trunk, and gets one when the slot is free again', async () => {
  const shop = world({ seed: 3, cniEnv: { ENABLE_POD_ENI: 'true' } });
  const node = shop.launch('m5.large');
  const theirs = [1, 2].map((deviceIndex) =>
    shop.account.attachedAtStart(node.instanceId, {
      deviceIndex,
      tags: { 'node.k8s.amazonaws.com/no_manage': 'true' },
    }),
  );
  await shop.kernel.run(5 * MINUTE_MS);
  expect(kinds(node)).not.toContain('trunk');
  shop.account.perform('DetachNetworkInterface', { attachmentId: theirs[0]?.attachment?.id ?? '' });
  await shop.kernel.run(8 * MINUTE_MS);
  expect(kinds(node)).toContain('trunk');
});

test.each([
  ['t3.medium', { ENABLE_POD_ENI: 'true' }],
  ['m5.large', {}],
] as const)('%s with %j gets no trunk', async (type, cniEnv) => {
  const shop = world({ seed: 4, cniEnv });
  const node = shop.launch(type);
  await shop.kernel.run(5 * MINUTE_MS);
  expect(kinds(node)).not.toContain('trunk');
});

test('custom networking: nodes are in their own subnet, pods on secondary ENIs in the ENIConfig’s', async () => {
  const groups = ['sg-0b2c3d4e5f6071829'];
  const shop = world({
    seed: 5,
    subnets: [NODES, PODS],
    cniEnv: { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' },
    eniConfigs: { [NODES.zone]: { subnetId: PODS.id, securityGroups: groups } },
  });
  for (let index = 0; index < 18; index++) shop.createPod(`pod-${index}`);
  const nodes = [shop.launch('m5.large'), shop.launch('m5.large')];
  await shop.kernel.run(5 * MINUTE_MS);
  expect(shop.pods.filter(({ runningAtMs }) => runningAtMs !== undefined)).toHaveLength(18);
  for (const node of nodes) {
    const [primary, ...others] = node.instance.enis;
    expect([node.maxPods, primary?.subnetId, primary?.secondaryIps]).toEqual([20, NODES.id, []]);
    expect(others.length).toBeGreaterThan(0);
    for (const eni of others) expect(eni).toMatchObject({ subnetId: PODS.id, groups });
  }
});

test('custom networking without an ENIConfig: ipamd never starts, and the node never becomes Ready', async () => {
  const shop = world({ seed: 6, cniEnv: { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' } });
  const node = shop.launch('m5.large');
  await shop.kernel.run(5 * MINUTE_MS);
  expect(node.ready).toBe(false);
  expect(node.ipamd.failedStarts).toBeGreaterThan(1);
});

test('provisioning disabled: the node becomes Ready without an address, and no pod ever starts', async () => {
  const shop = world({ seed: 7, cniEnv: { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' } });
  for (let index = 0; index < 5; index++) shop.createPod(`pod-${index}`);
  const node = shop.launch('m5.large');
  await shop.kernel.run(20 * MINUTE_MS);
  expect([node.ready, node.pods.length]).toEqual([true, 5]);
  expect(shop.pods.filter(({ gotAddressAtMs }) => gotAddressAtMs !== undefined)).toEqual([]);
  expect(node.instance.enis.map(({ secondaryIps }) => secondaryIps.length)).toEqual([0]);
});
