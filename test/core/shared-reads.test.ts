import { describe, expect, test } from 'vitest';
import type { NodeId, World } from '../../lambdas/core/model.ts';
import { ALL_TURNS, serves, type TurnAsk, takeTurn } from '../../lambdas/core/shared-reads.ts';
import { aSubnet, NOW_MS } from './fixtures.ts';

const ids = (...names: string[]): NodeId[] => names.map((name): NodeId => `i-${name}`);

/** Asks one after the other, each at its time in ms, from a table nobody used yet. */
function asking(...asks: readonly (TurnAsk & { readonly atMs: number })[]) {
  let turns = ALL_TURNS;
  return asks.map(({ atMs, ...ask }) => {
    const { turn, next } = takeTurn(turns, ask, NOW_MS + atMs);
    turns = next;
    return turn;
  });
}
const ask = (atMs: number, as: TurnAsk['as'], ...names: string[]) => ({ atMs, as, ids: ids(...names) });

test('who launches a few nodes reads for himself', () => {
  expect(asking(ask(0, 'pending', 'a'), ask(1_000, 'running', 'a'), ask(9_000, 'look', 'a'))).toEqual([
    { ids: ids('a') },
    { ids: ids('a') },
    { ids: ids('a') },
  ]);
});

test('a burst of runs takes turns; the next turn reads what all others wait for, once', () => {
  const [first, second, third, wait, next, alone] = asking(
    ask(0, 'running', 'a'),
    ask(0, 'running', 'b'),
    ask(0, 'running', 'c'),
    ask(0, 'running', 'd'),
    ask(3_000, 'running', 'e'),
    ask(6_000, 'running', 'f'),
  );
  expect([first, second, third]).toEqual([{ ids: ids('a') }, { ids: ids('b') }, { ids: ids('c') }]);
  expect(wait).toEqual({ waitMs: 1_000 });
  expect(next).toEqual({ ids: ids('e', 'd') });
  expect(alone).toEqual({ ids: ids('f') });
});

test('nodes that run do not wait for those that are pending, nor either for looks', () => {
  const pending = Array.from({ length: 5 }, (_, n) => ask(0, 'pending', `p${n}`));
  const looks = Array.from({ length: 5 }, (_, n) => ask(0, 'look', `l${n}`));
  const turns = asking(...pending, ...looks, ask(0, 'running', 'r'));
  expect(turns.at(-1)).toMatchObject({ ids: expect.arrayContaining(ids('r')) });
  expect(turns.slice(0, -1).filter((turn) => 'ids' in turn)).toHaveLength(2 + 1);
});

test('any number of runs: turns are as many as time allows, and all that wait are read', () => {
  const asks = Array.from({ length: 400 }, (_, n) => ask(n * 100, 'running', `n${n}`));
  const taken = asking(...asks).flatMap((turn) => ('ids' in turn ? [turn.ids] : []));
  expect(taken).toHaveLength(3 + 14);
  expect(new Set(taken.flat()).size).toBeGreaterThan(360);
});

test('what can wait comes back for its own turn', () => {
  const [, , wait] = asking(ask(0, 'pending', 'a'), ask(0, 'pending', 'b'), ask(0, 'pending', 'c'));
  expect(wait).toEqual({ waitMs: 12_000 });
});

test('one who never came back is read for no more', () => {
  const [, , , , late] = asking(
    ask(0, 'running', 'a'),
    ask(0, 'running', 'b'),
    ask(0, 'running', 'c'),
    ask(0, 'running', 'gone'),
    ask(31_000, 'running', 'd'),
  );
  expect(late).toEqual({ ids: ids('d') });
});

test('a clock that goes back gives no turns and takes none', () => {
  const turns = asking(
    ask(5_000, 'running', 'a'),
    ask(0, 'running', 'b'),
    ask(0, 'running', 'c'),
    ask(0, 'running', 'd'),
  );
  expect(turns.map((turn) => 'ids' in turn)).toEqual([true, true, true, false]);
});

describe('a read serves who', () => {
  const world: World = { readAtMs: NOW_MS, nodes: [], subnets: [aSubnet(100)] };
  const shared = { ids: ids('a', 'b'), world };
  const wants = { ids: ids('a'), as: 'running', notBeforeMs: NOW_MS - 1_000 } as const;

  test('asks for instances that it was of, shown or not', () => {
    expect(serves(shared, wants, NOW_MS + 1_000)).toBe(true);
    expect(serves(shared, { ...wants, ids: ids('a', 'c') }, NOW_MS + 1_000)).toBe(false);
  });

  test('heard of nothing that happened since', () => {
    expect(serves(shared, { ...wants, notBeforeMs: NOW_MS + 1 }, NOW_MS + 1_000)).toBe(false);
  });

  test('comes soon; looks may come later', () => {
    expect(serves(shared, wants, NOW_MS + 3_001)).toBe(false);
    expect(serves(shared, { ...wants, as: 'look' }, NOW_MS + 7_000)).toBe(true);
    expect(serves(shared, { ...wants, as: 'look' }, NOW_MS + 7_001)).toBe(false);
  });
});
