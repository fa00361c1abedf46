/** What the deployed functions find in AWS besides the world itself: their tables, their queues, their settings. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { HttpServer } from '../sim/wire/http-server.ts';
import type { World } from '../sim/world.ts';

/** As the stack lays them out (infra/tables.ts). */
const TABLES = { ledger: ['pk', 'sk'], budget: ['pk'] } as const;
/** As the stack sets them (infra/stack.ts, infra/signal-queue.ts); six time limits of a function. */
const QUEUES = ['launches', 'signals', 'verifications'] as const;
const VISIBILITY_MS = 181_000;
const MAX_RECEIVES = 5;

/** Every access key is good here, and names its caller. */
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'prewarmer', AWS_SECRET_ACCESS_KEY: 'simulated' } as const;

/** Makes tables and queues, and tells the environment in which a function or a command line finds all of it. */
export async function furnish(world: World, server: HttpServer): Promise<Readonly<Record<string, string>>> {
  const urls = makeQueues(world, server.endpoint);
  await makeTables(world, server.dynamoDbEndpoint);
  return {
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: server.dynamoDbEndpoint,
    AWS_REGION: world.region,
    // What version 1 of the AWS CLI reads in place of AWS_REGION.
    AWS_DEFAULT_REGION: world.region,
    ...CREDENTIALS,
    ACCOUNT_ID: world.accountId,
    CLUSTERS: JSON.stringify(world.clusters.map(({ name }) => ({ name, mode: 'warm' }))),
    LEDGER_TABLE: 'ledger',
    BUDGET_TABLE: 'budget',
    LAUNCH_QUEUE_URL: urls.launches,
    SIGNAL_QUEUE_URL: urls.signals,
    VERIFY_QUEUE_URL: urls.verifications,
  };
}

/** Their URLs at the world's own address: SQS clients send where a queue's URL says. */
function makeQueues(world: World, endpoint: string): Readonly<Record<(typeof QUEUES)[number], string>> {
  const make = (name: string): string => {
    const dead = world.queues.create({ name: `${name}-dead-letters`, visibilityTimeoutMs: 30_000 });
    const deadLetter = { queueUrl: dead.url, maxReceiveCount: MAX_RECEIVES };
    const queue = world.queues.create({ name, visibilityTimeoutMs: VISIBILITY_MS, deadLetter });
    return `${endpoint}${new URL(queue.url).pathname}`;
  };
  return { launches: make('launches'), signals: make('signals'), verifications: make('verifications') };
}

async function makeTables(world: World, endpoint: string): Promise<void> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = CREDENTIALS;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new DynamoDBClient({ endpoint, region: world.region, credentials });
  for (const [TableName, keys] of Object.entries(TABLES)) {
    const create = new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keys.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
    });
    await client.send(create);
  }
  client.destroy();
}
