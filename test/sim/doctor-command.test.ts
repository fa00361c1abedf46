/** `eks-ip-prewarmer doctor` as a process: against the embedded AWS by its address, in a scenario, and where nothing can be read. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateNetworkInterfaceCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccount } from '../../cli/account.ts';
import { openDefault } from '../../cli/sim-world.ts';
import type { Fault } from '../../sim/ec2/faults.ts';
import { type HttpServer, startHttpServer } from '../../sim/wire/http-server.ts';
import { World } from '../../sim/world.ts';
import { command, type Ended, finished } from './sim-process.ts';

const COLUMNS = 100;
const SUBNET = 'subnet-0de300000000000a0';
/** Virtual milliseconds in one real one: nobody waits for what EC2 takes to answer. */
const SPEED = 20;
/** Otherwise the SDK looks for the credentials of an instance. */
const NO_METADATA = { AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent' };

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  finished(command('eks-ip-prewarmer.ts', args, { ...NO_METADATA, ...env }));
const doctor = (args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended> =>
  run(['doctor', ...args], env);

let folder: string;
const servers: { close(): unknown }[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-'));
});
afterAll(async () => {
  for (const server of servers) await server.close();
  await rm(folder, { recursive: true });
});

/** The world of `npm run sim`, in which this goes wrong. */
async function serving(...faults: readonly Fault[]): Promise<{ world: World; server: HttpServer }> {
  const { world } = openDefault();
  for (const fault of faults) world.account.addFault(fault);
  const server = await startHttpServer({ world, speed: SPEED });
  servers.push(server);
  return { world, server };
}

const denied = (action: string): Fault => ({
  ...{ kind: 'refuse', action, fromMs: 0, toMs: Number.POSITIVE_INFINITY },
  ...{
    code: 'UnauthorizedOperation',
    httpStatus: 403,
    message: 'You are not authorized to perform this operation.',
  },
});

/** A scenario of a cluster with these settings of the CNI. */
async function scenario(cni: Readonly<Record<string, string>>): Promise<string> {
  const file = join(folder, `${Object.keys(cni).join('-')}.json`);
  const document = {
    ...{ name: 'mine', title: 'Nodes', columns: ['ours'] },
    subnets: [{ name: 'a', cidr: '10.0.0.0/20' }],
    clusters: [{ cni, nodeGroups: [{ name: 'workers', type: 'm5.large', nodes: 3 }] }],
  };
  await writeFile(file, JSON.stringify(document));
  return file;
}

const widest = (text: string): number => Math.max(...text.split('\n').map(({ length }) => length));

test('an account by its address: plain text of at most 100 columns, by reads alone', async () => {
  const { world, server } = await serving();
  const { status, stdout, stderr } = await doctor(['--cluster', 'shop', '--endpoint', server.endpoint]);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain(
    `Cluster shop, ${server.endpoint}; vpc-cni v1.23.1-eksbuild.1, WARM_ENI_TARGET=1; 3`,
  );
  expect(stdout).toMatch(/^ 1 {2}info {4}Prefixes would give a node 32 addresses .* {2}prefix-unused$/m);
  for (const part of ['evidence', 'consequence', 'remedy', 'price', 'source'])
    expect(stdout).toContain(`   ${part} `);
  expect(widest(stdout)).toBeLessThanOrEqual(COLUMNS);
  expect(stdout).not.toContain('\u001b');
  const calls = [...world.account.calls.of('eks-ip-prewarmer').keys()];
  expect(calls.toSorted()).toEqual(['DescribeInstances', 'DescribeNetworkInterfaces', 'DescribeSubnets']);
});

test('--kubernetes: pods are counted by the API server; what it refuses is one line', async () => {
  const { world, server } = await serving();
  for (const node of world.nodes) node.bind(world.createPod(`web-${node.name}`, node));
  const args = ['--cluster', 'shop', '--endpoint', server.endpoint, '--kubernetes'];
  const { status, stdout, stderr } = await doctor(args);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('3 nodes (3 m5.large); 3 pods with an address;');
  expect(stdout).not.toContain('Not read');
  world.cluster().kubernetes.denied.add('list pods');
  const refused = await doctor(args);
  expect([refused.status, refused.stderr]).toEqual([0, '']);
  expect(refused.stdout.replaceAll(/\s+/g, ' ')).toContain(
    'Not read: kubernetes list pods: the RBAC of shop lacks a rule for the identity you are signed in as: ' +
      'apiGroups [""], resources ["pods"], verbs ["list"] (docs/lens.md)',
  );
  expect(refused.stdout).not.toContain('pods with an address');
  expect(widest(stdout + refused.stdout)).toBeLessThanOrEqual(COLUMNS);
});

test.each([
  [['snapshot'], '"maxPods": 29'],
  [['plan', '--pods', '5', '--no-simulation', '--json'], '"notRead":["kubernetes list pods: '],
])('%j --kubernetes: what is refused is one line on stderr, and the rest is there', async (args, shown) => {
  const { world, server } = await serving();
  world.cluster().kubernetes.denied.add('list pods');
  const asked = [...args, '--cluster', 'shop', '--endpoint', server.endpoint, '--kubernetes'];
  const { status, stdout, stderr } = await run(asked);
  expect(status).toBe(0);
  expect(stderr).toMatch(/^kubernetes list pods: the RBAC of shop lacks a rule .*\n$/);
  expect(stdout).toContain(shown);
});

test('something red: exit code 1, a command to paste, and the same as JSON', async () => {
  const file = await scenario({ MINIMUM_IP_TARGET: '10', ADDITIONAL_ENI_TAGS: '{"it\'s": "ours"}' });
  const args = ['--cluster', 'shop', '--scenario', file, '--burst', '200 over 10s', '--rollout', '60'];
  const { status, stdout, stderr } = await doctor(args);
  expect([status, stderr]).toEqual([1, '']);
  expect(stdout).toMatch(/^ 1 {2}red .* {2}minimum-without-warm$/m);
  expect(widest(stdout)).toBeLessThanOrEqual(COLUMNS);

  const asJson = await doctor([...args, '--json']);
  expect(asJson.status).toBe(1);
  const { findings, cluster, nodes } = JSON.parse(asJson.stdout);
  expect([cluster, nodes]).toEqual(['shop', 3]);
  expect(findings.map(({ rule }: { rule: string }) => rule).slice(0, 3)).toEqual([
    'minimum-without-warm',
    'burst-beyond-addresses',
    'rollout-beyond-addresses',
  ]);
  const [pasted] = findings[0].remedy.commands;
  expect(await asShellReads(pasted)).toEqual([
    ...[
      'aws',
      'eks',
      'update-addon',
      '--region',
      'eu-central-1',
      '--cluster-name',
      'shop',
      '--addon-name',
      'vpc-cni',
    ],
    ...['--resolve-conflicts', 'PRESERVE', '--configuration-values'],
    '{"env":{"MINIMUM_IP_TARGET":"10","ADDITIONAL_ENI_TAGS":"{\\"it\'s\\": \\"ours\\"}","WARM_IP_TARGET":"27"}}',
  ]);
  // What the table shows over several lines is the same command.
  const shown = /^( +aws eks update-addon[\s\S]*?)\n {3}price/m.exec(stdout)?.[1] ?? '';
  const words = await asShellReads(shown.trim());
  expect(words.slice(0, -1)).toEqual((await asShellReads(pasted)).slice(0, -1));
  expect(JSON.parse(words.at(-1) ?? '')).toEqual(JSON.parse((await asShellReads(pasted)).at(-1) ?? ''));
});

test('a subnet with addresses and hardly a whole block', async () => {
  const world = new World({
    ...{ seed: 1, cluster: 'shop', epochMs: Date.now() },
    subnets: [{ id: SUBNET, vpcId: 'vpc-0de30000000000001', zone: 'eu-central-1a', cidr: '10.0.0.0/22' }],
    cniEnv: { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '2' },
  });
  for (let node = 0; node < 3; node++) world.established('m5.large', [0]);
  await world.kernel.run(60_000);
  // Somebody else takes the last address of every block that is whole, but for two beside each other.
  for (let block = 1; block < 63; block++) {
    if (block === 40 || block === 41) continue;
    const privateIpAddress = `10.0.${block >> 4}.${(block & 15) * 16 + 15}`;
    try {
      world.account.perform('CreateNetworkInterface', { subnetId: SUBNET, privateIpAddress });
    } catch (error) {
      expect(error).toMatchObject({ code: 'InvalidIPAddress.InUse' });
    }
  }
  const server = await startHttpServer({ world, speed: SPEED });
  servers.push(server);
  const { status, stdout } = await doctor(['--cluster', 'shop', '--endpoint', server.endpoint, '--json']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout).findings[0]).toMatchObject({
    rule: 'prefix-fragmented-subnet',
    severity: 'yellow',
    evidence: expect.stringMatching(/: [89]\d\d free addresses, 2 free blocks of 6 its nodes ask for next$/),
    remedy: {
      commands: [
        `aws ec2 create-subnet-cidr-reservation --region eu-central-1 --subnet-id ${SUBNET} --reservation-type prefix --cidr 10.0.2.128/27`,
      ],
    },
  });
});

