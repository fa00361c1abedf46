/** Deletes ENIs of ours that no node will get any more: each under the lease of the node it was made for. */

import { takeLeases } from '../leases.ts';
import type { EniId } from '../model.ts';
import type { OwnEni, Ports } from '../ports.ts';
import { orphans } from './orphans.ts';
import { giveUp } from './promises.ts';
import { grant, Wave } from './wave.ts';

export interface Collected {
  readonly orphansDeleted: number;
  readonly orphansSuspected: number;
}

const DELETE = { DeleteNetworkInterface: 1 } as const;

export async function collectOrphans(
  cluster: string,
  own: readonly OwnEni[],
  firstSeenMs: ReadonlyMap<EniId, number>,
  ports: Ports,
): Promise<Collected> {
  const { ledger, journal, clock, settings } = ports;
  const { collect, suspects } = orphans(own, firstSeenMs, clock());
  const mode = settings.clusters.find(({ name }) => name === cluster)?.mode;
  const deleted =
    mode === 'warm' && !settings.policy.stopped ? await deleteAll(cluster, collect, own, ports) : 0;
  // What could not be deleted now is as old at the next sweep.
  const left = collect.flatMap((id) => {
    const atMs = firstSeenMs.get(id);
    return atMs === undefined ? [] : [[id, atMs] as const];
  });
  await ledger.suspect(cluster, new Map([...left, ...suspects]));
  const nowMs = clock();
  const OldestOrphan = nowMs - Math.min(nowMs, ...[...left, ...suspects].map(([, atMs]) => atMs));
  journal.measure({ OrphansDeleted: deleted, OrphansSuspected: suspects.size, OldestOrphan }, { cluster });
  return { orphansDeleted: deleted, orphansSuspected: suspects.size };
}

async function deleteAll(
  cluster: string,
  collect: readonly EniId[],
  own: readonly OwnEni[],
  ports: Ports,
): Promise<number> {
  if (collect.length === 0) return 0;
  const { ledger, vpc, journal } = ports;
  const nodeOf = new Map(own.map(({ id, nodeId }) => [id, nodeId]));
  const owner = ports.runId();
  const nodeIds = [...new Set(collect.flatMap((id) => nodeOf.get(id) ?? []))];
  const asked = nodeIds.map((nodeId) => ({ nodeId, cluster, nodeGroup: '' }));
  const leased = await takeLeases(asked, owner, ports);
  const free = collect.filter((id) => {
    const nodeId = nodeOf.get(id);
    return nodeId === undefined || leased.has(nodeId);
  });
  const asks = free.map(() => DELETE);
  const { granted } = await grant(asks, 'sweep', ports);
  const wave = new Wave(new Map(), ports);
  const place = { cluster, zone: '' };
  const gone = new Set<EniId>();
  for (const eniId of free.slice(0, granted)) {
    if ((await wave.refuses('DeleteNetworkInterface', place)) !== undefined) break;
    wave.sent('DeleteNetworkInterface', place);
    const answer = await vpc.deleteEni(eniId);
    if (answer.ok) gone.add(eniId);
    else {
      const { code, message } = answer.failure;
      journal.warn('orphan not deleted', { eniId, code, message });
      await wave.failed('DeleteNetworkInterface', answer.failure, place);
    }
  }
  await wave.end();
  await ledger.release(
    [...leased.values()].map((record) => {
      const lost = record.enis.filter(({ eniId }) => eniId !== undefined && gone.has(eniId));
      return giveUp(record, new Set(lost.map(({ token }) => token)));
    }),
    owner,
  );
  return gone.size;
}
