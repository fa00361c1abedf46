/** ENIs of ours that a killed run left behind. Only what is ours by tag, unattached, old and seen so twice is deleted. */
import type { EniId } from './model.ts';
import type { OwnEni } from './ports.ts';

/** Age below which an unattached ENI may still be on its way: far above any launch. */
export const ORPHAN_AGE_MS = 300_000;
/** Most deletions a sweep makes: a defect must not become a clear-out. */
export const ORPHANS_PER_SWEEP = 25;

/** Which ENIs to delete now, and which to remember as suspects for the next sweep. */
export function orphans(
  own: readonly OwnEni[],
  suspectsBefore: ReadonlySet<EniId>,
  nowMs: number,
): { readonly collect: readonly EniId[]; readonly suspects: ReadonlySet<EniId> } {
  const unattached = own.filter((eni) => !eni.attached).map(({ id, createdAtMs }) => ({ id, createdAtMs }));
  const collect = unattached
    .filter(({ createdAtMs }) => createdAtMs !== undefined && nowMs - createdAtMs >= ORPHAN_AGE_MS)
    .filter(({ id }) => suspectsBefore.has(id))
    .map(({ id }) => id)
    .sort()
    .slice(0, ORPHANS_PER_SWEEP);
  const collected = new Set(collect);
  return { collect, suspects: new Set(unattached.map(({ id }) => id).filter((id) => !collected.has(id))) };
}
