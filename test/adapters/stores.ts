/** The stores under one contract: those deployed, over a DynamoDB in memory, and the simulator's twins. Importing this
 *  file starts that DynamoDB for the tests of one file, and ends it after them. */
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient, type KeySchemaElement } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';
import { afterAll, beforeAll } from 'vitest';
import { DynamoBudget } from '../../lambdas/adapters/dynamo-budget.ts';
import { DynamoLedger } from '../../lambdas/adapters/dynamo-ledger.ts';
import { DynamoRolloutBook } from '../../lambdas/adapters/dynamo-rollout-book.ts';
import { DEFAULT_POLICY, type Policy } from '../../lambdas/core/policy.ts';
import type { Budget, Ledger, RolloutBook } from '../../lambdas/core/ports.ts';
import { MemoryBudget, MemoryBudgetTable } from '../../sim/stores/memory-budget.ts';
import { MemoryLedger } from '../../sim/stores/memory-ledger.ts';
import { MemoryRolloutBook } from '../../sim/stores/memory-rollout-book.ts';

const LEDGER = 'ledger';
const BUDGET = 'budget';
/** Half of AWS's documented request rate. */
const HALF: Policy = { ...DEFAULT_POLICY, budgetShare: 0.5 };

const server = dynalite({ createTableMs: 0 });
let client: DynamoDBClient;
export let documents: DynamoDBDocumentClient;
/** Each test has an account of its own, and so a budget of its own. */
let accounts = 0;

/** Made at once. */
const table = (TableName: string, ...keys: readonly string[]) =>
  client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keys.map(
        (AttributeName, index): KeySchemaElement => ({
          AttributeName,
          KeyType: index === 0 ? 'HASH' : 'RANGE',
        }),
      ),
    }),
  );

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  client = new DynamoDBClient({
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  await table(LEDGER, 'pk', 'sk');
  await table(BUDGET, 'pk');
});
afterAll(() => {
  client.destroy();
  server.close();
});

/** A table of its own, as the ledger's is. */
export async function readsTable(): Promise<{ documents: DynamoDBDocumentClient; table: string }> {
  const name = `reads-${++accounts}`;
  await table(name, 'pk', 'sk');
  return { documents, table: name };
}

export interface Stores {
  readonly stores: string;
  readonly ledger: () => Ledger;
  readonly rolloutBook: () => RolloutBook;
  /** `functions` budgets over one and the same account, as that many environments have them, each with a clock. */
  readonly budgets: (functions: number, clock: (index: number) => number, policy?: () => Policy) => Budget[];
}

export const DEPLOYED: Stores = {
  stores: 'DynamoDB',
  ledger: () => new DynamoLedger(documents, { ledgerTable: LEDGER }),
  rolloutBook: () => new DynamoRolloutBook(documents, { ledgerTable: LEDGER }),
  budgets: (functions, clock, policy = () => HALF) => {
    const accountId = String(++accounts).padStart(12, '0');
    const settings = {
      clusters: [],
      get policy() {
        return policy();
      },
    };
    const place = { budgetTable: BUDGET, accountId, region: 'eu-central-1', settings };
    return Array.from(
      { length: functions },
      (_, index) => new DynamoBudget(documents, place, () => clock(index)),
    );
  },
};
export const IN_MEMORY: Stores = {
  stores: 'memory',
  ledger: () => new MemoryLedger(),
  rolloutBook: () => new MemoryRolloutBook(),
  budgets: (functions, clock, policy = () => HALF) => {
    const table = new MemoryBudgetTable();
    return Array.from(
      { length: functions },
      (_, index) => new MemoryBudget(policy, () => clock(index), table),
    );
  },
};
