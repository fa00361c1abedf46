/** What a verdict means for a node's record, for the figures, and for what is known of adoption. */

import { settled } from '../calls/promises.ts';
import { USABLE_AFTER_SEEN_MS } from '../limits.ts';
import { ipamdStarted, type Node, type NodeId } from '../model.ts';
import type { Ports } from '../ports.ts';
import { attachedAtMsOf, type NodeRecord } from '../records.ts';
import type { Race, Sample } from './lessons.ts';
import { tellObserved } from './observed.ts';
import { teach } from './teach.ts';

const STATES = { seen: 'seen', lateAttach: 'late attach', notSeen: 'not seen' } as const;
/** Verdicts that end a story. */
export type Judged = keyof typeof STATES;

export const verdictsOf = (found: Readonly<Record<Judged, readonly NodeId[]>>): ReadonlyMap<NodeId, Judged> =>
  new Map((Object.keys(STATES) as Judged[]).flatMap((verdict) => found[verdict].map((id) => [id, verdict])));

/** The record with what this look told: how far the node got, and between which looks. */
export function told(
  record: NodeRecord,
  node: Node | undefined,
  verdicts: ReadonlyMap<NodeId, Judged>,
  readAtMs: number,
): NodeRecord {
  const verdict = verdicts.get(record.nodeId);
  const { times = {} } = record;
  const attachedAtMs = attachedAtMsOf(record);
  const started = node !== undefined && ipamdStarted(node);
  return {
    ...settled(record, node, readAtMs),
    ...(verdict !== undefined && { outcome: { state: STATES[verdict] } }),
    times: {
      ...times,
      ...(attachedAtMs !== undefined && { attachedAtMs }),
      ...(started && times.startedByMs === undefined && { startedByMs: readAtMs }),
      ...(verdict === 'seen' && { seenByMs: readAtMs, usableFromMs: readAtMs + USABLE_AFTER_SEEN_MS }),
      // It was adopted after it was attached, whenever that was.
      ...(verdict === 'seen' &&
        record.keptForMs !== undefined && {
          keptUntilMs: (attachedAtMs ?? readAtMs) + record.keptForMs,
        }),
    },
  };
}

/** What the verdicts teach of their node groups: of launches, whether ipamd's start saw our attach; of nodes that ran
 *  already, how long ipamd took to adopt it, at most. */
export async function learnOutcomes(
  found: Readonly<Record<Judged, readonly NodeId[]>>,
  records: ReadonlyMap<NodeId, NodeRecord>,
  { readAtMs, onTimeMs }: { readonly readAtMs: number; readonly onTimeMs: number },
  cluster: string,
  ports: Ports,
): Promise<void> {
  const samples = new Map<string, { adoptions: Sample[]; races: Race[] }>();
  for (const [nodeId, verdict] of verdictsOf(found)) {
    const record = records.get(nodeId);
    const attachedAtMs = record && attachedAtMsOf(record);
    if (record === undefined || attachedAtMs === undefined) continue;
    const of = `${nodeId} ${attachedAtMs}`;
    const group = samples.get(record.nodeGroup) ?? { adoptions: [], races: [] };
    samples.set(record.nodeGroup, group);
    const forMs = readAtMs - attachedAtMs;
    if (record.runningAtMs !== undefined) {
      // What was not seen by the last look started never, or is no more: nobody won or lost.
      if (verdict !== 'notSeen') group.races.push({ of, atMs: attachedAtMs, late: verdict === 'lateAttach' });
      // A look that came late says when we looked, not when it was adopted.
    } else if (forMs <= onTimeMs)
      group.adoptions.push(
        verdict === 'seen' ? { of, notBeforeMs: 0, byMs: forMs } : { of, notBeforeMs: forMs },
      );
  }
  const told = [...samples].filter(([, { adoptions, races }]) => adoptions.length + races.length > 0);
  await teach(cluster, new Map(told), ports);
  if (found.lateAttach.length === 0) return;
  const late = new Set(
    told.flatMap(([group, { races }]) => (races.some((race) => race.late) ? [group] : [])),
  );
  const lessons = await ports.ledger.lessons(cluster);
  tellObserved(cluster, new Map([...lessons].filter(([group]) => late.has(group))), ports);
}

/** How far our attaches got, and how long before their node's ipamd they were there at most. */
export function publish(
  found: Readonly<Record<Judged, readonly NodeId[]>>,
  records: ReadonlyMap<NodeId, NodeRecord>,
  readAtMs: number,
  cluster: string,
  { journal }: Ports,
): void {
  const figures: { NodesSeen?: number; LateAttaches?: number; NodesNotSeen?: number } = {};
  if (found.seen.length > 0) figures.NodesSeen = found.seen.length;
  if (found.lateAttach.length > 0) figures.LateAttaches = found.lateAttach.length;
  if (found.notSeen.length > 0) figures.NodesNotSeen = found.notSeen.length;
  if (Object.keys(figures).length > 0) journal.measure(figures, { cluster });
  for (const nodeId of found.seen) {
    const record = records.get(nodeId);
    const attachedAtMs = record && attachedAtMsOf(record);
    if (record === undefined || attachedAtMs === undefined) continue;
    const forMs = readAtMs - attachedAtMs;
    journal.measure(record.runningAtMs === undefined ? { AdoptionDelay: forMs } : { LeadTime: forMs }, {
      cluster,
    });
  }
}
