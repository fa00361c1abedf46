/** ENIs of ours that would outlive their node are told to go away with it: not urgent, so half of the budget is left alone. */

import { mayAct } from '../acting.ts';
import type { Node, NodeId } from '../model.ts';
import { unfinished } from '../plan/launches.ts';
import { callsOf } from '../plan/steps.ts';
import type { CallClass, Ports } from '../ports.ts';
import { attachedAtMsOf, type NodeRecord } from '../records.ts';
import { carryOut } from './doing.ts';
import { grant, Volley } from './volley.ts';

/** After a launch's attach its ENIs are not yet told to go away with their node: the launches around it need the requests
 *  (docs/decisions/0005-finish-later.md). A burst of launches boots for a minute or two. */
export const RUSH_MS = 120_000;

export const inRush = (record: NodeRecord | undefined, nowMs: number): boolean =>
  record?.runningAtMs !== undefined && nowMs - (attachedAtMsOf(record) ?? 0) < RUSH_MS;

export interface Finished {
  readonly enis: number;
  /** Nodes whose turn has not come, or whose call failed. */
  readonly nodesLeft: readonly NodeId[];
}

/** `nodes` are those whose lease this run holds. */
export async function finish(
  nodes: readonly Node[],
  cluster: string,
  as: CallClass,
  ports: Ports,
): Promise<Finished> {
  const steps = nodes.flatMap(unfinished);
  if (steps.length === 0 || !mayAct(cluster, ports)) return { enis: 0, nodesLeft: [] };
  const { granted } = await grant(steps.map(callsOf), as, ports);
  const volley = new Volley(new Map(), ports);
  const { failures } = await carryOut(steps.slice(0, granted), { cluster, zone: '' }, volley, ports);
  await volley.end();
  const left = failures.length > 0 ? steps : steps.slice(granted);
  return { enis: granted - failures.length, nodesLeft: [...new Set(left.map(({ nodeId }) => nodeId))] };
}
