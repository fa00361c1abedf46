/** `eks-ip-prewarmer plan`, `snapshot` and `simulate`: what they say, what they leave, and that they change nothing. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccount } from '../../cli/account.ts';
import type { Account } from '../../cli/account-clients.ts';
import { kubeOf } from '../../cli/kubernetes.ts';
import { pacing } from '../../cli/plan/pacing.ts';
import { readingPorts } from '../../cli/plan/ports.ts';
import { type PlanRead, readPlan } from '../../cli/plan/read.ts';
import { planText } from '../../cli/plan/text.ts';
import { wrapped } from '../../cli/tables.ts';
import { KubeWorkloads } from '../../lambdas/adapters/kube-workloads.ts';
import { adoptionWorstMs } from '../../lambdas/core/cni.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';
import { command, type Ended, finished } from '../sim/sim-process.ts';

/** Two quiet m5.large nodes: eighteen addresses that are free, and a Deployment with four pods. */
const QUIET = {
  name: 'quiet',
  title: 'Pods come to two quiet nodes',
  subnets: [{ name: 'a', cidr: '10.0.0.0/22' }],
  clusters: [
    {
      nodeGroups: [{ name: 'workers', type: 'm5.large', nodes: 2 }],
      workloads: [{ kind: 'Deployment', name: 'web', replicas: 4, maxSurge: 1, maxUnavailable: 0 }],
    },
  ],
};

let folder: string;
let quiet: string;
const file = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plan-'));
  quiet = file('quiet.json');
  await writeFile(quiet, JSON.stringify(QUIET));
});
afterAll(() => rm(folder, { recursive: true }));

async function open(scenario = quiet): Promise<Account> {
  const account = await openAccount({ scenario });
  if ('complaint' in account) throw new Error(account.complaint);
  return account;
}
const BURST = { over: 0, startsIn: 300_000, launches: true };

async function planned(
  options: Partial<Parameters<typeof readPlan>[2]>,
  scenario = quiet,
): Promise<PlanRead> {
  const account = await open(scenario);
  const read = await account.ask(() => readPlan(account, 'shop', { ...BURST, ...options }, DEFAULT_POLICY));
  if ('complaint' in read) throw new Error(read.complaint);
  return read;
}

