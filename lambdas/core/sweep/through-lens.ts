/** With the lens: which pods have addresses of ours, the only proof that what we gave was of use; and how many pods wait. */

import { leaseNodes } from '../leases.ts';
import { lensOf, named, seenThrough } from '../lens.ts';
import { type Node, OUR_NODE_TAG, type World } from '../model.ts';
import type { Ports } from '../ports.ts';
import type { NodeRecord } from '../records.ts';

/** Addresses on ENIs of ours; those we added to ENIs of ipamd's carry no mark and are not counted. */
const ipsOfOurs = ({ id, enis }: Node): ReadonlySet<string> =>
  new Set(enis.filter(({ tags }) => tags[OUR_NODE_TAG] === id).flatMap(({ ips = [] }) => ips));

/** Publishes both, and closes the stories of nodes whose pods use what we gave. */
export async function lookThrough(cluster: string, { nodes }: World, ports: Ports): Promise<void> {
  const lens = lensOf(cluster, ports);
  if (lens === undefined) return;
  const goingOn = 'PodsPending and PodsOnPrewarmed are not published';
  const PodsPending = seenThrough(await lens.pendingPods(cluster), cluster, goingOn, ports);
  if (PodsPending === undefined) return;
  ports.journal.measure({ PodsPending }, { cluster });
  const warmed = nodes.filter((node) => ipsOfOurs(node).size > 0);
  if (warmed.length === 0) return;
  const answer = await lens.pods(cluster, warmed.map(named), nodes.length);
  const pods = seenThrough(answer, cluster, goingOn, ports);
  if (pods === undefined) return;
  let all = 0;
  let onOurs = 0;
  const using: Node[] = [];
  for (const node of warmed) {
    const ours = ipsOfOurs(node);
    const { ips } = pods.get(node.id) ?? { ips: [] };
    const here = ips.filter((ip) => ours.has(ip)).length;
    all += ips.length;
    onOurs += here;
    if (here > 0) using.push(node);
  }
  if (all > 0) ports.journal.measure({ PodsOnPrewarmed: (100 * onOurs) / all }, { cluster });
  await close(cluster, using, ports);
}

/** A late attach stays one: it was harm, though it came to be of use. */
const isOpen = (record: NodeRecord | undefined): boolean =>
  record !== undefined && ['attached', 'seen', 'not seen'].includes(record.outcome.state);

async function close(cluster: string, using: readonly Node[], ports: Ports): Promise<void> {
  const { ledger } = ports;
  const known = using.length > 0 ? await ledger.nodes(using.map(({ id }) => id)) : new Map();
  const open = using.filter(({ id }) => isOpen(known.get(id)));
  if (open.length === 0) return;
  const owner = ports.runId();
  const leased = await leaseNodes(open, cluster, owner, ports);
  const told = [...leased.values()].map((record) =>
    // Another run may have been at it since the records were read.
    isOpen(record) ? { ...record, outcome: { state: 'adopted' } as const } : record,
  );
  await ledger.release(told, owner);
}
