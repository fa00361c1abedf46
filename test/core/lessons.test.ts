import { describe, expect, test } from 'vitest';
import {
  adoptionMostMs,
  type Lesson,
  learnt,
  type Sample,
  startP05Ms,
} from '../../lambdas/core/looks/lessons.ts';

let nodes = 0;
const boot = (notBeforeMs: number, byMs?: number): Sample => ({
  of: `i-${++nodes}`,
  notBeforeMs,
  ...(byMs !== undefined && { byMs }),
});
const many = (count: number, make: () => Sample): Sample[] => Array.from({ length: count }, make);
const lesson = (...boots: Sample[][]): Lesson => ({ boots: boots.flat(), adoptions: [] });

describe('how soon ipamds of a node group start', () => {
  test('nothing is known below 20 launches', () => {
    expect(startP05Ms(undefined)).toBeUndefined();
    expect(startP05Ms(lesson(many(19, () => boot(20_000, 25_000))))).toBeUndefined();
  });
  test('all started between two looks: one in twenty in the first twentieth of the span', () => {
    const p05 = startP05Ms(lesson(many(20, () => boot(20_000, 25_000)))) ?? 0;
    expect(Math.abs(p05 - 20_250)).toBeLessThanOrEqual(1);
  });
  test('none had started at the last look: at least that', () => {
    expect(startP05Ms(lesson(many(30, () => boot(25_000))))).toBe(25_000);
  });
  test('two of twenty started sooner: the guard counts on the sooner ones', () => {
    const p05 = startP05Ms(
      lesson(
        many(18, () => boot(25_000)),
        many(2, () => boot(10_000, 15_000)),
      ),
    );
    expect(p05).toBe(12_500);
  });
  test('one in fifty sooner is within the five per cent', () => {
    const p05 = startP05Ms(
      lesson(
        many(49, () => boot(25_000, 30_000)),
        [boot(5_000, 10_000)],
      ),
    );
    expect(p05).toBeGreaterThanOrEqual(25_000);
  });
  test('against launches drawn from a known distribution, seen through looks five seconds apart', () => {
    // Uniform from 15 to 45 s: 5 % start before 16.5 s.
    const boots = Array.from({ length: 50 }, (_, index) => {
      const atMs = 15_000 + ((index + 0.5) * 30_000) / 50;
      const notBeforeMs = Math.floor(atMs / 5_000) * 5_000;
      return boot(notBeforeMs, notBeforeMs + 5_000);
    });
    const p05 = startP05Ms({ boots, adoptions: [] }) ?? 0;
    expect(Math.abs(p05 - 16_500)).toBeLessThan(1_000);
  });
});

describe('what is remembered', () => {
  test('the last fifty', () => {
    const before = lesson(many(50, () => boot(1_000)));
    const { boots } = learnt(before, { boots: many(3, () => boot(2_000)) });
    expect(boots).toHaveLength(50);
    expect(boots.slice(-3).map(({ notBeforeMs }) => notBeforeMs)).toEqual([2_000, 2_000, 2_000]);
  });
  test('a launch whose event came twice teaches once', () => {
    const one = boot(20_000, 25_000);
    expect(learnt(learnt(undefined, { boots: [one] }), { boots: [one, one] }).boots).toEqual([one]);
  });
});

describe('how long running nodes take to adopt', () => {
  const seen = (byMs?: number): Lesson => ({ boots: [], adoptions: many(20, () => boot(0, byMs)) });
  test('the longest that was seen, of all groups in question', () => {
    expect(adoptionMostMs([seen(71_000), seen(76_000)])).toBe(76_000);
  });
  test.each([
    ['no group is in question', []],
    ['nothing is known of one', [seen(71_000), undefined]],
    ['too little is known', [{ boots: [], adoptions: many(19, () => boot(0, 71_000)) }]],
    ['one was never seen', [{ boots: [], adoptions: [...many(19, () => boot(0, 71_000)), boot(165_000)] }]],
  ] as const)('%s: the policy’s figure counts', (_, lessons) => {
    expect(adoptionMostMs(lessons)).toBeUndefined();
  });
});
