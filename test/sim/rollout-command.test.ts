/** `npm run rollout`: a batched rollout played in a scenario, beside the same pods all at once. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findScenario } from '../../cli/find-scenario.ts';
import { rolloutIn } from '../../cli/rollout-input.ts';
import { playWaves } from '../../cli/rollout-play.ts';
import { Picture } from '../../cli/rollout-show.ts';
import { rolloutTemplate } from '../../infra/rollout-template.ts';
import type { Scenario } from '../../sim/scenario/format.ts';
import { readScenario } from '../../sim/scenario/read.ts';
import { command, type Ended, finished } from './sim-process.ts';

/** Two quiet m5.large nodes without pods: eighteen addresses that are free, fifty-four slots. */
const QUIET = {
  name: 'quiet',
  title: 'Forty pods come to two quiet nodes',
  minutes: 5,
  subnets: [{ name: 'a', cidr: '10.0.0.0/22' }],
  clusters: [
    {
      nodeGroups: [{ name: 'workers', type: 'm5.large', nodes: 2 }],
      workloads: [
        { kind: 'Deployment', name: 'web' },
        { kind: 'Deployment', name: 'side' },
      ],
    },
  ],
  story: [
    { do: 'announce', workload: 'web', to: 40 },
    { do: 'scale', atSeconds: 2, workload: 'side', to: 1 },
    { do: 'scale', atSeconds: 30, workload: 'web', to: 41 },
  ],
  columns: ['ours'],
};
const WEB = {
  cluster: 'shop',
  workload: { kind: 'Deployment', namespace: 'default', name: 'web' },
  replicas: { from: 0, to: 40 },
};

let folder: string;
const file = async (name: string, document: unknown): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, typeof document === 'string' ? document : JSON.stringify(document));
  return path;
};
let quiet: string;
let web: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rollout-'));
  quiet = await file('quiet.json', QUIET);
  web = await file('web.json', WEB);
});
afterAll(() => rm(folder, { recursive: true }));

const rollout = (...args: string[]): Promise<Ended> => finished(command('rollout.ts', args));

function scenario(document: unknown = QUIET): Scenario {
  const read = readScenario(document, 'mine.json');
  if (!read.ok) throw new Error(read.message);
  return read.scenario;
}

describe('forty pods on two nodes with eighteen free addresses', () => {
  test('a pipe gets a line for each change, then the waves and the totals; waves alone let no request fail', async () => {
    const { status, stdout, stderr } = await rollout(web, '--scenario', quiet);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(
      'Simulated: quiet, seed 1. 40 pods of Deployment default/web in shop, 0 → 40 replicas',
    );
    expect(stdout).toContain('The announcement says nothing of waves: {"size":"auto"} is assumed.');
    expect(stdout).toContain(
      'Left out of the story, because the rollout comes in their place: announce at 0 s, scale at 30 s.',
    );
    const told = stdout.split('\n').filter((line) => /^ +\d+\.\d s +\d+ failed /.test(line));
    expect(told.length).toBeGreaterThan(5);
    for (const line of told) expect(line).toContain(' 0 failed ');
    expect(told[1]).toContain('wave 1 planned: at most 40 pods');
    expect(told.at(-1)).toContain('completed');
    expect(stdout).toMatch(
      /\nwave +pods wanted +ready +waited s +released at s +waited for\n-+\n1 +40 +\d+ /,
    );
    const failed = (way: string): number =>
      Number(stdout.match(new RegExp(`\\n${way} +(\\d+) `))?.[1] ?? Number.NaN);
    expect(failed('all at once, without us')).toBeGreaterThan(0);
    expect(failed('all at once, announced')).toBeGreaterThan(0);
    expect(failed('in waves')).toBe(0);
    expect(stdout).toMatch(
      /40 of 40 pods released in \d waves and \d+\.\d virtual seconds; \d+ state transitions, \$0\.00\d\d at \$0\.025 per 1,000\.\nCompleted\.\n$/,
    );
    // Nothing is drawn over where nobody looks.
    expect(stdout).not.toContain('\x1b');
  });

  test('the whole event is as good as its detail', async () => {
    const options = ['--scenario', quiet, '--json'];
    const event = await file('event.json', { 'detail-type': 'Deployment Announced', detail: WEB });
    const [whole, detail] = await Promise.all([rollout(event, ...options), rollout(web, ...options)]);
    expect([whole.status, whole.stderr]).toEqual([0, '']);
    expect(JSON.parse(whole.stdout)).toEqual(JSON.parse(detail.stdout));
  });

  test('--json is one document: the same waves in the world, and every pod of the story but those of the rollout', async () => {
    const held = await file('held.json', { ...WEB, waves: { size: '50%', gate: 'approve' } });
    const { status, stdout, stderr } = await rollout(held, '--scenario', quiet, '--approve', '--json');
    expect([status, stderr]).toEqual([0, '']);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      simulated: true,
      scenario: 'quiet',
      seed: 1,
      announcement: { ...WEB, announcementId: 'rollout', waves: { size: '50%', gate: 'approve' } },
      wavesAssumed: false,
      outcome: 'completed',
      pods: { released: 40, of: 40 },
      ways: [
        { way: 'all at once, without us' },
        { way: 'all at once, announced' },
        { way: 'in waves', failedRequests: 0, withoutAddress: 0 },
      ],
    });
    expect(document.ways.map(({ pods }: { pods: number }) => pods)).toEqual([41, 41, 41]);
    const { waves, seconds, transitions, usd } = document;
    expect(waves.map(({ wantedPods }: { wantedPods: number }) => wantedPods).slice(0, 1)).toEqual([20]);
    const sum = waves.reduce((all: number, { readyPods }: { readyPods: number }) => all + readyPods, 0);
    expect(sum).toBe(40);
    expect(waves.at(-1).releasedAtSeconds).toBeLessThanOrEqual(seconds);
    expect(usd).toBeCloseTo((transitions * 0.025) / 1_000, 10);
  });

  test('a wave that is held where nobody can be asked ends the rollout with what to do, and leaves with 1', async () => {
    const held = await file('callback.json', { ...WEB, waves: { gate: 'callback' } });
    const { status, stdout } = await rollout(held, '--scenario', quiet);
    expect(status).toBe(1);
    expect(stdout).toContain('wave 1 is held: somebody has to let it go');
    expect(stdout).toMatch(/\nStopped: .*there is nobody to ask here, --approve lets waves go\.\nRemedy: \w/);
    expect(stdout).toContain('0 of 40 pods released in 1 wave');
    expect(stdout).not.toContain('all at once, without us');
  });

  test('Ctrl-C ends it in the middle, with one line', async () => {
    const child = command('rollout.ts', [web, '--scenario', quiet, '--speed', '1']);
    const ended = finished(child);
    if (child.stdout === null) throw new Error('no stdout');
    const said = createInterface(child.stdout);
    for await (const line of said) if (line.includes('begins')) break;
    child.kill('SIGINT');
    expect(await ended).toMatchObject({
      status: 130,
      stderr: '\nInterrupted: the rollout was simulated, and nothing is left behind.\n',
    });
  });
});

