import { describe, expect, test } from 'vitest';
import type { Node } from '../../lambdas/core/model.ts';
import { attachDeadlineMs, tooLate } from '../../lambdas/core/plan/launches.ts';
import { aNode, anEni, aPolicy, IPAMD_TAG, NOW_MS } from './fixtures.ts';

/** ipamd of this group starts 20 s after `running` at the earliest; an attach takes 2 s, and 8 s more to be seen. */
const START_P05_MS = 20_000;
const POLICY = aPolicy({ attachP95Ms: 2_000, imdsP95Ms: 8_000 });

const booting = (changes: Partial<Node> = {}): Node => aNode({ enis: [anEni(0, 0)], ...changes });
const verdict = (node: Node, sinceRunningMs: number | undefined): string | undefined =>
  tooLate(
    node,
    sinceRunningMs === undefined ? undefined : NOW_MS - sinceRunningMs,
    START_P05_MS,
    POLICY,
    NOW_MS,
  );

describe('the launch guard: attach only what ipamd will surely find when it starts', () => {
  test('the deadline leaves time for the attach and for instance metadata', () => {
    expect(attachDeadlineMs(NOW_MS, START_P05_MS, POLICY)).toBe(NOW_MS + 10_000);
  });
  test('a millisecond before the deadline there is time', () => {
    expect(verdict(booting(), 9_999)).toBeUndefined();
  });
  test('at the deadline, and after it, there is none', () => {
    expect(verdict(booting(), 10_000)).toContain('10.0 s after running');
    expect(verdict(booting(), 60_000)).toContain('60.0 s after running');
  });
  test('a pending instance has all its time', () => {
    expect(verdict(booting({ state: 'pending' }), undefined)).toBeUndefined();
  });
  test("ipamd's tag on the primary ENI ends it, however early, also while EC2 still says pending", () => {
    const started = [anEni(0, 0, { tags: { [IPAMD_TAG]: 'i-1' } })];
    expect(verdict(booting({ enis: started }), 1)).toContain('ipamd has started');
    expect(verdict(booting({ enis: started, state: 'pending' }), undefined)).toContain('ipamd has started');
  });
  test("the tag on another ENI proves nothing: only the primary's is written by the start", () => {
    const enis = [anEni(0, 0), anEni(1, 9, { tags: { [IPAMD_TAG]: 'i-1' } })];
    expect(verdict(booting({ enis }), 1)).toBeUndefined();
    const otherCard = [anEni(0, 0), anEni(0, 0, { networkCardIndex: 1, tags: { [IPAMD_TAG]: 'i-1' } })];
    expect(verdict(booting({ enis: otherCard }), 1)).toBeUndefined();
  });
  test('a group that starts faster than an attach takes effect is never raced', () => {
    expect(tooLate(booting(), NOW_MS, 10_000, POLICY, NOW_MS)).toBeDefined();
  });
  test('an event stamped in the future, because EventBridge stamps whole seconds, is in time', () => {
    expect(verdict(booting(), -999)).toBeUndefined();
  });
});