test('a cluster without a node: what its node group would launch', async () => {
  const { status, stdout } = await doctor([
    '--cluster',
    'shop',
    '--scenario',
    'S2',
    '--burst',
    '800 over 30s',
  ]);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^ 1 {2}red {5}30 new nodes would start with 9 addresses for 27 pods each/m);
});

/** The words of a command line, as a shell hands them on. */
async function asShellReads(line: string): Promise<string[]> {
  const { spawn } = await import('node:child_process');
  const child = spawn('/bin/sh', ['-c', `for word in ${line}; do printf '%s\\0' "$word"; done`]);
  return (await finished(child)).stdout.split('\0').slice(0, -1);
}

describe('one denied call is one line with the permission, and the rest is there', () => {
  test.each([
    ['DescribeSubnets', ['prefix-unused', 'subnet-exhausted']],
    ['DescribeNetworkInterfaces', ['nodes-full', 'subnet-exhausted']],
    ['DescribeInstances', ['nodes-full']],
  ])('%s', async (action, notJudged) => {
    const { server } = await serving(denied(action));
    const { status, stdout, stderr } = await doctor(['--cluster', 'shop', '--endpoint', server.endpoint]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`Not read:\n  ec2:${action}: denied: grant the permission ec2:${action}\n`);
    const others = stdout.slice(stdout.indexOf('Not read:'));
    for (const rule of notJudged) expect(others).toContain(rule);
    expect(stdout).toContain('cni-version');
    expect(widest(stdout)).toBeLessThanOrEqual(COLUMNS);
  });
});

