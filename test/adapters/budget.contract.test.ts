/** One suite over the deployed budget and over the simulator's twin: they must agree. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_POLICY, type Policy } from '../../lambdas/core/policy.ts';
import { deepest, play, spenders } from '../core/crowd.ts';
import { DEPLOYED, documents, IN_MEMORY } from './stores.ts';

const NOW = Date.UTC(2026, 0, 31, 9);
const SECOND = 1_000;
const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

describe.each([DEPLOYED, IN_MEMORY])('the budget in $stores', ({ budgets }) => {
  const ATTACH = { AttachNetworkInterface: 1 };
  /** Half of the 50 requests AWS documents for attaching. */
  const ALLOWED = 25;

  test('a full bucket grants its size at once, in the order asked, and then says how long to wait', async () => {
    const [budget] = budgets(1, () => NOW);
    expect(await budget?.spend(many(ALLOWED - 1, ATTACH), 'launch')).toEqual({
      granted: ALLOWED - 1,
      waitMs: 0,
    });
    const three = await budget?.spend(many(3, ATTACH), 'launch');
    // Half of 5 requests a second: 400 ms each.
    expect(three).toEqual({ granted: 1, waitMs: 400 });
    expect(await budget?.spend([ATTACH], 'launch')).toEqual({ granted: 0, waitMs: 400 });
  });

  test('it refills with time, and never above its size', async () => {
    let nowMs = NOW;
    const [budget] = budgets(1, () => nowMs);
    await budget?.spend(many(ALLOWED, ATTACH), 'launch');
    nowMs += 4 * SECOND;
    expect((await budget?.spend(many(ALLOWED, ATTACH), 'launch'))?.granted).toBe(10);
    nowMs += 3_600 * SECOND;
    expect((await budget?.spend(many(2 * ALLOWED, ATTACH), 'launch'))?.granted).toBe(ALLOWED);
  });

  test('actions have buckets of their own; a node is granted all its calls or none', async () => {
    const [budget] = budgets(1, () => NOW);
    await budget?.spend(many(ALLOWED, ATTACH), 'launch');
    const attachToo = { CreateNetworkInterface: 1, ...ATTACH };
    expect((await budget?.spend([attachToo], 'launch'))?.granted).toBe(0);
    // One of the 50 creates is kept for it, until it has its attach too.
    expect(await budget?.spend(many(49, { CreateNetworkInterface: 1 }), 'launch')).toEqual({
      granted: 49,
      waitMs: 0,
    });
    expect(await budget?.spend([{ CreateNetworkInterface: 1 }], 'launch')).toEqual({
      granted: 0,
      waitMs: 400,
    });
  });

  test('asks without calls cost nothing', async () => {
    const [budget] = budgets(1, () => NOW);
    await budget?.spend(many(ALLOWED, ATTACH), 'launch');
    expect(await budget?.spend([{}, { AttachNetworkInterface: 0 }], 'launch')).toEqual({
      granted: 2,
      waitMs: 0,
    });
    expect(await budget?.spend([], 'launch')).toEqual({ granted: 0, waitMs: 0 });
  });

  test('a throttle one function met empties that action’s bucket for all, and halves its pace', async () => {
    let nowMs = NOW;
    const [one, other] = budgets(2, () => nowMs);
    await one?.report({ throttled: ['AttachNetworkInterface', 'AttachNetworkInterface'], troubles: 0 });
    expect(await other?.spend([ATTACH], 'launch')).toEqual({ granted: 0, waitMs: 800 });
    // A call granted before says so too: that is the same throttle. Two seconds later it is another.
    await other?.report({ throttled: ['AttachNetworkInterface'], troubles: 0 });
    expect(await one?.spend([ATTACH], 'launch')).toEqual({ granted: 0, waitMs: 800 });
    nowMs += 2 * SECOND;
    await other?.report({ throttled: ['AttachNetworkInterface'], troubles: 0 });
    // 0.26 of 2.5 requests a second.
    expect(await one?.spend([ATTACH], 'launch')).toEqual({ granted: 0, waitMs: 1_539 });
    expect(await one?.spend([{ AssignPrivateIpAddresses: 1 }], 'launch')).toEqual({ granted: 1, waitMs: 0 });
  });

  test('seven functions spend at once: together they get the bucket’s size and not one more', async () => {
    const grants = await Promise.all(
      budgets(7, () => NOW).map((budget) =>
        Promise.all(many(3, 0).map(() => budget.spend(many(2, ATTACH), 'launch'))),
      ),
    );
    const all = grants.flat();
    expect(all.reduce((sum, { granted }) => sum + granted, 0)).toBe(ALLOWED);
    expect(all.every(({ granted, waitMs }) => granted === 2 || waitMs > 0)).toBe(true);
  });

  test('what was refused keeps its place before all who ask later, whichever function asks', async () => {
    let nowMs = NOW;
    const [one, other] = budgets(2, () => nowMs);
    await one?.spend(many(ALLOWED, ATTACH), 'launch');
    expect(await one?.spend([{ AttachNetworkInterface: 5 }], 'launch')).toEqual({
      granted: 0,
      waitMs: 2_000,
    });
    nowMs += 1.2 * SECOND;
    // There are 3. A single call's turn comes before that of five; the turn of two does not.
    expect(await other?.spend([ATTACH], 'rollout')).toEqual({ granted: 1, waitMs: 0 });
    expect(await other?.spend([{ AttachNetworkInterface: 2 }], 'rollout')).toMatchObject({ granted: 0 });
    expect(await other?.spend([{ AttachNetworkInterface: 5 }], 'launch')).toEqual({
      granted: 0,
      waitMs: 1_200,
    });
  });

  test('what can wait leaves half of each bucket alone', async () => {
    const [budget] = budgets(1, () => NOW);
    expect((await budget?.spend(many(ALLOWED, ATTACH), 'refill'))?.granted).toBe(12);
    expect((await budget?.spend(many(ALLOWED, ATTACH), 'sweep'))?.granted).toBe(0);
    expect((await budget?.spend(many(ALLOWED, ATTACH), 'rollout'))?.granted).toBe(13);
  });

  test('a policy that changes counts from the next call on', async () => {
    let policy: Policy = { ...DEFAULT_POLICY, budgetShare: 0.5 };
    const [budget] = budgets(
      1,
      () => NOW,
      () => policy,
    );
    policy = { ...policy, buckets: { AttachNetworkInterface: { size: 100, perSecond: 10 } } };
    expect(await budget?.spend(many(60, ATTACH), 'launch')).toEqual({ granted: 50, waitMs: 200 });
    policy = { ...policy, budgetShare: 0.1 };
    expect(await budget?.spend([ATTACH], 'launch')).toEqual({ granted: 0, waitMs: 1_000 });
  });

  test('most calls fail: the circuit opens for all, tries one ask a minute later, and closes when that went well', async () => {
    let nowMs = NOW;
    const [one, other] = budgets(2, () => nowMs);
    await one?.spend(many(14, ATTACH), 'launch');
    // Of 10 calls that were made 6 failed.
    await one?.report({ throttled: [], troubles: 6, notMade: 4 });
    const open = { granted: 0, waitMs: 60 * SECOND, because: 'circuit open' };
    // What was paid for before is not sent either.
    expect(await other?.spend([{}, ATTACH], 'launch')).toEqual(open);
    expect((await other?.standing())?.circuitOpen).toBe(true);
    nowMs += 60 * SECOND;
    expect((await one?.standing())?.circuitOpen).toBe(false);
    expect(await other?.spend(many(3, ATTACH), 'launch')).toEqual({
      granted: 1,
      waitMs: 30 * SECOND,
      because: 'circuit open',
    });
    nowMs += 8 * SECOND;
    await other?.report({ throttled: [], troubles: 1 });
    expect(await one?.spend([ATTACH], 'launch')).toEqual({ ...open, waitMs: 120 * SECOND });
    nowMs += 120 * SECOND;
    expect(await one?.spend([ATTACH], 'sweep')).toEqual({ granted: 1, waitMs: 0 });
    nowMs += 30 * SECOND;
    expect(await other?.spend(many(20, ATTACH), 'launch')).toEqual({ granted: 20, waitMs: 0 });
    expect((await one?.standing())?.circuitOpen).toBe(false);
  });

  test('it says how things stand: tokens now and pace, of each action ever asked for', async () => {
    let nowMs = NOW;
    const [one, other] = budgets(2, () => nowMs);
    expect(await other?.standing()).toEqual({ circuitOpen: false, actions: {} });
    await one?.spend(many(5, ATTACH), 'launch');
    await one?.report({ throttled: ['AssignPrivateIpAddresses'], troubles: 0 });
    nowMs += SECOND;
    const { actions, circuitOpen } = (await other?.standing()) ?? {};
    expect({ actions, circuitOpen }).toEqual({
      circuitOpen: false,
      actions: {
        AttachNetworkInterface: { tokens: 22.5, pace: 1 },
        AssignPrivateIpAddresses: { tokens: 1.25, pace: 0.51 },
      },
    });
  });

  test('a crowd of 12 functions, clocks 2 s apart: no window sees too much, and nobody starves', async () => {
    await fc.assert(
      fc.asyncProperty(spenders(12, { asks: 2, throttles: false }), async (crowd) => {
        const { grants, starved } = await play(crowd, budgets, 20 * 60 * SECOND);
        expect(starved).toBe(0);
        expect(deepest(grants, 'AttachNetworkInterface', 2.5)).toBeLessThanOrEqual(25 + 5 + 1e-6);
        expect(deepest(grants, 'CreateNetworkInterface', 2.5)).toBeLessThanOrEqual(50 + 5 + 1e-6);
      }),
      { seed: 20261130, numRuns: 5 },
    );
  });
});

