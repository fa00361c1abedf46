/** One suite over the deployed ledger and over the simulator's twin: they must agree. */
import { describe, expect, test } from 'vitest';
import type { EniId, NodeId } from '../../lambdas/core/model.ts';
import type { OpenDemand } from '../../lambdas/core/plan/open-demand.ts';
import type { NodeRecord } from '../../lambdas/core/records.ts';
import { DEPLOYED, documents, IN_MEMORY } from './stores.ts';

const NOW = Date.UTC(2026, 0, 31, 9);
const SECOND = 1_000;

let clusters = 0;
/** A name no other test uses: all share the table. */
const fresh = (): string => `shop-${++clusters}`;
let nodes = 0;
const newNode = (): NodeId => `i-${String(++nodes).padStart(17, '0')}`;

const demandOf = (cluster: string, more: Partial<OpenDemand> = {}): OpenDemand => ({
  id: 'release-7',
  cluster,
  podsLeft: 40,
  selector: { zones: ['eu-central-1a'] },
  startsAtMs: NOW,
  expiresAtMs: NOW + 900 * SECOND,
  claims: {},
  version: 0,
  ...more,
});

const claimedBy = (demand: OpenDemand, nodeId: NodeId, pods: number): OpenDemand => ({
  ...demand,
  podsLeft: demand.podsLeft - pods,
  claims: { ...demand.claims, [nodeId]: pods },
  version: demand.version + 1,
});

const recordOf = (nodeId: NodeId, cluster: string, more: Partial<NodeRecord> = {}): NodeRecord => ({
  nodeId,
  cluster,
  nodeGroup: 'workers',
  share: 18,
  enis: [
    {
      eniId: 'eni-0aaaaaaaaaaaaaaaa',
      deviceIndex: 2,
      addresses: 9,
      subnetId: 'subnet-0a1b2c3d4e5f60718',
      token: `${nodeId}.2.9`,
      sinceMs: NOW,
    },
  ],
  runningAtMs: NOW,
  outcome: { state: 'created' },
  expiresAtMs: NOW + 3_600 * SECOND,
  ...more,
});

