/** What we allow ourselves of EC2's request rate. */
import { EC2_BUCKETS, type RequestBucket } from '../limits.ts';
import type { Policy } from '../policy.ts';
import { shareOf } from './lanes.ts';
import { type Asked, type Calls, entries, type Metered, partsOf } from './metered.ts';

/** The bucket we spend from: size in requests, refill in requests per second. */
export type Allowance = (name: Metered) => RequestBucket;

/** What of the policy rules the rate. Read anew at each call: a policy changes while functions live. */
export type Rate = Pick<Policy, 'budgetShare' | 'buckets' | 'budgetStacks'> &
  Partial<Pick<Policy, 'clusters'>>;

/** Our share of AWS's bucket, of the size AWS documents unless the account has another; a lane is never wider than that. */
export function allowanceOf({ budgetShare, buckets, clusters = {} }: Omit<Rate, 'budgetStacks'>): Allowance {
  return (name) => {
    const { action, lane } = partsOf(name);
    const { size, perSecond } = buckets[action] ?? EC2_BUCKETS[action];
    const own = lane === undefined ? undefined : shareOf(clusters, lane);
    const share = Math.min(budgetShare, own ?? budgetShare);
    return { size: size * share, perSecond: perSecond * share };
  };
}

/** The time in which the refill alone brings `calls`, in ms. */
export function gatherMs(calls: Asked, allowance: Allowance): number {
  const seconds = entries(calls).map(([action, count]) => count / allowance(action).perSecond);
  return Math.max(0, ...seconds) * 1000;
}

/** The time the buckets alone need for `calls`, from full, in ms: the floor of any plan. */
export function floorMs(calls: Calls, budgetShare: number, buckets: Rate['buckets'] = {}): number {
  const allowance = allowanceOf({ budgetShare, buckets });
  const beyond = entries(calls).map(([action, count]) => [action, count - allowance(action).size]);
  return gatherMs(Object.fromEntries(beyond), allowance);
}
