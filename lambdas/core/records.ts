/** What the ledger keeps of each node. */
import type { FailureKind } from './failures.ts';
import { type EniId, type Node, type NodeId, nodeGroupOf, type SubnetId } from './model.ts';
import type { LeaveReason } from './plan/steps.ts';

/** How long the ledger remembers what was done for a node, ms. */
export const RECORD_TTL_MS = 3_600_000;

/** What we promised and did for one node; the ledger forgets it at `expiresAtMs`. */
export interface NodeRecord {
  readonly nodeId: NodeId;
  readonly cluster: string;
  readonly nodeGroup: string;
  /** Announced pods it must be ready for; `undefined` until decided. */
  readonly share?: number;
  /** ENIs made for it, or about to be: written before the call that makes them. */
  readonly enis: readonly PromisedEni[];
  /** Addresses being added to ENIs it has: written before the call. */
  readonly fills?: readonly PromisedFill[];
  /** How often what failed for one purpose (a demand's id, `launch`), so that each kind is tried its number of times. */
  readonly failures?: {
    readonly of: string;
    readonly counts: Partial<Readonly<Record<FailureKind, number>>>;
  };
  /** How many ENIs promised for it were given up: later ones have other tokens. */
  readonly generation?: number;
  readonly runningAtMs?: number;
  readonly outcome: Outcome;
  /** When what happened, epoch ms. */
  readonly times?: Times;
  /** How long the CNI surely keeps what it was given once it has adopted it, ms, if no pod comes; absent: for good. */
  readonly keptForMs?: number;
  /** It was given its addresses behind a closed launch gate: none of them can be late. */
  readonly gated?: true;
  readonly expiresAtMs: number;
}

export interface Times {
  /** The last attach of ours was answered. */
  readonly attachedAtMs?: number;
  /** A look still found no tag of ipamd on the primary ENI. */
  readonly notStartedAtMs?: number;
  /** The first look that found it. */
  readonly startedByMs?: number;
  /** The first look that found ipamd's tag on all our ENIs. */
  readonly seenByMs?: number;
  /** From when on its addresses are presumed usable: some seconds after they were seen; for addresses on ENIs that were
   *  there, whose adoption leaves no trace in EC2, the worst case of adoption after the call. */
  readonly usableFromMs?: number;
  /** Until when the CNI surely keeps all of it, pods or none; absent: for good. */
  readonly keptUntilMs?: number;
}

/** How far a node got: `claimed` → `created` → `attached` → `seen` (ipamd's tag is on our ENI) → `adopted`
 *  (with the lens: a pod uses it); or how it ended. */
export type Outcome =
  | {
      readonly state:
        | 'claimed'
        | 'created'
        | 'attached'
        /** Addresses were added to ENIs it had: their adoption leaves no trace in EC2. */
        | 'filled'
        | 'seen'
        /** The lens saw a pod use an address of ours. */
        | 'adopted'
        | 'late attach'
        | 'not seen'
        | 'would attach';
    }
  | { readonly state: 'left'; readonly reason: LeaveReason };

/** An ENI that was made for a node, or may have been: without `eniId` its create was about to be sent, or its reply was
 *  lost. The same token brings the same ENI back. */
export interface PromisedEni {
  readonly eniId?: EniId;
  readonly deviceIndex: number;
  readonly addresses: number;
  readonly subnetId: SubnetId;
  readonly token: string;
  /** Since when it has been promised, epoch ms. */
  readonly sinceMs: number;
  readonly demandId?: string;
  /** Its attach was granted with its create, and has not been sent. */
  readonly paid?: boolean;
  /** When its attach was sent; reads may not show it for a while. */
  readonly attachedAtMs?: number;
  /** Set when that attach was written down, before it was sent; removed once its answer came. Still there: its run is waiting, or
   *  died. */
  readonly unheard?: boolean;
}

/** When the last attach of ours was answered; or when it was sent, where its run died before it could say so. */
export const attachedAtMsOf = ({ times, enis }: NodeRecord): number | undefined =>
  times?.attachedAtMs ??
  enis.reduce<number | undefined>(
    (latest, { unheard, attachedAtMs }) =>
      unheard === true && attachedAtMs !== undefined ? Math.max(latest ?? 0, attachedAtMs) : latest,
    undefined,
  );

/** A fill that was about to be sent, or was answered a moment ago. */
export interface PromisedFill {
  readonly eniId: EniId;
  /** Secondary addresses the ENI has after it. */
  readonly to: number;
  readonly atMs: number;
}

/** A node nobody has done anything for yet. */
export const freshRecord = (
  { nodeId, cluster, nodeGroup }: Pick<NodeRecord, 'nodeId' | 'cluster' | 'nodeGroup'>,
  nowMs: number,
): NodeRecord => ({
  nodeId,
  cluster,
  nodeGroup,
  enis: [],
  outcome: { state: 'claimed' },
  expiresAtMs: nowMs + RECORD_TTL_MS,
});

/** What a lease is asked for. */
export interface Leasing {
  readonly nodeId: NodeId;
  readonly cluster: string;
  readonly nodeGroup: string;
}

/** When the record was last written, epoch ms. */
export const writtenAtMs = ({ expiresAtMs }: NodeRecord): number => expiresAtMs - RECORD_TTL_MS;

export const leasingOf = ({ id: nodeId, tags }: Node, cluster: string): Leasing => ({
  nodeId,
  cluster,
  nodeGroup: nodeGroupOf(tags),
});
