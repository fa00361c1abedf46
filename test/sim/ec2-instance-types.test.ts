import { expect, test } from 'vitest';
import table from '../../sim/ec2/instance-types.json' with { type: 'json' };
import { typeLimits } from '../../sim/ec2/instance-types.ts';

test('the table holds 1,391 types, each once', () => {
  const names = Object.values(table.types).flatMap((types) => types.split(' '));
  expect(names).toHaveLength(1_391);
  expect(new Set(names).size).toBe(1_391);
});

test.each([
  ['m5.large', { enisPerCard: 3, networkCards: 1, ipv4PerEni: 10, prefixes: true, trunks: true }],
  ['t3.medium', { enisPerCard: 3, networkCards: 1, ipv4PerEni: 6, prefixes: true, trunks: false }],
  ['m4.large', { enisPerCard: 2, networkCards: 1, ipv4PerEni: 10, prefixes: false, trunks: false }],
  ['c6in.32xlarge', { enisPerCard: 8, networkCards: 2, ipv4PerEni: 50, prefixes: true, trunks: true }],
  ['c5.metal', { enisPerCard: 15, networkCards: 1, ipv4PerEni: 50, prefixes: true, trunks: true }],
])('%s', (type, limits) => {
  expect(typeLimits(type)).toEqual(limits);
});

test('a type nobody offers has no limits', () => {
  expect(typeLimits('m5.huge')).toBeUndefined();
});
