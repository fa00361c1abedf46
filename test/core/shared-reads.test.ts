import { describe, expect, test } from 'vitest';
import type { NodeId, World } from '../../lambdas/core/model.ts';
import { ALL_TURNS, knownOf, serves, type TurnAsk, takeTurn } from '../../lambdas/core/shared-reads.ts';
import type { NodeLaunching } from '../../lambdas/core/signals.ts';
import { aNode, aSubnet, NOW_MS } from './fixtures.ts';

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
const ask = (atMs: number, as: TurnAsk['as'], ...names: string[]) => ({
  atMs,
  as,
  ids: ids(...names),
  attachesPerSecond: 2.5,
});

/** So many that it is a burst: the first turn is taken. */
const crowd = (atMs: number, as: 'running' | 'pending' = 'running') =>
  ask(atMs, as, ...Array.from({ length: 80 }, (_, nth) => `of-the-crowd-${nth}`));
const launchOf = (nodeId: NodeId): NodeLaunching => ({
  kind: 'node-launching',
  nodeId,
  phase: 'running',
  atMs: NOW_MS,
  attempt: 0,
});

test('who launches a few nodes reads for himself, however often he comes', () => {
  const asks = [ask(0, 'pending', 'a'), ask(1_000, 'running', 'a'), ask(1_000, 'running', 'b', 'c')];
  expect(asking(...asks)).toEqual([
    { ids: ids('a'), others: [] },
    { ids: ids('a'), others: [] },
    { ids: ids('b', 'c'), others: [] },
  ]);
});

test('in a burst runs take turns; the next turn reads what all others wait for, once, and acts for their launches', () => {
  const launches = ids('d').map(launchOf);
  const [first, wait, next, alone] = asking(
    crowd(0),
    { ...ask(0, 'running', 'd', 'x'), launches },
    ask(5_000, 'running', 'e'),
    ask(10_000, 'running', 'f'),
  );
  expect(first).toMatchObject({ others: [] });
  expect(wait).toEqual({ waitMs: 1_000 });
  expect(next).toEqual({ ids: ids('e', 'd', 'x'), others: launches });
  expect(alone).toEqual({ ids: ids('f'), others: [] });
});

test('who comes back himself is not one of the others', () => {
  const launches = ids('d').map(launchOf);
  const mine = { ...ask(0, 'running', 'd'), launches };
  expect(asking(crowd(0), mine, { ...mine, atMs: 5_000 }).at(-1)).toEqual({ ids: ids('d'), others: [] });
});

test('nodes that run do not wait for those that are pending, nor either for looks, of which some come at any time', () => {
  const pending = Array.from({ length: 5 }, (_, n) => ask(0, 'pending', `p${n}`));
  const looks = Array.from({ length: 5 }, (_, n) => ask(0, 'look', `l${n}`));
  const turns = asking(crowd(0, 'pending'), ...pending, ...looks, ask(0, 'running', 'r'));
  expect(turns.at(-1)).toMatchObject({ ids: expect.arrayContaining(ids('r')) });
  expect(turns.slice(0, -1).filter((turn) => 'ids' in turn)).toHaveLength(1 + 3);
});

test('any number of runs: turns are as many as time allows, and all that wait are read', () => {
  const asks = Array.from({ length: 400 }, (_, n) => ask(n * 100, 'running', `n${n}`));
  const taken = asking(crowd(0), ...asks).flatMap((turn) => ('ids' in turn ? [turn.ids] : []));
  // 40 s at one in 5 s.
  expect(taken).toHaveLength(1 + 7);
  expect(new Set(taken.flat()).size).toBeGreaterThan(350);
});

test('a smaller burst makes those wait that are pending: who runs is free still, and acts for them', () => {
  const launches = ids('q').map(launchOf);
  const [first, wait, running] = asking(
    ask(0, 'pending', ...Array.from({ length: 20 }, (_, nth) => `p${nth}`)),
    { ...ask(500, 'pending', 'q'), launches },
    ask(1_000, 'running', 'r'),
  );
  expect(first).toMatchObject({ others: [] });
  expect(wait).toEqual({ waitMs: 11_500 });
  expect(running).toEqual({ ids: ids('r', 'q'), others: launches });
});

test('twice the request budget: as many are no burst yet', () => {
  const rich = { ...ask(0, 'running', 'd'), attachesPerSecond: 5 };
  expect(asking({ ...crowd(0), attachesPerSecond: 5 }, rich).at(-1)).toEqual({ ids: ids('d'), others: [] });
});

test('the burst is over: nobody waits any more', () => {
  const [, wait, later] = asking(crowd(0), ask(1_000, 'running', 'a'), ask(30_000, 'running', 'a'));
  expect(wait).toEqual({ waitMs: 1_000 });
  expect(later).toEqual({ ids: ids('a'), others: [] });
});

