/** ENIs of ours that would outlive their node are told to go away with it: not urgent, so half of the budget is left alone. */
import { carryOut } from './doing.ts';
import { unfinished } from './launches.ts';
import type { Node, NodeId } from './model.ts';
import type { Ports } from './ports.ts';
import { callsOf } from './steps.ts';

export interface Finished {
  readonly enis: number;
  /** Nodes whose turn has not come, or whose call failed. */
  readonly nodesLeft: readonly NodeId[];
}

export async function finish(nodes: readonly Node[], cluster: string, ports: Ports): Promise<Finished> {
  const { settings, budget } = ports;
  const steps = nodes.flatMap(unfinished);
  const mode = settings.clusters.find(({ name }) => name === cluster)?.mode;
  if (steps.length === 0 || mode !== 'warm') return { enis: 0, nodesLeft: [] };
  const { granted } = await budget.spend(steps.map(callsOf), 'sweep');
  const { failures } = await carryOut(steps.slice(0, granted), cluster, ports);
  const left = failures.length > 0 ? steps : steps.slice(granted);
  return { enis: granted - failures.length, nodesLeft: [...new Set(left.map(({ nodeId }) => nodeId))] };
}
