/**
 * Node start: everything between the process coming up and ipamd serving. What is attached by then is adopted at once.
 * Source: amazon-vpc-cni-k8s v1.23.1, nodeInit.
 */
import type { Process } from '../kernel.ts';
import type { Daemon } from './daemon.ts';
import { describeAll, managedOf, noteUnmanaged, setUp, tagEni } from './enis.ts';
import { grow, poolOf } from './growth.ts';
import { isTooLow } from './pool.ts';
import { unassign } from './release.ts';
import { attempt } from './sdk.ts';

/** Tries to set up one ENI, and the pause between them. */
const SET_UP_TRIES = 6;
const SET_UP_PAUSE_MS = 10_000;

/** `assignments` are read from the checkpoint when it is their turn. False when the start failed for good: the process ends and its container is started again. */
export function* startNode(d: Daemon, assignments: () => ReadonlyMap<string, string>): Process<boolean> {
  const known = yield* attempt(describeAll(d));
  if (!known.ok) return false;
  noteUnmanaged(d, known.value.tags);
  for (const eni of managedOf(d, known.value.enis)) {
    const tags = known.value.tags.get(eni.id) ?? new Map<string, string>();
    const isTrunk = known.value.trunks.has(eni.id);
    const tagged = isTrunk || d.settings.provisioningDisabled || (yield* tagEni(d, eni.id, tags));
    if (!tagged) return false;
    for (let tries = 1; !(yield* attempt(setUp(d, eni, isTrunk))).ok && tries < SET_UP_TRIES; tries++) {
      yield* d.kernel.sleep(SET_UP_PAUSE_MS);
    }
  }
  d.store.restore(assignments());
  yield* dropUnusable(d);
  if (d.settings.provisioningDisabled) return true;
  yield* refreshGroups(d);
  return yield* firstGrowth(d);
}

/** Addresses on ENIs closed to pods, then CIDRs of the kind this mode does not use; those pods hold stay. */
function* dropUnusable(d: Daemon): Process {
  const { prefixes } = d.settings;
  for (const eni of d.store.enis.copy().walk()) {
    if (eni.excluded) yield* dropKind(d, eni.id, prefixes);
  }
  for (const eni of d.store.enis.copy().walk()) yield* dropKind(d, eni.id, !prefixes);
}

function* dropKind(d: Daemon, eniId: string, prefixes: boolean): Process {
  const given = d.store.unassignedOn(eniId).filter((cidr) => cidr.isPrefix === prefixes);
  for (const { cidr } of given) d.store.deleteCidr(eniId, cidr, false);
  yield* unassign(d, eniId, given, prefixes);
}

/** Copies the primary's security groups to every ENI when they differ from those seen last; after a start they always
 *  do. Refusals are ignored. */
export function* refreshGroups(d: Daemon): Process {
  const groups = d.metadata().find((eni) => eni.id === d.host.primaryEniId)?.groups ?? [];
  const same = groups.length === d.groups.length && groups.every((group) => d.groups.includes(group));
  if (same) return;
  d.groups = [...groups].sort();
  if (d.settings.customNetworking) return;
  for (const eniId of [...d.store.enis.keys()].sort()) {
    if (d.unmanaged.has(eniId)) continue;
    yield* attempt(
      d.sdk.send('ModifyNetworkInterfaceAttribute', { networkInterfaceId: eniId, groups: d.groups }),
    );
  }
}

function* firstGrowth(d: Daemon): Process<boolean> {
  if (!isTooLow(d.settings, poolOf(d), d.host.maxPods)) return true;
  if (!(yield* attempt(grow(d))).ok) return false;
  return !(d.settings.customNetworking && d.store.stats().total === 0);
}