test('what can wait comes back for its own turn', () => {
  const [, wait] = asking(crowd(0, 'pending'), ask(0, 'pending', 'c'));
  expect(wait).toEqual({ waitMs: 12_000 });
});

test('more than one request asks for: those that ran first are read first, pending ones last', () => {
  const many = Array.from({ length: 150 }, (_, nth) => launchOf(`i-r${nth}`)).map((launch, nth) => ({
    ...launch,
    atMs: NOW_MS - nth,
  }));
  const pending = { ...launchOf('i-p'), phase: 'pending' as const };
  const wants = (launches: readonly NodeLaunching[]) => ({
    ...ask(0, 'running', ...launches.map(({ nodeId }) => nodeId.slice(2))),
    launches,
  });
  const [, , , read, rest] = asking(
    crowd(0),
    wants([pending]),
    wants(many),
    ask(5_000, 'running', 'mine'),
    ask(10_000, 'running', 'later'),
  );
  const oldest = many.toReversed().map(({ nodeId }) => nodeId);
  expect(read).toMatchObject({ ids: ['i-mine', ...oldest.slice(0, 149)] });
  expect(rest).toMatchObject({ ids: ['i-later', oldest[149], 'i-p'] });
});

test('one who never came back is read for no more', () => {
  const [, , late] = asking(crowd(0), ask(0, 'running', 'gone'), { ...crowd(31_000), ids: crowd(0).ids });
  expect(late).toMatchObject({ ids: crowd(0).ids });
});

test('a clock that goes back gives no turns and takes none', () => {
  const turns = asking(ask(5_000, 'running', 'a'), crowd(0), ask(0, 'running', 'd'));
  expect(turns.map((turn) => 'ids' in turn)).toEqual([true, true, false]);
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

  test('comes soon; looks sooner still: they are for learning when something happened', () => {
    expect(serves(shared, wants, NOW_MS + 3_001)).toBe(false);
    expect(serves(shared, { ...wants, as: 'look' }, NOW_MS + 2_000)).toBe(true);
    expect(serves(shared, { ...wants, as: 'look' }, NOW_MS + 2_001)).toBe(false);
  });
});

describe('not asked again for a while', () => {
  const ROOMY = 10_000;
  const read = (changes: Partial<World> = {}) => ({
    ids: [],
    world: { readAtMs: NOW_MS, nodes: [aNode()], subnets: [aSubnet(ROOMY)], ...changes },
  });
  const known = (lasts: Parameters<typeof knownOf>[0], vpcIds = [aNode().vpcId]) =>
    knownOf(lasts, vpcIds, NOW_MS + 20_000);
  const nothing = { nodes: [], subnets: [], sinceMs: NOW_MS + 20_000 };

  test('are instances that ran, and subnets with room; how old they are goes with them', () => {
    const nodes = [aNode(), aNode({ id: 'i-2', state: 'pending' })];
    expect(known([read({ nodes })])).toEqual({
      nodes: [aNode()],
      subnets: [aSubnet(ROOMY)],
      sinceMs: NOW_MS,
    });
    expect(known([read({ readAtMs: NOW_MS + 9_000, sinceMs: NOW_MS })])).toMatchObject({ sinceMs: NOW_MS });
  });

  test('but nothing for longer, however often it was handed on, and nothing where nobody read', () => {
    expect(known([read({ readAtMs: NOW_MS - 1 })])).toEqual(nothing);
    expect(known([read({ sinceMs: NOW_MS - 1 })])).toEqual(nothing);
    expect(known([undefined])).toEqual(nothing);
  });

  test('a look takes instances from both circles, and no subnets', () => {
    const lasts = [read(), read({ nodes: [aNode({ id: 'i-2' })], readAtMs: NOW_MS + 5_000 })];
    expect(known(lasts, [])).toEqual({
      nodes: [aNode(), aNode({ id: 'i-2' })],
      subnets: [],
      sinceMs: NOW_MS,
    });
  });

  test('subnets are asked anew where one that matters is narrow: the nodes’ own, or one the CNI may take instead', () => {
    const other = aSubnet(3_000, { id: 'subnet-2' });
    const tagged = { ...other, tags: { 'kubernetes.io/role/cni': '1' } };
    expect(known([read({ subnets: [aSubnet(3_000)] })]).subnets).toEqual([]);
    expect(known([read({ subnets: [aSubnet(ROOMY), tagged] })]).subnets).toEqual([]);
    expect(known([read({ subnets: [aSubnet(ROOMY), other] })]).subnets).toHaveLength(2);
  });

  test('subnets of one VPC say nothing of another', () => {
    expect(known([read()], ['vpc-2']).subnets).toEqual([]);
  });
});
