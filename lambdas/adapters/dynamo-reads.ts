/** Shared reads in the ledger's table: `reads#CIRCLE` with `turns`, written only on the version that was read, and with
 *  `last`. Losing either costs reads of EC2, so whatever keeps the table from answering, everybody reads for himself. */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Clock, Journal, Reads } from '../core/ports.ts';
import {
  ALL_TURNS,
  type Circle,
  circleOf,
  type SharedRead,
  type Turn,
  type TurnAsk,
  type Turns,
  takeTurn,
} from '../core/shared-reads.ts';
import { epochSeconds, ifHeld, overVersion } from './dynamo-conditions.ts';

const turnsOf = (among: Circle) => ({ pk: `reads#${among}`, sk: 'turns' });
const lastOf = (among: Circle) => ({ pk: `reads#${among}`, sk: 'last' });
/** Tries at a write that others keep overtaking. */
const TRIES = 5;
/** What to wait when they did all the same. */
const CONTENDED_MS = 1_000;
/** An item may have 400 KB, keys and all. Source: DynamoDB quotas. */
const MOST_BYTES = 380_000;
/** A read is of no use after seconds; the table may clear it up. */
const KEPT_MS = 3_600_000;

const pack = promisify(gzip);
const unpack = promisify(gunzip);

export class DynamoReads implements Reads {
  readonly #client: () => DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #journal: Journal;

  constructor(
    client: () => DynamoDBDocumentClient,
    { ledgerTable }: { readonly ledgerTable: string },
    clock: Clock,
    journal: Journal,
  ) {
    this.#client = client;
    this.#table = ledgerTable;
    this.#clock = clock;
    this.#journal = journal;
  }

  last(among: Circle): Promise<SharedRead | undefined> {
    return this.#unlessOut(undefined, async () => {
      const { Item } = await this.#client().send(
        new GetCommand({ TableName: this.#table, Key: lastOf(among), ConsistentRead: true }),
      );
      const packed: unknown = Item?.['packed'];
      if (!(packed instanceof Uint8Array)) return undefined;
      return JSON.parse((await unpack(packed)).toString()) as SharedRead;
    });
  }

  turn(ask: TurnAsk): Promise<Turn> {
    const key = turnsOf(circleOf(ask.as));
    return this.#unlessOut<Turn>({ ids: ask.ids, others: [] }, async () => {
      for (let tries = 0; tries < TRIES; tries++) {
        const { Item } = await this.#client().send(
          new GetCommand({ TableName: this.#table, Key: key, ConsistentRead: true }),
        );
        const { version = 0, turns = ALL_TURNS } = (Item ?? {}) as { version?: number; turns?: Turns };
        const { turn, next } = takeTurn(turns, ask, this.#clock());
        if (await this.#write(key, next, version)) return turn;
      }
      return { waitMs: CONTENDED_MS };
    });
  }

  async share(read: SharedRead, among: Circle): Promise<void> {
    await this.#unlessOut(undefined, async () => {
      const packed = await pack(JSON.stringify(read));
      if (packed.byteLength > MOST_BYTES) return;
      const { readAtMs } = read.world;
      const expiresAt = epochSeconds(this.#clock() + KEPT_MS);
      await ifHeld(
        this.#client().send(
          new PutCommand({
            TableName: this.#table,
            Item: { ...lastOf(among), packed, readAtMs, expiresAt },
            ConditionExpression: 'attribute_not_exists(pk) OR readAtMs <= :this',
            ExpressionAttributeValues: { ':this': readAtMs },
          }),
        ),
      );
    });
  }

  #write(key: ReturnType<typeof turnsOf>, turns: Turns, version: number): Promise<boolean> {
    return ifHeld(
      this.#client().send(
        new PutCommand({
          TableName: this.#table,
          Item: { ...key, turns, version: version + 1 },
          ...overVersion(version),
        }),
      ),
    );
  }

  async #unlessOut<A>(alone: A, shared: () => Promise<A>): Promise<A> {
    try {
      return await shared();
    } catch (error) {
      const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      this.#journal.warn('reads not shared', { why });
      return alone;
    }
  }
}
