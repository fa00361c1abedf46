/** The shared request allowance: one item for the account and Region, written only on the version that was read. When the
 *  table does not answer, each environment falls back to its part (local-budget.ts). */
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type Allowance, allowanceOf } from '../core/budget/allowance.ts';
import { type BudgetState, reported, spend, standingOf, UNTOUCHED } from '../core/budget/budget.ts';
import type { RoomAsk } from '../core/budget/flight.ts';
import type { Asked } from '../core/budget/metered.ts';
import type { Budget, BudgetStanding, CallClass, Clock, Granted, Seen, Settings } from '../core/ports.ts';
import { ifHeld, overVersion } from './dynamo-conditions.ts';
import { LocalBudget } from './local-budget.ts';

/** Tries at a write that others keep overtaking. One of those who meet always wins, and no more functions than this run
 *  at a time: five readers of launches, two of each other queue, the sweep, and somebody who asks by hand. */
const TRIES = 11;
/** What to wait when they did all the same. */
const CONTENDED_MS = 1_000;
/** When one request to the table is given up. It answers within 10 ms, with a new connection within 300; the SDK asks four
 *  times before it calls that an outage, so that one costs a launch about 4 s, which it cannot spare again and again. */
const REQUEST_TIMEOUT_MS = 1_000;
/** When to try the table again after it did not answer. */
const TABLE_AGAIN_MS = 10_000;

export interface BudgetPlace {
  readonly budgetTable: string;
  readonly accountId: string;
  readonly region: string;
  /** The policy is read from it at each call: it changes while this lives. */
  readonly settings: Settings;
}

export class DynamoBudget implements Budget {
  readonly #client: DynamoDBDocumentClient;
  readonly #place: BudgetPlace;
  readonly #key: { readonly pk: string };
  readonly #clock: Clock;
  /** As the table had it last. */
  #known: BudgetState = UNTOUCHED;
  /** While the table does not answer. */
  #outage: { readonly local: LocalBudget; readonly tableAgainMs: number } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: DynamoDBDocumentClient, place: BudgetPlace, clock: Clock) {
    this.#client = client;
    this.#place = place;
    this.#key = { pk: `ec2#${place.accountId}#${place.region}` };
    this.#clock = clock;
  }

  async spend(asks: readonly Asked[], as: CallClass, room?: RoomAsk): Promise<Granted> {
    if (asks.length === 0) return { granted: 0, waitMs: 0 };
    return this.#inTurn(
      async () => {
        const grant = await this.#change((state) => {
          const { next, ...answer } = spend(state, asks, as, this.#allowance(), this.#clock(), room);
          return { answer, next };
        });
        return grant ?? { granted: 0, waitMs: CONTENDED_MS };
      },
      (local) => local.spend(asks, as, room),
    );
  }

  /** A report that others kept from being written is lost: the next one tells the same. */
  async report(seen: Seen): Promise<void> {
    const { throttled, troubles, notMade = 0, landed } = seen;
    if (throttled.length === 0 && troubles === 0 && notMade === 0 && landed === undefined) return;
    await this.#inTurn<unknown>(
      () =>
        this.#change((state) => {
          const next = reported(state, seen, this.#allowance(), this.#clock());
          return { answer: undefined, next: next === state ? undefined : next };
        }),
      (local) => local.report(seen),
    );
  }

  async standing(): Promise<BudgetStanding> {
    return this.#inTurn(
      async () => standingOf((await this.#read()).state, this.#allowance(), this.#clock()),
      (local) => local.standing(),
    );
  }

  #allowance(): Allowance {
    return allowanceOf(this.#place.settings.policy);
  }

  /** What this environment does takes turns, so that its writes only ever meet those of others. */
  #inTurn<A>(shared: () => Promise<A>, alone: (local: LocalBudget) => Promise<A>): Promise<A> {
    const turn = this.#last.then(() => this.#unlessOut(shared, alone));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Whatever keeps the table from answering, nobody is told more than that. */
  async #unlessOut<A>(shared: () => Promise<A>, alone: (local: LocalBudget) => Promise<A>): Promise<A> {
    const nowMs = this.#clock();
    if (this.#outage !== undefined && nowMs < this.#outage.tableAgainMs) return alone(this.#outage.local);
    try {
      const answer = await shared();
      this.#outage = undefined;
      return answer;
    } catch {
      const rate = () => this.#place.settings.policy;
      const local = this.#outage?.local ?? new LocalBudget(rate, this.#clock, this.#known);
      this.#outage = { local, tableAgainMs: this.#clock() + TABLE_AGAIN_MS };
      return alone(local);
    }
  }

  /** Reads, decides and writes, again while somebody else was faster; `undefined` when that never ended. */
  async #change<A>(
    decide: (state: BudgetState) => { answer: A; next: BudgetState | undefined },
  ): Promise<A | undefined> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { state, version } = await this.#read();
      const { answer, next } = decide(state);
      if (next === undefined || (await this.#write(next, version))) return answer;
    }
    return undefined;
  }

  async #read(): Promise<{ readonly state: BudgetState; readonly version: number }> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#place.budgetTable, Key: this.#key, ConsistentRead: true }),
      { requestTimeout: REQUEST_TIMEOUT_MS },
    );
    const {
      pk: _,
      version = 0,
      ...state
    } = (Item ?? {}) as Partial<BudgetState> & { pk?: string; version?: number };
    this.#known = { ...UNTOUCHED, ...state };
    return { state: this.#known, version };
  }

  async #write(state: BudgetState, version: number): Promise<boolean> {
    const held = await ifHeld(
      this.#client.send(
        new PutCommand({
          TableName: this.#place.budgetTable,
          Item: { ...this.#key, ...state, version: version + 1 },
          ...overVersion(version),
        }),
        { requestTimeout: REQUEST_TIMEOUT_MS },
      ),
    );
    if (held) this.#known = state;
    return held;
  }
}
