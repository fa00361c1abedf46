/** `npm run invoke`: a built function runs once, as Lambda would run it, against `npm run sim`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, ROOT, stale } from '../../infra/bundles.ts';
import { command, type Ended, finished, type Sim, startSim } from './sim-process.ts';

let sim: Sim;
let folder: string;
let event: string;
beforeAll(async () => {
  if (stale(ROOT)) await bundle(ROOT);
  folder = await mkdtemp(join(tmpdir(), 'invoke-'));
  event = join(folder, 'event.json');
  await writeFile(event, '{}');
  sim = await startSim('--speed', '10');
});
afterAll(async () => {
  expect(await sim.end('SIGTERM')).toMatchObject({ status: 0, stderr: '' });
  await rm(folder, { recursive: true });
});

const invoke = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  finished(command('invoke.ts', args, env));

test('a sweep in the world’s own environment answers, and each of its calls is told in order', async () => {
  const { status, stdout, stderr } = await invoke(['sweep', event], sim.ready.environment);
  const { answer, calls } = JSON.parse(stdout);
  expect(status).toBe(0);
  expect(answer).toMatchObject([{ cluster: 'shop', nodes: 3 }]);
  expect(calls[0]).toEqual({ service: 'eks', action: 'DescribeCluster', status: 200 });
  expect(calls).toContainEqual({ service: 'ec2', action: 'DescribeInstances', status: 200 });
  expect(calls).toContainEqual({ service: 'dynamodb', action: 'PutItem', status: 200 });
  // Its journal is its log.
  expect(stderr).toContain('"message":"swept"');
});

test('--endpoint leads elsewhere, DynamoDB’s own address excepted: where nobody answers, each try says why', async () => {
  const nobody = ['--endpoint', 'http://127.0.0.1:1'];
  const { stdout, stderr } = await invoke(['sweep', event, ...nobody], sim.ready.environment);
  expect(stderr.trim().split('\n').at(-1)).toMatch(
    /^eks:DescribeCluster: nobody answers at that address: .*npm run sim/,
  );
  const { calls } = JSON.parse(stdout);
  expect(calls.length).toBeGreaterThan(1);
  expect(calls[0]).toEqual({ service: 'eks', action: 'DescribeCluster', status: 'ECONNREFUSED' });
  for (const { service, status } of calls) expect(status).toBe(service === 'dynamodb' ? 200 : 'ECONNREFUSED');
});

test('a cluster that is not there, or not in this Region, is said by the first sweep in one line with what to do', async () => {
  const CLUSTERS = JSON.stringify([{ name: 'shpo', mode: 'observe' }]);
  const { status, stdout, stderr } = await invoke(['sweep', event], { ...sim.ready.environment, CLUSTERS });
  expect([status, JSON.parse(stdout).answer]).toEqual([0, []]);
  const { region, accountId } = sim.ready;
  const lines = stderr.split('\n').filter((line) => line.includes('"unknown cluster"'));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    {
      level: 'WARN',
      cluster: 'shpo',
      why: `CLUSTERS: expected the name of an EKS cluster of account ${accountId} in ${region}, got "shpo"`,
      remedy: expect.stringContaining(`aws eks list-clusters --region ${region}`),
    },
  ]);
});

test('a function without credentials asks nobody, and one line says how to give it some', async () => {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...environment } = sim.ready.environment;
  const { stdout, stderr } = await invoke(['sweep', event], environment);
  expect(JSON.parse(stdout).calls).toEqual([]);
  expect(stderr.trim().split('\n').at(-1)).toMatch(
    /^AWS_ACCESS_KEY_ID: expected credentials .*export-credentials/,
  );
});

test('a function without its settings throws, and says all that is missing', async () => {
  const { status, stdout } = await invoke(['on-signal', event], { AWS_REGION: 'eu-central-1' });
  const { error, calls } = JSON.parse(stdout);
  expect([status, calls]).toEqual([1, []]);
  expect(error).toMatchObject({ errorType: 'SettingsError', trace: expect.any(Array) });
  expect(error.errorMessage).toContain('LEDGER_TABLE');
  expect(error.errorMessage).toContain('SIGNAL_QUEUE_URL');
});

test('what cannot be asked is said in one line, and nothing is run', async () => {
  const broken = join(folder, 'broken.json');
  await writeFile(broken, '{"plan":');
  const detail = join(import.meta.dirname, '../../docs/examples/rollout-s1.json');
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['brew-coffee', event], 'brew-coffee: expected a function among'],
    [['sweep', join(folder, 'nowhere.json')], 'nowhere.json: cannot be read'],
    [['sweep', broken], 'broken.json: is not JSON'],
    [['sweep', event, '--endpoint', 'here'], 'expected a URL'],
    [['on-signal', detail], 'rollout-s1.json: expected a whole event, such as '],
    [['sweep'], 'missing required argument'],
  ];
  const refusals = await Promise.all(wrong.map(([args]) => invoke(args)));
  for (const [index, { status, stdout, stderr }] of refusals.entries()) {
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(wrong[index]?.[1]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  }
});
