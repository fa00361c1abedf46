/** A signal in four short answers: what came, what it meant, what was planned, what was done. Counts and totals only; the
 *  steps have lines of their own. The journal and `npm run explain` say the same, because this is the only place that says it. */
import type { Calls } from './budget/metered.ts';
import { type LeaveReason, type Step, totalsOf } from './plan/steps.ts';
import type { NodeLaunching, RolloutAnnounced, RolloutStrategy, ScaleOutComing } from './signals.ts';

export interface Told {
  readonly came: string;
  readonly meant: string;
  readonly planned: Planned;
  readonly done: string;
}

export interface Planned {
  readonly calls: Calls;
  /** Addresses taken from subnets: the ENIs' own included. */
  readonly addresses: number;
  readonly nodesWarmed: number;
  /** Nodes that need nothing: `already warm`, or `no demand` there. */
  readonly nodesFine: number;
  /** Nodes that should have had something, by the reason why not; none when empty. */
  readonly shortfalls: Partial<Readonly<Record<LeaveReason, number>>>;
  /** Pods that wait for nodes to launch. */
  readonly openDemand?: number;
}

/** Left because there is nothing to do: no shortfall. */
const FINE: readonly LeaveReason[] = ['already warm', 'no demand'];

export function plannedIn(steps: readonly Step[]): Planned {
  const { calls, addresses, nodesWarmed, nodesLeft } = totalsOf(steps);
  const left = Object.entries(nodesLeft) as [LeaveReason, number][];
  const fine = left.filter(([reason]) => FINE.includes(reason));
  return {
    calls,
    addresses,
    nodesWarmed,
    nodesFine: fine.reduce((sum, [, nodes]) => sum + nodes, 0),
    shortfalls: Object.fromEntries(left.filter(([reason]) => !FINE.includes(reason))),
  };
}

export const ONLY_ASKED = 'nothing: it was only asked';

export function cameOf(signal: NodeLaunching | RolloutAnnounced | ScaleOutComing): string {
  const again = signal.attempt > 0 ? ` (try ${signal.attempt + 1})` : '';
  if (signal.kind === 'node-launching')
    return `EC2: ${signal.nodeId} ${signal.phase} at ${iso(signal.atMs)}${again}`;
  if (signal.kind === 'scale-out-coming') {
    const { group, nodes } = signal;
    const wished = nodes.are === 'replaced' ? 'its nodes replaced' : `${nodes.count} nodes ${nodes.are}`;
    return `scale-out: ${group.by} ${group.name}, ${wished}${again}`;
  }
  const { announcementId, workload, replicas, strategy, startsAtMs, overMs, cluster } = signal;
  const what = `${workload.kind} ${workload.namespace}/${workload.name} in ${cluster}`;
  const when = `from ${iso(startsAtMs)} on${overMs > 0 ? `, over ${overMs / 1000} s` : ', at once'}`;
  const change = `${replicas.from} → ${replicas.to} replicas`;
  return `announcement ${announcementId}: ${what}, ${change}, ${nameOf(strategy)}, ${when}${again}`;
}

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

const nameOf = (strategy: RolloutStrategy): string => strategy.type.replace('-', ' ');