describe('a plan', () => {
  test('changes nothing: no call but reads, and every ENI as it was', async () => {
    const account = await open();
    const ec2 = account.simulated?.world.account;
    if (ec2 === undefined) throw new Error('no world');
    const before = JSON.stringify(
      ec2.enis().map(({ id, secondaryIps, groups }) => [id, secondaryIps, groups]),
    );
    const read = await account.ask(() => readPlan(account, 'shop', { ...BURST, pods: 40 }, DEFAULT_POLICY));
    expect(read).toMatchObject({ report: { totals: { nodesWarmed: 2 } } });
    expect(JSON.stringify(ec2.enis().map(({ id, secondaryIps, groups }) => [id, secondaryIps, groups]))).toBe(
      before,
    );
    const calls = [...ec2.calls.of('eks-ip-prewarmer')];
    expect(calls.length).toBeGreaterThan(0);
    expect(calls.filter(([action]) => !action.startsWith('Describe'))).toEqual([]);
  });

  test('has ports that refuse to change anything', async () => {
    const account = await open();
    const { vpc, bus, rolloutMachine, continuations } = readingPorts(account, 'shop', {
      policy: DEFAULT_POLICY,
    });
    const tries = [
      () => vpc.deleteEni('eni-0123456789abcdef0'),
      () => vpc.assign('eni-0123456789abcdef0', 1),
      () => bus.put('Wave Ready', {}),
      () => rolloutMachine.start('any'),
      () => continuations.later([]),
    ];
    for (const attempt of tries) await expect(attempt()).rejects.toThrow(/is no read, and was not done/);
  });

  test('says each node’s part with its reason, and what it costs', async () => {
    const read = await planned({ pods: 40 });
    const text = planText(read, 'a scenario');
    for (const { id } of read.snapshot.nodes) expect(text).toMatch(new RegExp(`${id}  attach a \\w+ ENI`));
    expect(text).toContain('Nothing is changed.');
    expect(text).toContain(`addresses       ${read.report.totals.addresses} from subnets`);
    // Two ENIs are no matter of the request budget.
    const seconds = adoptionWorstMs(DEFAULT_POLICY) / 1000;
    expect(read.effort.readySeconds).toBe(seconds);
    expect(text).toContain(`in ${seconds} s at most`);
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  test('too late to adopt anything, says so of each node', async () => {
    const { report } = await planned({ pods: 40, startsIn: 10_000 });
    expect(report.totals.nodesWarmed).toBe(0);
    expect(report.totals.nodesLeft).toEqual({ 'too late': 2 });
  });

  test('of pods beyond what present nodes take, says how many wait for nodes', async () => {
    const { report } = await planned({ pods: 100 });
    expect(report.openDemand).toBe(125 - 2 * 27 + 2 * 9);
  });

  test('goes by what Kubernetes says of a Deployment: its replicas, its strategy, the pods of each node', async () => {
    const { burst, report, snapshot } = await planned({ workload: { namespace: 'default', name: 'web' } });
    expect(burst).toMatchObject({
      replicas: { from: 4, to: 4 },
      strategy: { maxSurge: 1, maxUnavailable: 0 },
    });
    expect(report.demand).toContain('4 replicas replaced 1 at a time');
    expect(snapshot.nodes.map(({ pods }) => pods)).toEqual([2, 2]);
  });

  test('of a Deployment that is not there is refused', async () => {
    const account = await open();
    const workload = { namespace: 'default', name: 'nobody' };
    expect(
      await account.ask(() => readPlan(account, 'shop', { ...BURST, workload }, DEFAULT_POLICY)),
    ).toEqual({
      complaint: '--workload: expected a Deployment of shop, got "default/nobody"',
    });
    expect(
      await account.ask(() => new KubeWorkloads(kubeOf(account), account.clock).deployment('shop', workload)),
    ).toEqual({ ok: true, value: undefined });
  });

  test('on full nodes gives a patch that Kubernetes takes', async () => {
    const { report, burst } = await planned(
      { pods: 100, podsPerNode: 22, rolling: { maxSurge: '25%', maxUnavailable: '25%' } },
      'S1',
    );
    expect(pacing(report, burst.workload).at(-1)).toBe(
      [
        'spec:',
        '  minReadySeconds: 61',
        '  strategy:',
        '    type: RollingUpdate',
        '    rollingUpdate:',
        '      maxSurge: 0',
        '      maxUnavailable: 25',
      ].join('\n'),
    );
  });
});

test('text is broken between words, and what begins with spaces keeps them', () => {
  const text = wrapped(`  ${'word '.repeat(40)}`.trimEnd(), '    ');
  const [first = '', second = ''] = text.split('\n');
  expect(first.startsWith('  word')).toBe(true);
  expect(second.startsWith('    word')).toBe(true);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
});

describe('the commands', () => {
  const run = (...args: string[]): Promise<Ended> => finished(command('eks-ip-prewarmer.ts', args));

  test('plan: text in a pipe has no colour and no progress; 1 where failures are to be expected without us', async () => {
    const { status, stdout, stderr } = await run(
      'plan',
      '--cluster',
      'shop',
      '--scenario',
      'S1',
      '--pods',
      '60',
    );
    expect(status).toBe(1);
    expect(stderr).toBe('');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toMatch(/^Plan for shop in scenario S1/);
    expect(stdout).toMatch(
      /\nFailed requests, simulated: present settings [1-9]\d*; with us, announced 0; with us, in waves 0\.\n/,
    );
    expect(stdout).toMatch(/present settings +[1-9]/);
    expect(stdout).toMatch(/with us, announced +0 /);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  test('plan: 0 where none is to be expected, as one JSON document', async () => {
    const { status, stdout } = await run(
      'plan',
      '--cluster',
      'shop',
      '--scenario',
      quiet,
      '--pods',
      '4',
      '--json',
    );
    expect(status).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ cluster: 'shop', totals: { nodesWarmed: 0 } });
    expect(document.expected[0]).toMatchObject({ way: 'present settings', failedRequests: 0 });
  });

  test('plan: of a Deployment that wants more pods than its nodes run, those that have a place are simulated, and that is said', async () => {
    const { status, stdout, stderr } = await run(
      ...['plan', '--cluster', 'shop', '--scenario', 'S1', '--workload', 'default/checkout', '--json'],
    );
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    const { notSimulated, expected, notes } = JSON.parse(stdout);
    expect(notSimulated).toBeUndefined();
    expect(expected[0].failedRequests).toBeGreaterThan(0);
    expect(expected.at(-1)).toMatchObject({ failedRequests: null, stopped: { pods: 135 } });
    expect(notes[0]).toMatch(/^checkout: of its 136 replicas 135 are simulated/);
  });

  test('snapshot, then simulate: one table and one page, the snapshot anonymised', async () => {
    const taken = await run('snapshot', '--cluster', 'shop', '--scenario', 'S1', '--anonymise');
    expect(taken.status).toBe(0);
    expect(JSON.parse(taken.stdout)).toMatchObject({ anonymised: true, cluster: { name: 'cluster' } });
    await writeFile(file('cluster.json'), taken.stdout);
    const played = await run(
      ...['simulate', file('cluster.json'), '--pods', '60', '--over', '30s'],
      ...['--settings', 'WARM_ENI_TARGET=3', 'IP_COOLDOWN_PERIOD=10', '--report', file('out.html')],
    );
    expect(played).toMatchObject({ status: 0, stderr: '' });
    expect(played.stdout).toMatch(/\ngiven settings +\d/);
    expect(played.stdout.replaceAll('\n  ', ' ')).toContain(
      'given settings: WARM_ENI_TARGET=3 IP_COOLDOWN_PERIOD=10.',
    );
    expect(await readFile(file('out.html'), 'utf8')).toMatch(/^<!doctype html>/);
  });

  test.each<[string, string[], RegExp]>([
    ['no number of pods', ['simulate', 'c.json'], /required option '--pods <n>'/],
    ['no such file', ['simulate', 'nowhere.json', '--pods', '3'], /^nowhere\.json: cannot be read: /],
    [
      'a snapshot that is none',
      ['simulate', 'package.json', '--pods', '3'],
      /^package\.json: format: expected "eks-ip-prewarmer snapshot"/,
    ],
    [
      'a pace for a rolling update',
      ['plan', '--cluster', 'shop', '--pods', '3', '--over', '1m', '--rolling', 'maxSurge=1'],
      /^--over, --rolling: /,
    ],
    [
      'no pods and no workload',
      ['plan', '--cluster', 'shop', '--scenario', 'S1'],
      /^--pods: expected a number of pods, or --workload/,
    ],
    [
      'a cluster nobody knows',
      ['snapshot', '--cluster', 'nobody', '--scenario', 'S1'],
      /^--cluster: no EKS cluster "nobody" in eu-central-1; there is shop$/m,
    ],
    [
      'a node group that has no node',
      ['plan', '--cluster', 'shop', '--scenario', 'S1', '--pods', '3', '--node-group', 'red,blue'],
      /^--node-group: expected one that has nodes, of workers, got "red,blue"$/m,
    ],
    [
      'a page in a folder that is not there',
      ['simulate', 'c.json', '--pods', '3', '--report', '/nowhere/at/all.html'],
      /^--report: expected a file in a folder that is there, got "\/nowhere\/at\/all.html"$/m,
    ],
    [
      'a page that is a folder',
      ['simulate', 'c.json', '--pods', '3', '--report', tmpdir()],
      /^--report: expected a file in a folder that is there, got "/m,
    ],
    [
      'a page in a folder that is a file',
      ['simulate', 'c.json', '--pods', '3', '--report', 'package.json/out.html'],
      /^--report: expected a file in a folder that is there, got "/m,
    ],
    [
      'no Region',
      ['plan', '--cluster', 'shop', '--pods', '3', '--region', 'eu central'],
      /^--region: expected a/,
    ],
    [
      'no name',
      ['snapshot', '--cluster', 'a b', '--scenario', 'S1'],
      /^--cluster: expected the name of an EKS/,
    ],
    [
      'a policy that is none',
      ['plan', '--cluster', 'shop', '--pods', '3', '--scenario', 'S1', '--policy', 'package.json'],
      /^package\.json: policy\.name: /,
    ],
  ])('%s: one line, and 2', async (_, args, said) => {
    const { status, stdout, stderr } = await run(...args);
    expect(stderr).toMatch(said);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  test('whoever stops reading the table has the page and the exit code all the same', async () => {
    const taken = await run('snapshot', '--cluster', 'shop', '--scenario', 'S1');
    await writeFile(file('small.json'), taken.stdout);
    const child = command('eks-ip-prewarmer.ts', [
      ...['simulate', file('small.json'), '--pods', '3', '--report', file('unread.html')],
    ]);
    const ending = finished(child);
    child.stdout?.destroy();
    expect(await ending).toMatchObject({ status: 0, stderr: '' });
    expect(await readFile(file('unread.html'), 'utf8')).toMatch(/<\/html>\n$/);
  });

  test('Ctrl-C while it simulates: said in one line, and 130', async () => {
    const taken = await run('snapshot', '--cluster', 'shop', '--scenario', 'S5');
    // A pipe: it is written once somebody reads it, so then the command is at work.
    spawnSync('mkfifo', [file('large.json')]);
    const child = command('eks-ip-prewarmer.ts', ['simulate', file('large.json'), '--pods', '5000']);
    const ending = finished(child);
    await writeFile(file('large.json'), taken.stdout);
    child.kill('SIGINT');
    const { status, stderr } = await ending;
    expect({ status, stderr: stderr.trim() }).toEqual({
      status: 130,
      stderr: 'Interrupted. Nothing was changed.',
    });
  });
});