describe('what cannot be looked at is one line, and exit code 2', () => {
  const AT = { AWS_REGION: 'eu-central-1' };
  const KEYS = { ...AT, AWS_ACCESS_KEY_ID: 'old', AWS_SECRET_ACCESS_KEY: 'old' };
  const WITH_CLUSTER = ['--cluster', 'shop'];
  test.each([
    [[], {}, "required option '--cluster <name>' not specified"],
    [WITH_CLUSTER, {}, 'region: expected --region, AWS_REGION or a profile with one, got nothing'],
    [
      WITH_CLUSTER,
      AT,
      'eks:DescribeCluster, eks:DescribeAddon, eks:ListNodegroups, ec2:DescribeInstances: no credentials found',
    ],
    [
      [...WITH_CLUSTER, '--endpoint', 'http://127.0.0.1:1'],
      {},
      'nobody answers at that address: check --endpoint',
    ],
    [[...WITH_CLUSTER, '--endpoint', 'here'], {}, 'expected a URL such as http://127.0.0.1:4566'],
    [[...WITH_CLUSTER, '--scenario', 'S99'], {}, '--scenario: expected one of S1'],
    [[...WITH_CLUSTER, '--scenario', 'S1', '--endpoint', 'http://x'], {}, 'expected one of them, got both'],
    [[...WITH_CLUSTER, '--at', '3'], {}, '--at: expected --scenario with it'],
    [[...WITH_CLUSTER, '--burst', 'many'], {}, 'expected for example "100 over 3m", got "many"'],
    [[...WITH_CLUSTER, '--cronjobs', '4 every 0s for 1s'], {}, 'expected runs some time apart'],
    [[...WITH_CLUSTER, '--growth', '5/hour'], {}, 'expected for example "500/month"'],
    [[...WITH_CLUSTER, '--cni-env', 'WARM'], {}, 'expected for example WARM_ENI_TARGET=1, got "WARM"'],
    [[...WITH_CLUSTER, '--scenario', 'S1', '--policy', 'none.json'], {}, 'none.json: cannot be read'],
  ])('%j', async (args, env, line) => {
    const { status, stdout, stderr } = await doctor(args, env);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(line);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('a cluster that is not there: the ones that are', async () => {
    const { server } = await serving();
    const { status, stdout, stderr } = await doctor(['--cluster', 'shops', '--endpoint', server.endpoint]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe('--cluster: no EKS cluster "shops" in eu-central-1; there is shop\n');
  });

  test.each([
    ['RequestExpired', 'the credentials have expired: sign in again (aws sso login)'],
    ['AuthFailure', 'the credentials are not accepted there'],
  ])('%s, in the forms in which EKS and EC2 say it', async (code, line) => {
    const endpoint = await refusing(code);
    const { status, stdout, stderr } = await doctor([...WITH_CLUSTER, '--endpoint', endpoint], KEYS);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(line);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

/** An AWS that answers everything with this error. */
async function refusing(code: string): Promise<string> {
  const xml = `<Response><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors></Response>`;
  return listening(
    createServer((request, response) => {
      if (request.url?.startsWith('/clusters'))
        response
          .writeHead(403, { 'content-type': 'application/json', 'x-amzn-errortype': code })
          .end('{"message":"no"}');
      else response.writeHead(401, { 'content-type': 'text/xml' }).end(xml);
    }),
  );
}

async function listening(server: Server): Promise<string> {
  servers.push({ close: () => server.closeAllConnections() ?? server.close() });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('Ctrl-C ends it with 130 and one line', async () => {
  const silent = createServer();
  const endpoint = await listening(silent);
  const child = command(
    'eks-ip-prewarmer.ts',
    ['doctor', '--cluster', 'shop', '--endpoint', endpoint],
    NO_METADATA,
  );
  const ending = finished(child);
  await once(silent, 'request');
  child.kill('SIGINT');
  expect(await ending).toEqual({ status: 130, stdout: '', stderr: '\nInterrupted. Nothing was changed.\n' });
});

test.each([
  [['--profile', 'work'], {}],
  [[], { AWS_PROFILE: 'work' }],
])('a profile of the AWS configuration is used: %j %j', async (args, env) => {
  const { world, server } = await serving();
  const credentials = join(folder, 'credentials');
  await writeFile(credentials, '[work]\naws_access_key_id = fromprofile\naws_secret_access_key = secret\n');
  const files = { AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_CONFIG_FILE: join(folder, 'none') };
  const asked = ['--cluster', 'shop', '--endpoint', server.endpoint, '--region', 'eu-central-1', ...args];
  expect((await doctor(asked, { ...files, ...env })).status).toBe(0);
  expect(world.account.calls.of('fromprofile').get('DescribeInstances')).toBe(1);
});

test('help: of all, and with examples and exit codes of each command', async () => {
  const [all, bare, of, alike, unknown, version] = await Promise.all(
    [['--help'], [], ['doctor', '--help'], ['help', 'doctor'], ['docter'], ['--version']].map((args) =>
      run(args),
    ),
  );
  expect([all?.status, all?.stderr]).toEqual([0, '']);
  expect(all?.stdout).toContain('npx eks-ip-prewarmer doctor --cluster shop');
  expect(bare).toEqual(all);
  expect(of?.stdout).toContain('Exit code 0: nothing is red; 1: something is; 2:');
  expect(of?.stdout).toContain('npx eks-ip-prewarmer doctor --cluster shop --burst');
  expect(alike).toEqual(of);
  expect(unknown).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('got "docter"') });
  const { version: packaged } = JSON.parse(await readFile('package.json', 'utf8'));
  expect(version?.stdout).toBe(`${packaged}\n`);
});

test('a client that is no read refuses to send, whoever asks it', async () => {
  const { world, server } = await serving();
  const account = await openAccount({ endpoint: server.endpoint });
  if ('complaint' in account) throw new Error(account.complaint);
  const create = new CreateNetworkInterfaceCommand({ SubnetId: SUBNET });
  await expect(account.ec2.send(create)).rejects.toThrow(
    'CreateNetworkInterfaceCommand is no read, and was not sent',
  );
  expect([...world.account.calls.of('eks-ip-prewarmer')]).toEqual([]);
  account.close();
});
