/** Waits between tries: full jitter over a span that doubles up to its cap, and an end (AWS Architecture Blog, backoff). */
import { describe, expect, test } from 'vitest';
import { type FailureKind, REACTIONS, waitAfter } from '../../lambdas/core/failures.ts';
import { Chance } from '../../sim/chance.ts';
import { replayable } from '../replay.ts';

const SEED = 5;
const DRAWS = 500;

describe.each([
  ['throttled', 8, 0, [1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000]],
  ['transient', 5, 0, [1_000, 2_000, 4_000, 8_000, 16_000]],
  ['uncertain', 5, 15_000, [1_000, 2_000, 4_000, 8_000, 16_000]],
  ['node-not-ready', 5, 0, [1_000, 2_000, 4_000, 8_000, 8_000]],
  ['not-allowed', 1, 5_000, [1_000]],
  ['conflict', 1, 0, [1_000]],
] as const satisfies readonly (readonly [FailureKind, number, number, readonly number[]])[])(
  '%s',
  (kind, tries, afterMs, spansMs) => {
    test('each wait is drawn from the whole of its span, which doubles up to its cap', () => {
      replayable(SEED);
      const stream = new Chance(SEED).stream(kind);
      for (const [nth, spanMs] of spansMs.entries()) {
        const waits = Array.from({ length: DRAWS }, () => waitAfter(kind, nth, () => stream.next()) ?? -1);
        const [least, most] = [Math.min(...waits) - afterMs, Math.max(...waits) - afterMs];
        expect(least, `try ${nth}`).toBeGreaterThanOrEqual(0);
        expect(least, `try ${nth}`).toBeLessThan(spanMs / 20);
        expect(most, `try ${nth}`).toBeGreaterThan((spanMs * 19) / 20);
        expect(most, `try ${nth}`).toBeLessThanOrEqual(spanMs);
      }
    });

    test(`after ${tries} it is not asked again`, () => {
      expect(waitAfter(kind, tries - 1, () => 1)).toBeDefined();
      expect(waitAfter(kind, tries, () => 1)).toBeUndefined();
    });
  },
);

test('nothing is asked again for ever, and the random part of a wait ends where the SDK caps its own, at 20 s', () => {
  for (const { again } of Object.values(REACTIONS)) {
    expect(again?.tries ?? 0).toBeLessThanOrEqual(8);
    expect(again?.capMs ?? 0).toBeLessThanOrEqual(20_000);
  }
});
