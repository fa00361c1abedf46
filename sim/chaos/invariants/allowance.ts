/** Requests: only what was granted is sent, and no more is granted than our share of EC2's buckets. */

import { EC2_BUCKETS, type MutatingAction } from '../../../lambdas/core/limits.ts';
import type { Invariant } from './invariant.ts';

/** Clocks of functions differ by this much at most (issue: budget under contention). */
const CLOCKS_APART_S = 2;

export const GRANTED: Invariant = {
  name: 'granted',
  says: 'Every mutating call was granted by the shared budget: no run sends more than it was granted, but for what finishes an interface, which may be granted with its create.',
  sends: ({ action, invocation }, book) => {
    if (invocation === undefined) return `${action} by nobody's run`;
    const missing = (by: (one: { readonly invocation: unknown }) => boolean): string | undefined => {
      const granted = book.grants.filter(by).reduce((sum, { calls }) => sum + (calls[action] ?? 0), 0);
      const sent = book.sent.filter((one) => by(one) && one.action === action).length;
      return sent < granted
        ? undefined
        : `${action} number ${sent + 1} of ${invocation.name}, ${granted} granted`;
    };
    // The run that made an interface may have been granted all its calls, which a later run sends.
    const later = action === 'AttachNetworkInterface' || action === 'ModifyNetworkInterfaceAttribute';
    return later ? missing(() => true) : missing((one) => one.invocation === invocation);
  },
};

export const WITHIN_BUDGET: Invariant = {
  name: 'within-budget',
  says: 'In no window is more granted than our share of the bucket and of what refills in it, clocks 2 s apart.',
  granted: ({ atMs, calls }, book) => {
    for (const action of Object.keys(calls) as MutatingAction[]) {
      if ((calls[action] ?? 0) === 0) continue;
      const { size, perSecond } = EC2_BUCKETS[action];
      let sum = 0;
      for (const grant of book.grants.toReversed()) {
        sum += grant.calls[action] ?? 0;
        const windowS = (atMs - grant.atMs) / 1000;
        const most = book.share * (size + (windowS + CLOCKS_APART_S) * perSecond);
        if (sum > most) return `${sum} ${action} granted within ${windowS} s, ${most} at most`;
      }
    }
    return undefined;
  },
};
