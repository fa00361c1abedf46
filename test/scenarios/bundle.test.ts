/** The deployed artefact itself: the built bundle, in a process of its own, with real sockets, against the embedded AWS. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CreateTableCommand, DynamoDBClient, ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, functionNames, ROOT, stale } from '../../infra/bundles.ts';
import { DynamoRolloutBook } from '../../lambdas/adapters/dynamo-rollout-book.ts';
import type { Reply } from '../../lambdas/adapters/function-url.ts';
import { type HttpServer, startHttpServer } from '../../sim/wire/http-server.ts';
import { World } from '../../sim/world.ts';
import { argoAsks, throughFunctionUrl } from '../adapters/function-urls.ts';
import { CLUSTER, SUBNET } from './stage.ts';

const run = promisify(execFile);
const credentials = { accessKeyId: 'prewarmer', secretAccessKey: 'simulated' };

/** Real clocks look at this world, so it begins now. */
const world = new World({ seed: 71, cluster: CLUSTER, subnets: [SUBNET], epochMs: Date.now() });
const [, , verifications] = ['launches', 'signals', 'verifications'].map((name) =>
  world.queues.create({ name, visibilityTimeoutMs: 30_000 }),
);
let server: HttpServer;
let documents: DynamoDBClient;

beforeAll(async () => {
  if (stale(ROOT)) await bundle(ROOT);
  server = await startHttpServer({ world });
  documents = new DynamoDBClient({ endpoint: server.dynamoDbEndpoint, region: world.region, credentials });
  for (const [TableName, keys] of [
    ['ledger', ['pk', 'sk']],
    ['budget', ['pk']],
  ] as const)
    await documents.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: keys.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
      }),
    );
});
afterAll(async () => {
  documents.destroy();
  await server.close();
});

/** Runs a function once, as Lambda would, and returns its answer. */
async function invoke(
  name: string,
  event: unknown,
  more: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  // SQS clients send to the host of the queue's URL, whatever endpoint they were given.
  const queue = (queueName: string): string => `${server.endpoint}/${world.accountId}/${queueName}`;
  const script = `const { handler } = await import(process.argv[1]);
    process.stdout.write('\\n' + JSON.stringify((await handler(JSON.parse(process.argv[2]))) ?? null));`;
  const args = ['--input-type=module', '-e', script, `${ROOT}/dist/${name}/index.mjs`, JSON.stringify(event)];
  const { stdout } = await run(process.execPath, args, {
    env: {
      AWS_REGION: world.region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: server.dynamoDbEndpoint,
      ACCOUNT_ID: world.accountId,
      CLUSTERS: JSON.stringify([{ name: CLUSTER, mode: 'warm' }]),
      // The clock is the machine's here: a slow one must not come too late for ipamd's start.
      POLICY: JSON.stringify({ startP05Ms: 120_000 }),
      LEDGER_TABLE: 'ledger',
      BUDGET_TABLE: 'budget',
      LAUNCH_QUEUE_URL: queue('launches'),
      SIGNAL_QUEUE_URL: queue('signals'),
      VERIFY_QUEUE_URL: queue('verifications'),
      ...more,
    },
  });
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1));
}

const queued = (event: unknown): unknown => ({
  Records: [{ messageId: 'm-1', body: JSON.stringify(event), eventSource: 'aws:sqs' }],
});

test('those that read for launches and looks can share it, and no other function carries what that takes', async () => {
  const shares = async (name: string): Promise<boolean> =>
    (await readFile(`${ROOT}/dist/${name}/index.mjs`, 'utf8')).includes('reads not shared');
  const all = await Promise.all(functionNames(ROOT).map(async (name) => [name, await shares(name)] as const));
  expect(all.flatMap(([name, does]) => (does ? name : []))).toEqual(['look-again', 'on-signal']);
});