describe.each([DEPLOYED, IN_MEMORY])('the ledger in $stores', ({ ledger: make }) => {
  test('an announcement that comes twice is remembered once, as it was first', async () => {
    const ledger = make();
    const cluster = fresh();
    await ledger.announce(demandOf(cluster), NOW);
    await ledger.announce(demandOf(cluster, { podsLeft: 99 }), NOW);
    expect(await ledger.openDemand(cluster, NOW)).toEqual([demandOf(cluster)]);
  });

  test('an announcement that comes again after nodes took from it gives nothing back', async () => {
    const ledger = make();
    const cluster = fresh();
    const demand = demandOf(cluster);
    await ledger.announce(demand, NOW);
    const taken = claimedBy(demand, newNode(), 18);
    expect(await ledger.claim(taken)).toBe(true);
    await ledger.announce(demand, NOW);
    expect(await ledger.openDemand(cluster, NOW)).toEqual([taken]);
  });

  test('an id is free again once its demand has ended, whenever that began: a node can be displaced twice', async () => {
    const ledger = make();
    const cluster = fresh();
    const first = demandOf(cluster, { startsAtMs: NOW - 10 * SECOND, expiresAtMs: NOW });
    const again = demandOf(cluster, { startsAtMs: NOW - 9 * SECOND, podsLeft: 7 });
    await ledger.announce(first, NOW - 10 * SECOND);
    await ledger.announce(again, NOW - 1);
    expect(await ledger.openDemand(cluster, NOW - 1)).toEqual([first]);
    expect(await ledger.openDemand(cluster, NOW)).toEqual([]);
    // Told late: the pods came while the first demand lived, and wait all the same.
    await ledger.announce(again, NOW);
    expect(await ledger.openDemand(cluster, NOW)).toEqual([again]);
  });

  test('demand of other clusters, and demand that has expired, is nobody’s to take', async () => {
    const ledger = make();
    const cluster = fresh();
    await ledger.announce(demandOf(fresh()), NOW);
    await ledger.announce(demandOf(cluster, { id: 'over', expiresAtMs: NOW }), NOW - 1);
    await ledger.announce(demandOf(cluster, { id: 'open', expiresAtMs: NOW + 1 }), NOW);
    const open = await ledger.openDemand(cluster, NOW);
    expect(open.map(({ id }) => id)).toEqual(['open']);
  });

  test('two functions claim what they both read: one is told to read again, and no pod is given twice', async () => {
    const ledger = make();
    const cluster = fresh();
    await ledger.announce(demandOf(cluster), NOW);
    const [read] = await ledger.openDemand(cluster, NOW);
    if (read === undefined) throw new Error('the demand is gone');
    const [first, second] = [newNode(), newNode()];
    expect(await ledger.claim(claimedBy(read, first, 18))).toBe(true);
    expect(await ledger.claim(claimedBy(read, second, 18))).toBe(false);
    expect(await ledger.openDemand(cluster, NOW)).toEqual([claimedBy(read, first, 18)]);
  });

  test('ten functions claim at once, each until it succeeds: every claim counts once', async () => {
    const ledger = make();
    const cluster = fresh();
    await ledger.announce(demandOf(cluster), NOW);
    const takers = Array.from({ length: 10 }, newNode);
    await Promise.all(
      takers.map(async (nodeId) => {
        for (let done = false; !done; ) {
          const [read] = await ledger.openDemand(cluster, NOW);
          if (read === undefined) throw new Error('the demand is gone');
          done = await ledger.claim(claimedBy(read, nodeId, 3));
        }
      }),
    );
    const [left] = await ledger.openDemand(cluster, NOW);
    expect(left).toMatchObject({ podsLeft: 10, version: 10 });
    expect(Object.keys(left?.claims ?? {}).sort()).toEqual([...takers].sort());
  });

  test('a claim on demand nobody announced is refused', async () => {
    const ledger = make();
    const cluster = fresh();
    expect(await ledger.claim(claimedBy(demandOf(cluster), newNode(), 1))).toBe(false);
    expect(await ledger.openDemand(cluster, NOW)).toEqual([]);
  });

  test('fifty functions want one node: one gets it, and a lease alone is no record', async () => {
    const ledger = make();
    const node = { nodeId: newNode(), cluster: fresh(), nodeGroup: 'workers' };
    const leases = await Promise.all(
      Array.from({ length: 50 }, (_, run) => ledger.lease([node], `run-${run}`, NOW + 90 * SECOND, NOW)),
    );
    expect(leases.filter((leased) => leased.has(node.nodeId))).toHaveLength(1);
    expect(leases.flatMap((leased) => [...leased.values()])).toEqual([
      { ...node, enis: [], outcome: { state: 'claimed' }, expiresAtMs: NOW + 3_600 * SECOND },
    ]);
    expect(await ledger.nodes([node.nodeId])).toEqual(new Map());
  });

  test('what a killed run wrote down is there for the next one, when its lease has ended', async () => {
    const ledger = make();
    const node = { nodeId: newNode(), cluster: fresh(), nodeGroup: 'workers' };
    const until = NOW + 90 * SECOND;
    const record = (await ledger.lease([node], 'killed', until, NOW)).get(node.nodeId);
    const enis = [
      { deviceIndex: 2, addresses: 9, subnetId: 'subnet-0a1b2c3d4e5f60718', token: 'one', sinceMs: NOW },
    ] as const;
    if (record !== undefined)
      await ledger.intend([{ record: { ...record, enis }, leaseUntilMs: until }], 'killed');
    const next = await ledger.lease([node], 'next', until + 90 * SECOND, until);
    expect(next.get(node.nodeId)?.enis).toEqual(enis);
  });

  test('what is to be done is written by whoever holds the lease, and by nobody else', async () => {
    const ledger = make();
    const node = { nodeId: newNode(), cluster: fresh(), nodeGroup: 'workers' };
    const leaseUntilMs = NOW + 90 * SECOND;
    await ledger.lease([node], 'mine', leaseUntilMs, NOW);
    const record = recordOf(node.nodeId, node.cluster);
    const other = { ...record, share: 1 };
    expect(await ledger.intend([{ record, leaseUntilMs }], 'mine')).toEqual(new Set([node.nodeId]));
    expect(await ledger.intend([{ record: other, leaseUntilMs }], 'other')).toEqual(new Set());
    expect((await ledger.nodes([node.nodeId])).get(node.nodeId)).toEqual(record);
  });

  test('whoever is about to act holds the node for longer, also where the lease ran out and nobody took it', async () => {
    const ledger = make();
    const node = { nodeId: newNode(), cluster: fresh(), nodeGroup: 'workers' };
    const lease = (owner: string, atS: number) =>
      ledger.lease([node], owner, NOW + (atS + 3) * SECOND, NOW + atS * SECOND);
    const acts = (owner: string, untilS: number) => {
      const record = recordOf(node.nodeId, node.cluster);
      return ledger.intend([{ record, leaseUntilMs: NOW + untilS * SECOND }], owner);
    };
    const taken = new Set([node.nodeId]);
    await lease('mine', 0);
    expect(await acts('mine', 90)).toEqual(taken);
    expect((await lease('other', 89)).size).toBe(0);
    expect((await lease('other', 90)).size).toBe(1);
    expect(await acts('mine', 180)).toEqual(new Set());
    expect(await acts('other', 180)).toEqual(taken);
  });

  test('lessons are kept by node group, each with its last fifty samples', async () => {
    const ledger = make();
    const cluster = fresh();
    const samples = (from: number) =>
      Array.from({ length: 30 }, (_, index) => ({ of: `node ${from + index}`, notBeforeMs: from + index }));
    await ledger.learn(cluster, new Map([['blue', { boots: samples(0) }]]), NOW);
    await ledger.learn(
      cluster,
      new Map([
        ['blue', { boots: samples(30) }],
        ['green', { adoptions: samples(0) }],
      ]),
      NOW,
    );
    const lessons = await ledger.lessons(cluster);
    expect(lessons.get('blue')?.boots).toHaveLength(50);
    expect(lessons.get('blue')?.boots.at(-1)).toEqual({ of: 'node 59', notBeforeMs: 59 });
    expect(lessons.get('green')).toEqual({ boots: [], adoptions: samples(0) });
  });

  test('launches that got an attach, late or not, are the last fifty too; absent until there is one', async () => {
    const ledger = make();
    const cluster = fresh();
    const races = (from: number, late: boolean) =>
      Array.from({ length: 30 }, (_, index) => ({ of: `node ${from + index}`, atMs: NOW + index, late }));
    await ledger.learn(cluster, new Map([['blue', { boots: [] }]]), NOW);
    expect((await ledger.lessons(cluster)).get('blue')).toEqual({ boots: [], adoptions: [] });
    await ledger.learn(cluster, new Map([['blue', { races: races(0, true) }]]), NOW);
    await ledger.learn(cluster, new Map([['blue', { races: races(30, false) }]]), NOW);
    const { races: kept = [] } = (await ledger.lessons(cluster)).get('blue') ?? {};
    expect([kept.length, kept.filter(({ late }) => late).length]).toEqual([50, 20]);
    expect(kept.at(-1)).toEqual({ of: 'node 59', atMs: NOW + 29, late: false });
  });

  test('what several functions learn of a node group at one moment is all remembered', async () => {
    const ledger = make();
    const cluster = fresh();
    const race = (index: number) => [{ of: `node ${index}`, atMs: NOW, late: true }];
    await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        ledger.learn(cluster, new Map([['blue', { races: race(index) }]]), NOW),
      ),
    );
    expect((await ledger.lessons(cluster)).get('blue')?.races).toHaveLength(5);
  });

  test('marks of different things do not meet', async () => {
    const ledger = make();
    const [one, other] = [
      { times: 1, untilMs: NOW },
      { times: 2, untilMs: NOW + 1 },
    ];
    await Promise.all([
      ledger.mark(new Map([[`subnet-${fresh()}`, one]])),
      ledger.mark(new Map([['zone:eu-central-1a', one]])),
    ]);
    await ledger.mark(new Map([['zone:eu-central-1a', other]]));
    const marks = await ledger.marks();
    expect(marks.get('zone:eu-central-1a')).toEqual(other);
    expect(marks.size).toBeGreaterThanOrEqual(2);
  });

  test('a lease ends by itself when its function was killed; until then nobody else acts on the node', async () => {
    const ledger = make();
    const node = { nodeId: newNode(), cluster: fresh(), nodeGroup: 'workers' };
    const until = NOW + 90 * SECOND;
    await ledger.lease([node], 'killed', until, NOW);
    expect(await ledger.lease([node], 'next', until + 1, until - 1)).toEqual(new Map());
    expect((await ledger.lease([node], 'next', until + 90 * SECOND, until)).has(node.nodeId)).toBe(true);
  });

  test('whoever holds a lease may take it again and for longer', async () => {
    const ledger = make();
    const node = { nodeId: newNode(), cluster: fresh(), nodeGroup: 'workers' };
    await ledger.lease([node], 'me', NOW + 10 * SECOND, NOW);
    expect((await ledger.lease([node], 'me', NOW + 60 * SECOND, NOW)).size).toBe(1);
    expect((await ledger.lease([node], 'other', NOW + 90 * SECOND, NOW + 30 * SECOND)).size).toBe(0);
  });

  test('what one function wrote, the next one finds with its lease, and free again', async () => {
    const ledger = make();
    const node = { nodeId: newNode(), cluster: fresh(), nodeGroup: 'workers' };
    const record = recordOf(node.nodeId, node.cluster);
    await ledger.lease([node], 'first', NOW + 90 * SECOND, NOW);
    await ledger.release([record], 'first');
    expect(await ledger.nodes([node.nodeId, newNode()])).toEqual(new Map([[node.nodeId, record]]));
    const leased = await ledger.lease([node], 'second', NOW + 91 * SECOND, NOW + 1);
    expect(leased).toEqual(new Map([[node.nodeId, record]]));
  });

  test('a function that slept through its lease writes nothing over its successor', async () => {
    const ledger = make();
    const node = { nodeId: newNode(), cluster: fresh(), nodeGroup: 'workers' };
    await ledger.lease([node], 'slow', NOW + 90 * SECOND, NOW);
    await ledger.lease([node], 'next', NOW + 180 * SECOND, NOW + 90 * SECOND);
    const late = recordOf(node.nodeId, node.cluster, { outcome: { state: 'attached' } });
    await ledger.release([late], 'slow');
    expect(await ledger.nodes([node.nodeId])).toEqual(new Map());
    // Nor is the successor's lease given up.
    expect((await ledger.lease([node], 'third', NOW + 180 * SECOND, NOW + 91 * SECOND)).size).toBe(0);
    await ledger.release([recordOf(node.nodeId, node.cluster)], 'next');
    await ledger.release([late], 'slow');
    expect((await ledger.nodes([node.nodeId])).get(node.nodeId)?.outcome).toEqual({ state: 'created' });
  });

  test('a record past its time is forgotten: the node begins anew', async () => {
    const ledger = make();
    const node = { nodeId: newNode(), cluster: fresh(), nodeGroup: 'workers' };
    await ledger.lease([node], 'first', NOW + 90 * SECOND, NOW);
    await ledger.release([recordOf(node.nodeId, node.cluster, { expiresAtMs: NOW + 10 })], 'first');
    const leased = await ledger.lease([node], 'second', NOW + 100 * SECOND, NOW + 10);
    expect(leased.get(node.nodeId)).toMatchObject({ enis: [], outcome: { state: 'claimed' } });
    expect(leased.get(node.nodeId)).not.toHaveProperty('share');
  });

  test('250 nodes at once: all are leased, written back and found, none twice', async () => {
    const ledger = make();
    const cluster = fresh();
    const all = Array.from({ length: 250 }, () => ({ nodeId: newNode(), cluster, nodeGroup: 'workers' }));
    const [mine, theirs] = await Promise.all([
      ledger.lease(all, 'mine', NOW + 90 * SECOND, NOW),
      ledger.lease(all, 'theirs', NOW + 90 * SECOND, NOW),
    ]);
    expect(mine.size + theirs.size).toBe(250);
    await Promise.all([
      ledger.release([...mine.values()], 'mine'),
      ledger.release([...theirs.values()], 'theirs'),
    ]);
    const ids = all.map(({ nodeId }) => nodeId);
    const found = await ledger.nodes([...ids, ...ids]);
    expect([...found.keys()].sort()).toEqual([...ids].sort());
  });

  test('how nodes looked is kept per cluster, and replaced by the next look', async () => {
    const ledger = make();
    const cluster = fresh();
    expect(await ledger.sights(cluster)).toEqual(new Map());
    const [gone, stays] = [newNode(), newNode()];
    await ledger.saw(cluster, new Map([[gone, { enis: 1, total: 9, sinceMs: NOW }]]));
    const next = new Map([[stays, { enis: 2, total: 18, sinceMs: NOW + SECOND }]]);
    await ledger.saw(cluster, next);
    expect(await ledger.sights(cluster)).toEqual(next);
    expect(await ledger.sights(fresh())).toEqual(new Map());
  });

  test('5,000 nodes fit into one look', async () => {
    const ledger = make();
    const cluster = fresh();
    const look = new Map(
      Array.from({ length: 5_000 }, () => [newNode(), { enis: 4, total: 56, sinceMs: NOW }] as const),
    );
    await ledger.saw(cluster, look);
    expect(await ledger.sights(cluster)).toEqual(look);
  });

  test('suspects are kept with the time of their first sight, and forgotten when they are gone', async () => {
    const ledger = make();
    const cluster = fresh();
    expect(await ledger.suspects(cluster)).toEqual(new Map());
    const suspects = new Map<EniId, number>([['eni-0aaaaaaaaaaaaaaaa', NOW]]);
    await ledger.suspect(cluster, suspects);
    expect(await ledger.suspects(cluster)).toEqual(suspects);
    await ledger.suspect(cluster, new Map());
    expect(await ledger.suspects(cluster)).toEqual(new Map());
  });
});

