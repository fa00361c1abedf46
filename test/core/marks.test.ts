import { describe, expect, test } from 'vitest';
import { type Mark, markAgain, marked, zoneMark } from '../../lambdas/core/plan/marks.ts';
import { Room } from '../../lambdas/core/plan/subnets.ts';
import { aNode, aSubnet, NOW_MS } from './fixtures.ts';

const MINUTE = 60_000;

describe('a subnet says it is full', () => {
  test('left alone for 2, then 3, then 10 minutes each time', () => {
    const first = markAgain(undefined, NOW_MS);
    const second = markAgain(first, first.untilMs);
    const third = markAgain(second, second.untilMs + 1);
    const fourth = markAgain(third, third.untilMs);
    const spans = [
      first.untilMs - NOW_MS,
      second.untilMs - first.untilMs,
      third.untilMs - second.untilMs - 1,
      fourth.untilMs - third.untilMs,
    ];
    expect(spans).toEqual([2, 3, 10, 10].map((minutes) => minutes * MINUTE));
  });
  test('calls that were under way say it again: that is the same time', () => {
    const first = markAgain(undefined, NOW_MS);
    expect(markAgain(first, NOW_MS + MINUTE)).toBe(first);
  });
  test('ten minutes of peace later it is the first time again', () => {
    const before: Mark = { times: 3, untilMs: NOW_MS };
    expect(markAgain(before, NOW_MS + 10 * MINUTE).times).toBe(1);
    expect(markAgain(before, NOW_MS + 10 * MINUTE - 1).times).toBe(4);
  });
  test('only what holds now counts', () => {
    const marks = new Map([
      ['subnet-1', { times: 1, untilMs: NOW_MS }],
      ['subnet-2', { times: 1, untilMs: NOW_MS + 1 }],
    ]);
    expect([...marked(marks, NOW_MS)]).toEqual(['subnet-2']);
  });
});

describe('room where something is marked', () => {
  const tags = { 'kubernetes.io/role/cni': '1' };
  const subnets = [aSubnet(500, { tags }), aSubnet(100, { id: 'subnet-2', tags })];
  const node = aNode({});

  test('a marked subnet gives nothing, and the next one is used', () => {
    const room = new Room(subnets, 16, new Set(['subnet-1']));
    expect(room.left('subnet-1')).toBe(0);
    expect(room.forNewEni(node, 'shop', 10)).toBe('subnet-2');
  });
  test('a marked zone gives no new ENI, but its ENIs are still filled', () => {
    const room = new Room(subnets, 16, new Set([zoneMark(node.zone)]));
    expect(room.forNewEni(node, 'shop', 10)).toBeUndefined();
    expect(room.left('subnet-1')).toBe(484);
  });
});