describe('the budget in DynamoDB alone', () => {
  test('a crowd that overtakes a function ten times over gets an honest answer: nothing granted, come back', async () => {
    const crowd = DEPLOYED.budgets(2, () => NOW);
    const [mine, other] = crowd;
    // Every read of ours is followed by somebody else's write.
    let overtaking = true;
    documents.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        const read = 'ConsistentRead' in args.input && overtaking;
        if (read) {
          overtaking = false;
          await other?.spend([{ AssignPrivateIpAddresses: 1 }], 'launch');
          overtaking = true;
        }
        return answer;
      },
      { step: 'initialize', name: 'overtaking' },
    );
    try {
      expect(await mine?.spend([{ AttachNetworkInterface: 1 }], 'launch')).toEqual({
        granted: 0,
        waitMs: 1_000,
      });
    } finally {
      documents.middlewareStack.remove('overtaking');
    }
    expect(await mine?.spend([{ AttachNetworkInterface: 1 }], 'launch')).toEqual({ granted: 1, waitMs: 0 });
  });
});

describe('while the table does not answer', () => {
  const ATTACH = { AttachNetworkInterface: 1 };
  /** An eleventh of half of AWS's 5 a second. */
  const ALONE_PER_SECOND = 2.5 / 11;
  let fails: 'nothing' | 'reads' | 'writes' = 'nothing';
  let reads = 0;
  beforeEach(() => {
    fails = 'nothing';
    reads = 0;
    documents.middlewareStack.add(
      (next) => (args) => {
        const reading = 'ConsistentRead' in args.input;
        if (reading) reads++;
        if (fails === (reading ? 'reads' : 'writes'))
          throw Object.assign(new Error('no answer'), { name: 'TimeoutError' });
        return next(args);
      },
      { step: 'initialize', name: 'outage' },
    );
  });
  afterEach(() => {
    documents.middlewareStack.remove('outage');
  });

  test.each(['reads', 'writes'] as const)(
    '%s fail: an environment allows itself an eleventh, from nothing, and says so',
    async (what) => {
      let nowMs = NOW;
      const [budget] = DEPLOYED.budgets(1, () => nowMs);
      fails = what;
      expect(await budget?.spend([ATTACH], 'launch')).toEqual({
        granted: 0,
        waitMs: SECOND / ALONE_PER_SECOND,
        because: 'table unreachable',
      });
      nowMs += SECOND / ALONE_PER_SECOND;
      expect(await budget?.spend([ATTACH], 'launch')).toEqual({
        granted: 1,
        waitMs: 0,
        because: 'table unreachable',
      });
    },
  );

  test('a big ask is saved up for, not owed: eleven environments together stay within the refill', async () => {
    let nowMs = NOW;
    const crowd = DEPLOYED.budgets(11, () => nowMs);
    fails = 'reads';
    let granted = 0;
    for (let second = 0; second <= 600; second++) {
      nowMs = NOW + second * SECOND;
      for (const [index, budget] of crowd.entries()) {
        const calls = 1 + 2 * index;
        const grant = await budget.spend([{ AttachNetworkInterface: calls }], 'launch');
        granted += grant.granted * calls;
      }
      expect(granted).toBeLessThanOrEqual(2.5 * second + 1e-6);
    }
    expect(granted).toBeGreaterThan(0.9 * 2.5 * 600);
  });

  test('throttles slow it down, and what the table said last still holds: pace, debts and the circuit', async () => {
    let nowMs = NOW;
    const [budget, healthy] = DEPLOYED.budgets(2, () => nowMs);
    await budget?.report({ throttled: ['AttachNetworkInterface'], troubles: 0 });
    fails = 'reads';
    expect((await budget?.spend([ATTACH], 'launch'))?.waitMs).toBe(8_800);
    nowMs += 2 * SECOND;
    await budget?.report({ throttled: ['AttachNetworkInterface'], troubles: 0 });
    expect((await budget?.spend([ATTACH], 'launch'))?.waitMs).toBeGreaterThan(8_800);
    expect((await budget?.standing())?.actions.AttachNetworkInterface?.pace).toBeCloseTo(0.26, 5);

    fails = 'nothing';
    await healthy?.spend(many(30, { CreateNetworkInterface: 1 }), 'launch');
    await healthy?.report({ throttled: [], troubles: 30 });
    fails = 'writes';
    expect(await healthy?.spend([ATTACH], 'launch')).toMatchObject({ because: 'circuit open' });
    fails = 'reads';
    expect(await healthy?.spend([ATTACH], 'launch')).toEqual({
      granted: 0,
      waitMs: 60 * SECOND,
      because: 'table unreachable',
    });
  });

  test('it is tried again every ten seconds, and used when it answers', async () => {
    let nowMs = NOW;
    const [budget] = DEPLOYED.budgets(1, () => nowMs);
    fails = 'reads';
    await budget?.spend([ATTACH], 'launch');
    expect(reads).toBe(1);
    nowMs += 9_999;
    await budget?.spend([ATTACH], 'launch');
    expect(reads).toBe(1);
    nowMs += 1;
    await budget?.spend([ATTACH], 'launch');
    expect(reads).toBe(2);
    nowMs += 10 * SECOND;
    fails = 'nothing';
    expect(await budget?.spend(many(25, ATTACH), 'launch')).toEqual({ granted: 25, waitMs: 0 });
  });
});
