/** What a plan is made of. Every step and every node left alone carries its reason, so that the journal, the tests and
 *  the person who asks read the same sentence. */
import type { Calls } from '../budget/metered.ts';
import type { EniId, NodeId, SubnetId } from '../model.ts';

/** How full a new ENI is: no secondary address, some, or all it can hold. */
export type Shape = 'skeleton' | 'partial' | 'full';

/** One new ENI on a node. */
export interface AttachStep {
  readonly do: 'attach';
  readonly nodeId: NodeId;
  readonly subnetId: SubnetId;
  readonly deviceIndex: number;
  /** Secondary addresses it comes with. */
  readonly addresses: number;
  readonly shape: Shape;
  readonly groupIds: readonly string[];
  /** Set when an earlier step already created it. */
  readonly eniId?: EniId;
  /** Set when an earlier run wrote down the token of its create. */
  readonly token?: string;
  /** Its attach was granted with its create: the budget is not asked again. */
  readonly paid?: boolean;
  /** Its attach was about to be sent by a run that died: it may stand. */
  readonly unheard?: boolean;
  /** The last moment its attach may be sent, epoch ms: after it ipamd could start without seeing it. */
  readonly attachByMs?: number;
  /** The demand it is for, on a node that already runs. */
  readonly demandId?: string;
  /** A pending instance cannot take an ENI yet: it is only created, and attached once the instance runs. */
  readonly until: 'created' | 'attached';
  /** When the ENI is told to go away with its instance. Nobody's pods wait for that, so in the rush of a launch it is put
   *  off until verification (docs/decisions/0005-finish-later.md). */
  readonly finish: 'at once' | 'later';
  readonly because: string;
}

/** Addresses on an ENI that is already there. */
export interface FillStep {
  readonly do: 'fill';
  readonly nodeId: NodeId;
  readonly eniId: EniId;
  readonly subnetId: SubnetId;
  readonly addresses: number;
  readonly because: string;
}

/** An ENI of ours that was attached, but not yet told to go away with its instance: what a killed run left half done. */
export interface FinishStep {
  readonly do: 'finish';
  readonly nodeId: NodeId;
  readonly eniId: EniId;
  readonly attachmentId: string;
  readonly because: string;
}

/** A setting that would help more than we can. */
export interface AdviseStep {
  readonly do: 'advise';
  readonly setting: string;
  readonly because: string;
}

/** A node left alone. */
export interface LeaveStep {
  readonly do: 'leave';
  readonly nodeId: NodeId;
  readonly reason: LeaveReason;
  readonly because: string;
}

export type Step = AttachStep | FillStep | FinishStep | AdviseStep | LeaveStep;
/** Steps that call EC2. */
export type ActStep = AttachStep | FillStep | FinishStep;

export type LeaveReason =
  | 'already warm'
  | 'no demand'
  | 'no slots'
  | 'subnet full'
  | 'max pods'
  | 'too late'
  | 'over budget'
  | 'mode keeps nothing'
  | 'not quiet'
  | 'shape not wanted'
  | 'unknown instance type'
  | 'unknown CNI settings'
  | 'provisioning disabled'
  | 'custom networking'
  | 'untagged ENIs unmanaged'
  | 'Auto Mode'
  | 'Windows'
  | 'IPv6'
  | 'not a live node'
  | 'circuit open'
  | 'stopped'
  | 'quota reached'
  | 'not allowed'
  | 'call failed';

export interface Plan {
  readonly cluster: string;
  readonly steps: readonly Step[];
  readonly totals: Totals;
  /** Node groups for which this was only decided, though their cluster is warm, each with the reason. */
  readonly observed?: Readonly<Record<string, string>>;
}

export interface Totals {
  readonly calls: Calls;
  /** Addresses taken from subnets: the ENIs' own included. */
  readonly addresses: number;
  readonly nodesWarmed: number;
  readonly nodesLeft: Partial<Readonly<Record<LeaveReason, number>>>;
}

export const acts = (step: Step): step is ActStep =>
  step.do === 'attach' || step.do === 'fill' || step.do === 'finish';

/** EC2 calls a step still needs. Three per ENI and one per fill is the floor. Where the third is put off, its place is taken
 *  by the ModifyNetworkInterfaceAttribute that ipamd's start sends for each ENI it finds, to write its security groups
 *  (amazon-vpc-cni-k8s v1.23.1, nodeInit): the same bucket pays for it in the same minute. A create while the instance is
 *  pending asks for its attach as well: what could not be attached in time is not made. */
export function callsOf(step: ActStep): Calls {
  if (step.do === 'fill') return { AssignPrivateIpAddresses: 1 };
  if (step.do === 'finish') return { ModifyNetworkInterfaceAttribute: 1 };
  const create = step.eniId === undefined ? { CreateNetworkInterface: 1 } : {};
  const made = step.until === 'created' && step.eniId !== undefined;
  return step.paid || made
    ? create
    : { ...create, AttachNetworkInterface: 1, ModifyNetworkInterfaceAttribute: 1 };
}

export function sumCalls(all: readonly Calls[]): Calls {
  const sum: Record<string, number> = {};
  for (const calls of all)
    for (const [action, count] of Object.entries(calls)) sum[action] = (sum[action] ?? 0) + count;
  return sum as Calls;
}

/** Addresses a step takes from its subnet: a new ENI costs one for itself. */
export function addressesOf(step: ActStep): number {
  if (step.do === 'fill') return step.addresses;
  if (step.do === 'finish') return 0;
  return step.eniId === undefined ? step.addresses + 1 : 0;
}

export function totalsOf(steps: readonly Step[]): Totals {
  const doing = steps.filter(acts);
  const nodesLeft: Partial<Record<LeaveReason, number>> = {};
  for (const step of steps)
    if (step.do === 'leave') nodesLeft[step.reason] = (nodesLeft[step.reason] ?? 0) + 1;
  return {
    calls: sumCalls(doing.map(callsOf)),
    addresses: doing.reduce((sum, step) => sum + addressesOf(step), 0),
    nodesWarmed: new Set(doing.map((step) => step.nodeId)).size,
    nodesLeft,
  };
}