test('where no address comes free the product stops it: cause and remedy are told, and it leaves with 1', async () => {
  const [cluster] = QUIET.clusters;
  const full = await file('full.json', {
    ...QUIET,
    name: 'full',
    clusters: [{ ...cluster, cni: { MAX_ENI: '1' } }],
  });
  const stuck = await file('stuck.json', { ...WEB, waves: { smallest: 40, longestPauseSeconds: 60 } });
  const { status, stdout } = await rollout(stuck, '--scenario', full, '--json');
  expect(status).toBe(1);
  const { outcome, stop, pods, ways } = JSON.parse(stdout);
  expect([outcome, pods]).toEqual(['stopped', { released: 0, of: 40 }]);
  expect(stop.cause).toContain('of 40 pods of wave 1 can get an address');
  expect(stop.remedy).toContain('redrive the execution');
  expect(ways).toMatchObject([{ way: 'in waves', pods: 1 }]);
});

test('pods that are replaced come in a Deployment beside the old one, which shrinks as it grows', async () => {
  const running = scenario({
    ...QUIET,
    clusters: QUIET.clusters.map((cluster) => ({
      // Room for twelve pods: the last ones find a place only where old ones go.
      nodeGroups: cluster.nodeGroups.map((group) => ({ ...group, maxPods: 8 })),
      workloads: [{ kind: 'Deployment', name: 'web', replicas: 8 }],
    })),
    story: [],
  });
  const read = rolloutIn({ ...WEB, replicas: { from: 8, to: 8 }, waves: { size: 4 } }, running, 0);
  if ('complaint' in read) throw new Error(read.complaint);
  expect(read).toMatchObject({ fresh: 'web-next', old: 'web' });
  const told: string[] = [];
  const drawn: string[] = [];
  const picture = new Picture({ columns: 100, write: (text) => drawn.push(text) });
  const played = await playWaves(read, 3, rolloutTemplate(), {
    change: (what) => told.push(what),
    tick: (frame) => picture.tick(frame),
    letGo: async () => ({ go: true }),
  });
  expect(played).toMatchObject({ outcome: 'completed', releasedPods: 8, waves: [{}, {}] });
  expect(played.figures).toMatchObject({ pods: 8, withoutAddress: 0 });
  expect(told).toContain('wave 1 released: 4 of 8 pods may come');
  picture.end();
  expect(drawn.at(-1)).toMatch(
    /wave 2 {2}█{30} {2}8 of 8 pods released\nfree addresses \d+ .*\ncompleted\n$/,
  );
});

