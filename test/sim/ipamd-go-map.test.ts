import { expect, test } from 'vitest';
import { Chance } from '../../sim/chance.ts';
import { GoMap } from '../../sim/ipamd/go-map.ts';

const filled = (count: number, seed = 1): GoMap<number> => {
  const map = new GoMap<number>(new Chance(seed).stream('map'));
  for (let n = 0; n < count; n++) map.set(`key-${n}`, n);
  return map;
};

test.each([1, 2, 3, 5, 8])(
  'with %i entries the first one leads a walk with probability (9 − n)/8',
  (count) => {
    const map = filled(count);
    const walks = 20_000;
    let led = 0;
    for (let n = 0; n < walks; n++) if (map.find(() => true) === 0) led++;
    expect(led / walks).toBeCloseTo((9 - count) / 8, 1);
  },
);

test('a walk goes round once and keeps the order of the slots', () => {
  const map = filled(5);
  for (let n = 0; n < 50; n++) {
    const walk = map.walk();
    const first = walk[0] ?? 0;
    expect(walk).toEqual([0, 1, 2, 3, 4].map((step) => (first + step) % 5));
  }
});

test('a new entry takes the first free slot', () => {
  const map = filled(4);
  map.delete('key-1');
  map.set('new', 9);
  const walk = map.walk();
  const zero = walk.indexOf(0);
  expect(walk[(zero + 1) % 4]).toBe(9);
});

test.each([9, 14, 15, 28, 29, 49, 120])('%i entries: none is lost when the table grows', (count) => {
  const map = filled(count);
  expect(map.size).toBe(count);
  expect(map.walk().sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
  map.delete('key-3');
  expect(map.has('key-3')).toBe(false);
  expect(map.copy().size).toBe(count - 1);
});
