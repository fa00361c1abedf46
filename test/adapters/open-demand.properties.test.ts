/** Open demand is taken exactly once, whatever the order in which fifty launches read and write the ledger, whoever dies
 *  between two calls, and whichever event comes twice. Over the deployed ledger and over the simulator's twin. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { claimShares } from '../../lambdas/core/launches/plans.ts';
import type { NodeId } from '../../lambdas/core/model.ts';
import { givenBack, type OpenDemand } from '../../lambdas/core/plan/open-demand.ts';
import type { Ledger } from '../../lambdas/core/ports.ts';
import { aCandidate, aCluster, aNode, NOW_MS } from '../core/fixtures.ts';
import { DEPLOYED, IN_MEMORY } from './stores.ts';

const LAUNCHES = 50;
const TTL_MS = 900_000;

let clusters = 0;

const demandOf = (cluster: string, id: string, podsLeft: number): OpenDemand => ({
  id,
  cluster,
  podsLeft,
  selector: {},
  startsAtMs: NOW_MS,
  expiresAtMs: NOW_MS + TTL_MS,
  claims: {},
  version: 0,
});

/** What one invocation is told, and what becomes of it. */
interface Run {
  readonly nodes: readonly number[];
  /** Dies right after its n-th claim was written; its event is delivered again. */
  readonly diesAfterClaim?: number;
}

const runs = fc
  .array(
    fc.record({
      size: fc.integer({ min: 1, max: 3 }),
      diesAfterClaim: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined, freq: 4 }),
      twice: fc.boolean(),
    }),
    { minLength: LAUNCHES, maxLength: LAUNCHES },
  )
  .map((drawn) => {
    const all: Run[] = [];
    let next = 0;
    for (const { size, diesAfterClaim, twice } of drawn) {
      const nodes = Array.from({ length: Math.min(size, LAUNCHES - next) }, () => next++);
      if (nodes.length === 0) break;
      all.push({ nodes, ...(diesAfterClaim !== undefined && { diesAfterClaim }) });
      if (twice) all.push({ nodes });
    }
    return all;
  });

class Killed extends Error {}

/** The ledger as one invocation reaches it: each call waits until the scheduler lets it go. */
function reached(ledger: Ledger, scheduler: fc.Scheduler, { diesAfterClaim }: Run) {
  let claims = 0;
  const call = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    await scheduler.schedule(Promise.resolve(), what);
    return run();
  };
  return {
    openDemand: (...ask: Parameters<Ledger['openDemand']>) => call('read', () => ledger.openDemand(...ask)),
    claim: async (demand: OpenDemand) => {
      const took = await call('claim', () => ledger.claim(demand));
      if (took && ++claims === diesAfterClaim) throw new Killed();
      return took;
    },
  };
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((all, one) => all + one, 0);
const claimsOf = (open: readonly OpenDemand[], nodeId: NodeId): number =>
  sum(open.map(({ claims }) => claims[nodeId] ?? 0));

describe.each([
  { store: IN_MEMORY, numRuns: 50 },
  { store: DEPLOYED, numRuns: 3 },
])('$store.stores', ({ store, numRuns }) => {
  test(`${LAUNCHES} nodes launch at once: each pod is given to one of them, and as many as there is room for`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        runs,
        fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 3 }),
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: LAUNCHES, maxLength: LAUNCHES }),
        fc.option(fc.nat(LAUNCHES - 1)),
        async (scheduler, invocations, announced, caps, gone) => {
          const ledger = store.ledger();
          const cluster = aCluster({}, { name: `crowd-${++clusters}` });
          const nodeId = (index: number): NodeId => `i-${cluster.name}-${index}`;
          const capOf = (index: number): number => caps[index] ?? 0;
          for (const [index, pods] of announced.entries())
            await ledger.announce(demandOf(cluster.name, `release-${index}`, pods), NOW_MS);
          const claim = async (run: Run): Promise<ReadonlyMap<NodeId, number>> => {
            const runners = run.nodes.map((index) => ({
              signal: {
                kind: 'node-launching' as const,
                nodeId: nodeId(index),
                phase: 'pending' as const,
                atMs: NOW_MS,
                attempt: 0,
              },
              cluster,
              mode: 'warm' as const,
              candidate: { ...aCandidate(aNode({ id: nodeId(index) })), podCap: capOf(index) },
              runningAtMs: undefined,
              attachByMs: undefined,
            }));
            const ports = { ledger: reached(ledger, scheduler, run), clock: () => NOW_MS };
            return claimShares(runners, new Map(), ports, true);
          };
          const delivered = async (run: Run): Promise<ReadonlyMap<NodeId, number>> => {
            try {
              return await claim(run);
            } catch (error) {
              if (!(error instanceof Killed)) throw error;
              return claim({ nodes: run.nodes });
            }
          };
          const told = await scheduler.waitFor(Promise.all(invocations.map(delivered)));

          const open = await ledger.openDemand(cluster.name, NOW_MS);
          const openOf = (index: number) => open.find(({ id }) => id === `release-${index}`);
          const readyFor = (index: number): number =>
            Math.min(
              capOf(index),
              sum(announced.filter((_, of) => openOf(of)?.claims[nodeId(index)] !== undefined)),
            );
          for (const [index, pods] of announced.entries()) {
            const demand = openOf(index);
            expect(demand?.podsLeft).toBeGreaterThanOrEqual(0);
            expect((demand?.podsLeft ?? 0) + sum(Object.values(demand?.claims ?? {}))).toBe(pods);
          }
          const claimed = caps.map((_, index) => claimsOf(open, nodeId(index)));
          for (const [index, pods] of claimed.entries()) expect(pods).toBeLessThanOrEqual(capOf(index));
          expect(sum(claimed)).toBe(Math.min(sum(announced), sum(caps)));
          // Every function was told to be ready for all of the demands its nodes have a part of, whoever was told too.
          for (const shares of told)
            for (const index of caps.keys()) {
              const share = shares.get(nodeId(index));
              if (share !== undefined) expect(share).toBe(readyFor(index));
            }

          // One of the nodes is no more: what it took is open again, and nothing else has changed.
          if (gone === null) return;
          for (const demand of open) {
            const back = givenBack(demand, new Set([nodeId(gone)]));
            if (back !== undefined) expect(await ledger.claim(back)).toBe(true);
          }
          const after = await ledger.openDemand(cluster.name, NOW_MS);
          expect(sum(after.map(({ podsLeft }) => podsLeft))).toBe(
            sum(announced) - sum(claimed) + (claimed[gone] ?? 0),
          );
          expect(claimsOf(after, nodeId(gone))).toBe(0);
        },
      ),
      { numRuns, endOnFailure: true },
    );
  });
});

test('open demand outlives the function that wrote it, and ends by itself', async () => {
  const cluster = `crowd-${++clusters}`;
  await DEPLOYED.ledger().announce(demandOf(cluster, 'release-7', 40), NOW_MS);
  const later = DEPLOYED.ledger();
  expect(await later.openDemand(cluster, NOW_MS + TTL_MS - 1)).toEqual([demandOf(cluster, 'release-7', 40)]);
  expect(await later.openDemand(cluster, NOW_MS + TTL_MS)).toEqual([]);
});