test('the built function warms a launching node over the wire, with DynamoDB for its ledger and budget', async () => {
  const instance = world.account.launch({
    type: 'm5.large',
    subnetId: SUBNET.id,
    securityGroups: ['sg-0a1b2c3d4e5f60718'],
    tags: { [`kubernetes.io/cluster/${CLUSTER}`]: 'owned' },
  });
  const event = (state: string): unknown =>
    world.bus.event('aws.ec2', 'EC2 Instance State-change Notification', {
      'instance-id': instance.id,
      state,
    });

  expect(await invoke('on-signal', queued(event('pending')))).toEqual({ batchItemFailures: [] });
  expect(world.account.enis().filter((eni) => eni.attachment === undefined)).toHaveLength(2);

  world.account.setState(instance.id, 'running');
  expect(await invoke('on-signal', queued(event('running')))).toEqual({ batchItemFailures: [] });
  // One look at its boot, one at what was attached. A slow machine may show them already.
  const { delayed, visible } = verifications?.depth ?? { delayed: 0, visible: 0 };
  expect(delayed + visible).toBe(2);
  const { enis } = world.account.instance(instance.id);
  expect(enis.map((eni) => eni.secondaryIps.length)).toEqual([9, 9, 9]);

  const due = { kind: 'verify-due', cluster: CLUSTER, nodeIds: [instance.id], attempt: 0 };
  const message = world.bus.event('eks-ip-prewarmer', 'Prewarm Continuation', due);
  expect(await invoke('look-again', queued(message))).toEqual({ batchItemFailures: [] });

  // The rush is over: the attach was long ago. ipamd starts and tags what it finds, and the sweep finishes what is left.
  await documents.send(
    new UpdateItemCommand({
      TableName: 'ledger',
      Key: { pk: { S: `node#${instance.id}` }, sk: { S: 'record' } },
      UpdateExpression: 'SET #record.#times.attachedAtMs = :longAgo',
      ExpressionAttributeNames: { '#record': 'record', '#times': 'times' },
      ExpressionAttributeValues: { ':longAgo': { N: '1' } },
    }),
  );
  for (const { id } of enis)
    world.account.perform('CreateTags', {
      resources: [id],
      tags: { 'node.k8s.amazonaws.com/instance_id': instance.id },
    });
  expect(await invoke('sweep', {})).toMatchObject([{ cluster: CLUSTER, nodes: 1, finished: 2 }]);
  const finished = world.account.instance(instance.id).enis;
  expect(finished.every(({ attachment }) => attachment?.deleteOnTermination)).toBe(true);

  const { Items = [] } = await documents.send(new ScanCommand({ TableName: 'ledger' }));
  expect(Items.map(({ pk }) => pk?.S)).toContain(`node#${instance.id}`);
});

test('the built gate endpoint answers a signed request from the ledger; who shows a secret that nobody can read stays out', async () => {
  const nowMs = Date.now();
  const book = new DynamoRolloutBook(DynamoDBDocumentClient.from(documents), { ledgerTable: 'ledger' });
  await book.say({
    ...{ cluster: CLUSTER, namespace: 'checkout', name: 'cart', announcementId: 'cart-42' },
    ...{ pods: 100, readyPods: 40, reasons: ['6 nodes wait for the CNI'], wave: 2 },
    ...{ saidAtMs: nowMs, expiresAtMs: nowMs + 600_000 },
  });
  const request = argoAsks(`/gate?cluster=${CLUSTER}&namespace=checkout&workload=cart`, {
    authorization: 'Bearer something',
  });
  const reply = (await invoke('answer-gate', throughFunctionUrl(request, 'AWS_IAM'))) as Reply;
  expect(reply.statusCode).toBe(200);
  expect(JSON.parse(reply.body)).toEqual({
    ...{ ready: false, percent: 40, etaSeconds: null },
    ...{ reasons: ['6 nodes wait for the CNI'], wave: 2 },
  });
  // No Secrets Manager in this world.
  const secret = { GATE_SECRET: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:gate-AbCdEf' };
  const kept = (await invoke('answer-gate', throughFunctionUrl(request, 'NONE'), secret)) as Reply;
  expect(kept.statusCode).toBe(503);
});
