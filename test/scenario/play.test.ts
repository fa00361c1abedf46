import { describe, expect, test } from 'vitest';
import { columnsOf } from '../../sim/scenario/columns.ts';
import type { Column, Scenario } from '../../sim/scenario/format.ts';
import { type Played, play } from '../../sim/scenario/play.ts';
import { readScenario } from '../../sim/scenario/read.ts';
import { SHIPPED } from '../../sim/scenarios/shipped.ts';
import { replayable } from '../replay.ts';

function read(document: unknown): Scenario {
  const result = readScenario(document, 'test.json');
  if (!result.ok) throw new Error(result.message);
  return result.scenario;
}

function columnOf(scenario: Scenario, name: string): Column {
  const column = columnsOf(scenario).find((each) => each.name === name);
  if (column === undefined) throw new Error(`no column ${name}`);
  return column;
}

const played = (scenario: Scenario, column: string, seed: number): Promise<Played> =>
  play(scenario, columnOf(scenario, column), seed);

/** A quarter of an hour on small nodes; only what a test is about is added. */
const plain = {
  name: 'plain',
  title: 'Pods come to nodes',
  minutes: 5,
  subnets: [{ name: 'a', cidr: '10.0.0.0/22' }],
  clusters: [
    {
      nodeGroups: [{ name: 'workers', type: 'm5.large', nodes: 2 }],
      workloads: [{ kind: 'Deployment', name: 'web', replicas: 10 }],
    },
  ],
  columns: ['W=1', 'ours', 'ours, late', 'ours, lost'],
} as const;

describe('what ships can be played, and the same seed gives the same bytes', () => {
  const small = ['s01', 's06', 's09', 's10', 's12', 's13'].map((name) => [name] as const);

  test.each(small)('%s, all its columns', async (name) => {
    const scenario = read(SHIPPED[`${name}.json`]);
    for (const column of columnsOf(scenario)) {
      const [once, again] = [await play(scenario, column, 7), await play(scenario, column, 7)];
      expect(once.pods, column.name).toBeGreaterThan(0);
      expect(JSON.stringify(again), column.name).toBe(JSON.stringify(once));
    }
  });

  test.each([['s02'], ['s03'], ['s04'], ['s05'], ['s11']])('%s, the larger ones, with us', async (name) => {
    const scenario = { ...read(SHIPPED[`${name}.json`]), minutes: 6 };
    expect((await played(scenario, 'ours', 1)).pods).toBeGreaterThan(0);
  });
});

describe('S13: events that come too late, or never, cost nothing that would not have been lost without us', () => {
  const seeds = Array.from({ length: 12 }, (_, index) => 100 + index);

  test.each(seeds)('seed %i', async (seed) => {
    replayable(seed);
    const scenario = read({
      ...(SHIPPED['s13.json'] as object),
      columns: ['W=1', 'ours, late', 'ours, lost'],
    });
    const alone = await played(scenario, 'W=1', seed);
    for (const column of ['ours, late', 'ours, lost']) {
      const ours = await played(scenario, column, seed);
      expect(ours.failedRequests, column).toBeLessThanOrEqual(alone.failedRequests);
      expect(ours.worstWaitMs, column).toBeLessThanOrEqual(alone.worstWaitMs);
      expect(ours.lateAttach, column).toBe(0);
    }
  });
});

describe('S10: runs meet at the last addresses of a subnet', () => {
  test.each([1, 3])(
    'seed %i: what is made and paid for elsewhere is attached meanwhile, three calls an interface',
    async (seed) => {
      replayable(seed);
      const { ours, nodesLeft, lateAttach } = await played(read(SHIPPED['s10.json']), 'ours', seed);
      expect(ours).toMatchObject({ nodesWarmed: 6, interfaces: 12, callsPerInterface: 3, throttled: 0 });
      expect(nodesLeft).toEqual({});
      expect(lateAttach).toBe(0);
    },
  );
});

