import { expect, test } from 'vitest';
import { orphans } from '../../lambdas/core/calls/orphans.ts';
import type { EniId } from '../../lambdas/core/model.ts';
import type { OwnEni } from '../../lambdas/core/ports.ts';
import { NOW_MS } from './fixtures.ts';

const FIVE_MINUTES_MS = 300_000;
const own = (id: EniId, attached = false): OwnEni => ({ id, cluster: 'shop', nodeId: 'i-1', attached });
const seenFor = (ms: number, ...ids: EniId[]): Map<EniId, number> =>
  new Map(ids.map((id) => [id, NOW_MS - ms]));

test('an unattached ENI seen for the first time may be on its way: suspected, not deleted', () => {
  const { collect, suspects } = orphans([own('eni-1')], new Map(), NOW_MS);
  expect(collect).toEqual([]);
  expect([...suspects]).toEqual([['eni-1', NOW_MS]]);
});

test('seen again before five minutes: still suspected, since the first sight', () => {
  const { collect, suspects } = orphans([own('eni-1')], seenFor(FIVE_MINUTES_MS - 1, 'eni-1'), NOW_MS);
  expect(collect).toEqual([]);
  expect([...suspects]).toEqual([['eni-1', NOW_MS - FIVE_MINUTES_MS + 1]]);
});

test('seen again after five minutes: collected', () => {
  const { collect, suspects } = orphans([own('eni-1')], seenFor(FIVE_MINUTES_MS, 'eni-1'), NOW_MS);
  expect(collect).toEqual(['eni-1']);
  expect(suspects.size).toBe(0);
});

test('attached meanwhile: neither deleted nor suspected, however long it lay about', () => {
  const answer = orphans([own('eni-1', true)], seenFor(10 * FIVE_MINUTES_MS, 'eni-1'), NOW_MS);
  expect([answer.collect, answer.suspects.size]).toEqual([[], 0]);
});

test('a suspect that is gone is forgotten, and never deleted', () => {
  const answer = orphans([], seenFor(10 * FIVE_MINUTES_MS, 'eni-1'), NOW_MS);
  expect([answer.collect, answer.suspects.size]).toEqual([[], 0]);
});

test('a thousand orphans at once look like a defect: 25 go in a pass, the others stay suspects with their age', () => {
  const ids = Array.from({ length: 1000 }, (_, index): EniId => `eni-${1000 + index}`);
  const answer = orphans(
    ids.map((id) => own(id)),
    seenFor(FIVE_MINUTES_MS, ...ids),
    NOW_MS,
  );
  expect(answer.collect).toEqual(ids.slice(0, 25));
  expect([...answer.suspects]).toEqual(ids.slice(25).map((id) => [id, NOW_MS - FIVE_MINUTES_MS]));
});
