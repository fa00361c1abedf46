/** The shared request allowance: one item for the account and Region, written only on the version that was read. */
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type Buckets, type Calls, entries, KEPT, slowDown, spend, standingOf } from '../core/budget.ts';
import type { Budget, BudgetStanding, CallClass, Clock, Granted, Seen, Settings } from '../core/ports.ts';
import { ifHeld } from './dynamo-conditions.ts';

/** Tries at a write that others keep overtaking. One of those who meet always wins, and no more functions than this run
 *  at a time: three queues with two readers each, and the sweep. */
const TRIES = 10;
/** What to wait when they did all the same. */
const CONTENDED_MS = 1_000;

export interface BudgetPlace {
  readonly budgetTable: string;
  readonly accountId: string;
  readonly region: string;
  readonly settings: Settings;
}

export class DynamoBudget implements Budget {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #key: { readonly pk: string };
  readonly #share: number;
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: DynamoDBDocumentClient, place: BudgetPlace, clock: Clock) {
    this.#client = client;
    this.#table = place.budgetTable;
    this.#key = { pk: `ec2#${place.accountId}#${place.region}` };
    this.#share = place.settings.policy.budgetShare;
    this.#clock = clock;
  }

  async spend(asks: readonly Calls[], as: CallClass): Promise<Granted> {
    if (asks.every((calls) => entries(calls).length === 0)) return { granted: asks.length, waitMs: 0 };
    const keep = KEPT[as];
    const grant = await this.#change((buckets) => {
      const { granted, waitMs, buckets: next } = spend(buckets, asks, this.#share, this.#clock(), keep);
      return { answer: { granted, waitMs }, next: granted > 0 ? next : undefined };
    });
    return grant ?? { granted: 0, waitMs: CONTENDED_MS };
  }

  /** A halving that others kept from being written is lost: the next throttle halves again. */
  async report({ throttled }: Seen): Promise<void> {
    if (throttled.length === 0) return;
    await this.#change((buckets) => ({
      answer: true,
      next: throttled.reduce((all, action) => slowDown(all, action, this.#share, this.#clock()), buckets),
    }));
  }

  async standing(): Promise<BudgetStanding> {
    const { buckets } = await this.#read();
    return standingOf(buckets, this.#share, this.#clock());
  }

  /** Reads, decides and writes, again while somebody else was faster; `undefined` when that never ended. Changes of this
   *  environment take turns, so that they only ever meet those of others. */
  #change<A>(decide: (buckets: Buckets) => { answer: A; next: Buckets | undefined }): Promise<A | undefined> {
    const turn = this.#last.then(async () => {
      for (let tries = 0; tries < TRIES; tries++) {
        const { buckets, version } = await this.#read();
        const { answer, next } = decide(buckets);
        if (next === undefined || (await this.#write(next, version))) return answer;
      }
      return undefined;
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #read(): Promise<{ readonly buckets: Buckets; readonly version: number }> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: this.#key, ConsistentRead: true }),
    );
    const { buckets = {}, version = 0 } = (Item ?? {}) as { buckets?: Buckets; version?: number };
    return { buckets, version };
  }

  #write(buckets: Buckets, version: number): Promise<boolean> {
    return ifHeld(
      this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item: { ...this.#key, buckets, version: version + 1 },
          ConditionExpression: version === 0 ? 'attribute_not_exists(pk)' : '#version = :read',
          ...(version > 0 && {
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':read': version },
          }),
        }),
      ),
    );
  }
}
