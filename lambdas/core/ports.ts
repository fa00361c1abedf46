/** What core needs of the world. Adapters implement these over AWS; the simulator's twins implement the stores again. */
import type { Calls } from './budget.ts';
import type { Answer } from './failures.ts';
import type { MadeEni, OpenDemand } from './launches.ts';
import type { MutatingAction } from './limits.ts';
import type { Cluster, EniId, NodeId, SubnetId, World } from './model.ts';
import type { Policy } from './policy.ts';
import type { Signal } from './signals.ts';
import type { Sight } from './standing.ts';
import type { LeaveReason } from './steps.ts';

/** Epoch milliseconds. */
export type Clock = () => number;

/** EC2. No method retries: running out and failing are answers, and waiting is not done here. */
export interface Vpc {
  /** One read for a whole decision: instances, their ENIs with tags, and the subnets of `vpcIds`, all pages, by filter.
   *  Instances EC2 does not know are absent from the answer. */
  read(ask: {
    readonly nodes: { readonly ids: readonly NodeId[] } | { readonly ofCluster: string };
    readonly vpcIds: readonly string[];
  }): Promise<Answer<World>>;
  /** Creates an unattached ENI with `addresses` secondary addresses and our tags. The same `token` and content again
   *  returns the same ENI. */
  createEni(ask: NewEni): Promise<Answer<EniId>>;
  /** Returns the attachment id. */
  attachEni(ask: {
    readonly eniId: EniId;
    readonly nodeId: NodeId;
    readonly deviceIndex: number;
  }): Promise<Answer<string>>;
  /** Makes the ENI go away with its instance. Attaching cannot say so (EC2 API reference, AttachNetworkInterface). */
  deleteOnTermination(eniId: EniId, attachmentId: string): Promise<Answer<void>>;
  /** Adds `addresses` secondary addresses. Has no token: after an uncertain answer look before asking again. */
  assign(eniId: EniId, addresses: number): Promise<Answer<void>>;
  /** ENIs with our tag of these clusters, attached or not. */
  ownEnis(clusters: readonly string[]): Promise<Answer<readonly OwnEni[]>>;
  /** Deletes an unattached ENI of ours. Deleting one that is gone succeeds. */
  deleteEni(eniId: EniId): Promise<Answer<void>>;
}

export interface NewEni {
  readonly subnetId: SubnetId;
  readonly groupIds: readonly string[];
  readonly addresses: number;
  /** At most 64 ASCII characters. */
  readonly token: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly description: string;
}

export interface OwnEni {
  readonly id: EniId;
  readonly cluster: string;
  readonly nodeId: NodeId | undefined;
  readonly attached: boolean;
}

export interface Clusters {
  /** Read at most once a minute and environment; `undefined` when EKS does not know the name. */
  describe(name: string): Promise<Answer<Cluster | undefined>>;
}

/** Shared request allowance for EC2. Never sleeps; running out is an answer. */
export interface Budget {
  /** Grants the longest run of `asks` from the first on, by one conditional write. What is not urgent leaves a part `keep`
   *  (0 to 1) of each bucket to what is. */
  spend(
    asks: readonly Calls[],
    keep?: number,
  ): Promise<{ readonly granted: number; readonly waitMs: number }>;
  /** Somebody saw a throttle: halve that action's pace for everybody. */
  throttled(action: MutatingAction): Promise<void>;
}

/** What we promised and did for one node; the ledger forgets it at `expiresAtMs`. */
export interface NodeRecord {
  readonly nodeId: NodeId;
  readonly cluster: string;
  readonly nodeGroup: string;
  /** Pods claimed from open demand; `undefined` until decided. */
  readonly share?: number;
  /** ENIs created for it. */
  readonly enis: readonly MadeEni[];
  readonly runningAtMs?: number;
  readonly outcome: Outcome;
  readonly expiresAtMs: number;
}

/** How far a node got: `claimed` → `created` → `attached` → `seen` (ipamd's tag is on our ENI); or how it ended. */
export type Outcome =
  | {
      readonly state:
        | 'claimed'
        | 'created'
        | 'attached'
        | 'seen'
        | 'late attach'
        | 'not seen'
        | 'would attach';
    }
  | { readonly state: 'left'; readonly reason: LeaveReason };

export interface Ledger {
  /** Remembers demand for nodes to come; the same id again changes nothing. */
  announce(demand: OpenDemand): Promise<void>;
  /** Demand of a cluster that has not expired. */
  openDemand(cluster: string, nowMs: number): Promise<readonly OpenDemand[]>;
  /** Writes the claimed demand if nobody else wrote since it was read; `false` when somebody did: read again. */
  claim(demand: OpenDemand): Promise<boolean>;
  /** Takes the lease of each node that nobody else holds; returns those it got, with what the ledger knows of them. */
  lease(
    nodes: readonly { readonly nodeId: NodeId; readonly cluster: string; readonly nodeGroup: string }[],
    owner: string,
    untilMs: number,
    nowMs: number,
  ): Promise<ReadonlyMap<NodeId, NodeRecord>>;
  /** Writes records back and gives their leases up. A record whose lease somebody else took since is not written. */
  release(records: readonly NodeRecord[], owner: string): Promise<void>;
  /** Looks records up without a lease. */
  nodes(ids: readonly NodeId[]): Promise<ReadonlyMap<NodeId, NodeRecord>>;
  /** When each node of the cluster last changed, as far as we saw. */
  sights(cluster: string): Promise<ReadonlyMap<NodeId, Sight>>;
  saw(cluster: string, sights: ReadonlyMap<NodeId, Sight>): Promise<void>;
  /** Unattached ENIs of ours that earlier sweeps saw, with the time of the first sight, epoch ms. */
  suspects(cluster: string): Promise<ReadonlyMap<EniId, number>>;
  suspect(cluster: string, firstSeenMs: ReadonlyMap<EniId, number>): Promise<void>;
}

/** Work that must wait goes back on the queue; nobody sleeps in a billed function. */
export interface Continuations {
  /** Delivers each signal again after `delayMs` (at most 15 minutes), with its attempt counted up by the caller. */
  later(
    signals: readonly { readonly signal: Exclude<Signal, { kind: 'asked' }>; readonly delayMs: number }[],
  ): Promise<void>;
}

/** One line per fact: what was decided or done, for which node or cluster, and why. */
export interface Journal {
  note(what: string, facts: Readonly<Record<string, unknown>>): void;
  warn(what: string, facts: Readonly<Record<string, unknown>>): void;
}

/** `observe` records what it would have done and changes nothing; `warm` acts. */
export type Mode = 'observe' | 'warm';

export interface Settings {
  readonly clusters: readonly { readonly name: string; readonly mode: Mode }[];
  readonly policy: Policy;
}

export interface Ports {
  readonly clock: Clock;
  readonly vpc: Vpc;
  readonly clusters: Clusters;
  readonly budget: Budget;
  readonly ledger: Ledger;
  readonly continuations: Continuations;
  readonly journal: Journal;
  readonly settings: Settings;
  /** A fresh name for this run, used as the lease's owner. */
  readonly runId: () => string;
}
