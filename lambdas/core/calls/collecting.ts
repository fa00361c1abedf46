/** Deletes ENIs of ours that no node will get any more: each under the lease of the node it was made for. */

import { mayAct } from '../acting.ts';
import { takeLeases } from '../leases.ts';
import type { EniId } from '../model.ts';
import type { OwnEni, Ports } from '../ports.ts';
import type { NodeRecord } from '../records.ts';
import { orphans } from './orphans.ts';
import { giveUp } from './promises.ts';
import { grant, Volley } from './volley.ts';

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
  const { ledger, journal, clock } = ports;
  const { collect, suspects } = orphans(own, firstSeenMs, clock());
  const { deleted, attachedSince } = mayAct(cluster, ports)
    ? await deleteAll(cluster, collect, { own, firstSeenMs }, ports)
    : NONE;
  // What could not be deleted now is as old at the next sweep.
  const left = collect.flatMap((id) => {
    const atMs = attachedSince.has(id) ? clock() : firstSeenMs.get(id);
    return atMs === undefined ? [] : [[id, atMs] as const];
  });
  await ledger.suspect(cluster, new Map([...left, ...suspects]));
  const nowMs = clock();
  const OldestOrphan = nowMs - Math.min(nowMs, ...[...left, ...suspects].map(([, atMs]) => atMs));
  journal.measure({ OrphansDeleted: deleted, OrphansSuspected: suspects.size, OldestOrphan }, { cluster });
  return { orphansDeleted: deleted, orphansSuspected: suspects.size };
}

interface Deleting {
  readonly deleted: number;
  /** Attached, and lost again with their node, between the two sights: unattached for less long than it seemed. */
  readonly attachedSince: ReadonlySet<EniId>;
}

const NONE: Deleting = { deleted: 0, attachedSince: new Set() };

async function deleteAll(
  cluster: string,
  collect: readonly EniId[],
  { own, firstSeenMs }: { readonly own: readonly OwnEni[]; readonly firstSeenMs: ReadonlyMap<EniId, number> },
  ports: Ports,
): Promise<Deleting> {
  if (collect.length === 0) return NONE;
  const { ledger, vpc, journal } = ports;
  const nodeOf = new Map(own.map(({ id, nodeId }) => [id, nodeId]));
  const owner = ports.runId();
  const nodeIds = [...new Set(collect.flatMap((id) => nodeOf.get(id) ?? []))];
  const asked = nodeIds.map((nodeId) => ({ nodeId, cluster, nodeGroup: '' }));
  const leased = await takeLeases(asked, owner, ports);
  const recordOf = (id: EniId): NodeRecord | undefined => {
    const nodeId = nodeOf.get(id);
    return nodeId === undefined ? undefined : leased.get(nodeId);
  };
  const attachedSince = new Set(
    collect.filter((id) => attachedAtMs(id, recordOf(id)) > (firstSeenMs.get(id) ?? 0)),
  );
  const free = collect.filter(
    (id) => !attachedSince.has(id) && (nodeOf.get(id) === undefined || recordOf(id) !== undefined),
  );
  const asks = free.map(() => DELETE);
  const { granted } = await grant(asks, 'sweep', ports);
  const volley = new Volley(new Map(), ports);
  const place = { cluster, zone: '' };
  const gone = new Set<EniId>();
  for (const eniId of free.slice(0, granted)) {
    if ((await volley.refuses('DeleteNetworkInterface', place)) !== undefined) break;
    volley.sent('DeleteNetworkInterface', place);
    const answer = await vpc.deleteEni(eniId);
    if (answer.ok) gone.add(eniId);
    else {
      const { code, message } = answer.failure;
      journal.warn('orphan not deleted', { eniId, code, message });
      await volley.failed('DeleteNetworkInterface', answer.failure, place);
    }
  }
  await volley.end();
  await ledger.release(
    [...leased.values()].map((record) => {
      const lost = record.enis.filter(({ eniId }) => eniId !== undefined && gone.has(eniId));
      return giveUp(record, new Set(lost.map(({ token }) => token)));
    }),
    owner,
  );
  return { deleted: gone.size, attachedSince };
}

/** When an attach of it was last sent, as far as its node's record still tells. */
const attachedAtMs = (id: EniId, record: NodeRecord | undefined): number =>
  record?.enis.find(({ eniId }) => eniId === id)?.attachedAtMs ?? record?.times?.attachedAtMs ?? 0;
