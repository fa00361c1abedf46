import { describe, expect, test } from 'vitest';
import { DynamoReads } from '../../lambdas/adapters/dynamo-reads.ts';
import type { NodeId, World } from '../../lambdas/core/model.ts';
import type { Reads } from '../../lambdas/core/ports.ts';
import { MemoryReads, MemoryReadsTable } from '../../sim/stores/memory-reads.ts';
import { aNode, aSubnet, NOW_MS } from '../core/fixtures.ts';
import { DEPLOYED, IN_MEMORY, readsTable } from './stores.ts';

const silent = { note: () => {}, warn: () => {}, measure: () => {} };
const ids = (...names: string[]): NodeId[] => names.map((name): NodeId => `i-${name}`);
const world = (readAtMs: number, nodes: World['nodes'] = [aNode()]): World => ({
  readAtMs,
  nodes,
  subnets: [aSubnet(100)],
});

/** Several functions' reads over one and the same table. */
const OVER: Readonly<Record<string, (functions: number) => Promise<Reads[]>>> = {
  [DEPLOYED.stores]: async (functions) => {
    const { documents, table } = await readsTable();
    const place = { ledgerTable: table };
    return Array.from(
      { length: functions },
      () =>
        new DynamoReads(
          () => documents,
          place,
          () => NOW_MS,
          silent,
        ),
    );
  },
  [IN_MEMORY.stores]: async (functions) => {
    const table = new MemoryReadsTable();
    return Array.from({ length: functions }, () => new MemoryReads(() => NOW_MS, table));
  },
};

describe.each(Object.entries(OVER))('shared reads in %s', (_, over) => {
  const two = async (): Promise<[Reads, Reads]> => {
    const [one, other] = await over(2);
    if (one === undefined || other === undefined) throw new Error('two functions');
    return [one, other];
  };

  test('nobody has read: nothing is there, and the turn is free', async () => {
    const [reads] = await two();
    expect(await reads.last('launches')).toBeUndefined();
    expect(await reads.turn({ ids: ids('a'), as: 'running', attachesPerSecond: 2.5 })).toEqual({
      ids: ids('a'),
      others: [],
    });
  });

  test('what one function read the other finds, whole', async () => {
    const [one, other] = await two();
    const read = { ids: ids('1', '2'), world: { ...world(NOW_MS), incomplete: ['i-2'] } };
    await one.share(read, 'launches');
    expect(await other.last('launches')).toEqual(read);
  });

  test('looks and launches are told apart: neither waits for the other, nor finds its reads', async () => {
    const [one, other] = await two();
    await one.share({ ids: ids('a'), world: world(NOW_MS) }, 'looks');
    expect(await other.last('launches')).toBeUndefined();
    for (const name of ['a', 'b', 'c'])
      await one.turn({ ids: ids(name), as: 'look', attachesPerSecond: 2.5 });
    expect(await one.turn({ ids: ids('waiting'), as: 'look', attachesPerSecond: 2.5 })).toMatchObject({
      waitMs: expect.any(Number),
    });
    expect(await other.turn({ ids: ids('b'), as: 'running', attachesPerSecond: 2.5 })).toMatchObject({
      ids: ids('b'),
    });
  });

  test('an older read that comes later does not take the place of a newer one', async () => {
    const [one, other] = await two();
    await one.share({ ids: ids('new'), world: world(NOW_MS) }, 'launches');
    await other.share({ ids: ids('old'), world: world(NOW_MS - 1) }, 'launches');
    expect((await one.last('launches'))?.ids).toEqual(ids('new'));
  });

  test('ten functions at once: no more turns than there are, and who waits is read by the next', async () => {
    const functions = await over(10);
    const turns = await Promise.all(
      functions.map((reads, n) => reads.turn({ ids: ids(`n${n}`), as: 'look', attachesPerSecond: 2.5 })),
    );
    expect(turns.filter((turn) => 'ids' in turn)).toHaveLength(3);
  });
});

test('a read too large for an item is not shared: others read for themselves', async () => {
  const [reads] = (await OVER[DEPLOYED.stores]?.(1)) ?? [];
  const nodes = Array.from({ length: 6_000 }, (_, n) =>
    aNode({
      id: `i-${n}`,
      tags: { noise: Array.from({ length: 20 }, (_, k) => (n * 7919 + k * 104729) % 99991).join() },
    }),
  );
  await reads?.share({ ids: nodes.map(({ id }) => id), world: world(NOW_MS, nodes) }, 'launches');
  expect(await reads?.last('launches')).toBeUndefined();
});

test('a table that does not answer is no reason to wait: it is said, and everybody reads', async () => {
  const { documents } = await readsTable();
  const warnings: string[] = [];
  const journal = { ...silent, warn: (what: string) => warnings.push(what) };
  const reads = new DynamoReads(
    () => documents,
    { ledgerTable: 'no-such-table' },
    () => NOW_MS,
    journal,
  );
  expect(await reads.last('launches')).toBeUndefined();
  expect(await reads.turn({ ids: ids('a'), as: 'look', attachesPerSecond: 2.5 })).toMatchObject({
    ids: ids('a'),
  });
  await reads.share({ ids: ids('a'), world: world(NOW_MS) }, 'launches');
  expect(warnings).toEqual(['reads not shared', 'reads not shared', 'reads not shared']);
});
