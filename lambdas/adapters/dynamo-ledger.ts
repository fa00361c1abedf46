/**
 * The ledger in one DynamoDB table. Keys: `cluster#NAME` with `demand#ID`, `sights`, `suspects`
 * and `lesson#GROUP`; `node#ID` with `record`; `marks` with `marks`. What is kept of rollouts is there too
 * (dynamo-rollout-book.ts): `rollout#ID` with `record`, and `cluster#NAME` with `readiness#NAMESPACE/WORKLOAD`.
 * Every read is strongly consistent, because decisions rest on it. Expiry is checked where the time is known; the table's
 * own (`expiresAt`, epoch seconds) only clears up, days late if it likes.
 */
import {
  BatchGetCommand,
  type BatchGetCommandOutput,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { batchesOf } from '../core/batches.ts';
import { type Lesson, lateOf, learnt, MOST_LATE, type Samples } from '../core/looks/lessons.ts';
import type { EniId, NodeId } from '../core/model.ts';
import { inParallel } from '../core/parallel.ts';
import type { Mark } from '../core/plan/marks.ts';
import type { OpenDemand } from '../core/plan/open-demand.ts';
import type { Sight } from '../core/plan/standing.ts';
import type { Intent, Ledger } from '../core/ports.ts';
import { freshRecord, type NodeRecord } from '../core/records.ts';
import { epochSeconds, ifHeld } from './dynamo-conditions.ts';

/** Writes of one call under way at a time. */
const WRITES_AT_ONCE = 20;
/** Keys of one BatchGetItem. Source: DynamoDB API reference. */
const KEYS_PER_BATCH = 100;
/** How long a lease that was never given up stays in the table after its end. */
const DEAD_LEASE_KEPT_MS = 3_600_000;

const clusterKey = (cluster: string): string => `cluster#${cluster}`;
/** Full subnets and zones are the account's, not a cluster's. */
const MARKS = { pk: 'marks', sk: 'marks' };
const nodeKey = (nodeId: NodeId) => ({ pk: `node#${nodeId}`, sk: 'record' });

/** Writes of one lesson that may meet others': functions that verify at the same moment are few. */
const LEARNING_TRIES = 10;
/** A node group that launched nothing for so long may be no more. */
const LESSON_KEPT_MS = 30 * 86_400_000;

interface Keys {
  readonly pk: string;
  readonly sk: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}
/** `record` is absent until somebody gave the lease up. */
interface NodeItem extends Keys {
  readonly record?: NodeRecord;
  readonly leaseOwner?: string;
  readonly leaseUntilMs?: number;
}

export class DynamoLedger implements Ledger {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, { ledgerTable }: { readonly ledgerTable: string }) {
    this.#client = client;
    this.#table = ledgerTable;
  }

  async announce(demand: OpenDemand, nowMs: number): Promise<void> {
    await ifHeld(
      this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item: demandItem(demand),
          ConditionExpression: 'attribute_not_exists(pk) OR expiresAtMs <= :now',
          ExpressionAttributeValues: { ':now': nowMs },
        }),
      ),
    );
  }

  async openDemand(cluster: string, nowMs: number): Promise<readonly OpenDemand[]> {
    const items = await this.#query<DemandItem>(cluster, 'demand#');
    return items.filter(({ expiresAtMs }) => expiresAtMs > nowMs).map(demandOf);
  }

  async claim(demand: OpenDemand): Promise<boolean> {
    return ifHeld(
      this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item: demandItem(demand),
          ConditionExpression: '#version = :read',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':read': demand.version - 1 },
        }),
      ),
    );
  }

  async lease(
    nodes: Parameters<Ledger['lease']>[0],
    owner: string,
    untilMs: number,
    nowMs: number,
  ): Promise<ReadonlyMap<NodeId, NodeRecord>> {
    const leased = new Map<NodeId, NodeRecord>();
    await inParallel(nodes, WRITES_AT_ONCE, async ({ nodeId, cluster, nodeGroup }) => {
      let item: NodeItem | undefined;
      const took = await ifHeld(
        this.#client
          .send(
            new UpdateCommand({
              TableName: this.#table,
              Key: nodeKey(nodeId),
              UpdateExpression: 'SET leaseOwner = :owner, leaseUntilMs = :until, expiresAt = :kept',
              ConditionExpression:
                'attribute_not_exists(leaseOwner) OR leaseUntilMs <= :now OR leaseOwner = :owner',
              ExpressionAttributeValues: {
                ':owner': owner,
                ':until': untilMs,
                ':now': nowMs,
                ':kept': epochSeconds(untilMs + DEAD_LEASE_KEPT_MS),
              },
              ReturnValues: 'ALL_NEW',
            }),
          )
          .then(({ Attributes }) => {
            item = Attributes as NodeItem;
          }),
      );
      if (!took) return;
      const known = item?.record;
      leased.set(
        nodeId,
        known !== undefined && known.expiresAtMs > nowMs
          ? known
          : freshRecord({ nodeId, cluster, nodeGroup }, nowMs),
      );
    });
    return leased;
  }

  async intend(intents: readonly Intent[], owner: string): Promise<ReadonlySet<NodeId>> {
    return this.#write(
      intents.map(({ record, leaseUntilMs: untilMs }) => ({
        record,
        values: { ':until': untilMs, ':kept': epochSeconds(untilMs + DEAD_LEASE_KEPT_MS) },
      })),
      owner,
      'SET #record = :record, leaseUntilMs = :until, expiresAt = :kept',
    );
  }

  async release(records: readonly NodeRecord[], owner: string): Promise<void> {
    await this.#write(
      records.map((record) => ({ record, values: { ':expires': epochSeconds(record.expiresAtMs) } })),
      owner,
      'SET #record = :record, expiresAt = :expires REMOVE leaseOwner, leaseUntilMs',
    );
  }

  /** Writes those whose lease `owner` still holds, and returns them. */
  async #write(
    writes: readonly { readonly record: NodeRecord; readonly values: Readonly<Record<string, number>> }[],
    owner: string,
    UpdateExpression: string,
  ): Promise<ReadonlySet<NodeId>> {
    const written = new Set<NodeId>();
    await inParallel(writes, WRITES_AT_ONCE, async ({ record, values }) => {
      const held = await ifHeld(
        this.#client.send(
          new UpdateCommand({
            TableName: this.#table,
            Key: nodeKey(record.nodeId),
            UpdateExpression,
            ConditionExpression: 'leaseOwner = :owner',
            ExpressionAttributeNames: { '#record': 'record' },
            ExpressionAttributeValues: { ':record': record, ':owner': owner, ...values },
          }),
        ),
      );
      if (held) written.add(record.nodeId);
    });
    return written;
  }

  async nodes(ids: readonly NodeId[]): Promise<ReadonlyMap<NodeId, NodeRecord>> {
    const found = new Map<NodeId, NodeRecord>();
    const keys = [...new Set(ids)].map(nodeKey);
    await inParallel(batchesOf(keys, KEYS_PER_BATCH), WRITES_AT_ONCE, async (some) => {
      for (const { record } of await this.#all(some))
        if (record !== undefined) found.set(record.nodeId, record);
    });
    return found;
  }

  async sights(cluster: string): Promise<ReadonlyMap<NodeId, Sight>> {
    const nodes = await this.#get<Record<NodeId, [number, number, number]>>(cluster, 'sights');
    return new Map(
      entriesOf(nodes).map(([nodeId, [enis, total, sinceMs]]) => [nodeId, { enis, total, sinceMs }]),
    );
  }

  /** A list a node rather than an object: 8,000 nodes fit into an item's 400 kB. Source: DynamoDB quotas. */
  async saw(cluster: string, sights: ReadonlyMap<NodeId, Sight>): Promise<void> {
    const nodes = [...sights].map(([nodeId, { enis, total, sinceMs }]) => [nodeId, [enis, total, sinceMs]]);
    await this.#put(cluster, 'sights', Object.fromEntries(nodes));
  }

  async suspects(cluster: string): Promise<ReadonlyMap<EniId, number>> {
    return new Map(entriesOf(await this.#get<Record<EniId, number>>(cluster, 'suspects')));
  }

  async suspect(cluster: string, firstSeenMs: ReadonlyMap<EniId, number>): Promise<void> {
    await this.#put(cluster, 'suspects', Object.fromEntries(firstSeenMs));
  }

  async marks(): Promise<ReadonlyMap<string, Mark>> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: MARKS, ConsistentRead: true }),
    );
    const { pk: _pk, sk: _sk, ...marks } = (Item ?? {}) as Record<string, Mark>;
    return new Map(Object.entries(marks));
  }

  /** An attribute a mark: those who mark different things do not meet. */
  async mark(marks: ReadonlyMap<string, Mark>): Promise<void> {
    if (marks.size === 0) return;
    const all = [...marks].map(([key, mark], index) => [`#k${index}`, `:m${index}`, key, mark] as const);
    await this.#client.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: MARKS,
        UpdateExpression: `SET ${all.map(([name, value]) => `${name} = ${value}`).join(', ')}`,
        ExpressionAttributeNames: Object.fromEntries(all.map(([name, , key]) => [name, key])),
        ExpressionAttributeValues: Object.fromEntries(all.map(([, value, , mark]) => [value, mark])),
      }),
    );
  }

  async lessons(cluster: string): Promise<ReadonlyMap<string, Lesson>> {
    const found = new Map<string, Lesson>();
    for (const { group, lesson } of await this.#query<LessonItem>(cluster, 'lesson#'))
      found.set(group, lesson);
    return found;
  }

  /** An item a node group. Two that learn of one at the same moment: the later one reads again, so that no late attach is
   *  lost. */
  async learn(cluster: string, samples: ReadonlyMap<string, Samples>, nowMs: number): Promise<void> {
    await inParallel([...samples], WRITES_AT_ONCE, async ([group, some]) => {
      for (let tries = 0; tries < LEARNING_TRIES; tries++)
        if (await this.#learn(cluster, group, some, nowMs)) return;
      throw new Error(`lesson of ${group} not written: others wrote it ${LEARNING_TRIES} times`);
    });
  }

  async #learn(cluster: string, group: string, samples: Samples, nowMs: number): Promise<boolean> {
    const key = { pk: clusterKey(cluster), sk: `lesson#${group}` };
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: key, ConsistentRead: true }),
    );
    const { lesson: before, version = 0 } = (Item ?? {}) as Partial<LessonItem>;
    const lesson = learnt(before, samples);
    // What has put a node group back to observe is forgotten by nobody's leave but the operator's.
    const expires = lateOf(lesson, Number.NEGATIVE_INFINITY).late <= MOST_LATE;
    const expiresAt = expires && { expiresAt: epochSeconds(nowMs + LESSON_KEPT_MS) };
    return ifHeld(
      this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item: { ...key, group, lesson, version: version + 1, ...expiresAt },
          ConditionExpression: 'attribute_not_exists(#version) OR #version = :read',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':read': version },
        }),
      ),
    );
  }

  async #query<T>(cluster: string, prefix: string): Promise<T[]> {
    const pages = paginateQuery(
      { client: this.#client },
      {
        TableName: this.#table,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': clusterKey(cluster), ':prefix': prefix },
      },
    );
    const items: T[] = [];
    for await (const { Items = [] } of pages) items.push(...(Items as T[]));
    return items;
  }

  async #get<T>(cluster: string, sk: string): Promise<T | undefined> {
    const Key = { pk: clusterKey(cluster), sk };
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key, ConsistentRead: true }),
    );
    return Item?.['seen'] as T | undefined;
  }

  async #put(cluster: string, sk: string, seen: object): Promise<void> {
    const Item = { pk: clusterKey(cluster), sk, seen };
    await this.#client.send(new PutCommand({ TableName: this.#table, Item }));
  }

  /** DynamoDB may leave keys for another request; it ends because each round must bring some of them. */
  async #all(keys: ReturnType<typeof nodeKey>[]): Promise<NodeItem[]> {
    const items: NodeItem[] = [];
    let left: BatchGetCommandOutput['UnprocessedKeys'] = {
      [this.#table]: { Keys: keys, ConsistentRead: true },
    };
    while (left !== undefined && Object.keys(left).length > 0) {
      const before: number = left[this.#table]?.Keys?.length ?? 0;
      const answer: BatchGetCommandOutput = await this.#client.send(
        new BatchGetCommand({ RequestItems: left }),
      );
      items.push(...((answer.Responses?.[this.#table] ?? []) as NodeItem[]));
      left = answer.UnprocessedKeys;
      if ((left?.[this.#table]?.Keys?.length ?? 0) >= before)
        throw new Error(`DynamoDB does not answer: ${before} of ${keys.length} records not read`);
    }
    return items;
  }
}

interface LessonItem {
  readonly group: string;
  readonly lesson: Lesson;
  /** Grows with each write. */
  readonly version: number;
}

type DemandItem = OpenDemand & Keys;

const demandItem = (demand: OpenDemand): DemandItem => ({
  ...demand,
  pk: clusterKey(demand.cluster),
  sk: `demand#${demand.id}`,
  expiresAt: epochSeconds(demand.expiresAtMs),
});

function demandOf({ pk: _pk, sk: _sk, expiresAt: _expiresAt, ...demand }: DemandItem): OpenDemand {
  return demand;
}

const entriesOf = <K extends string, V>(record: Readonly<Record<K, V>> | undefined): [K, V][] =>
  Object.entries(record ?? {}) as [K, V][];