describe('the ledger in DynamoDB alone', () => {
  /** DynamoDB that answers at most `most` keys of a batch and leaves the others for another request. */
  async function whileBusy<T>(most: number, work: () => Promise<T>): Promise<T> {
    documents.middlewareStack.add(
      (next) => async (args) => {
        if (!('RequestItems' in args.input)) return next(args);
        const [[table, { Keys = [], ...how } = {}] = ['', {}]] = Object.entries(
          args.input.RequestItems ?? {},
        );
        const left = { UnprocessedKeys: { [table]: { ...how, Keys: Keys.slice(most) } } };
        if (most === 0) return { output: { $metadata: {}, ...left }, response: {} };
        const few = { RequestItems: { [table]: { ...how, Keys: Keys.slice(0, most) } } };
        const answer = await next({ ...args, input: few });
        return Keys.length > most ? { ...answer, output: { ...answer.output, ...left } } : answer;
      },
      { step: 'initialize', name: 'busy' },
    );
    try {
      return await work();
    } finally {
      documents.middlewareStack.remove('busy');
    }
  }

  test('DynamoDB answers a batch in parts: every record is found; when it answers nothing, that is an error', async () => {
    const ledger = DEPLOYED.ledger();
    const cluster = fresh();
    const all = Array.from({ length: 7 }, () => ({ nodeId: newNode(), cluster, nodeGroup: 'workers' }));
    const ids = all.map(({ nodeId }) => nodeId);
    const leased = await ledger.lease(all, 'me', NOW + SECOND, NOW);
    await ledger.release([...leased.values()], 'me');
    const found = await whileBusy(3, () => ledger.nodes(ids));
    expect([...found.keys()].sort()).toEqual([...ids].sort());
    await expect(whileBusy(0, () => ledger.nodes(ids))).rejects.toThrow('7 of 7 records not read');
  });
});
