/**
 * What can go wrong with a call, as values. Adapters turn AWS's codes into these through one table
 * (adapters/ec2-failures.ts); the rest of the code never sees a code. Switch on `kind` without `default`.
 */
import type { NodeId, SubnetId } from './model.ts';

export type FailureKind =
  /** The request bucket is empty: wait, and slow that action down for everybody. */
  | 'throttled'
  /** The reply was lost: the call may have happened. Look, then ask for the difference. */
  | 'uncertain'
  /** Nothing happened, for a reason that passes by itself. */
  | 'transient'
  /** No free addresses in the subnet: leave it alone for minutes, try another. */
  | 'subnet-full'
  /** No free aligned /28 in the subnet. */
  | 'no-prefix-block'
  /** The ENI already holds all addresses it can: our view was stale. */
  | 'interface-full'
  /** The node already has all its ENIs: somebody else took the slot. */
  | 'slots-full'
  /** The instance, or the ENI on it, is no more. */
  | 'node-gone'
  /** The instance or ENI is in a state that does not allow it yet. */
  | 'node-not-ready'
  /** Somebody else changed the thing we meant: read again. */
  | 'conflict'
  /** Our role may not do this. */
  | 'not-allowed'
  /** An account quota, not the subnet or the node, is exhausted. */
  | 'quota'
  /** Anything else: a defect of ours, or something AWS has not documented. */
  | 'unexpected';

export interface Failure {
  readonly kind: FailureKind;
  /** AWS's code, for the journal only. */
  readonly code: string;
  readonly message: string;
  readonly nodeId?: NodeId;
  readonly subnetId?: SubnetId;
}

/** An answer that may be a failure. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

export const succeeded = <T>(value: T): Answer<T> => ({ ok: true, value });
export const failed = (failure: Failure): { ok: false; failure: Failure } => ({ ok: false, failure });

/** How long to leave a thing alone before asking again, in ms; `undefined` when asking again cannot help.
 *  Source: EC2 Developer Guide, request throttling (exponential backoff from one second) and eventual consistency. */
export function waitAfter(kind: FailureKind): number | undefined {
  switch (kind) {
    case 'throttled':
      return 2_000;
    case 'uncertain':
    case 'transient':
    case 'node-not-ready':
    case 'conflict':
      return 1_000;
    case 'subnet-full':
    case 'no-prefix-block':
    case 'quota':
    case 'interface-full':
    case 'slots-full':
    case 'node-gone':
    case 'not-allowed':
    case 'unexpected':
      return undefined;
  }
}
