/** ENIs of ours that a killed run left behind. Only what is ours by tag, unattached, old and seen so before is deleted. */
import type { EniId } from '../model.ts';
import type { OwnEni } from '../ports.ts';

/** Time since a sweep first saw it unattached, below which an ENI may still be on its way: far above any launch. EC2 does
 *  not keep when an ENI was created, and a time in a tag would make a repeated create a different request. */
export const ORPHAN_AGE_MS = 300_000;
/** Most deletions a sweep makes: a defect must not become a clear-out. */
export const ORPHANS_PER_SWEEP = 25;

/** Which ENIs to delete now, and which to remember as suspects for the next sweep. */
export function orphans(
  own: readonly OwnEni[],
  firstSeenMs: ReadonlyMap<EniId, number>,
  nowMs: number,
): { readonly collect: readonly EniId[]; readonly suspects: ReadonlyMap<EniId, number> } {
  const unattached = own.filter((eni) => !eni.attached).map(({ id }) => id);
  const collect = unattached
    .filter((id) => nowMs - (firstSeenMs.get(id) ?? nowMs) >= ORPHAN_AGE_MS)
    .sort()
    .slice(0, ORPHANS_PER_SWEEP);
  const collected = new Set(collect);
  const left = unattached.filter((id) => !collected.has(id));
  return { collect, suspects: new Map(left.map((id) => [id, firstSeenMs.get(id) ?? nowMs])) };
}
