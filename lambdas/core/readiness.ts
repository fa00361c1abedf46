/** Whether the addresses for a workload are there: what was last found out, for whoever asks at the gate endpoint. */
import type { Workload } from './signals.ts';

/** A workload by its place. */
export interface WorkloadAt extends Pick<Workload, 'namespace' | 'name'> {
  readonly cluster: string;
}

export interface Readiness extends WorkloadAt {
  readonly announcementId: string;
  /** Pods that addresses are needed for: of the wave under way, or of the whole announcement. */
  readonly pods: number;
  /** Of those, the ones that could get an address when this was said. */
  readonly readyPods: number;
  /** From when on all of them are presumed to, epoch ms; absent: nobody can tell. */
  readonly readyFromMs?: number;
  /** What is in the way, or how it was told. */
  readonly reasons: readonly string[];
  /** Of a batched rollout. */
  readonly wave?: number;
  readonly saidAtMs: number;
  readonly expiresAtMs: number;
}
