/** One suite over the deployed rollout book and over the simulator's twin: they must agree. */
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from 'vitest';
import type { Readiness } from '../../lambdas/core/readiness.ts';
import { type RolloutRecord, rolloutIdOf } from '../../lambdas/core/rollouts/record.ts';
import { DEPLOYED, documents, IN_MEMORY } from './stores.ts';

const NOW = Date.UTC(2026, 0, 31, 9);
const HOUR = 3_600_000;

let clusters = 0;
/** A name no other test uses: all share the table. */
const fresh = (): string => `boutique-${++clusters}`;

function rolloutOf(cluster: string, more: Partial<RolloutRecord> = {}): RolloutRecord {
  const announced = {
    kind: 'rollout-announced',
    announcementId: 'release/2026#7',
    cluster,
    workload: { kind: 'Deployment', namespace: 'shop', name: 'api' },
    replicas: { from: 0, to: 300 },
    strategy: { type: 'rolling-update', maxSurge: '25%', maxUnavailable: 0 },
    startsAtMs: NOW,
    overMs: 0,
    terminationGraceMs: 30_000,
    selector: {},
    waves: {
      size: 'auto',
      gate: 'callback',
      advance: 'announce',
      deadlineMs: NOW + HOUR,
      longestPauseMs: 600_000,
      smallestPods: 5,
    },
    attempt: 0,
  } as const;
  return {
    rolloutId: rolloutIdOf(announced),
    announced,
    startedAtMs: NOW,
    deadlineMs: NOW + HOUR,
    releasedPods: 0,
    waves: [{ wave: 1, wantedPods: 40, sinceMs: NOW, waitsFor: 'addresses' }],
    rounds: 0,
    state: 'running',
    version: 0,
    expiresAtMs: NOW + 24 * HOUR,
    ...more,
  };
}

const readinessOf = (cluster: string, more: Partial<Readiness> = {}): Readiness => ({
  cluster,
  namespace: 'shop',
  name: 'api',
  announcementId: 'release-7',
  pods: 40,
  readyPods: 12,
  reasons: ['28 pods wait for 4 interfaces'],
  saidAtMs: NOW,
  expiresAtMs: NOW + HOUR,
  ...more,
});

describe.each([DEPLOYED, IN_MEMORY])('the rollout book in $stores', ({ rolloutBook: make }) => {
  test('a rollout is found as it was kept, with its version counted up, and by its own id alone', async () => {
    const book = make();
    const record = rolloutOf(fresh());
    expect(await book.find(record.rolloutId)).toBeUndefined();
    const kept = await book.keep(record);
    expect(kept).toEqual({ ...record, version: 1 });
    expect(await book.find(record.rolloutId)).toEqual(kept);
    expect(await book.find(rolloutOf(fresh()).rolloutId)).toBeUndefined();
  });

  test('each write follows the one before: what is gone from the record is gone from the book', async () => {
    const book = make();
    const gate = { wave: 1, token: 'a token', askedAtMs: NOW };
    const first = await book.keep(rolloutOf(fresh(), { gate }));
    if (first === undefined) throw new Error('not kept');
    const { gate: _opened, ...rest } = first;
    const second = await book.keep({ ...rest, releasedPods: 40 });
    expect(second).toEqual({ ...rest, releasedPods: 40, version: 2 });
    expect(await book.find(first.rolloutId)).toEqual(second);
  });

  test('the plan of the same rollout twice: the second is told to read again, and the first stays', async () => {
    const book = make();
    const record = rolloutOf(fresh());
    const kept = await book.keep(record);
    expect(await book.keep({ ...record, startedAtMs: NOW + 1 })).toBeUndefined();
    expect(await book.find(record.rolloutId)).toEqual(kept);
  });

  test('a record that was never kept cannot be written over: there is nothing it was read from', async () => {
    const book = make();
    const record = rolloutOf(fresh(), { version: 3 });
    expect(await book.keep(record)).toBeUndefined();
    expect(await book.find(record.rolloutId)).toBeUndefined();
  });

  test('ten functions release a pod each of what they all read, until they succeed: ten pods, in ten versions', async () => {
    const book = make();
    const record = rolloutOf(fresh());
    const { rolloutId } = record;
    await book.keep(record);
    let refused = 0;
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        for (;;) {
          const read = await book.find(rolloutId);
          if (read === undefined) throw new Error('the rollout is gone');
          if (await book.keep({ ...read, releasedPods: read.releasedPods + 1 })) return;
          refused++;
        }
      }),
    );
    expect(refused).toBeGreaterThan(0);
    expect(await book.find(rolloutId)).toEqual({ ...record, releasedPods: 10, version: 11 });
  });

  test('of a workload’s addresses what was said last counts, and no longer than it was meant to', async () => {
    const book = make();
    const cluster = fresh();
    const at = { cluster, namespace: 'shop', name: 'api' };
    expect(await book.readiness(at, NOW)).toBeUndefined();
    await book.say(readinessOf(cluster, { wave: 2, readyFromMs: NOW + 20_000 }));
    await book.say(readinessOf(cluster, { readyPods: 40, reasons: [], expiresAtMs: NOW + 10 }));
    const last = readinessOf(cluster, { readyPods: 40, reasons: [], expiresAtMs: NOW + 10 });
    expect(await book.readiness(at, NOW + 9)).toEqual(last);
    expect(await book.readiness(at, NOW + 10)).toBeUndefined();
  });

  test('workloads of one name in another namespace or cluster are others', async () => {
    const book = make();
    const [cluster, other] = [fresh(), fresh()];
    await book.say(readinessOf(cluster));
    expect(await book.readiness({ cluster, namespace: 'test', name: 'api' }, NOW)).toBeUndefined();
    expect(await book.readiness({ cluster, namespace: 'shop', name: 'web' }, NOW)).toBeUndefined();
    expect(await book.readiness({ cluster: other, namespace: 'shop', name: 'api' }, NOW)).toBeUndefined();
  });
});

test('DynamoDB forgets a rollout and a readiness at the second after they expire, and the ledger sees neither', async () => {
  const book = DEPLOYED.rolloutBook();
  const cluster = fresh();
  const record = rolloutOf(cluster, { expiresAtMs: NOW + 1 });
  await book.keep(record);
  await book.say(readinessOf(cluster, { expiresAtMs: NOW + 1_001 }));
  const expiry = async (pk: string): Promise<unknown[]> => {
    const { Items = [] } = await documents.send(
      new QueryCommand({
        TableName: 'ledger',
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk },
      }),
    );
    return Items.map(({ expiresAt }) => expiresAt);
  };
  expect(await expiry(`rollout#${record.rolloutId}`)).toEqual([NOW / 1000 + 1]);
  expect(await expiry(`cluster#${cluster}`)).toEqual([NOW / 1000 + 2]);
  const ledger = DEPLOYED.ledger();
  expect(await ledger.openDemand(cluster, NOW)).toEqual([]);
  expect(await ledger.lessons(cluster)).toEqual(new Map());
});
