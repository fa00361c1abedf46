/**
 * The rollout book, in the ledger's DynamoDB table: `rollout#ID` with `record`, and `cluster#NAME` with
 * `readiness#NAMESPACE/WORKLOAD` (no namespace has a slash in its name).
 * Every read is strongly consistent, because decisions rest on it. The table's own expiry (`expiresAt`, epoch seconds) only
 * clears up, days late if it likes.
 */
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { RolloutBook } from '../core/ports.ts';
import type { Readiness, WorkloadAt } from '../core/readiness.ts';
import type { RolloutRecord } from '../core/rollouts/record.ts';
import { epochSeconds, ifHeld, overVersion } from './dynamo-conditions.ts';

interface Key {
  readonly pk: string;
  readonly sk: string;
}

export class DynamoRolloutBook implements RolloutBook {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, { ledgerTable }: { readonly ledgerTable: string }) {
    this.#client = client;
    this.#table = ledgerTable;
  }

  async find(rolloutId: string): Promise<RolloutRecord | undefined> {
    return this.#get<RolloutRecord>(rolloutKey(rolloutId), 'record');
  }

  /** A write whose answer was lost, and that the SDK sent again, looks like somebody else's: whoever reads again finds its own. */
  async keep(record: RolloutRecord): Promise<RolloutRecord | undefined> {
    const kept = { ...record, version: record.version + 1 };
    const Item = {
      ...rolloutKey(record.rolloutId),
      version: kept.version,
      record: kept,
      expiresAt: epochSeconds(record.expiresAtMs),
    };
    const put = new PutCommand({ TableName: this.#table, Item, ...overVersion(record.version) });
    const written = await ifHeld(this.#client.send(put));
    return written ? kept : undefined;
  }

  async readiness(of: WorkloadAt, nowMs: number): Promise<Readiness | undefined> {
    const found = await this.#get<Readiness>(readinessKey(of), 'readiness');
    return found !== undefined && found.expiresAtMs > nowMs ? found : undefined;
  }

  async say(readiness: Readiness): Promise<void> {
    const Item = { ...readinessKey(readiness), readiness, expiresAt: epochSeconds(readiness.expiresAtMs) };
    await this.#client.send(new PutCommand({ TableName: this.#table, Item }));
  }

  async #get<T>(Key: Key, attribute: string): Promise<T | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key, ConsistentRead: true }),
    );
    return Item?.[attribute] as T | undefined;
  }
}

const rolloutKey = (rolloutId: string): Key => ({ pk: `rollout#${rolloutId}`, sk: 'record' });
const readinessKey = ({ cluster, namespace, name }: WorkloadAt): Key => ({
  pk: `cluster#${cluster}`,
  sk: `readiness#${namespace}/${name}`,
});
