/** What the timing matrix is said to show, from cells made up for it. */
import { expect, test } from 'vitest';
import type { TimingCell } from '../../bench/timing-cell.ts';
import { verdicts } from '../../bench/timing-verdicts.ts';

/** A launch row won in all of its ten seeds. */
const WON: TimingCell = {
  mode: 'W=1',
  type: 'm5.large',
  moment: 'launching',
  leadS: 0,
  seeds: 10,
  failedRequests: 0,
  failedWithoutUs: 100,
  worseSeeds: [],
  lateAttaches: 0,
  nodesWarmed: 20,
  fills: 0,
  wonSeeds: 10,
  failedInWon: 0,
  nodesLeft: {},
};
const QUIET: TimingCell = { ...WON, moment: 'quiet', leadS: 110, failedRequests: 50, wonSeeds: 0 };

const said = (...cells: TimingCell[]): string => verdicts(cells).replaceAll('\n', ' ');

test('half of the failures left is at most half, and nothing is named', () => {
  expect(said(WON, QUIET)).toContain(
    'at most half of the failures are left in 2 of 2 rows. More than half: in none.',
  );
});

test('a row with more than half left is named, with its leads and how many of its nodes were given anything', () => {
  const more = { ...QUIET, failedRequests: 51, nodesWarmed: 10 };
  expect(said(WON, more, { ...more, leadS: 180 })).toContain(
    'in 1 of 3 rows. More than half:   W=1, quiet, m5.large: 51 % at 110, 180 s (50 % of the nodes warmed)',
  );
});

test('a row in which every node was left is not judged, nor one in which nothing fails; a fill is a gift, too', () => {
  const left = { ...QUIET, failedRequests: 100, nodesWarmed: 0 };
  expect(said(left, { ...QUIET, failedRequests: 0, failedWithoutUs: 0 })).toContain('left in 0 of 0 rows');
  expect(said({ ...left, fills: 1 })).toContain('left in 0 of 1 rows');
});

test.each([
  ['before a running node can adopt it in time', { leadS: 65 }],
  ['to a node that grows', { moment: 'growing' }],
] as const)('what is given %s is judged apart', (_, other) => {
  const apart = { ...QUIET, failedRequests: 100, ...other };
  expect(said(QUIET, apart)).toMatch(
    /left in 1 of 1 rows\. .* empty interfaces: at most half left in 0 of 1 rows\./,
  );
});

test('launching nodes: seeds that were won are counted, and none failed', () => {
  expect(said(WON)).toContain('in 10 of 10 runs, with 0 failed requests in those.');
});

test('launching nodes: a request that failed on nodes that were won is named; one in a seed that was lost is not', () => {
  const lost = { ...WON, failedRequests: 3, wonSeeds: 9 };
  expect(said(lost)).toContain('in 9 of 10 runs, with 0 failed requests in those.');
  expect(said({ ...lost, failedInWon: 3 })).toContain(
    'in 9 of 10 runs, with 3 failed requests in those:   W=1, launching, m5.large: 3 % at 0 s',
  );
});

test('launching nodes whose CNI trims what it finds are not among those', () => {
  expect(said({ ...WON, mode: 'IP 5/10', failedInWon: 30 })).toContain('in 0 of 0 runs');
});