describe('what cannot be played', () => {
  test.each([
    ['detail.cluster: expected a cluster of quiet: "shop", got "other"', { ...WEB, cluster: 'other' }],
    [
      'detail.workload.name: expected a Deployment or StatefulSet of quiet: "web", "side", got "api"',
      { ...WEB, workload: { ...WEB.workload, name: 'api' } },
    ],
    [
      'detail.workload.kind: expected Deployment, as web is in quiet, got "StatefulSet"',
      { ...WEB, workload: { ...WEB.workload, kind: 'StatefulSet' } },
    ],
    [
      'detail.workload.namespace: expected "default", where all of a scenario is, got "web"',
      { ...WEB, workload: { ...WEB.workload, namespace: 'web' } },
    ],
    [
      'detail.replicas.from: expected 0, the pods of web when the story of quiet begins, got 5',
      { ...WEB, replicas: { from: 5, to: 40 } },
    ],
    [
      'detail.waves.size: expected "auto", a whole number of pods, or a percentage from "1%" to "100%", got "0%"',
      { ...WEB, waves: { size: '0%' } },
    ],
    [
      'detail.waves.size: expected at most 40, the pods of the rollout, got 41',
      { ...WEB, waves: { size: 41 } },
    ],
    ['detail.waves: expected an object, got null', { ...WEB, waves: null }],
    ['detail: expected an object, got []', []],
  ])('%s', (complaint, announcement) => {
    expect(rolloutIn(announcement, scenario(), 0)).toEqual({ complaint });
  });

  test('a time in the file counts from now, and may be past', () => {
    const nowMs = Date.UTC(2026, 4, 1);
    const at = (time: string) => rolloutIn({ ...WEB, waves: { deadline: time } }, scenario(), nowMs);
    expect(at('2026-05-01T01:00:00Z')).toMatchObject({
      nowMs,
      announced: { waves: { deadlineMs: nowMs + 3_600_000 } },
    });
    expect(at('2026-04-30T23:00:00Z')).toEqual({
      complaint: 'detail.waves.deadline: expected a time to come, got "2026-04-30T23:00:00.000Z"',
    });
  });

  test('as a command each is one line, nothing is played, and it leaves with 2', async () => {
    const broken = await file('broken.json', '{');
    const other = await file('other.json', { ...WEB, cluster: 'other' });
    const launch = join(import.meta.dirname, '../events/ec2-instance-pending.json');
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [
        [launch, '--scenario', quiet],
        'pending.json: detail-type: expected "Deployment Announced", got "EC2 Instance State-change Notification"',
      ],
      [[web], "required option '--scenario <name>' not specified"],
      [[web, '--scenario', 'S99'], '--scenario: expected one of S1, S2, '],
      [[broken, '--scenario', quiet], 'broken.json: is not JSON'],
      [[join(folder, 'gone.json'), '--scenario', quiet], 'gone.json: cannot be read'],
      [
        [other, '--scenario', quiet],
        'other.json: detail.cluster: expected a cluster of quiet: "shop", got "other"',
      ],
      [[web, '--scenario', quiet, '--speed', '0'], 'expected a whole number from 1 to 3600, got "0"'],
    ];
    const refusals = await Promise.all(wrong.map(([args]) => rollout(...args)));
    for (const [index, { status, stdout, stderr }] of refusals.entries()) {
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toContain(wrong[index]?.[1]);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  });

  test('--help says what its exit codes mean, and has examples', async () => {
    const { status, stdout } = await rollout('--help');
    expect(status).toBe(0);
    expect(stdout).toContain('Exit code 0: completed; 1: stopped');
    expect(stdout).toContain('npm run rollout -- docs/examples/rollout-s1.json --scenario S1');
  });
});

test.each([
  ['rollout-s1.json', 'S1'],
  ['rollout-s4.json', 'S4'],
])('the example docs/examples/%s fits %s', async (name, into) => {
  const text = await readFile(join(import.meta.dirname, '../../docs/examples', name), 'utf8');
  const found = await findScenario(into);
  if ('complaint' in found) throw new Error(found.complaint);
  expect(rolloutIn(JSON.parse(text), found.scenario, 0)).not.toHaveProperty('complaint');
});

test('on a terminal one picture is drawn over the other, cut to its width, and the last one stays', () => {
  const written: string[] = [];
  const picture = new Picture({ columns: 30, write: (text) => written.push(text) });
  picture.busy('for comparison: all at once, without us');
  picture.busy('and more');
  picture.end();
  expect(written).toEqual([
    '\r\x1b[J',
    '\r\x1b[Jfor comparison: all at once, \n',
    '\x1b[1A\r\x1b[J',
    '\r\x1b[Jand more\n',
    '\x1b[1A\r\x1b[J',
  ]);
});
