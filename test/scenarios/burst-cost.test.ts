/** What a burst of launches costs in reads of EC2, which all of the account shares: it must not grow with the launches. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { IDS_PER_DESCRIBE } from '../../lambdas/core/limits.ts';
import type { World } from '../../lambdas/core/model.ts';
import type { Ports, Vpc } from '../../lambdas/core/ports.ts';
import { PREWARMER } from '../../sim/stage.ts';
import { minutes, SUBNET, seconds, staged } from './stage.ts';

type ReadAsk = Parameters<Vpc['read']>[0];

/** Counts the requests of each function's reads: what each asks for tells how many it is. */
function countingReads() {
  const requests = new Map<string, number>();
  const running = new AsyncLocalStorage<string>();
  const chunks = (ids: number): number => Math.ceil(ids / IDS_PER_DESCRIBE);
  const count = ({ nodes, vpcIds }: ReadAsk, shown: World): number => {
    if (!('ids' in nodes)) throw new Error('no launch reads a whole cluster');
    const known = new Set(nodes.known?.map(({ id }) => id));
    const instances = nodes.ids.filter((id) => !known.has(id)).length;
    const touched = shown.nodes.filter(({ state }) => state !== 'pending').length;
    const enis = nodes.pending === true ? touched : nodes.ids.length;
    return chunks(instances) + chunks(enis) + vpcIds.length;
  };
  const read = async (ports: Ports, ask: ReadAsk) => {
    const answer = await ports.vpc.read(ask);
    if (!answer.ok) throw new Error(answer.failure.message);
    const by = running.getStore() ?? '';
    requests.set(by, (requests.get(by) ?? 0) + count(ask, answer.value));
    return answer;
  };
  return {
    of: (name: string): number => requests.get(name) ?? 0,
    options: {
      invoke: <A>(name: string, run: () => Promise<A>): Promise<A> => running.run(name, run),
      wrap: (ports: Ports): Ports => ({
        ...ports,
        vpc: new Proxy(ports.vpc, {
          get: (vpc, name) => {
            if (name === 'read') return (ask: ReadAsk) => read(ports, ask);
            const method: unknown = Reflect.get(vpc, name);
            return typeof method === 'function' ? method.bind(vpc) : method;
          },
        }),
      }),
    },
  };
}

/** 200 nodes in ten seconds, and almost every third event delivered twice. */
function burst(seed: number) {
  const reads = countingReads();
  const { world, stage } = staged(
    {
      seed,
      subnets: [{ ...SUBNET, cidr: '10.0.0.0/18' }],
      events: { duplicateShare: 0.3, reorderWithinMs: 1_000 },
    },
    reads.options,
  );
  for (let nth = 0; nth < 200; nth++) world.kernel.after(nth * 50, () => world.launch('m5.large'));
  const described = (): number =>
    [...world.account.calls.of(PREWARMER)]
      .filter(([action]) => action.startsWith('Describe'))
      .reduce((sum, [, calls]) => sum + calls, 0);
  const seen = (): number => stage.figures.reduce((sum, { figures }) => sum + (figures.NodesSeen ?? 0), 0);
  return { world, stage, reads, described, seen };
}

describe('200 launches within ten seconds, five readers, events doubled and reordered', () => {
  test.each([91, 92, 93, 94, 95, 96, 97, 98])(
    'seed %i: deciding about them costs at most 25 requests, looking at what became of them some more',
    async (seed) => {
      const { world, stage, reads, described, seen } = burst(seed);
      // Ten seconds of launches, up to twenty until they run, ten in which an attach comes in time.
      await world.kernel.run(seconds(40));
      // The first looks at how soon they start fall into this time, too.
      expect(described()).toBeLessThanOrEqual(35);
      await world.kernel.run(minutes(5));
      expect(reads.of('on-signal')).toBeLessThanOrEqual(25);
      // Looks at what became of them go on for some minutes. No request is of anything else.
      expect(reads.of('look-again')).toBeLessThanOrEqual(60);
      expect(described()).toBe(reads.of('on-signal') + reads.of('look-again'));
      // It is the budget that bounds how many are warmed, not the turns: without turns it is forty, give or take.
      expect(seen()).toBeGreaterThan(30);
      expect(stage.figures.filter(({ figures }) => (figures.LateAttaches ?? 0) > 0)).toEqual([]);
      expect(stage.queues.launches.depth).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
      expect(stage.deadLetters.launches.depth.visible).toBe(0);
    },
  );
});
