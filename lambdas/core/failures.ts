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
  /** The kill switch is on: nothing was sent. */
  | 'stopped'
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

/** What we do about a kind of failure. Source: EC2 Developer Guide, error codes, request throttling, eventual consistency. */
export interface Reaction {
  /** Asked again after `afterMs` + random × min(capMs, baseMs × 2^n), n counting the tries of this kind for this node:
   *  full jitter, so that nobody retries in step. Absent: asking again cannot help. */
  readonly again?: {
    readonly afterMs: number;
    readonly baseMs: number;
    readonly capMs: number;
    readonly tries: number;
  };
  /** What is left alone besides the call: that node for this plan; or the subnet, or the whole zone, for minutes. */
  readonly stops: 'nothing' | 'node' | 'subnet' | 'zone';
  /** Whether it speaks against EC2 or against ourselves, so that many of them open the circuit. What tells us something
   *  about the world (a full subnet, a lost race) does not, and throttles have the budget. */
  readonly trouble: boolean;
  /** One sentence for people; docs/failures.md holds them all. */
  readonly says: string;
}

const SOON = { afterMs: 0, baseMs: 1_000, capMs: 1_000 } as const;
const GROWING = { afterMs: 0, baseMs: 1_000, capMs: 20_000 } as const;

export const REACTIONS: Readonly<Record<FailureKind, Reaction>> = {
  throttled: {
    again: { ...GROWING, tries: 8 },
    stops: 'nothing',
    trouble: false,
    says: 'the shared rate of that action is halved for everybody, then the call waits for its turn',
  },
  uncertain: {
    // Reads may lag behind the call by seconds: a look before that would show the state without it.
    again: { afterMs: 15_000, baseMs: 1_000, capMs: 20_000, tries: 5 },
    stops: 'nothing',
    trouble: true,
    says: 'EC2 is read again once it must show the call, and asked for the difference',
  },
  transient: {
    again: { ...GROWING, tries: 5 },
    stops: 'nothing',
    trouble: true,
    says: 'the call is made again',
  },
  'subnet-full': {
    again: { ...SOON, tries: 3 },
    stops: 'subnet',
    trouble: false,
    says: 'the subnet is left alone for 2, then 3, then 10 minutes; another one is used if the CNI may use one, else the node is reported',
  },
  'no-prefix-block': {
    again: { ...SOON, tries: 3 },
    stops: 'subnet',
    trouble: false,
    says: 'as a full subnet',
  },
  'interface-full': {
    again: { afterMs: 1_000, baseMs: 1_000, capMs: 1_000, tries: 2 },
    stops: 'nothing',
    trouble: false,
    says: 'what we knew of the interface was old: EC2 is read again, and what is still missing is planned anew',
  },
  'slots-full': {
    stops: 'node',
    trouble: false,
    says: 'somebody else took the slot: the node is left, the interface made for it is deleted by the sweep',
  },
  'node-gone': { stops: 'node', trouble: false, says: 'the node is left' },
  'node-not-ready': {
    again: { afterMs: 0, baseMs: 1_000, capMs: 8_000, tries: 5 },
    stops: 'nothing',
    trouble: false,
    says: 'the call is made again once the instance or the interface may be ready for it',
  },
  conflict: {
    again: { ...SOON, tries: 1 },
    stops: 'nothing',
    trouble: false,
    says: 'EC2 is read again and the next free device index is tried, once; then the node is left',
  },
  'not-allowed': {
    // A right that rests on a tag may be refused until the tag is visible.
    again: { afterMs: 5_000, baseMs: 1_000, capMs: 1_000, tries: 1 },
    stops: 'node',
    trouble: true,
    says: 'tried once more some seconds later, because a tag may not have been visible yet; then the node is left and an alarm says which right is missing',
  },
  quota: {
    stops: 'zone',
    trouble: false,
    says: 'no interface is created in that zone for 2, then 3, then 10 minutes, and an alarm says so; present ones are still filled',
  },
  stopped: {
    stops: 'node',
    trouble: false,
    says: 'nothing is sent while policy.stopped is true; a rollout looks again every minute, a launch is left, and planned anew by the sweep if it still launches',
  },
  unexpected: {
    stops: 'node',
    trouble: true,
    says: 'the node is left, and the journal has the code and the message',
  },
};

/** How long to wait before asking again after the `tries`-th failure of this kind (from 0), in ms; `undefined` when asking
 *  again cannot help, or was done often enough. */
export function waitAfter(kind: FailureKind, tries: number, random: () => number): number | undefined {
  const { again } = REACTIONS[kind];
  if (again === undefined || tries >= again.tries) return undefined;
  return again.afterMs + Math.round(random() * Math.min(again.capMs, again.baseMs * 2 ** tries));
}

/** Whether it may pass by itself. */
export const passes = (kind: FailureKind): boolean => REACTIONS[kind].again !== undefined;
