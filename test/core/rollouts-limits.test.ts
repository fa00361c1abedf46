/** How often a rollout may look again, and what it says when it stops. */
import { describe, expect, test } from 'vitest';
import type { LeaveReason } from '../../lambdas/core/plan/steps.ts';
import { MOST_ROUNDS, shortestWaitMs } from '../../lambdas/core/rollouts/history.ts';
import { sentence } from '../../lambdas/core/rollouts/report.ts';
import { capacityStop, permanentStop } from '../../lambdas/core/rollouts/trouble.ts';
import { NOW_MS } from './fixtures.ts';
import { aRecord, aWave, HOUR_MS } from './rollout-record.ts';

describe('the shortest wait', () => {
  test.each([
    ['the first look', 0, 4 * HOUR_MS, 0],
    ['one of the many that may follow each other', 249, 4 * HOUR_MS, 0],
    ['the first that is spread: 150 in four hours', 250, 4 * HOUR_MS, 96_000],
    ['in a week', 250, 168 * HOUR_MS, 4_032_000],
    ['half of them are left for half of the time', 325, 2 * HOUR_MS, 96_000],
    ['it is rounded up, so that none is left over', 397, 10_000, 3_334],
    ['the last one takes the rest', MOST_ROUNDS - 1, HOUR_MS, HOUR_MS],
    ['more than there are', MOST_ROUNDS + 7, HOUR_MS, HOUR_MS],
    ['the deadline has passed', 300, -1, 0],
  ])('%s', (_what, rounds, leftMs, waitMs) => {
    expect(shortestWaitMs(rounds, NOW_MS, NOW_MS + leftMs)).toBe(waitMs);
  });
});

describe('what stops a rollout', () => {
  const stopFor = (shortfalls: Partial<Record<LeaveReason, number>>) =>
    permanentStop(aRecord(), aWave({ shortfalls })) ??
    capacityStop(aRecord(), aWave({ shortfalls }), 3, 900_400);

  test.each<[LeaveReason, string, string]>([
    ['not allowed', 'EC2 does not let the prewarmer act on 2 nodes of shop', 'Find the missing right'],
    [
      'quota reached',
      "the account's quota of network interfaces is reached, 2 nodes could not get one",
      'Raise "Network interfaces per Region"',
    ],
    [
      'subnet full',
      'the subnets of the nodes have no free address above the reserve',
      'Free addresses there, or add a larger subnet',
    ],
    ['no slots', 'all interfaces of the nodes are full', 'Add nodes'],
    ['max pods', 'the nodes run as many pods as they may', 'Add nodes'],
    ['stopped', 'policy.stopped is true', 'Set it to false in the policy'],
    ['circuit open', 'most calls to EC2 fail, and the circuit is open', 'See the alarm and the journal'],
    ['call failed', 'calls to EC2 failed in a way that does not pass', 'See the journal'],
    // Not in the way.
    [
      'already warm',
      'the nodes have no more free addresses, and nothing that could be warmed there',
      'Add nodes, or announce smaller waves',
    ],
  ])('%s: one sentence on the cause, one on the remedy, and how to go on', (reason, cause, remedy) => {
    const stop = stopFor({ [reason]: 2 });
    expect(stop.cause).toContain(cause);
    expect(stop.remedy).toContain(remedy);
    expect(sentence(stop)).toMatch(
      /^The rollout was stopped: [^.]+(\.\w[^.]*)*\. [A-Z].*redrive the execution\.$/,
    );
  });

  test('one node is one node', () => {
    expect(stopFor({ 'not allowed': 1 }).cause).toBe('EC2 does not let the prewarmer act on 1 node of shop');
  });

  test('addresses that did not come: how long, how many, of which wave, and what keeps most nodes from having them', () => {
    const { cause } = stopFor({ 'already warm': 9, 'no slots': 2, 'subnet full': 4 });
    expect(cause).toBe(
      'after 900 s 3 of 20 pods of wave 1 can get an address (0 of 100 are released): the subnets of the nodes have no free address above the reserve',
    );
  });

  test('what passes by itself, or is nobody’s fault, is no reason to stop', () => {
    const passing = { 'subnet full': 4, 'circuit open': 4, stopped: 4, 'not quiet': 4, 'over budget': 4 };
    expect(permanentStop(aRecord(), aWave({ shortfalls: passing }))).toBeUndefined();
    expect(permanentStop(aRecord(), aWave())).toBeUndefined();
  });
});
