/** The ledger in memory. Values go in and out as they are: everything the ledger keeps is read-only. */

import { type Lesson, learnt, type Samples } from '../../lambdas/core/looks/lessons.ts';
import type { EniId, NodeId } from '../../lambdas/core/model.ts';
import type { Mark } from '../../lambdas/core/plan/marks.ts';
import type { OpenDemand } from '../../lambdas/core/plan/open-demand.ts';
import type { Sight } from '../../lambdas/core/plan/standing.ts';
import type { Intent, Ledger } from '../../lambdas/core/ports.ts';
import { freshRecord, type NodeRecord } from '../../lambdas/core/records.ts';

export class MemoryLedger implements Ledger {
  /** By cluster, then by the demand's id. */
  readonly #demand = new Map<string, Map<string, OpenDemand>>();
  readonly #records = new Map<NodeId, NodeRecord>();
  readonly #leases = new Map<NodeId, { readonly owner: string; readonly untilMs: number }>();
  readonly #sights = new Map<string, ReadonlyMap<NodeId, Sight>>();
  readonly #marks = new Map<string, Mark>();
  readonly #lessons = new Map<string, ReadonlyMap<string, Lesson>>();
  readonly #suspects = new Map<string, ReadonlyMap<EniId, number>>();

  async announce(demand: OpenDemand, nowMs: number): Promise<void> {
    const all = this.#demand.get(demand.cluster) ?? new Map<string, OpenDemand>();
    const before = all.get(demand.id);
    if (before === undefined || before.expiresAtMs <= nowMs) all.set(demand.id, demand);
    this.#demand.set(demand.cluster, all);
  }

  async openDemand(cluster: string, nowMs: number): Promise<readonly OpenDemand[]> {
    return [...(this.#demand.get(cluster)?.values() ?? [])]
      .filter(({ expiresAtMs }) => expiresAtMs > nowMs)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async claim(demand: OpenDemand): Promise<boolean> {
    const all = this.#demand.get(demand.cluster);
    if (all?.get(demand.id)?.version !== demand.version - 1) return false;
    all.set(demand.id, demand);
    return true;
  }

  async lease(
    nodes: Parameters<Ledger['lease']>[0],
    owner: string,
    untilMs: number,
    nowMs: number,
  ): Promise<ReadonlyMap<NodeId, NodeRecord>> {
    const leased = new Map<NodeId, NodeRecord>();
    for (const { nodeId, cluster, nodeGroup } of nodes) {
      const held = this.#leases.get(nodeId);
      if (held !== undefined && held.untilMs > nowMs && held.owner !== owner) continue;
      this.#leases.set(nodeId, { owner, untilMs });
      const known = this.#records.get(nodeId);
      leased.set(
        nodeId,
        known !== undefined && known.expiresAtMs > nowMs
          ? known
          : freshRecord({ nodeId, cluster, nodeGroup }, nowMs),
      );
    }
    return leased;
  }

  async intend(intents: readonly Intent[], owner: string): Promise<ReadonlySet<NodeId>> {
    const held = intents.filter(({ record }) => this.#leases.get(record.nodeId)?.owner === owner);
    for (const { record, leaseUntilMs: untilMs } of held) {
      this.#records.set(record.nodeId, record);
      this.#leases.set(record.nodeId, { owner, untilMs });
    }
    return new Set(held.map(({ record }) => record.nodeId));
  }

  async release(records: readonly NodeRecord[], owner: string): Promise<void> {
    for (const record of records) {
      if (this.#leases.get(record.nodeId)?.owner !== owner) continue;
      this.#leases.delete(record.nodeId);
      this.#records.set(record.nodeId, record);
    }
  }

  async nodes(ids: readonly NodeId[]): Promise<ReadonlyMap<NodeId, NodeRecord>> {
    const found = new Map<NodeId, NodeRecord>();
    for (const nodeId of ids) {
      const record = this.#records.get(nodeId);
      if (record !== undefined) found.set(nodeId, record);
    }
    return found;
  }

  async sights(cluster: string): Promise<ReadonlyMap<NodeId, Sight>> {
    return this.#sights.get(cluster) ?? new Map();
  }

  async saw(cluster: string, sights: ReadonlyMap<NodeId, Sight>): Promise<void> {
    this.#sights.set(cluster, new Map(sights));
  }

  async suspects(cluster: string): Promise<ReadonlyMap<EniId, number>> {
    return this.#suspects.get(cluster) ?? new Map();
  }

  async suspect(cluster: string, firstSeenMs: ReadonlyMap<EniId, number>): Promise<void> {
    this.#suspects.set(cluster, new Map(firstSeenMs));
  }

  async marks(): Promise<ReadonlyMap<string, Mark>> {
    return new Map(this.#marks);
  }

  async mark(marks: ReadonlyMap<string, Mark>): Promise<void> {
    for (const [key, mark] of marks) this.#marks.set(key, mark);
  }

  async lessons(cluster: string): Promise<ReadonlyMap<string, Lesson>> {
    return this.#lessons.get(cluster) ?? new Map();
  }

  async learn(cluster: string, samples: ReadonlyMap<string, Samples>, _nowMs: number): Promise<void> {
    const known = new Map(this.#lessons.get(cluster));
    for (const [group, some] of samples) known.set(group, learnt(known.get(group), some));
    this.#lessons.set(cluster, known);
  }
}
