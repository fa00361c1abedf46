/** What would hurt a cluster: an address or an interface in use that goes, a delete of what is not an orphan, a pod left
 *  without an address. */
import { OUR_CLUSTER_TAG, OUR_NODE_TAG } from '../../../lambdas/core/model.ts';
import { DEFAULT_POLICY } from '../../../lambdas/core/policy.ts';
import { PREWARMER } from '../../stage.ts';
import type { Book } from '../book.ts';
import type { Invariant } from './invariant.ts';

/** Younger than this an ENI may still be on its way: no launch takes as long. Told anew here, like the next, so that core's own figure is
 *  judged. */
const ORPHAN_AGE_MS = 300_000;
/** Most deletes of one pass: a defect must not become a clear-out. */
const DELETES_PER_SWEEP = 25;

export const IN_USE: Invariant = {
  name: 'in-use',
  says: 'No address a pod uses ever vanishes from the interfaces of its living node.',
  settled: ({ action, result, caller }, book) => {
    const takes =
      action === 'UnassignPrivateIpAddresses' ||
      action === 'DetachNetworkInterface' ||
      action === 'DeleteNetworkInterface';
    if (!takes || result !== 'ok') return undefined;
    return lostAddress(book, `after ${action} by ${caller}`);
  },
  ends: (book) => lostAddress(book, 'at the end'),
};

function lostAddress(book: Book, when: string): string | undefined {
  for (const [node, pods] of book.inUse) {
    if (node.terminated || pods.size === 0) continue;
    const held = new Set(node.instance.enis.flatMap(({ secondaryIps }) => secondaryIps));
    for (const [pod, ip] of pods)
      if (!held.has(ip)) return `${ip} of ${pod} is gone from ${node.instanceId} ${when}`;
  }
  return undefined;
}

export const NEVER_TAKEN: Invariant = {
  name: 'never-taken',
  says: 'We never unassign an address and never detach an interface.',
  settled: ({ action, caller, eniId }) =>
    caller === PREWARMER && (action === 'UnassignPrivateIpAddresses' || action === 'DetachNetworkInterface')
      ? `${action} of ${eniId}`
      : undefined,
};

export const ORPHANS_ONLY: Invariant = {
  name: 'orphans-only',
  says: 'We delete only interfaces that are ours by tag, unattached for five minutes and seen so by two sweeps, 25 a pass.',
  sends: ({ action, eniId = '', invocation }, book) => {
    if (action !== 'DeleteNetworkInterface') return undefined;
    const eni = book.world.account.eni(eniId);
    if (eni === undefined) return undefined;
    if (!eni.tags.has(OUR_NODE_TAG) || !eni.tags.has(OUR_CLUSTER_TAG)) return `${eniId} is not ours`;
    const sinceMs = book.unattachedSinceMs(eniId);
    if (sinceMs === undefined) return `${eniId} is attached to ${eni.attachment?.instanceId}`;
    const ageMs = book.nowMs - sinceMs;
    if (ageMs < ORPHAN_AGE_MS) return `${eniId} has been unattached for ${ageMs / 1000} s only`;
    const sights = book.unattachedSights.get(eniId) ?? [];
    if (sights.length < 2) return `${eniId} was seen unattached ${sights.length} times`;
    const before = book.sent.filter((sent) => sent.action === action && sent.invocation === invocation);
    return before.length >= DELETES_PER_SWEEP ? `delete ${before.length + 1} of one pass` : undefined;
  },
};

/** Addresses a new interface takes at most, on the types of the histories: with fewer free the call is refused. */
const AN_INTERFACE = 16;

export const PODS_SERVED: Invariant = {
  name: 'pods-served',
  says: 'In the end every living pod has an address, where its node has room and its subnet addresses.',
  ends: (book) => {
    const { world } = book;
    for (const node of world.nodes) {
      if (node.terminated || node.cordoned || !node.ipamd.serving) continue;
      const waiting = node.pods.filter((pod) => pod.alive && pod.gotAddressAtMs === undefined);
      if (waiting.length === 0) continue;
      const reserve = book.allocatesNothing(node.instanceId) ? DEFAULT_POLICY.subnetReserveAddresses : 0;
      if (world.account.subnet(node.subnetId).freeAddresses < reserve + AN_INTERFACE) continue;
      // A stranger's interface takes the slot that max-pods counts on.
      if (foreignEnis(book, node.instanceId) > 0) continue;
      return `${waiting.length} pods on ${node.instanceId} (${node.type}) wait for an address`;
    }
    return undefined;
  },
};

const foreignEnis = (book: Book, nodeId: string): number =>
  book.world.account.instance(nodeId).enis.filter(({ tags }) => tags.has('third-party')).length;

export const LATE_COUNTED: Invariant = {
  name: 'late-counted',
  says: 'Where nobody died, every launching node whose ipamd started without an interface of ours is counted as a late attach.',
  ends: (book) => {
    // A look that comes minutes later finds what ipamd has adopted since.
    if (book.has('kill') || book.has('storeFails')) return undefined;
    const counted = new Set(
      book.stage.journal
        .filter(({ what }) => what === 'verified')
        .flatMap(({ facts }) => facts['lateAttach'] as readonly string[]),
    );
    for (const [nodeId, eniId] of book.missedByStart)
      if (!counted.has(nodeId) && !book.terminatedAtMs.has(nodeId) && !book.allocatesNothing(nodeId))
        return `ipamd of ${nodeId} started without ${eniId}, and nobody counted it`;
    return undefined;
  },
};
