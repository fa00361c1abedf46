/**
 * Comparing the store with the world, when nothing happened for more than a minute: instance metadata first, EC2 only
 * where the two differ. Source: amazon-vpc-cni-k8s v1.23.1, nodeIPPoolReconcile.
 */
import type { MetadataEni } from '../ec2/instance-metadata.ts';
import type { Process } from '../kernel.ts';
import type { Daemon } from './daemon.ts';
import { describeAll, type KnownEnis, managedOf, noteUnmanaged, setUp, tagEni } from './enis.ts';
import { attempt } from './sdk.ts';

/** nodeIPPoolReconcileInterval; due strictly later. */
const INTERVAL_MS = 60_000;

export function* reconcile(d: Daemon): Process {
  const awaitsTrunk = d.settings.podEni && !d.store.hasTrunk();
  if (d.nowMs - d.lastActionMs <= INTERVAL_MS && !awaitsTrunk) return;
  let attached = managedOf(d, d.metadata());
  const gone = new Set(d.store.enis.keys());
  let tags: KnownEnis['tags'] = new Map();
  let trunks: KnownEnis['trunks'] = new Set();
  if (attached.some((eni) => !d.store.enis.has(eni.id))) {
    const known = yield* attempt(describeAll(d));
    if (!known.ok) return;
    ({ tags, trunks } = known.value);
    noteUnmanaged(d, tags);
    attached = managedOf(d, known.value.enis);
  }
  for (const eni of attached) {
    if (d.store.enis.has(eni.id)) {
      gone.delete(eni.id);
      yield* compare(d, eni, false);
      yield* compare(d, eni, true);
    } else if (trunks.has(eni.id)) yield* attempt(setUp(d, eni, true));
    else yield* adopt(d, eni, tags.get(eni.id) ?? new Map());
  }
  for (const eniId of gone) d.store.removeByForce(eniId);
  d.lastActionMs = d.nowMs;
}

function* adopt(d: Daemon, eni: MetadataEni, tags: ReadonlyMap<string, string>): Process {
  if (!d.settings.provisioningDisabled && !(yield* tagEni(d, eni.id, tags))) return;
  yield* attempt(setUp(d, eni));
}

/** Addresses, or prefixes, of an ENI the store knows. EC2's word counts, but is only asked when metadata differs. */
function* compare(d: Daemon, eni: MetadataEni, prefixes: boolean): Process {
  const held = new Set<string>();
  d.store.enis.get(eni.id)?.cidrs.each((cidr) => {
    if (cidr.isPrefix === prefixes) held.add(cidr.cidr);
  });
  let listed: readonly string[] = prefixes ? eni.prefixes : eni.secondaryIps;
  const agrees = listed.length === held.size && listed.every((entry) => held.has(entry));
  if (!agrees) {
    const truth = yield* askEc2(d, eni.id, prefixes);
    if (truth === undefined) return;
    listed = truth;
  }
  const seen = yield* bringIn(d, eni.id, listed, { prefixes, verified: !agrees });
  for (const entry of held) if (!seen.has(entry)) d.store.deleteCidr(eni.id, entry, true);
}

/** Adds what is listed, except what ipamd itself gave back lately: metadata may still show that. */
function* bringIn(
  d: Daemon,
  eniId: string,
  listed: readonly string[],
  { prefixes, verified }: { prefixes: boolean; verified: boolean },
): Process<Set<string>> {
  const seen = new Set<string>();
  let truth: readonly string[] | undefined;
  for (const entry of listed) {
    const restsUntilMs = d.recentlyFreed.get(entry);
    if (restsUntilMs !== undefined) {
      if (d.nowMs < restsUntilMs) continue;
      if (!verified) {
        truth ??= yield* askEc2(d, eniId, prefixes);
        if (truth === undefined) {
          seen.add(entry);
          continue;
        }
        if (!truth.includes(entry)) continue;
      }
      d.recentlyFreed.delete(entry);
    }
    d.store.addCidr(eniId, entry, prefixes);
    seen.add(entry);
  }
  return seen;
}

function* askEc2(d: Daemon, eniId: string, prefixes: boolean): Process<readonly string[] | undefined> {
  const answer = yield* attempt(d.sdk.send('DescribeNetworkInterfaces', { networkInterfaceIds: [eniId] }));
  if (!answer.ok) return undefined;
  const eni = answer.value.networkInterfaces[0];
  return prefixes ? eni?.prefixes : eni?.secondaryIps;
}
