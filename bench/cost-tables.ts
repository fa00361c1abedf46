/** DynamoDB's request units for what core asks of its stores. The simulated world keeps those in memory, so the same calls are
 *  made once more, one after the other, through the deployed adapters over an embedded DynamoDB, which tells the units. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';
import { makeTables } from '../cli/sim-environment.ts';
import { DynamoBudget } from '../lambdas/adapters/dynamo-budget.ts';
import { DynamoLedger } from '../lambdas/adapters/dynamo-ledger.ts';
import { DynamoReads } from '../lambdas/adapters/dynamo-reads.ts';
import { DynamoRolloutBook } from '../lambdas/adapters/dynamo-rollout-book.ts';
import { DEFAULT_POLICY } from '../lambdas/core/policy.ts';
import type { Stores } from '../lambdas/handlers/wiring.ts';
import { closeServer, listen } from '../sim/wire/loopback.ts';

export interface StoreCall {
  readonly port: keyof Stores;
  readonly method: string;
  readonly args: readonly unknown[];
  /** Epoch ms. */
  readonly atMs: number;
}

/** Reads are strongly consistent ones of 4 KB, writes of 1 KB. Source: DynamoDB Developer Guide, on-demand capacity. */
export interface Units {
  readonly reads: number;
  readonly writes: number;
}

export interface CostTables {
  /** Makes the calls, and tells what they cost. */
  replay(calls: readonly StoreCall[]): Promise<Units>;
  close(): Promise<void>;
}

const REGION = 'eu-central-1';
const REFUSED = 'ConditionalCheckFailedException';
const isStore = (port: string): port is keyof Stores =>
  ['ledger', 'budget', 'reads', 'rolloutBook'].includes(port);

/** A call of a port, where that is a store. */
export const storeCall = (call: Omit<StoreCall, 'port'> & { readonly port: string }): StoreCall[] =>
  isStore(call.port) ? [{ ...call, port: call.port }] : [];

export async function costTables(): Promise<CostTables> {
  const server = dynalite({ createTableMs: 0 });
  const endpoint = await listen(server, 0);
  await makeTables(REGION, endpoint);
  const credentials = { accessKeyId: 'cost', secretAccessKey: 'simulated' };
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials });
  let units: Units = { reads: 0, writes: 0 };
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const add = (cost: number): void => {
          const isWrite = /^(Put|Update)/.test(commandName);
          units = isWrite
            ? { ...units, writes: units.writes + cost }
            : { ...units, reads: units.reads + cost };
        };
        Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' });
        try {
          const answer = await next(args);
          const { ConsumedCapacity = [] } = answer.output as { ConsumedCapacity?: Capacity | Capacity[] };
          for (const { CapacityUnits } of [ConsumedCapacity].flat()) add(CapacityUnits);
          return answer;
        } catch (error) {
          // What a condition refuses is paid for all the same; an error tells no units, so that it counts as one.
          if ((error as Error).name === REFUSED) add(1);
          throw error;
        }
      },
    { step: 'initialize' },
  );
  const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  let nowMs = 0;
  const clock = (): number => nowMs;
  const [ledgerTable, budgetTable] = ['ledger', 'budget'];
  const settings = { clusters: [], policy: DEFAULT_POLICY };
  const place = { budgetTable, accountId: '111122223333', region: REGION, settings };
  const silent = { note: () => {}, warn: () => {}, measure: () => {} };
  const stores: Stores = {
    ledger: new DynamoLedger(documents, { ledgerTable }),
    rolloutBook: new DynamoRolloutBook(documents, { ledgerTable }),
    budget: new DynamoBudget(documents, place, clock),
    reads: new DynamoReads(() => documents, { ledgerTable }, clock, silent),
  };
  return {
    replay: async (calls) => {
      units = { reads: 0, writes: 0 };
      for (const { port, method, args, atMs } of calls) {
        nowMs = atMs;
        const store = stores[port];
        const run = Reflect.get(store, method) as (...args: readonly unknown[]) => Promise<unknown>;
        await Reflect.apply(run, store, args);
      }
      return units;
    },
    close: async () => {
      client.destroy();
      await closeServer(server);
    },
  };
}

interface Capacity {
  readonly CapacityUnits: number;
}
