/** What the deployed functions find in AWS besides the world itself: their tables, their queues, their settings. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { deployQueues } from '../sim/deployed.ts';
import type { Queue } from '../sim/queues.ts';
import type { HttpServer } from '../sim/wire/http-server.ts';
import type { Opened } from './sim-world.ts';

/** As the stack lays them out (infra/tables.ts). */
const TABLES = { ledger: ['pk', 'sk'], budget: ['pk'] } as const;
/** Every access key is good here, and names its caller. */
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'prewarmer', AWS_SECRET_ACCESS_KEY: 'simulated' } as const;

/** Makes tables, queues and rules, and tells the environment in which a function or a command line finds all of it. */
export async function furnish(
  { world, policy }: Opened,
  server: HttpServer,
): Promise<Readonly<Record<string, string>>> {
  const { queues, deadLetters } = deployQueues(world);
  // At the world's own address: SQS clients send where a queue's URL says.
  const urlOf = ({ url }: Queue): string => `${server.endpoint}${new URL(url).pathname}`;
  await makeTables(world.region, server.dynamoDbEndpoint);
  return {
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: server.dynamoDbEndpoint,
    AWS_REGION: world.region,
    // What version 1 of the AWS CLI reads in place of AWS_REGION.
    AWS_DEFAULT_REGION: world.region,
    ...CREDENTIALS,
    ACCOUNT_ID: world.accountId,
    CLUSTERS: JSON.stringify(world.clusters.map(({ name }) => ({ name, mode: 'warm' }))),
    ...(policy !== undefined && { POLICY: JSON.stringify(policy) }),
    LEDGER_TABLE: 'ledger',
    BUDGET_TABLE: 'budget',
    LAUNCH_QUEUE_URL: urlOf(queues.launches),
    SIGNAL_QUEUE_URL: urlOf(queues.signals),
    VERIFY_QUEUE_URL: urlOf(queues.verifications),
    LAUNCH_DEAD_LETTERS_URL: urlOf(deadLetters.launches),
    SIGNAL_DEAD_LETTERS_URL: urlOf(deadLetters.signals),
    VERIFY_DEAD_LETTERS_URL: urlOf(deadLetters.verifications),
  };
}

export async function makeTables(region: string, endpoint: string): Promise<void> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = CREDENTIALS;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new DynamoDBClient({ endpoint, region, credentials });
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
