/** The deciding half of launches: what each node may claim, and what it is to be given, from one read of the world. */
import { isStopped, type Planned, type Runner } from '../calls/launch-calls.ts';
import { asPromised } from '../calls/promises.ts';
import type { Lesson } from '../looks/lessons.ts';
import type { NodeId, World } from '../model.ts';
import { planLaunch } from '../plan/launches.ts';
import { type Mark, marked } from '../plan/marks.ts';
import { type OpenDemand, selectable, shareOut } from '../plan/open-demand.ts';
import type { Step } from '../plan/steps.ts';
import { Room } from '../plan/subnets.ts';
import type { Clock, Ledger, Ports } from '../ports.ts';
import { freshRecord, type Leasing, leasingOf, type NodeRecord } from '../records.ts';
import { hookOf } from './hooks.ts';

/** What a decision rests on beside the signals. */
export interface Knowledge {
  readonly world: World;
  readonly marks: ReadonlyMap<string, Mark>;
  /** By cluster, then by node group. */
  readonly lessons: Lessons;
}
export type Lessons = ReadonlyMap<string, ReadonlyMap<string, Lesson>>;

export async function lessonsOf({ settings, ledger }: Ports): Promise<Lessons> {
  const names = settings.clusters.map(({ name }) => name);
  const all = await Promise.all(names.map((name) => ledger.lessons(name)));
  return new Map(names.map((name, index) => [name, all[index] ?? new Map()]));
}

export const leasingOfLaunch = ({ cluster, candidate: { node } }: Runner): Leasing =>
  leasingOf(node, cluster.name);

/** Claims from open demand, one conditional write a demand; read again when somebody else was faster. A run that dies after
 *  a write leaves the claim to the next one for the same node. */
export async function claimShares(
  runners: readonly Runner[],
  records: ReadonlyMap<NodeId, NodeRecord>,
  ports: { readonly ledger: Pick<Ledger, 'openDemand' | 'claim'>; readonly clock: Clock },
  keep: boolean,
): Promise<ReadonlyMap<NodeId, number>> {
  const shares = new Map<NodeId, number>();
  for (const [name, group] of Map.groupBy(runners, ({ cluster }) => cluster.name)) {
    const takers = group.map(({ candidate: { node, podCap } }) => ({
      ...selectable(node),
      podCap,
    }));
    // A stopped node of a warm pool may never be wanted: it claims when it is.
    const stopped = new Set(group.filter(isStopped).map(({ signal }) => signal.nodeId));
    const fresh = takers.filter(
      ({ nodeId }) => !stopped.has(nodeId) && records.get(nodeId)?.share === undefined,
    );
    for (const { nodeId } of takers) shares.set(nodeId, records.get(nodeId)?.share ?? 0);
    for (let pending = fresh.length > 0; pending; ) {
      const shared = shareOut(await ports.ledger.openDemand(name, ports.clock()), fresh);
      pending = keep && !(await claimAll(shared.claimed, ports.ledger));
      if (!pending) for (const [nodeId, share] of shared.shares) shares.set(nodeId, share);
    }
  }
  return shares;
}

/** One after the other, the oldest first: a node claims of a demand once, so it may claim of the next one only when what it
 *  counted on from those before is its own. False when somebody else was faster. */
async function claimAll(claimed: readonly OpenDemand[], ledger: Pick<Ledger, 'claim'>): Promise<boolean> {
  for (const demand of claimed) if (!(await ledger.claim(demand))) return false;
  return true;
}

const finishedAtOnce = (step: Step): Step => (step.do === 'attach' ? { ...step, finish: 'at once' } : step);

export function planAll(
  runners: readonly Runner[],
  records: ReadonlyMap<NodeId, NodeRecord>,
  shares: ReadonlyMap<NodeId, number>,
  { world, marks }: Knowledge,
  ports: Ports,
): Planned[] {
  const { policy } = ports.settings;
  const nowMs = ports.clock();
  const room = new Room(world.subnets, policy.subnetReserveAddresses, marked(marks, nowMs));
  return runners.map((runner) => {
    const { nodeId } = runner.signal;
    const before = records.get(nodeId) ?? freshRecord(leasingOfLaunch(runner), nowMs);
    const share = shares.get(nodeId) ?? 0;
    const { candidate: shown, runningAtMs, cluster } = runner;
    const node = { ...shown, node: asPromised(shown.node, before, nowMs) };
    if (isStopped(runner)) {
      // EC2 attaches to it as to one that runs (EC2 User Guide, network interfaces: warm attach); no rush is on.
      const launch = { candidate: node, runningAtMs: nowMs, share, made: before.enis };
      const steps = planLaunch(launch, cluster.name, room, policy).map(finishedAtOnce);
      return { runner, share, before, steps };
    }
    const launch = { candidate: node, runningAtMs, share, made: before.enis };
    const own = room.keeping(shown.policy.subnetReserveAddresses);
    const steps = planLaunch(launch, cluster.name, own, shown.policy);
    // A hook is answered when the node has all it was to get.
    const held = hookOf(runner.signal, ports) !== undefined;
    return { runner, share, before, steps: held ? steps.map(finishedAtOnce) : steps };
  });
}
