import { describe, expect, test } from 'vitest';
import type { BusTrouble } from '../../sim/event-bus.ts';
import { listening, minutes, seconds, WORKERS, world } from './cluster-stage.ts';

const PUT = 400;

/** What arrives of 400 events put one each second, as their numbers in order of arrival. */
async function arrivals(events: BusTrouble, seed = 5): Promise<number[]> {
  const shop = world({ seed, events });
  const heard = listening(shop);
  for (let nth = 0; nth < PUT; nth++)
    shop.kernel.at(seconds(nth), () => shop.bus.put('tests', 'Counted', { nth }));
  await shop.kernel.run(minutes(20));
  return heard().map(({ detail }) => (detail as { nth: number }).nth);
}

describe('EventBridge', () => {
  test('undisturbed: every event once', async () => {
    expect((await arrivals({})).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: PUT }, (_, index) => index),
    );
  });

  test('at least once: a share comes twice, with the same id', async () => {
    const shop = world({ events: { duplicateShare: 1 } });
    const heard = listening(shop);
    shop.bus.put('tests', 'Counted', {});
    await shop.kernel.run(minutes(1));
    expect(new Set(heard().map(({ id }) => id)).size).toBe(1);
    expect(heard()).toHaveLength(2);
    const twice = (await arrivals({ duplicateShare: 0.2 })).length - PUT;
    expect(twice).toBeGreaterThan(PUT * 0.1);
    expect(twice).toBeLessThan(PUT * 0.3);
  });

  test('never: a share is lost, and the others arrive as they would have', async () => {
    const all = await arrivals({});
    const some = await arrivals({ lostShare: 0.2 });
    expect(some.length).toBeGreaterThan(PUT * 0.7);
    expect(some.length).toBeLessThan(PUT * 0.9);
    const kept = new Set(some);
    expect(some).toEqual(all.filter((nth) => kept.has(nth)));
  });

  test('in any order: later events overtake earlier ones', async () => {
    const ordered = (numbers: readonly number[]): number =>
      numbers.filter((nth, index) => nth < (numbers[index - 1] ?? 0)).length;
    expect(ordered(await arrivals({ reorderWithinMs: 30_000 }))).toBeGreaterThan(100);
  });

  test('late, and only from now on', async () => {
    const shop = world();
    const heard = listening(shop);
    shop.bus.disturb({ lateByMs: 60_000 });
    shop.bus.put('tests', 'Counted', {});
    await shop.kernel.run(seconds(60));
    expect(heard()).toEqual([]);
    await shop.kernel.run(seconds(64));
    expect(heard()).toHaveLength(1);
  });
});

test('a change of capacity by hand shows as an API call, minutes later at worst', async () => {
  const shop = world();
  const heard = listening(shop);
  shop.addNodeGroup(WORKERS).scaleTo(3);
  shop.addNodeGroup({ ...WORKERS, name: 'own', launchedBy: 'self-managed' }).scaleTo(2);
  await shop.kernel.run(minutes(6));
  const calls = heard().filter((event) => event['detail-type'] === 'AWS API Call via CloudTrail');
  expect(calls.toSorted((a, b) => (a.source < b.source ? -1 : 1))).toMatchObject([
    {
      source: 'aws.autoscaling',
      detail: {
        eventSource: 'autoscaling.amazonaws.com',
        eventName: 'SetDesiredCapacity',
        requestParameters: { desiredCapacity: 2 },
      },
    },
    {
      source: 'aws.eks',
      detail: {
        eventSource: 'eks.amazonaws.com',
        eventName: 'UpdateNodegroupConfig',
        requestParameters: { name: 'shop', nodegroupName: 'workers', scalingConfig: { desiredSize: 3 } },
      },
    },
  ]);
});

describe('EventBridge Scheduler', () => {
  /** Minutes after midnight, whole ones, at which it was invoked within three hours. */
  async function invocations(expression: string, flexibleMinutes?: number): Promise<number[]> {
    const shop = world({ epochMs: Date.UTC(2026, 0, 1, 8) });
    const at: number[] = [];
    shop.schedules.create({
      name: 'peak',
      expression,
      ...(flexibleMinutes !== undefined && { flexibleMinutes }),
      invoke: () => at.push(8 * 60 + Math.floor(shop.kernel.nowMs / 60_000)),
    });
    await shop.kernel.run(minutes(180));
    return at;
  }

  test.each([
    ['at(2026-01-01T09:30:00)', [570]],
    ['at(2025-12-31T09:30:00)', []],
    ['rate(1 hour)', [480, 540, 600]],
    ['cron(0 9 * * ? *)', [540]],
    ['cron(0/30 9,10 * * ? *)', [540, 570, 600, 630]],
  ])('%s: within the minute it names', async (expression, expected) => {
    expect(await invocations(expression)).toEqual(expected);
  });

  test('a flexible window: some time within it', async () => {
    const [at = 0] = await invocations('at(2026-01-01T09:00:00)', 60);
    expect(at).toBeGreaterThan(540);
    expect(at).toBeLessThanOrEqual(600);
  });

  test.each(['rate(0 minutes)', 'cron(0 9 1 * ? *)', 'cron(61 * * * ? *)', 'at(noon)', 'daily'])(
    '%s is refused, with what would do',
    (expression) => {
      const create = () => world().schedules.create({ name: 'peak', expression, invoke: () => {} });
      expect(create).toThrow(`no schedule: ${expression}; expected at(…), rate(…) or cron(`);
    },
  );

  test('deleted: no further invocation', async () => {
    const shop = world();
    let invoked = 0;
    shop.schedules.create({ name: 'sweep', expression: 'rate(5 minutes)', invoke: () => invoked++ });
    await shop.kernel.run(minutes(11));
    shop.schedules.delete('sweep');
    await shop.kernel.run(minutes(60));
    expect(invoked).toBe(3);
  });
});
