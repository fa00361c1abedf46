/** A burst on a snapshot’s cluster: the world is the snapshot’s, the figures are the runs’, and the same seed is the same run. */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Burst,
  type BurstOptions,
  burstOf,
  duration,
  misfit,
  rolling,
} from '../../cli/simulate/burst.ts';
import { pointsOf, scaleTo } from '../../cli/simulate/chart.ts';
import { page } from '../../cli/simulate/page.ts';
import type { Outcome } from '../../cli/simulate/play.ts';
import { type Comparison, compare } from '../../cli/simulate/run.ts';
import { failedIn, introduction, notes, outcomeDocument, table } from '../../cli/simulate/text.ts';
import { alone, settingsComplaint, unplayable } from '../../cli/simulate/ways.ts';
import { openWorld } from '../../cli/simulate/world.ts';
import type { Snapshot } from '../../cli/snapshot/format.ts';
import { withPods } from '../../cli/snapshot/read.ts';
import { node, SMALL } from './snapshots.ts';

const burst = (options: Partial<BurstOptions> = {}): Burst =>
  burstOf({ pods: 30, over: 0, startsIn: 300_000, launches: true, ...options });
const quiet = { progress: () => {} };
/** Full nodes: what comes finds an address only on nodes that are launched. */
const FULL: Snapshot = {
  ...SMALL,
  nodes: [1, 2, 3].map((nth) => node(nth, [9, 9, 9])),
};
const wayOf = ({ outcomes }: Comparison, name: string): Outcome => {
  const found = outcomes.find(({ way }) => way.name === name);
  if (found === undefined)
    throw new Error(`no way ${name} among ${outcomes.map(({ way }) => way.name).join(', ')}`);
  return found;
};

describe('the world of a snapshot', () => {
  test('has its nodes with their ENIs and addresses, its pods, and what is free in its subnets', async () => {
    const { world } = await openWorld(SMALL, burst(), { WARM_ENI_TARGET: '1' }, 1);
    expect(
      world.nodes.map(({ instance }) => instance.enis.map(({ secondaryIps }) => secondaryIps.length)),
    ).toEqual([
      [9, 9],
      [9, 9],
      [9, 9],
    ]);
    expect(world.nodes.map(({ pods }) => pods.length)).toEqual([9, 9, 9]);
    expect(world.pods.filter(({ ip }) => ip === undefined)).toEqual([]);
    const [subnet] = world.account.subnets();
    expect(subnet?.freeAddresses).toBe(700);
    expect(subnet?.freePrefixes).toBe(20);
  });

  test('where others hold much, single addresses are free and blocks are not', async () => {
    const subnets = SMALL.subnets.map((subnet) => ({ ...subnet, freeAddresses: 40, freeBlocks: 0 }));
    const { world } = await openWorld({ ...SMALL, subnets }, burst(), {}, 1);
    const [subnet] = world.account.subnets();
    expect(subnet?.freeAddresses).toBe(40);
    expect(subnet?.freePrefixes).toBe(0);
  });

  test('a rolled out workload’s pods are of those that are there, not more', async () => {
    const rolls = burst({ pods: 12, rolling: { maxSurge: 1, maxUnavailable: 0 } });
    const { world, workload } = await openWorld(SMALL, rolls, {}, 1);
    expect(world.pods).toHaveLength(27);
    expect(workload.available).toBe(12);
  });

  test('pods go to the node groups that were named, and only those', async () => {
    const here = burst({ pods: 9, nodeGroup: ['green'], launches: false });
    const { world, workload } = await openWorld(SMALL, here, {}, 1);
    workload.scaleTo(9);
    await world.kernel.run(world.kernel.nowMs + 60_000);
    const [green] = world.nodes.filter(({ group }) => group.startsWith('green'));
    expect(workload.pods.map((pod) => pod.node)).toEqual(Array.from({ length: 9 }, () => green));
  });
});

