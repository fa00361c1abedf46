/** The port of the lens: what core asks of a cluster's API server. It is one of the ports of ports.ts, and optional. */
import type { Answer } from './failures.ts';
import type { NodeId } from './model.ts';
import type { RolloutStrategy, Workload } from './signals.ts';

/** A node by its instance, and by the name it is likely to have in its cluster. */
export interface NamedNode {
  readonly nodeId: NodeId;
  readonly name?: string;
}

/** Pods of one node that have an address of their own, or are about to: on the host's network none does, and one that has
 *  ended gave its address back. One that is ending still holds it. */
export interface PodsOnNode {
  readonly count: number;
  /** Of those that have got theirs. */
  readonly ips: readonly string[];
}

/** What a Deployment says of its own rollouts. */
export interface DeploymentSettings {
  readonly replicas: number;
  readonly strategy: RolloutStrategy;
  readonly terminationGraceMs: number;
  readonly hostNetwork: boolean;
  /** Pods that are ready now. */
  readonly readyReplicas: number;
}

/** A launch gate that was looked at: closed while the node carries our taint. */
export interface GateSeen extends NamedNode {
  readonly name: string;
  readonly closed: boolean;
  /** Since when it says that it is Ready, epoch ms: it does so only once its ipamd serves. Absent while it does not. */
  readonly readySinceMs?: number;
  /** When the node joined its cluster, epoch ms. */
  readonly joinedAtMs: number;
}

/** The API server of a cluster, where an operator lets us ask it (docs/lens.md). Nothing may rest on its answers alone: each
 *  may fail, and then all goes on as without it. A failure's message says what an operator can do. */
export interface Kubernetes {
  /** Exact pods of these nodes; of `nodesInAll` the cluster has about. A node it does not know is absent from the answer. */
  pods(
    cluster: string,
    nodes: readonly NamedNode[],
    nodesInAll: number,
  ): Promise<Answer<ReadonlyMap<NodeId, PodsOnNode>>>;
  /** Pods that wait for a node. */
  pendingPods(cluster: string): Promise<Answer<number>>;
  /** `undefined` when there is no such Deployment. */
  deployment(
    cluster: string,
    workload: Pick<Workload, 'namespace' | 'name'>,
  ): Promise<Answer<DeploymentSettings | undefined>>;
  /** Sets how many pods a Deployment has, through its `scale` subresource. The same number again changes nothing. */
  scale(
    cluster: string,
    workload: Pick<Workload, 'namespace' | 'name'>,
    replicas: number,
  ): Promise<Answer<void>>;
  /** Nodes that have not joined are absent from the answer. */
  gates(cluster: string, nodes: readonly NamedNode[]): Promise<Answer<ReadonlyMap<NodeId, GateSeen>>>;
  /** All closed gates of a cluster. */
  closedGates(cluster: string): Promise<Answer<readonly GateSeen[]>>;
  /** Takes our taint off, and nothing else. Opening an open gate succeeds, and so does that of a node that is no more. */
  openGate(cluster: string, node: { readonly nodeId: NodeId; readonly name: string }): Promise<Answer<void>>;
}
