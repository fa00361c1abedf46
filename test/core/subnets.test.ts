import { describe, expect, test } from 'vitest';
import type { Subnet, SubnetId } from '../../lambdas/core/model.ts';
import { Room } from '../../lambdas/core/plan/subnets.ts';
import { aNode, aSubnet, CLUSTER_NAME } from './fixtures.ts';

const CLUSTER_TAG = 'cni.networking.k8s.aws/cluster/';
const role = (value: string, ...clusters: string[]): Record<string, string> => ({
  'kubernetes.io/role/cni': value,
  ...Object.fromEntries(clusters.map((name) => [CLUSTER_TAG + name, 'shared'])),
});
const chosen = (subnets: readonly Subnet[], addresses = 10, reserve = 16): SubnetId | undefined =>
  new Room(subnets, reserve).forNewEni(aNode(), CLUSTER_NAME, addresses);

describe("the CNI's own choice of subnet", () => {
  test("without tags only the node's own subnet counts, however full it is", () => {
    const other = aSubnet(4_000, { id: 'subnet-2' });
    expect(chosen([aSubnet(30), other])).toBe('subnet-1');
    expect(chosen([aSubnet(20), other])).toBeUndefined();
  });
  test('an empty tag is no tag', () => {
    expect(chosen([aSubnet(30), aSubnet(4_000, { id: 'subnet-2', tags: role('') })])).toBe('subnet-1');
  });
  test('a tagged subnet of the zone is taken when it has most free addresses', () => {
    expect(chosen([aSubnet(30), aSubnet(40, { id: 'subnet-2', tags: role('1') })])).toBe('subnet-2');
    expect(chosen([aSubnet(50), aSubnet(40, { id: 'subnet-2', tags: role('1') })])).toBe('subnet-1');
  });
  test("tag value 0 excludes even the node's own subnet", () => {
    expect(chosen([aSubnet(4_000, { tags: role('0') })])).toBeUndefined();
  });
  test('a cluster tag narrows it to the clusters named', () => {
    const subnet = (...clusters: string[]): Subnet => aSubnet(400, { tags: role('1', ...clusters) });
    expect(chosen([subnet('bank')])).toBeUndefined();
    expect(chosen([subnet('bank', CLUSTER_NAME)])).toBe('subnet-1');
  });
  test('another zone, or another VPC, is never taken', () => {
    expect(chosen([aSubnet(400, { zone: 'eu-central-1b', tags: role('1') })])).toBeUndefined();
    expect(chosen([aSubnet(400, { vpcId: 'vpc-2', tags: role('1') })])).toBeUndefined();
  });
  test('two with as many free addresses: the lower id, in whatever order EC2 lists them', () => {
    const [one, two] = [
      aSubnet(40, { id: 'subnet-8', tags: role('1') }),
      aSubnet(40, { id: 'subnet-9', tags: role('1') }),
    ];
    expect([chosen([one, two]), chosen([two, one])]).toEqual(['subnet-8', 'subnet-8']);
  });
});

describe('room', () => {
  test('the reserve is never touched', () => {
    expect([chosen([aSubnet(26)]), chosen([aSubnet(25)])]).toEqual(['subnet-1', undefined]);
    expect(chosen([aSubnet(5)], 1)).toBeUndefined();
  });
  test('what an earlier step takes is gone for a later one', () => {
    const room = new Room([aSubnet(46)], 16);
    room.take('subnet-1', 21);
    expect([room.left('subnet-1'), room.forNewEni(aNode(), CLUSTER_NAME, 10)]).toEqual([9, undefined]);
  });
  test('the second ENI goes where most is left after the first', () => {
    const room = new Room([aSubnet(50), aSubnet(48, { id: 'subnet-2', tags: role('1') })], 16);
    room.take(room.forNewEni(aNode(), CLUSTER_NAME, 10) ?? 'subnet-0', 10);
    expect(room.forNewEni(aNode(), CLUSTER_NAME, 10)).toBe('subnet-2');
  });
  test('of a subnet that was not read nothing is free', () => {
    expect(new Room([], 0).left('subnet-7')).toBe(0);
  });
});
