/** Whose turn it is: one run at a time for a node, with its lease, in time, and not while everything is stopped. */
import { IPAMD_INSTANCE_TAG, OUR_DEMAND_TAG, primaryEni } from '../../../lambdas/core/model.ts';
import { DEFAULT_POLICY } from '../../../lambdas/core/policy.ts';
import type { Sent } from '../book.ts';
import type { Invariant } from './invariant.ts';

/** A decision may be this old when its call leaves: the create before an attach takes up to 1.5 s (latencies.ts). */
const GUARD_SLACK_MS = 1_600;
/** A run may know the policy as it was so long ago (ports.ts: at most a few seconds). */
const STOPS_WITHIN_MS = 10_000;

export const ONE_AT_A_TIME: Invariant = {
  name: 'one-at-a-time',
  says: 'Two runs never change the same node at the same time.',
  sends: (call, book) => {
    if (call.nodeId === undefined) return undefined;
    const other = book.sent.find(
      (one) =>
        one.nodeId === call.nodeId &&
        one.invocation !== call.invocation &&
        one.endMs === undefined &&
        one.invocation?.dead !== true,
    );
    return other === undefined
      ? undefined
      : `${call.action} on ${call.nodeId} by ${runOf(call)} while ${other.action} by ${runOf(other)} is under way`;
  },
};

const runOf = ({ invocation }: Sent): string =>
  `${invocation?.name ?? 'nobody'} ${invocation?.id ?? ''}`.trim();

export const LEASED: Invariant = {
  name: 'leased',
  says: 'No call that changes a node leaves without the lease of that node, held by the run that sends it.',
  sends: (call, book) => {
    const { nodeId, action, invocation } = call;
    if (nodeId === undefined) return undefined;
    const lease = book.leases.get(nodeId);
    if (lease === undefined) return `${action} on ${nodeId} by ${runOf(call)}: nobody holds its lease`;
    if (lease.invocation !== invocation)
      return `${action} on ${nodeId} by ${runOf(call)}: ${lease.invocation?.name} ${lease.invocation?.id} holds its lease`;
    return lease.untilMs > book.nowMs
      ? undefined
      : `${action} on ${nodeId} by ${runOf(call)}: its lease ran out ${(book.nowMs - lease.untilMs) / 1000} s ago`;
  },
};

export const GUARD: Invariant = {
  name: 'guard',
  says: 'An attach to a node that is starting leaves only while ipamd’s start cannot miss it, and never once ipamd’s tag was read.',
  sends: (call, book) => {
    const { action, nodeId, eniId = '' } = call;
    if (action !== 'AttachNetworkInterface' || nodeId === undefined) return undefined;
    const eni = book.world.account.eni(eniId);
    if (eni === undefined || eni.tags.has(OUR_DEMAND_TAG)) return undefined;
    // Nobody fights an interface that comes late there.
    if (book.allocatesNothing(nodeId)) return undefined;
    const known = book.readOf(call.invocation, nodeId);
    if (known === undefined) return `attach to ${nodeId}, which this run has not read`;
    if (primaryEni(known.node)?.tags[IPAMD_INSTANCE_TAG] !== undefined)
      return `attach to ${nodeId}: ipamd's tag was on its primary interface when this run read it`;
    const runningAtMs = book.runningAtMs.get(nodeId);
    if (runningAtMs === undefined) return undefined;
    const { startP05Ms, attachP95Ms, imdsP95Ms } = DEFAULT_POLICY;
    const lateByMs = book.nowMs - (runningAtMs + startP05Ms - attachP95Ms - imdsP95Ms);
    return lateByMs > GUARD_SLACK_MS
      ? `attach to ${nodeId} leaves ${(book.nowMs - runningAtMs) / 1000} s after it began to run, ${lateByMs / 1000} s too late`
      : undefined;
  },
};

export const STOPS: Invariant = {
  name: 'stops',
  says: 'No mutating call leaves later than 10 s after the kill switch was flipped.',
  sends: ({ action }, { stoppedAtMs, nowMs }) =>
    stoppedAtMs !== undefined && nowMs - stoppedAtMs > STOPS_WITHIN_MS
      ? `${action} ${(nowMs - stoppedAtMs) / 1000} s after everything was stopped`
      : undefined,
};
