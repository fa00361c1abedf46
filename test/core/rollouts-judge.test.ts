/** Go, wait or stop: what one look at a wave comes to. */
import { describe, expect, test } from 'vitest';
import type { WaveRecord } from '../../lambdas/core/rollouts/record.ts';
import { judge } from '../../lambdas/core/rollouts/verdict.ts';
import type { WaveOptions } from '../../lambdas/core/signals.ts';
import { NOW_MS } from './fixtures.ts';
import { aBatch, aRecord, aWave } from './rollout-record.ts';

interface Look {
  readonly waves?: Partial<WaveOptions>;
  readonly releasedPods?: number;
  readonly wave?: Partial<WaveRecord>;
  readonly pods?: number;
  readonly freeAddresses?: number;
  readonly coming?: number;
  readonly filled?: boolean;
  readonly growing?: number;
  /** Seconds from the plan until ENIs that came count. */
  readonly countsFromSeconds?: number;
  readonly margin?: number;
  readonly afterSeconds?: number;
}

/** A wave of 20 pods: looked at ten seconds after it was planned, for the second time, with nothing on its way. */
function judged({
  waves = {},
  releasedPods = 0,
  wave = {},
  pods = 20,
  freeAddresses = pods,
  coming = 0,
  filled = false,
  growing = 0,
  countsFromSeconds,
  margin = 1,
  afterSeconds = 10,
}: Look) {
  const record = aRecord(aBatch({ waves }), { releasedPods });
  const looked = aWave({ freeAddresses, ...wave });
  const can = { pods, freeAddresses, freeSlots: 50, growing };
  return judge(record, looked, {
    ...{ can, coming, filled, margin, nowMs: NOW_MS + afterSeconds * 1000 },
    ...(countsFromSeconds !== undefined && { countsFromMs: NOW_MS + countsFromSeconds * 1000 }),
  });
}

const FIXED = { size: 20 } as const;

describe('enough addresses', () => {
  test.each<[string, Look]>([
    ['exactly', {}],
    ['on nodes whose free slots all have one', { pods: Number.POSITIVE_INFINITY, freeAddresses: 3 }],
    ['with the margin', { pods: 25, margin: 1.25 }],
    [
      'seen ten seconds ago already, though some may still be set up',
      { coming: 2, wave: { enoughSinceMs: NOW_MS } },
    ],
    ['whatever stood in the way of warming', { wave: { shortfalls: { 'not allowed': 3 } } }],
    ['after the longest pause', { afterSeconds: 2_000 }],
  ])('%s: it goes with all its pods', (_how, look) => {
    expect(judged(look)).toEqual({ do: 'go', pods: 20 });
  });

  test.each<[string, Look]>([
    ['seen for the first time', { coming: 2 }],
    ['seen nine seconds ago', { coming: 2, wave: { enoughSinceMs: NOW_MS + 1_000 } }],
    [
      'on interfaces that were filled, which nothing shows',
      { coming: 2, filled: true, wave: { enoughSinceMs: NOW_MS } },
    ],
  ])('%s, and some were attached for it: it waits for those to be set up', (_how, look) => {
    expect(judged(look)).toMatchObject({
      do: 'wait',
      waitsFor: 'addresses that were just attached to be set up',
      enough: true,
    });
  });
});

describe('too few addresses', () => {
  const GROWTH = 'the pools of the nodes to grow';
  test.each<[string, Look, string, number]>([
    ['nodes take in what was attached', { coming: 2 }, '2 nodes to take in what was attached to them', 10],
    [
      'pools are about to grow, and did since the last look',
      { growing: 1, wave: { freeAddresses: 18 } },
      GROWTH,
      6,
    ],
    [
      'pools are about to grow, and nobody looked before',
      { growing: 1, wave: { freeAddresses: -1 } },
      GROWTH,
      6,
    ],
    ['pools have grown, by ENIs that do not count yet', { growing: 1, countsFromSeconds: 23 }, GROWTH, 13],
  ])('%s: it waits', (_how, look, waitsFor, seconds) => {
    const waits = { do: 'wait', waitsFor, waitMs: seconds * 1000, enough: false, pods: 19 };
    expect(judged({ pods: 19, ...look })).toEqual(waits);
  });

  test.each<[string, Look]>([
    ['an automatic wave at once', {}],
    [
      'one that nobody looked at before too: pools at rest are what they are',
      { wave: { freeAddresses: -1 } },
    ],
    ['and pools that should grow did not since the last look', { growing: 3 }],
    ['of a set size, after a minute', { waves: FIXED, afterSeconds: 60 }],
    [
      'of a set size, where a wave may pause for less',
      { waves: { ...FIXED, longestPauseMs: 30_000 }, afterSeconds: 30 },
    ],
    ['whatever is on its way, after the longest pause', { coming: 2, afterSeconds: 900 }],
    [
      'of fewer than the smallest, as the last one',
      { releasedPods: 81, wave: { wantedPods: 19 }, waves: { smallestPods: 30 }, pods: 19 },
    ],
  ])('nothing comes any more: it goes with what there is, %s', (_how, look) => {
    expect(judged({ pods: 19, ...look })).toEqual({ do: 'go', pods: 19 });
  });

  test('the margin is for pods that land beside where they were expected', () => {
    expect(judged({ pods: 19, margin: 1.25 })).toEqual({ do: 'go', pods: 15 });
  });

  test('the last pod goes where one address is free, margin or not', () => {
    expect(judged({ pods: 1, margin: 1.25, wave: { wantedPods: 1 } })).toEqual({ do: 'go', pods: 1 });
    expect(judged({ pods: 0, margin: 1.25, wave: { wantedPods: 1 } })).toMatchObject({ do: 'wait' });
  });

  test.each<[string, Look]>([
    ['none has one', { pods: 0 }],
    ['fewer than the smallest wave', { pods: 9, waves: { smallestPods: 10 } }],
    ['a wave of a set size, for a minute', { pods: 19, waves: FIXED, afterSeconds: 59 }],
  ])('%s: it waits for more', (_how, look) => {
    const pods = look.pods ?? 0;
    expect(judged(look)).toMatchObject({
      do: 'wait',
      waitsFor: `addresses for 20 pods, ${pods} have one`,
      pods,
    });
  });

  test.each<[string, Look, string]>([
    [
      'none had one for the longest pause',
      { pods: 0, afterSeconds: 900 },
      'after 900 s 0 of 20 pods of wave 1 can get an address (0 of 100 are released): ',
    ],
    [
      'too few for the smallest wave',
      { pods: 9, waves: { smallestPods: 10 }, afterSeconds: 901 },
      'after 901 s 9 of 20 pods of wave 1 ',
    ],
    [
      'EC2 does not let us',
      { wave: { shortfalls: { 'not allowed': 2 } }, pods: 19 },
      'EC2 does not let the prewarmer act on 2 nodes of shop',
    ],
  ])('%s: it stops and says why', (_how, look, cause) => {
    const verdict = judged(look);
    expect(verdict).toMatchObject({ do: 'stop' });
    expect(verdict.do === 'stop' && verdict.stop.cause).toContain(cause);
  });

  test('EC2 does not let us, and the pools still grow: that is waited for first', () => {
    const look = {
      pods: 19,
      wave: { shortfalls: { 'not allowed': 2 }, freeAddresses: 18 },
      growing: 1,
    } as const;
    expect(judged(look)).toMatchObject({ do: 'wait', waitsFor: 'the pools of the nodes to grow' });
  });
});
