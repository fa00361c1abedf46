/** What we allow ourselves of EC2's request rate, and requests counted by action. */
import { EC2_BUCKETS, type MutatingAction, type RequestBucket } from '../limits.ts';
import type { Policy } from '../policy.ts';

/** Requests by action. */
export type Calls = Partial<Readonly<Record<MutatingAction, number>>>;

export const entries = (calls: Calls): [MutatingAction, number][] =>
  (Object.entries(calls) as [MutatingAction, number][]).filter(([, count]) => count > 0);

export const sumOf = (calls: Calls): number => entries(calls).reduce((sum, [, count]) => sum + count, 0);

/** The bucket we spend from: size in requests, refill in requests per second. */
export type Allowance = (action: MutatingAction) => RequestBucket;

/** What of the policy rules the rate. Read anew at each call: a policy changes while functions live. */
export type Rate = Pick<Policy, 'budgetShare' | 'buckets' | 'budgetStacks'>;

/** Our share of AWS's bucket, of the size AWS documents unless the account has another. */
export function allowanceOf({ budgetShare, buckets }: Omit<Rate, 'budgetStacks'>): Allowance {
  return (action) => {
    const { size, perSecond } = buckets[action] ?? EC2_BUCKETS[action];
    return { size: size * budgetShare, perSecond: perSecond * budgetShare };
  };
}

/** The time in which the refill alone brings `calls`, in ms. */
export function gatherMs(calls: Calls, allowance: Allowance): number {
  const seconds = entries(calls).map(([action, count]) => count / allowance(action).perSecond);
  return Math.max(0, ...seconds) * 1000;
}

/** The time the buckets alone need for `calls`, from full, in ms: the floor of any plan. */
export function floorMs(calls: Calls, budgetShare: number, buckets: Rate['buckets'] = {}): number {
  const allowance = allowanceOf({ budgetShare, buckets });
  const beyond = entries(calls).map(([action, count]) => [action, count - allowance(action).size]);
  return gatherMs(Object.fromEntries(beyond), allowance);
}
