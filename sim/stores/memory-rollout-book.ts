/** The rollout book in memory. */
import type { RolloutBook } from '../../lambdas/core/ports.ts';
import type { Readiness, WorkloadAt } from '../../lambdas/core/readiness.ts';
import type { RolloutRecord } from '../../lambdas/core/rollouts/record.ts';

export class MemoryRolloutBook implements RolloutBook {
  readonly #rollouts = new Map<string, RolloutRecord>();
  readonly #readiness = new Map<string, Readiness>();

  async find(rolloutId: string): Promise<RolloutRecord | undefined> {
    return this.#rollouts.get(rolloutId);
  }

  async keep(record: RolloutRecord): Promise<RolloutRecord | undefined> {
    const version = this.#rollouts.get(record.rolloutId)?.version ?? 0;
    if (version !== record.version) return undefined;
    const kept = { ...record, version: version + 1 };
    this.#rollouts.set(record.rolloutId, kept);
    return kept;
  }

  async readiness(of: WorkloadAt, nowMs: number): Promise<Readiness | undefined> {
    const found = this.#readiness.get(keyOf(of));
    return found !== undefined && found.expiresAtMs > nowMs ? found : undefined;
  }

  async say(readiness: Readiness): Promise<void> {
    this.#readiness.set(keyOf(readiness), readiness);
  }
}

const keyOf = ({ cluster, namespace, name }: WorkloadAt): string =>
  JSON.stringify([cluster, namespace, name]);
