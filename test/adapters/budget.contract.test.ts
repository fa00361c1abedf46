/** One suite over the deployed budget and over the simulator's twin: they must agree. */
import { describe, expect, test } from 'vitest';
import { DEPLOYED, documents, IN_MEMORY } from './stores.ts';

const NOW = Date.UTC(2026, 0, 31, 9);
const SECOND = 1_000;

describe.each([DEPLOYED, IN_MEMORY])('the budget in $stores', ({ budgets }) => {
  const ATTACH = { AttachNetworkInterface: 1 };
  /** Half of the 50 requests AWS documents for attaching. */
  const ALLOWED = 25;
  const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

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
    expect(await budget?.spend(many(50, { CreateNetworkInterface: 1 }), 'launch')).toEqual({
      granted: 50,
      waitMs: 0,
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
    const [one, other] = budgets(2, () => NOW);
    await one?.report({ throttled: ['AttachNetworkInterface'], troubles: 0 });
    expect(await other?.spend([ATTACH], 'launch')).toEqual({ granted: 0, waitMs: 800 });
    await other?.report({ throttled: ['AttachNetworkInterface'], troubles: 0 });
    expect(await one?.spend([ATTACH], 'launch')).toEqual({ granted: 0, waitMs: 1_600 });
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
          await other?.report({ throttled: ['AssignPrivateIpAddresses'], troubles: 0 });
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