describe('compared', () => {
  let compared: Comparison;
  beforeAll(async () => {
    compared = await compare(FULL, burst(), { seed: 3, ...quiet });
  });

  test('the CNI alone fails requests where nodes must be launched; with us none fails', () => {
    expect(wayOf(compared, 'present settings').figures.failedRequests).toBeGreaterThan(0);
    expect(wayOf(compared, 'with us, announced').figures).toMatchObject({
      failedRequests: 0,
      withoutAddress: 0,
    });
    expect(wayOf(compared, 'with us, in waves').figures).toMatchObject({
      failedRequests: 0,
      withoutAddress: 0,
    });
  });

  test('settings that cure it without us are shown as they are', () => {
    expect(wayOf(compared, 'WARM_PREFIX_TARGET=2').figures.failedRequests).toBe(0);
  });

  test('the same seed gives the same runs, another one others', async () => {
    const again = await compare(FULL, burst(), { seed: 3, ...quiet });
    expect(again.outcomes).toEqual(compared.outcomes);
    const other = await compare(FULL, burst(), { seed: 4, brief: true, ...quiet });
    expect(wayOf(other, 'present settings').samples).not.toEqual(wayOf(compared, 'present settings').samples);
  });

  test('every figure of the table is the run’s', () => {
    const [, , ...rows] = table(compared.outcomes).split('\n');
    expect(rows).toHaveLength(compared.outcomes.length);
    for (const [index, { way, figures, lastPodSeconds, samples }] of compared.outcomes.entries()) {
      const cells = (rows[index] ?? '')
        .slice(way.name.length)
        .trim()
        .replaceAll(',', '')
        .split(/\s+/)
        .map(Number);
      expect(rows[index]?.startsWith(way.name)).toBe(true);
      expect(cells).toEqual([
        figures.failedRequests,
        Number((figures.worstWaitMs / 1000).toFixed(1)),
        Number((figures.p99WaitMs / 1000).toFixed(1)),
        Object.values(figures.ec2Calls).reduce((sum, calls) => sum + calls, 0),
        figures.throttled,
        figures.addressSecondsIdle,
        Math.round(lastPodSeconds ?? Number.NaN),
      ]);
      // And what was counted along the way comes to the same in the end.
      expect(samples.at(-1)).toMatchObject({ failedRequests: figures.failedRequests, pods: 30 });
    }
  });

  test('no figure of the table stands under another’s head', () => {
    const [outcome] = compared.outcomes;
    if (outcome === undefined) throw new Error('nothing was played');
    const figures = {
      ...{ failedRequests: 1, worstWaitMs: 2_000, p99WaitMs: 3_000, ec2Calls: { A: 1, B: 3 } },
      ...{ throttled: 5, addressSecondsIdle: 6 },
    };
    const told = { ...outcome, figures: { ...outcome.figures, ...figures }, lastPodSeconds: 7 };
    const [head = '', , row = ''] = table([told]).split('\n');
    expect(head.trim().split(/ {2,}/)).toEqual([
      ...['failed', 'worst s', 'p99 s', 'EC2 calls', 'throttled', 'idle addr·s', 'last pod s'],
    ]);
    expect(row).toMatch(/^present settings +1 +2\.0 +3\.0 +4 +5 +6 +7$/);
    expect(table([{ ...told, lastPodSeconds: undefined }])).toMatch(/ never$/);
  });

  test('the table fits 100 columns, and so does what stands above it', () => {
    const all = [table(compared.outcomes), introduction(FULL, burst(), 3)];
    for (const line of all.join('\n').split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  test('what was assumed and what is missing is said', () => {
    const said = notes(FULL, burst(), compared.outcomes).join('\n');
    expect(said).toContain('EC2 does not show it');
    expect(said).toContain('launched, as an autoscaler does');
    const pace = /^with us, in waves: pods come as fast as addresses .* not over 60 s \(--over\)\.$/m;
    expect(said).not.toMatch(pace);
    expect(notes(FULL, burst({ over: 60_000 }), compared.outcomes).join('\n')).toMatch(pace);
    expect(notes({ ...FULL, notes: ['1 node left out: Windows.'] }, burst({ podsPerNode: 27 }), [])).toEqual([
      '1 node left out: Windows.',
    ]);
  });
});

describe('a rolling update on full nodes', () => {
  test('fails requests, with the patch none, and that is what the plan said', async () => {
    const rolls = burst({ pods: 60, podsPerNode: 22, rolling: { maxSurge: '25%', maxUnavailable: '25%' } });
    const counted = { ...FULL, nodes: FULL.nodes.map((one) => ({ ...one, pods: 22 })) };
    const compared = await compare(counted, rolls, { seed: 1, brief: true, ...quiet });
    expect(compared.outcomes.map(({ way }) => way.name)).toEqual([
      'present settings',
      'with us, announced',
      'Deployment patched',
      'with us, in waves',
    ]);
    expect(wayOf(compared, 'present settings').figures.failedRequests).toBeGreaterThan(0);
    const patched = wayOf(compared, 'Deployment patched');
    expect(patched.figures).toMatchObject({ failedRequests: 0, withoutAddress: 0 });
    expect(patched.way.selfPaced).toEqual(compared.report?.selfPaced);
    // At least as long as it was said to take.
    expect((patched.lastPodSeconds ?? 0) * 1000).toBeGreaterThanOrEqual(
      compared.report?.selfPaced?.takesMs ?? Infinity,
    );
  });
});

describe('a rollout in waves that is stopped', () => {
  let compared: Comparison;
  beforeAll(async () => {
    // Nobody says which of the full nodes' addresses have pods, so no wave can be promised any.
    const rolls = burst({ pods: 60, rolling: { maxSurge: '25%', maxUnavailable: 0 } });
    compared = await compare(FULL, rolls, { seed: 1, brief: true, ...quiet });
  });

  test('is no way without failures: where it stands is said in place of its figures', () => {
    const waves = wayOf(compared, 'with us, in waves');
    expect(waves.figures.failedRequests).toBe(0);
    expect(failedIn(waves)).toBe('stopped, 0 of 60 pods released');
    expect(table(compared.outcomes)).toMatch(/\nwith us, in waves \(stopped\) +– +– +– +\d.* never$/);
    expect(notes(FULL, burst(), compared.outcomes).join('\n')).toContain(
      'with us, in waves: stopped, 0 of 60 pods released: after',
    );
    expect(outcomeDocument(waves)).toMatchObject({
      ...{ failedRequests: null, worstWaitSeconds: null, p99WaitSeconds: null },
      stopped: { releasedPods: 0, pods: 60 },
    });
    expect(failedIn(wayOf(compared, 'present settings'))).toMatch(/^[1-9]\d*$/);
  });

  test('has no empty bar on the page', () => {
    const html = page({ title: '', outcomes: compared.outcomes, notes: [] });
    const [bars = ''] = /<ol class="bars">[\s\S]*?<\/ol>/.exec(html) ?? [];
    const of = (name: string): string => bars.split('\n').find((row) => row.includes(`>${name}<`)) ?? '';
    expect(of('with us, in waves')).toContain('>stopped, 0 of 60 pods released<');
    expect(of('with us, in waves')).not.toContain('class="track"');
    expect(of('present settings')).toContain('class="track"');
    expect(html).toContain('with us, in waves (stopped)</th>');
    expect(html).toContain('with us, in waves (stopped)</button>');
  });
});

test('pods that never get an address are no success either, though no request fails', async () => {
  const { outcomes } = await compare(FULL, burst({ pods: 5, launches: false }), {
    ...{ seed: 1, brief: true },
    ...quiet,
  });
  expect(outcomes.map(failedIn)).toEqual(outcomes.map(() => '0, 5 pods without an address'));
  expect(page({ title: '', outcomes, notes: [] })).toContain('>0, 5 pods without an address<');
});

describe('the ways', () => {
  test('none is played twice: what the cluster has already is no alternative', () => {
    const has = (env: Readonly<Record<string, string>>) =>
      alone(
        { ...SMALL, cluster: { ...SMALL.cluster, vpcCni: { version: 'v1', env } } },
        burst(),
        undefined,
      ).map(({ name }) => name);
    expect(has({ WARM_ENI_TARGET: '2' })).toEqual([
      'present settings',
      'MINIMUM_IP_TARGET=10, warm 5',
      'WARM_PREFIX_TARGET=1',
      'WARM_PREFIX_TARGET=2',
    ]);
  });

  test('an alternative’s targets take the place of the present ones; everything else stays', () => {
    const env = { WARM_IP_TARGET: '3', MAX_ENI: '2' };
    const ways = alone({ ...SMALL, cluster: { ...SMALL.cluster, vpcCni: { version: 'v1', env } } }, burst(), {
      IP_COOLDOWN_PERIOD: '10',
    });
    expect(ways.find(({ name }) => name === 'WARM_ENI_TARGET=2')?.env).toEqual({
      MAX_ENI: '2',
      WARM_ENI_TARGET: '2',
    });
    expect(ways.at(-1)?.env).toEqual({ ...env, IP_COOLDOWN_PERIOD: '10' });
  });

  test('prefixes are no way where a type takes none', () => {
    const old = { ...SMALL, nodes: [node(1, [9], { type: 'm4.large' })] };
    expect(alone(old, burst(), undefined).some(({ name }) => name.includes('PREFIX'))).toBe(false);
  });

  test.each<[string, Partial<Snapshot['cluster']>, Partial<BurstOptions>, RegExp]>([
    ['IPv6', { ipFamily: 'ipv6' }, {}, /^cluster\.ipFamily: expected "ipv4"/],
    [
      'custom networking',
      { vpcCni: { version: 'v1', env: { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' } } },
      {},
      /CUSTOM_NETWORK_CFG: expected no custom networking/,
    ],
    [
      'a node group nobody has',
      {},
      { nodeGroup: ['red'] },
      /^--node-group: expected one that has nodes, of blue, green, got "red"$/,
    ],
  ])('%s cannot be played, and it is said why', (_, cluster, options, said) => {
    expect(unplayable({ ...SMALL, cluster: { ...SMALL.cluster, ...cluster } }, burst(options))).toMatch(said);
  });

  test('more pods than there can be are not replaced', () => {
    const rolls = (pods: number) => burst({ pods, rolling: { maxSurge: 1, maxUnavailable: 0 } });
    expect(unplayable(SMALL, rolls(81))).toBeUndefined();
    expect(unplayable(SMALL, rolls(82))).toBe(
      '--pods: expected at most 81 with --rolling, as many as the nodes run, got 82',
    );
  });

  test('more pods on each node than any can run are refused; fewer addresses than that are said', () => {
    expect(unplayable(SMALL, burst({ podsPerNode: 28 }))).toMatch(
      /^--pods-per-node: expected at most 27, .* m5\.large .*, got 28$/,
    );
    const large = { ...SMALL, nodes: [...SMALL.nodes, node(4, [9], { maxPods: 110 })] };
    expect(unplayable(large, burst({ podsPerNode: 28 }))).toBeUndefined();
    const said = (podsPerNode: number): string =>
      notes(withPods(SMALL, { podsPerNode }), burst({ podsPerNode }), []).join('\n');
    expect(said(20)).toContain('3 nodes of 3 with fewer addresses than the 20 pods of --pods-per-node');
    expect(said(18)).toBe('');
  });

  test.each<[Record<string, string>, string]>([
    [
      { WARM_ENI_TARGET: '-4' },
      '--settings WARM_ENI_TARGET: expected a whole number from 0 to 1000, got "-4"',
    ],
    [{ MAX_ENI: 'many' }, '--settings MAX_ENI: expected a whole number from 0 to 1000, got "many"'],
    [{ WARM_IP_TARGET: '' }, '--settings WARM_IP_TARGET: expected a whole number from 0 to 1000, got ""'],
    [{ ENABLE_POD_ENI: 'yes' }, '--settings ENABLE_POD_ENI: expected true or false, got "yes"'],
    [
      { ENABLE_IPv6: 'true' },
      '--settings ENABLE_IPv6: expected false, or nothing: that cannot be played, got "true"',
    ],
  ])('a value that cannot be meant is refused: %j', (settings, said) =>
    expect(settingsComplaint(settings)).toBe(said),
  );

  test('settings that shape no pool are refused', () => {
    expect(settingsComplaint({ WARM_ENI_TARGET: '2', ENABLE_PREFIX_DELEGATION: 'true' })).toBeUndefined();
    expect(settingsComplaint({ WARM_ENI_TARGETS: '2' })).toMatch(
      /^--settings: expected one of .*got "WARM_ENI_TARGETS"$/,
    );
  });
});

describe('options', () => {
  test.each([
    ['90', 90_000],
    ['90s', 90_000],
    ['3m', 180_000],
    ['1h', 3_600_000],
  ])('%s is %d ms', (text, ms) => expect(duration(text)).toBe(ms));
  test.each(['', '3x', '-1', '2h', '1.5m'])('"%s" is no time', (text) =>
    expect(() => duration(text)).toThrow(/expected a time of at most 1h/),
  );
  test('a strategy is told by one bound or both', () => {
    expect(rolling('maxSurge=10%')).toEqual({ maxSurge: '10%', maxUnavailable: '25%' });
    expect(rolling('maxSurge=0,maxUnavailable=3')).toEqual({ maxSurge: 0, maxUnavailable: 3 });
  });
  test.each(['maxSurge', 'surge=1', 'maxSurge=101%', 'maxSurge=0,maxUnavailable=0%'])(
    '"%s" is no strategy',
    (text) => expect(() => rolling(text)).toThrow(/expected/),
  );
  test('a rolling update has a pace of its own', () => {
    const asked = { pods: 1, over: 1_000, startsIn: 0, launches: true };
    expect(misfit({ ...asked, rolling: rolling('maxSurge=1') })).toMatch(
      /^--over, --rolling: expected one of them/,
    );
    expect(misfit(asked)).toBeUndefined();
  });
});

describe('the page', () => {
  test('is one file that asks for nothing, with a line for each way in each chart, and no text of others as markup', async () => {
    const compared = await compare(SMALL, burst(), { seed: 1, brief: true, ...quiet });
    const html = page({
      title: '<script>alert(1)</script> & co',
      outcomes: compared.outcomes,
      notes: ['a <b> c'],
    });
    expect(html).not.toMatch(/(src|href)=|url\(|@import|https?:\/\//);
    expect(html).toContain('prefers-color-scheme:dark');
    expect(html.match(/<svg /g)).toHaveLength(4);
    expect(html.match(/<polyline /g)).toHaveLength(4 * compared.outcomes.length);
    expect(html).not.toContain('<script>alert');
    expect(html).toContain('a &#60;b&#62; c');
    const data: unknown = JSON.parse(/id="data">(.*)<\/script>/.exec(html)?.[1] ?? '');
    expect(data).toMatchObject({
      charts: [{ id: 'pods' }, { id: 'failed' }, { id: 'addresses' }, { id: 'calls' }],
    });
  });

  test('a line keeps its corners', () => {
    const sample = (atSeconds: number, pods: number) => ({
      atSeconds,
      pods,
      addresses: 0,
      failedRequests: 0,
      ec2Calls: 0,
    });
    const samples = [sample(0, 0), sample(5, 0), sample(10, 0), sample(15, 4), sample(20, 4), sample(25, 9)];
    expect(pointsOf(samples, ({ pods }) => pods, 20)).toEqual([
      [0, 0],
      [10, 0],
      [15, 4],
      [20, 4],
    ]);
  });

  test.each([1, 3, 9, 10, 99, 4_747, 100_000])('the scale of %d is round and reaches it', (most) => {
    const { step, top } = scaleTo(most);
    expect(top).toBeGreaterThanOrEqual(most);
    expect(top / step).toBeLessThanOrEqual(6);
    expect(top % step).toBe(0);
  });
});
