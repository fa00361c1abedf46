/** `npm run sim`: the embedded AWS as a process that real SDK clients talk to. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DescribeInstancesCommand, DescribeInstanceTypesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import {
  GetQueueUrlCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDefault } from '../../cli/sim-world.ts';
import { command, finished, listens, type Ready, type Sim, startSim } from './sim-process.ts';

function clientSettings({ endpoint, region, environment }: Ready) {
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = environment;
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 };
}

let sim: Sim;
let settings: ReturnType<typeof clientSettings>;
beforeAll(async () => {
  sim = await startSim('--speed', '10');
  settings = clientSettings(sim.ready);
});
afterAll(async () => {
  const { ready } = sim;
  const doors = [ready.endpoint, ready.dynamoDbEndpoint, ...ready.nodes.map((node) => node.metadataEndpoint)];
  expect(await Promise.all(doors.map(listens))).toEqual(doors.map(() => true));
  expect(await sim.end('SIGTERM')).toMatchObject({ status: 0, stderr: '' });
  expect(await Promise.all(doors.map(listens))).toEqual(doors.map(() => false));
});

test('the ready line says where everything is and how to reach it', () => {
  const { ready } = sim;
  expect(ready).toMatchObject({ region: 'eu-central-1', accountId: '111122223333', clusters: ['shop'] });
  expect(ready.nodes.map(({ name }) => name)).toEqual(['node-1', 'node-2', 'node-3']);
  expect(ready.environment).toMatchObject({
    AWS_ENDPOINT_URL: ready.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: ready.dynamoDbEndpoint,
    AWS_REGION: ready.region,
    ACCOUNT_ID: ready.accountId,
    LEDGER_TABLE: 'ledger',
    BUDGET_TABLE: 'budget',
  });
});

test('every service answers real clients at the one address', async () => {
  const ec2 = new EC2Client(settings);
  const ids = sim.ready.nodes.map(({ instanceId }) => instanceId);
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: ids }));
  const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
  expect(instances.map((one) => [one.InstanceType, one.State?.Name])).toEqual(
    ids.map(() => ['m5.large', 'running']),
  );
  expect(new Set(instances.map((one) => one.Placement?.AvailabilityZone)).size).toBe(3);
  const types = await ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['m5.large'] }));
  expect(types.InstanceTypes?.[0]?.NetworkInfo?.MaximumNetworkInterfaces).toBe(3);

  const eks = new EKSClient(settings);
  const { cluster } = await eks.send(new DescribeClusterCommand({ name: 'shop' }));
  expect(cluster?.status).toBe('ACTIVE');

  const dynamo = new DynamoDBClient(settings);
  expect((await dynamo.send(new ListTablesCommand({}))).TableNames).toEqual(['budget', 'ledger']);

  const form = new URLSearchParams({ Action: 'GetCallerIdentity', Version: '2011-06-15' });
  const sts = await fetch(settings.endpoint, { method: 'POST', body: form });
  expect(await sts.text()).toContain('<Account>111122223333</Account>');
  for (const client of [ec2, eks, dynamo]) client.destroy();
});

test('a person looks into the functions’ queues, with their dead letters beside them', async () => {
  const sqs = new SQSClient(settings);
  const { SIGNAL_QUEUE_URL: QueueUrl = '' } = sim.ready.environment;
  expect((await sqs.send(new GetQueueUrlCommand({ QueueName: 'signals' }))).QueueUrl).toBe(QueueUrl);
  expect((await sqs.send(new ListQueuesCommand({}))).QueueUrls).toHaveLength(6);
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  expect(Messages?.map(({ Body }) => Body)).toEqual(['hello']);
  sqs.destroy();
});

test('software on a node reads that node’s metadata, the interfaces EC2 shows among it', async () => {
  const ec2 = new EC2Client(settings);
  for (const { instanceId, metadataEndpoint } of sim.ready.nodes) {
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
    const macs = Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces?.map((eni) => eni.MacAddress);
    const asked = { method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' } };
    const token = await (await fetch(`${metadataEndpoint}/latest/api/token`, asked)).text();
    const read = async (path: string): Promise<string> => {
      const headers = { 'x-aws-ec2-metadata-token': token };
      return (await fetch(`${metadataEndpoint}/latest/meta-data/${path}`, { headers })).text();
    };
    expect(await read('instance-id')).toBe(instanceId);
    const shown = (await read('network/interfaces/macs')).split('\n').map((mac) => mac.replace('/', ''));
    expect(shown.sort()).toEqual(macs?.sort());
  }
  ec2.destroy();
});

test('an address that is taken is said in one line, and nothing is left running', async () => {
  const { port } = new URL(sim.ready.endpoint);
  const { status, stdout, stderr } = await finished(command('sim.ts', ['--port', port]));
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^--port \d+: .*EADDRINUSE.*\n$/);
});

test('options that make no sense are refused, each in one line that names it', async () => {
  const wrong = [
    ['--port', '70000'],
    ['--speed', '0'],
  ];
  const refusals = await Promise.all(wrong.map((args) => finished(command('sim.ts', args))));
  for (const [index, { status, stdout, stderr }] of refusals.entries()) {
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain(wrong[index]?.[0]);
  }
});

test('Ctrl-C ends it as cleanly as SIGTERM does, at the port it was told to take', async () => {
  const first = await startSim();
  expect(await first.end('SIGINT')).toMatchObject({ status: 0, stderr: '' });
  const { port } = new URL(first.ready.endpoint);
  const second = await startSim('--port', port);
  expect(second.ready.endpoint).toBe(first.ready.endpoint);
  expect(await second.end('SIGINT')).toMatchObject({ status: 0 });
});

test('its three nodes stay as they are while nobody does anything, so that what is tried on them finds them quiet', async () => {
  const { world } = openDefault();
  const held = () => world.account.enis().map(({ id, secondaryIps }) => [id, secondaryIps.length]);
  const before = held();
  expect(before).toHaveLength(3);
  await world.kernel.run(world.kernel.nowMs + 600_000);
  expect(held()).toEqual(before);
});

test('a scenario that ships is found by its name, as by all commands', async () => {
  const shipped = await startSim('--scenario', 's1');
  expect(shipped.ready).toMatchObject({ clusters: ['shop'], nodes: { length: 5 } });
  expect(await shipped.end('SIGTERM')).toMatchObject({ status: 0, stderr: '' });
  const { status, stdout, stderr } = await finished(command('sim.ts', ['--scenario', 'S99']));
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^--scenario: expected one of S1, .*, or a file, got "S99": ENOENT.*\n$/);
});

test('a scenario’s story begins when the world is ready: its launch reaches the function’s queue and has metadata', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sim-'));
  const file = join(folder, 'scenario.json');
  const scenario = {
    name: 'launch',
    title: 'One node joins two that have been there for long',
    subnets: [{ name: 'a', cidr: '10.0.0.0/24' }],
    clusters: [{ name: 'lab', nodeGroups: [{ name: 'workers', type: 'm5.large', nodes: 2 }] }],
    story: [{ do: 'launch', nodeGroup: 'workers', nodes: 1 }],
    policy: { budgetShare: 0.25 },
  };
  await writeFile(file, JSON.stringify(scenario));
  const story = await startSim('--scenario', file, '--speed', '50');
  const { ready } = story;
  expect(ready.clusters).toEqual(['lab']);
  expect(ready.nodes).toHaveLength(2);
  expect(JSON.parse(ready.environment['POLICY'] ?? '')).toEqual(scenario.policy);

  const { node } = JSON.parse(await story.nextLine());
  expect(await listens(node.metadataEndpoint)).toBe(true);
  const sqs = new SQSClient(clientSettings(ready));
  const receive = new ReceiveMessageCommand({
    QueueUrl: ready.environment['LAUNCH_QUEUE_URL'],
    WaitTimeSeconds: 20,
  });
  const { Messages: [message] = [] } = await sqs.send(receive);
  expect(JSON.parse(message?.Body ?? '')).toMatchObject({
    'detail-type': 'EC2 Instance State-change Notification',
    detail: { 'instance-id': node.instanceId, state: 'pending' },
  });
  sqs.destroy();
  expect(await story.end('SIGTERM')).toMatchObject({ status: 0, stderr: '' });

  await writeFile(file, JSON.stringify({ ...scenario, minutes: 'ten', colour: 'red' }));
  const refused = await finished(command('sim.ts', ['--scenario', file]));
  expect([refused.status, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr.trim().split('\n')).toHaveLength(1);
  expect(refused.stderr).toContain('minutes');
  expect(refused.stderr).toContain('colour');
  await rm(folder, { recursive: true });
});
