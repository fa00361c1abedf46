/** Giving back: addresses and prefixes above the targets, and whole ENIs nobody needs.
 *  Source: amazon-vpc-cni-k8s v1.23.1, tryUnassignCidrsFromAll, DeallocCidrs, tryFreeENI. */
import type { Process } from '../kernel.ts';
import type { Cidr } from './cidrs.ts';
import type { Daemon } from './daemon.ts';
import { poolOf } from './growth.ts';
import { freeEni } from './make-enis.ts';
import { surplus } from './pool.ts';
import { attempt } from './sdk.ts';

/** Time between two passes: decreaseIPPoolInterval. */
const PASS_INTERVAL_MS = 30_000;
/** What it unassigned itself is not brought back for this long, whatever metadata shows: ipReconcileCooldown. */
const FREED_REST_MS = 60_000;

export const mayRelease = (d: Daemon): boolean => d.nowMs - d.lastDecreaseMs > PASS_INTERVAL_MS;

/** One pass over all ENIs. The store forgets first; EC2's refusal is left to a later reconcile. */
export function* release(d: Daemon): Process {
  let over = surplus(d.settings, poolOf(d));
  if (over <= 0) return;
  for (const eni of d.store.enis.copy().walk()) {
    const given = d.store
      .unassignedOn(eni.id)
      .slice(0, over)
      .filter(({ cidr }) => d.store.deleteCidr(eni.id, cidr, false));
    if (given.length === 0) continue;
    for (const { cidr } of given) d.recentlyFreed.set(cidr, d.nowMs + FREED_REST_MS);
    yield* unassign(d, eni.id, given, true);
    yield* unassign(d, eni.id, given, false);
    over -= given.length;
    if (over <= 0) return;
  }
}

/** Unassigns those of one kind, if there are any. */
export function* unassign(d: Daemon, eniId: string, cidrs: readonly Cidr[], prefixes: boolean): Process {
  const chosen = cidrs.filter((cidr) => cidr.isPrefix === prefixes).map(({ cidr }) => cidr);
  if (chosen.length === 0) return;
  yield* attempt(
    d.sdk.send('UnassignPrivateIpAddresses', {
      networkInterfaceId: eniId,
      ...(prefixes ? { ipv4Prefixes: chosen } : { privateIpAddresses: chosen }),
    }),
  );
}

/** At most one ENI, out of the store first. */
export function* releaseEni(d: Daemon): Process {
  if (!d.mayChangeEnis) return;
  const eniId = d.store.takeUnused(d.settings);
  if (eniId !== undefined) yield* freeEni(d, eniId);
}
