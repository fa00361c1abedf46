/**
 * EC2's request allowance: one token bucket per account, Region and action, shared by every caller.
 * Source of all figures: EC2 Developer Guide, request throttling for the EC2 API.
 */
import type { Ec2Action, Ec2Actions, PageRequest } from './api.ts';

export interface Bucket {
  /** Requests that fit. */
  readonly size: number;
  /** Requests that come back each second. */
  readonly perSecond: number;
}

export type Buckets = Readonly<Record<Ec2Action | 'unfilteredDescribe', Bucket>>;

const READS: Bucket = { size: 100, perSecond: 20 };
const LISTED: Bucket = { size: 100, perSecond: 5 };
const MUTATING: Bucket = { size: 50, perSecond: 5 };
const RARE: Bucket = { size: 5, perSecond: 1 };

export const DOCUMENTED_BUCKETS: Buckets = {
  DescribeInstances: READS,
  DescribeSubnets: READS,
  DescribeNetworkInterfaces: READS,
  DescribeInstanceTypes: READS,
  CreateNetworkInterface: LISTED,
  AttachNetworkInterface: MUTATING,
  ModifyNetworkInterfaceAttribute: LISTED,
  AssignPrivateIpAddresses: LISTED,
  UnassignPrivateIpAddresses: LISTED,
  DetachNetworkInterface: MUTATING,
  DeleteNetworkInterface: LISTED,
  CreateSubnetCidrReservation: RARE,
  GetSubnetCidrReservations: READS,
  DeleteSubnetCidrReservation: RARE,
  CreateTags: { size: 100, perSecond: 10 },
  /** DescribeInstances and DescribeNetworkInterfaces asked with neither filter nor page size: one bucket for each. */
  unfilteredDescribe: { size: 50, perSecond: 10 },
};

export class RequestBuckets {
  readonly #sizes: Buckets;
  readonly #levels = new Map<string, { tokens: number; atMs: number }>();

  constructor(sizes: Buckets) {
    this.#sizes = sizes;
  }

  /** Takes one token for this request at `nowMs`; false when the bucket is empty. */
  take<A extends Ec2Action>(action: A, input: Ec2Actions[A]['input'], nowMs: number): boolean {
    const unfiltered = isUnfiltered(action, input as PageRequest);
    const { size, perSecond } = this.#sizes[unfiltered ? 'unfilteredDescribe' : action];
    const name = unfiltered ? `${action} unfiltered` : action;
    const level = this.#levels.get(name) ?? { tokens: size, atMs: nowMs };
    level.tokens = Math.min(size, level.tokens + ((nowMs - level.atMs) / 1000) * perSecond);
    level.atMs = nowMs;
    this.#levels.set(name, level);
    if (level.tokens < 1) return false;
    level.tokens -= 1;
    return true;
  }
}

function isUnfiltered(action: Ec2Action, input: PageRequest): boolean {
  if (action !== 'DescribeInstances' && action !== 'DescribeNetworkInterfaces') return false;
  return (
    (input.filters ?? []).length === 0 && input.maxResults === undefined && input.nextToken === undefined
  );
}
