import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { CreateNetworkInterfaceCommand, DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterEach, expect, test } from 'vitest';
import { consume } from '../../sim/queue-consumer.ts';
import { type HttpServer, startHttpServer } from '../../sim/wire/http-server.ts';
import type { WireWorld } from '../../sim/wire/wire.ts';
import { REGION, SUBNET, smallWorld } from './doors-world.ts';
import { listens } from './sim-process.ts';

const credentials = { accessKeyId: 'cli', secretAccessKey: 'simulated' };
let server: HttpServer | undefined;
let ended = false;
afterEach(async () => {
  if (!ended) await server?.close();
  server = undefined;
  ended = false;
});

const ec2At = (endpoint: string): EC2Client =>
  new EC2Client({ region: REGION, endpoint, credentials, maxAttempts: 1 });

test('DynamoDB beside it keeps a conditional write: the second of two is refused', async () => {
  server = await startHttpServer({ world: smallWorld() });
  const dynamo = new DynamoDBClient({
    region: REGION,
    endpoint: server.dynamoDbEndpoint,
    credentials,
    maxAttempts: 1,
  });
  const TableName = 'ledger';
  await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    }),
  );
  expect((await dynamo.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus).toBe('ACTIVE');
  const lease = (owner: string) =>
    dynamo.send(
      new UpdateItemCommand({
        TableName,
        Key: { pk: { S: 'node-1' } },
        UpdateExpression: 'SET heldBy = :me',
        ConditionExpression: 'attribute_not_exists(heldBy)',
        ExpressionAttributeValues: { ':me': { S: owner } },
      }),
    );
  await lease('first');
  await expect(lease('second')).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
  const read = await dynamo.send(new GetItemCommand({ TableName, Key: { pk: { S: 'node-1' } } }));
  expect(read.Item?.['heldBy']).toEqual({ S: 'first' });
  dynamo.destroy();
});

test('the world keeps step with the wall clock at the speed asked for', async () => {
  const world = smallWorld({ latencies: { default: 6_000 } });
  server = await startHttpServer({ world, speed: 100 });
  const ec2 = ec2At(server.endpoint);
  const startedAtMs = performance.now();
  const before = world.kernel.nowMs;
  await ec2.send(new DescribeInstancesCommand({}));
  const realMs = performance.now() - startedAtMs;
  expect(realMs).toBeGreaterThanOrEqual(55);
  expect(world.kernel.nowMs - before).toBeGreaterThanOrEqual(6_000);
  expect(world.kernel.nowMs - before).toBeLessThanOrEqual((realMs + 10) * 100);
  ec2.destroy();
});

test('a function inside the world reaches the same world through its own socket', async () => {
  const world = smallWorld();
  server = await startHttpServer({ world, speed: 100 });
  const ec2 = ec2At(server.endpoint);
  const queue = world.queues.create({ name: 'signals', visibilityTimeoutMs: 30_000 });
  const made = new Promise<string>((resolve) => {
    consume(world.kernel, {
      queue,
      maxBatch: 10,
      windowMs: 0,
      pollers: 2,
      handler: async ({ Records }) => {
        const answers = await Promise.all(
          Records.map(() => ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: SUBNET }))),
        );
        resolve(answers[0]?.NetworkInterface?.NetworkInterfaceId ?? '');
        return undefined;
      },
    });
  });
  queue.send('go', 0);
  expect(await made).toBe(world.ec2.enis()[0]?.id);
  ec2.destroy();
});

test('closing ends both listeners, open connections and the clock', async () => {
  const world = smallWorld({ latencies: { default: 60_000 } });
  const { endpoint, dynamoDbEndpoint, close } = await startHttpServer({ world });
  const ec2 = ec2At(endpoint);
  const waiting = ec2.send(new DescribeInstancesCommand({})).catch((error: { code?: string }) => error.code);
  expect([await listens(endpoint), await listens(dynamoDbEndpoint)]).toEqual([true, true]);
  await new Promise<void>((resolve) => {
    world.kernel.after(20, resolve);
  });
  await close();
  expect(await waiting).toBe('ECONNRESET');
  expect([await listens(endpoint), await listens(dynamoDbEndpoint)]).toEqual([false, false]);
  const stoppedAt = world.kernel.nowMs;
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  expect(world.kernel.nowMs).toBe(stoppedAt);
  ec2.destroy();
});

test('a start that fails is an error at once, and leaves no listener behind', async () => {
  const earlier = await startHttpServer({ world: smallWorld() });
  await earlier.close();
  server = await startHttpServer({ world: smallWorld() });
  const portOf = (endpoint: string): number => Number(new URL(endpoint).port);
  const [port, taken] = [portOf(earlier.endpoint), portOf(server.endpoint)];
  await expect(startHttpServer({ world: smallWorld(), port, dynamoDbPort: taken })).rejects.toThrow(
    'EADDRINUSE',
  );
  expect(await listens(earlier.endpoint)).toBe(false);
  await expect(startHttpServer({ world: smallWorld(), port, speed: 0 })).rejects.toThrow(
    'speed must be above 0',
  );
  expect(await listens(earlier.endpoint)).toBe(false);
});

test('a defect of the world closes the doors, and whoever closes them is told of it', async () => {
  const broken: WireWorld = {
    ...smallWorld(),
    ec2: {
      call: () => {
        throw new RangeError('the world is flat');
      },
    },
  };
  server = await startHttpServer({ world: broken });
  ended = true;
  const ec2 = ec2At(server.endpoint);
  await expect(ec2.send(new DescribeInstancesCommand({}))).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(await listens(server.endpoint)).toBe(false);
  await expect(server.close()).rejects.toThrow('the world is flat');
  ec2.destroy();
});
