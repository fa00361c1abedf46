/** What must be true of an EC2 account at any moment, computed from what it shows and from nothing else. */
import { expect } from 'vitest';
import type { Account } from '../../sim/ec2/account.ts';
import type { Bucket } from '../../sim/ec2/buckets.ts';
import type { CallRecord } from '../../sim/ec2/call-counts.ts';
import { typeLimits } from '../../sim/ec2/instance-types.ts';

const number = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

function range(cidr: string): { from: number; to: number } {
  const [address = '', bits] = cidr.split('/');
  const from = number(address);
  return { from, to: from + 2 ** (32 - Number(bits)) };
}

const numbers = ({ from, to }: { from: number; to: number }): number[] =>
  Array.from({ length: to - from }, (_, offset) => from + offset);

/** No address twice, none of the five that AWS keeps, whole aligned blocks, and free counts that add up. */
export function expectAddressesConserved(account: Account): void {
  for (const subnet of account.subnets()) {
    const whole = range(subnet.cidr);
    const kept = [whole.from, whole.from + 1, whole.from + 2, whole.from + 3, whole.to - 1];
    const enis = account.enis().filter(({ subnetId }) => subnetId === subnet.id);
    for (const prefix of enis.flatMap(({ prefixes }) => prefixes)) {
      expect(prefix).toMatch(/\/28$/);
      expect(range(prefix).from % 16).toBe(0);
    }
    const held = enis.flatMap(({ privateIp, secondaryIps, prefixes }) => [
      ...[privateIp, ...secondaryIps].map(number),
      ...prefixes.flatMap((prefix) => numbers(range(prefix))),
    ]);
    const used = new Set([...held, ...kept]);
    expect(used.size).toBe(held.length + kept.length);
    expect(held.every((address) => address >= whole.from && address < whole.to)).toBe(true);

    const { reservations } = account.perform('GetSubnetCidrReservations', { subnetId: subnet.id });
    const reserved = reservations.flatMap(({ cidr }) => numbers(range(cidr)));
    expect(new Set(reserved).size).toBe(reserved.length);
    const forPrefixes = reservations.filter(({ type }) => type === 'prefix').map(({ cidr }) => range(cidr));
    const isFree = (address: number): boolean => !used.has(address);
    const aside = forPrefixes.flatMap(numbers).filter(isFree).length;
    expect(subnet.freeAddresses).toBe(whole.to - whole.from - used.size - aside);
    const mayBeChosen = (block: number[]): boolean =>
      forPrefixes.length > 0
        ? forPrefixes.some(({ from, to }) => (block[0] ?? 0) >= from && (block[15] ?? 0) < to)
        : !block.some((address) => reserved.includes(address));
    const blocks = numbers({ from: 0, to: (whole.to - whole.from) / 16 })
      .map((nth) => numbers({ from: whole.from + nth * 16, to: whole.from + nth * 16 + 16 }))
      .filter((block) => block.every(isFree) && mayBeChosen(block));
    expect(subnet.freePrefixes).toBe(blocks.length);
  }
}

/** No card holds more ENIs than it takes, no index twice, no ENI more addresses than its type allows. */
export function expectLimitsKept(account: Account): void {
  for (const instance of account.instances()) {
    const limits = typeLimits(instance.type);
    if (limits === undefined) throw new Error(instance.type);
    const places = instance.enis.map(({ attachment }) => ({
      card: attachment?.networkCardIndex ?? -1,
      device: attachment?.deviceIndex ?? -1,
    }));
    expect(new Set(places.map(({ card, device }) => `${card}/${device}`)).size).toBe(places.length);
    for (let card = 0; card < limits.networkCards; card++) {
      expect(places.filter((place) => place.card === card).length).toBeLessThanOrEqual(limits.enisPerCard);
    }
    for (const { secondaryIps, prefixes } of instance.enis) {
      expect(1 + secondaryIps.length + prefixes.length).toBeLessThanOrEqual(limits.ipv4PerEni);
      if (!limits.prefixes) expect(prefixes).toEqual([]);
    }
    const attached = account.enis().filter(({ attachment }) => attachment?.instanceId === instance.id);
    expect(attached.map(({ id }) => id).sort()).toEqual(instance.enis.map(({ id }) => id).sort());
    expect(attached.every(({ zone }) => zone === instance.zone)).toBe(true);
  }
}

/** In no window did a bucket grant more than fits into it and what came back meanwhile. */
export function expectRationed(log: readonly CallRecord[], { size, perSecond }: Bucket): void {
  const bucketOf = ({ action, input }: CallRecord): string =>
    action === 'DescribeNetworkInterfaces' && !('filters' in input) ? `${action} unfiltered` : action;
  const granted = Map.groupBy(
    log.filter(({ result }) => result !== 'RequestLimitExceeded'),
    bucketOf,
  );
  for (const calls of granted.values()) {
    for (const [first, { tMs: fromMs }] of calls.entries()) {
      for (const [last, { tMs: toMs }] of calls.entries()) {
        const most = size + ((toMs - fromMs) / 1_000) * perSecond;
        if (last >= first) expect(last - first + 1).toBeLessThanOrEqual(most + 1e-9);
      }
    }
  }
}
