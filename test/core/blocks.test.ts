/** Free /28 blocks by arithmetic of our own, judged by the simulator's count of what it can still delegate. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockOf, freeBlocks } from '../../lambdas/core/blocks.ts';
import type { Account } from '../../sim/ec2/account.ts';
import { ApiError } from '../../sim/ec2/api.ts';
import { ec2World } from '../sim/ec2-stage.ts';

const blocksOf = (...held: string[]): Set<number> => new Set(held.map((one) => blockOf(one) ?? Number.NaN));

test('an empty subnet has all of its blocks but the first and the last, where AWS keeps addresses', () => {
  const empty = new Set<number>();
  expect(freeBlocks('10.0.0.0/16', empty)).toBe(4_094);
  expect(freeBlocks('10.0.4.0/22', empty)).toBe(62);
  expect(freeBlocks('192.168.255.192/26', empty)).toBe(2);
  expect(freeBlocks('10.0.0.32/27', empty)).toBe(0);
  expect(freeBlocks('10.0.0.16/28', empty)).toBe(0);
});

test('one address takes its block, and so does a prefix; sixteen in a block take no more than that', () => {
  const free = (...held: string[]) => freeBlocks('10.0.4.0/24', blocksOf(...held));
  expect(free('10.0.4.16')).toBe(13);
  expect(free('10.0.4.31')).toBe(13);
  expect(free('10.0.4.16/28')).toBe(13);
  expect(free(...Array.from({ length: 16 }, (_, last) => `10.0.4.${16 + last}`))).toBe(13);
  expect(free('10.0.4.31', '10.0.4.32')).toBe(12);
  expect(free('10.0.4.4', '10.0.4.254')).toBe(14);
});

test('addresses of other subnets, also of those high up, take nothing', () => {
  expect(freeBlocks('10.0.4.0/24', blocksOf('10.0.3.240', '10.0.5.0', '172.31.4.16'))).toBe(14);
  expect(freeBlocks('203.0.112.0/24', blocksOf('203.0.112.200', '75.0.112.200'))).toBe(13);
});

test.each(['', '10.0.0.1/24', '10.0.0.0/29', '10.0', '10.0.0.256', 'fd00::1', '10.0.0.0/28/28', '10.0.0.x'])(
  '%j is no address and no delegated prefix',
  (text) => expect(blockOf(text)).toBeUndefined(),
);

test.each(['', '10.0.0.0', '10.0.0.0/15', '10.0.0.0/29', '10.0.0.0/24.5', '10.0.0/24', '10.0.0.0/a'])(
  '%j is no subnet’s range',
  (cidr) => expect(freeBlocks(cidr, new Set())).toBeUndefined(),
);

const SUBNET = 'subnet-a';

const step = fc.record({
  kind: fc.constantFrom('create', 'create', 'assign', 'assign', 'unassign', 'delete'),
  ips: fc.nat(30),
  /** None in half of the cases. */
  prefixes: fc.integer({ min: -3, max: 3 }).map((count) => Math.max(0, count)),
  which: fc.nat(1_000),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

test('whatever fills a subnet, singly or by blocks, ours is the number of blocks EC2 can still delegate', () => {
  const fillings = { bits: fc.integer({ min: 20, max: 28 }), steps: fc.array(step, { maxLength: 25 }) };
  const counts = new Set<number>();
  fc.assert(
    fc.property(fc.record(fillings), fc.boolean(), ({ bits, steps }, packed) => {
      const cidr = `10.3.240.0/${bits}`;
      const { account } = ec2World({
        subnets: [{ id: SUBNET, vpcId: 'vpc-1', zone: 'z', cidr, singles: packed ? 'packed' : 'scattered' }],
      });
      for (const one of steps) {
        happen(account, one);
        const held = account
          .enis()
          .flatMap(({ privateIp, secondaryIps, prefixes }) => [privateIp, ...secondaryIps, ...prefixes]);
        const free = freeBlocks(cidr, blocksOf(...held));
        expect(free).toBe(account.subnet(SUBNET).freePrefixes);
        counts.add(free ?? -1);
      }
    }),
    { numRuns: 300 },
  );
  // The fillings differed.
  expect(counts.size).toBeGreaterThan(20);
});

/** Refused where the subnet is full: that fills nothing. */
function happen(account: Account, { kind, ips, prefixes, which }: Step): void {
  const enis = account.enis();
  const eni = enis[which % Math.max(enis.length, 1)];
  const wish = prefixes > 0 ? { ipv4PrefixCount: prefixes } : { secondaryPrivateIpAddressCount: ips };
  try {
    if (kind === 'create') account.perform('CreateNetworkInterface', { subnetId: SUBNET, ...wish });
    if (eni === undefined) return;
    const networkInterfaceId = eni.id;
    if (kind === 'assign') account.perform('AssignPrivateIpAddresses', { networkInterfaceId, ...wish });
    if (kind === 'unassign')
      account.perform('UnassignPrivateIpAddresses', {
        networkInterfaceId,
        privateIpAddresses: eni.secondaryIps.slice(0, ips),
        ipv4Prefixes: eni.prefixes.slice(0, prefixes),
      });
    if (kind === 'delete') account.perform('DeleteNetworkInterface', { networkInterfaceId });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
