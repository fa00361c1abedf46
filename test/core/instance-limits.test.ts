import { describe, expect, test } from 'vitest';
import { MOST_IPV4_PER_ENI } from '../../lambdas/core/limits.ts';
import table from '../../lambdas/core/plan/instance-limits.json' with { type: 'json' };
import { limitsOf, managedGroupPodCap } from '../../lambdas/core/plan/instance-limits.ts';

describe("the CNI's table of instance limits", () => {
  const types = Object.values(table.types).flatMap((names) => names.split(' '));

  test('it knows all 1,391 types of v1.23.1, each once, with sound figures', () => {
    expect(new Set(types).size).toBeGreaterThanOrEqual(1391);
    expect(new Set(types).size).toBe(types.length);
    for (const type of types) {
      const limits = limitsOf(type);
      if (limits === undefined) throw new Error(`${type} is listed but not known`);
      expect(limits.maxEnis, type).toBeGreaterThanOrEqual(1);
      expect(limits.ipv4PerEni, type).toBeGreaterThanOrEqual(2);
      expect(limits.networkCards, type).toBeGreaterThanOrEqual(1);
    }
  });

  test('no ENI of any type holds more addresses than the figure that alarms go by', () => {
    const most = types.map((type) => limitsOf(type)?.ipv4PerEni ?? 0);
    expect(Math.max(...most)).toBe(MOST_IPV4_PER_ENI);
  });

  test('all but 80 Xen types and two of unknown kind take prefixes; 67 types have more than one card', () => {
    const known = types.flatMap((type) => limitsOf(type) ?? []);
    expect(known.filter(({ prefixes }) => !prefixes)).toHaveLength(82);
    expect(known.filter(({ networkCards }) => networkCards > 1)).toHaveLength(67);
  });

  test.each([
    ['m5.large', 3, 10, true],
    ['t3.medium', 3, 6, true],
    ['m4.large', 2, 10, false],
    ['m5.4xlarge', 8, 30, true],
    ['c5.metal', 15, 50, true],
  ])('%s has %i ENIs of %i addresses', (type, maxEnis, ipv4PerEni, prefixes) => {
    expect(limitsOf(type)).toMatchObject({ maxEnis, ipv4PerEni, prefixes });
  });

  test('a type with two cards: the limits are those of one card, the default one', () => {
    expect(limitsOf('c6in.32xlarge')).toMatchObject({ maxEnis: 8, ipv4PerEni: 50, networkCards: 2 });
  });

  test.each([
    ['m5.large', true],
    ['c5.metal', true],
    ['i4i.xlarge', true],
    ['t3.medium', false],
    ['t4g.small', false],
    ['i3.large', false],
    ['i4i.large', false],
    ['m4.large', false],
    ['u-6tb1.56xlarge', false],
  ])('%s takes a trunk: %s', (type, trunks) => {
    expect(limitsOf(type)).toMatchObject({ trunks });
  });

  test.each(['', 'm5', 'm5.large ', 'M5.LARGE', 'constructor', 'z9.enormous'])(
    '%j is not known, and nothing is guessed',
    (type) => {
      expect(limitsOf(type)).toBeUndefined();
    },
  );
});

describe('the cap of managed node groups: 110 pods below 30 vCPU, 250 from there', () => {
  test.each([
    ['t3.nano', 110],
    ['m5.large', 110],
    ['m5.xlarge', 110],
    ['m5.4xlarge', 110],
    ['z1d.6xlarge', 110],
    ['m5.8xlarge', 250],
    ['m5.24xlarge', 250],
    ['m5.metal', 250],
    ['m7i.metal-24xl', 250],
    ['a1.metal', 110],
  ])('%s: %i', (type, cap) => {
    expect(managedGroupPodCap(type)).toBe(cap);
  });
});