describe('what a story says happens', () => {
  const story = async (more: object, column = 'W=1'): Promise<Played> =>
    played(read({ ...plain, ...more }), column, 3);

  test('nothing: no pod is made and no request fails', async () => {
    expect(await story({})).toMatchObject({ pods: 0, failedRequests: 0, launched: 0, rolloutSeconds: 0 });
  });

  test('a scale-out over two minutes makes its pods over two minutes', async () => {
    const run = await story({ story: [{ do: 'scale', workload: 'web', to: 20, overSeconds: 120 }] });
    expect(run).toMatchObject({ pods: 10, withoutAddress: 0 });
    expect(run.rolloutSeconds).toBeGreaterThan(100);
  });

  test('a rollout replaces every pod once', async () => {
    const run = await story({ story: [{ do: 'rollOut', workload: 'web' }] });
    expect(run).toMatchObject({ pods: 10, withoutAddress: 0 });
  });

  test('launched nodes are launched, whether pods wait or not', async () => {
    const run = await story({ story: [{ do: 'launch', nodeGroup: 'workers', nodes: 3, overSeconds: 30 }] });
    expect(run).toMatchObject({ pods: 0, launched: 3 });
  });

  test('pods that fit nowhere make an autoscaler launch what they need and no more than it may', async () => {
    const [cluster] = plain.clusters;
    const grows = (most: number) =>
      story({
        clusters: [
          {
            ...cluster,
            nodeGroups: [{ ...cluster.nodeGroups[0], autoscale: { afterSeconds: 20, most } }],
          },
        ],
        story: [{ do: 'scale', workload: 'web', to: 100 }],
      });
    expect(await grows(9)).toMatchObject({ launched: 2, withoutAddress: 0 });
    expect(await grows(3)).toMatchObject({ launched: 1 });
  });

  test('two clusters have a scheduler each: pods of one never land on nodes of the other', async () => {
    const [cluster] = plain.clusters;
    const other = {
      name: 'ads',
      nodeGroups: [{ name: 'ads-workers', type: 'm5.large', nodes: 1 }],
      workloads: [{ kind: 'Deployment', name: 'bidder' }],
    };
    const run = await story({
      clusters: [cluster, other],
      story: [{ do: 'scale', workload: 'bidder', to: 40 }],
    });
    expect(run.pods).toBe(40);
    expect(run.rolloutSeconds).toBeUndefined();
  });
});

describe('ordered trouble is met', () => {
  const grow = [{ do: 'scale', workload: 'web', to: 40 }] as const;
  const troubled = async (fault: object): Promise<[calm: Played, hit: Played]> => {
    const scenario = { ...plain, story: grow };
    return [
      await played(read(scenario), 'W=1', 5),
      await played(read({ ...scenario, faults: [{ toSeconds: 120, ...fault }] }), 'W=1', 5),
    ];
  };

  test.each([
    ['EC2 throttles the CNI', { kind: 'throttle', actions: ['CreateNetworkInterface'], callers: ['ipamd'] }],
    [
      'a third party empties a bucket',
      { kind: 'competitor', action: 'CreateNetworkInterface', perSecond: 60 },
    ],
    ['the subnet is full', { kind: 'subnetFull', subnet: 'a' }],
    [
      'replies are lost',
      { kind: 'replyLost', actions: ['CreateNetworkInterface', 'AttachNetworkInterface'] },
    ],
    ['interfaces never show', { kind: 'eniNeverVisible' }],
  ])('%s: more requests fail than in a calm account', async (_title, fault) => {
    const [calm, hit] = await troubled(fault);
    expect(hit.failedRequests).toBeGreaterThan(calm.failedRequests);
  });

  test('metadata is slow: the CNI waits longer for each interface, and so do pods', async () => {
    const calm = await played(read({ ...plain, story: grow }), 'W=1', 5);
    const slow = await played(read({ ...plain, story: grow, slowMetadata: {} }), 'W=1', 5);
    expect(slow.worstWaitMs).toBeGreaterThan(calm.worstWaitMs);
  });

  test('what we read of EC2 is up to half a minute old: nothing breaks, and it costs nothing', async () => {
    const scenario = {
      ...(SHIPPED['s13.json'] as object),
      staleReads: { mostSeconds: 30, callers: ['prewarmer'] },
    };
    const alone = await played(read(scenario), 'W=1', 5);
    const ours = await played(read(scenario), 'ours', 5);
    expect(ours.failedRequests).toBeLessThanOrEqual(alone.failedRequests);
    expect(ours).toMatchObject({ withoutAddress: 0, lateAttach: 0 });
  });

  test('no whole block is left: the prefix mode finds nothing, single addresses are there', async () => {
    const story = [
      { do: 'launch', nodeGroup: 'workers', nodes: 2 },
      { do: 'scale', workload: 'web', to: 100 },
    ];
    const calm = { ...plain, story, columns: ['W=1', 'P=1'] };
    const hit = read({ ...calm, faults: [{ kind: 'noFreeBlock', toSeconds: 300 }] });
    expect((await played(hit, 'P=1', 5)).withoutAddress).toBeGreaterThan(0);
    expect(await played(hit, 'W=1', 5)).toEqual(await played(read(calm), 'W=1', 5));
  });
});
