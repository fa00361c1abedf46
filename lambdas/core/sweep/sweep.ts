/** Every few minutes: what events missed is rebuilt from the world, what a killed run left is finished or collected, what
 *  nobody will serve is given back, and how things stand is remembered and published. */

import { settingOf } from '../acting.ts';
import { collectOrphans } from '../calls/collecting.ts';
import { finish, inRush } from '../calls/finishing.ts';
import { say } from '../complaints.ts';
import type { Failure } from '../failures.ts';
import { sweepGates } from '../launches/gate.ts';
import { leaseNodes } from '../leases.ts';
import { adoptionMostMs, type Lesson, startP05Ms } from '../looks/lessons.ts';
import { tellObserved } from '../looks/observed.ts';
import { type Cluster, ipamdStarted, type Node, type NodeId, nodeGroupOf, type World } from '../model.ts';
import { misfits } from '../node-group-policy.ts';
import { shortOf } from '../plan/allocation.ts';
import { candidate, mayHaveStarted } from '../plan/eligibility.ts';
import { unfinished } from '../plan/launches.ts';
import { givenBack, type OpenDemand } from '../plan/open-demand.ts';
import { anyChanged, lookAt } from '../plan/standing.ts';
import type { Ports } from '../ports.ts';
import { unknownCluster } from '../reading.ts';
import { writtenAtMs } from '../records.ts';
import { rebuildLaunches } from './rebuilding.ts';
import { publishRoom } from './room.ts';
import { closeStories } from './stories.ts';
import { lookThrough } from './through-lens.ts';

export interface Swept {
  readonly cluster: string;
  readonly nodes: number;
  /** Launches whose events never came, or that a killed run left half done, and that were handled now. */
  readonly missedLaunches: number;
  /** Nodes that started while the run that was at them had died, and whose story is closed now. */
  readonly closed: number;
  /** Nodes whose verification never came to its end, and is asked for again. */
  readonly verifiedAgain: number;
  readonly finished: number;
  readonly orphansDeleted: number;
  readonly orphansSuspected: number;
  /** Pods claimed by nodes that are gone, open again for those to come. */
  readonly podsGivenBack: number;
  /** Launch gates found closed, and looked at; absent when there was none. */
  readonly gatesClosed?: number;
}

/** How long a node must have been unheard of before its claims are given back: far above any lag of EC2's reads. */
const GONE_AFTER_MS = 120_000;

/** A node that launches is short for a minute or two: until its events come, or else two sweeps. */
const SHORT_AFTER_MS = 180_000;

export async function sweep(ports: Ports): Promise<readonly Swept[]> {
  const swept: Swept[] = [];
  // Clusters one after the other: a sweep is in no hurry, and its reads share the account's buckets with everybody.
  for (const { name } of ports.settings.clusters) {
    const one = await sweepCluster(name, ports);
    if (one !== undefined) swept.push(one);
  }
  await publishStanding(ports);
  return swept;
}

async function sweepCluster(name: string, ports: Ports): Promise<Swept | undefined> {
  const { ledger, vpc, clock } = ports;
  // First, and whatever becomes of the rest: pods wait behind a closed gate.
  const gatesClosed = await sweepGates(name, ports);
  const described = await ports.clusters.describe(name);
  if (!described.ok) return skipped(name, described.failure, ports);
  const cluster = described.value;
  if (cluster === undefined) return unknownCluster(name, ports);
  // Before the inventory: a claim that is newer than this read cannot be given back, however old the inventory is.
  const open = await ledger.openDemand(name, clock());
  const [read, before, suspects] = await Promise.all([
    vpc.inventory({ cluster: name, vpcIds: [cluster.vpcId] }),
    ledger.sights(name),
    ledger.suspects(name),
  ]);
  if (!read.ok) return skipped(name, read.failure, ports);
  const { world, own } = read.value;
  const alone = allocatedByUs(world, cluster, ports);
  const started = world.nodes.filter((node) => ipamdStarted(node) || alone.has(node.id));
  const sights = lookAt(started, before, clock());
  // What is written grows with the cluster: nothing while it is quiet.
  if (sights.size !== before.size || anyChanged(before, sights)) await ledger.saw(name, sights);
  const missedLaunches = await rebuildLaunches({ world, own, cluster, alone }, ports);
  const { closed, verifiedAgain } = await closeStories(cluster, started, alone, ports);
  const finished = await finishAll(started, name, ports);
  const orphans = await collectOrphans(name, own, suspects, ports);
  const podsGivenBack = await giveBack(open, world, ports);
  await lookThrough(name, world, ports);
  const OpenDemandPods = open.reduce((sum, { podsLeft }) => sum + podsLeft, podsGivenBack);
  ports.journal.measure({ OpenDemandPods }, { cluster: name });
  const lessons = await ledger.lessons(name);
  publishRoom({ cluster, inventory: read.value, openDemandPods: OpenDemandPods }, ports);
  publishLessons(name, lessons, ports);
  publishPolicy(name, world, lessons, ports);
  if (ports.settings.policy.soleAllocator)
    ports.journal.measure({ NodesShort: shortForLong(world.nodes, alone, clock()) }, { cluster: name });
  // Last, and nought too: where it is missing, a sweep did not come to its end, and pods may wait for it.
  ports.journal.measure({ NodesSwept: world.nodes.length }, { cluster: name });
  return {
    cluster: name,
    nodes: world.nodes.length,
    missedLaunches,
    closed,
    verifiedAgain,
    finished,
    ...orphans,
    podsGivenBack,
    ...(gatesClosed > 0 && { gatesClosed }),
  };
}

function skipped(cluster: string, { code, message }: Failure, { journal }: Ports): undefined {
  journal.warn('sweep skipped', { cluster, code, message });
}

/** Running nodes that nobody but us gives addresses, and how many each is short of. */
function allocatedByUs(
  { nodes }: World,
  cluster: Cluster,
  { settings: { policy } }: Ports,
): ReadonlyMap<NodeId, number> {
  return new Map(
    nodes.flatMap((node) => {
      const checked = candidate(node, cluster, policy);
      if (!('candidate' in checked && checked.candidate.soleAllocator)) return [];
      const { candidate: ours } = checked;
      return mayHaveStarted(ours) ? [[node.id, shortOf(ours, ours.policy)]] : [];
    }),
  );
}

/** Nodes that lack addresses though sweeps have had their time with them. */
const shortForLong = (nodes: readonly Node[], alone: ReadonlyMap<NodeId, number>, nowMs: number): number =>
  nodes.filter(({ id, launchedAtMs }) => (alone.get(id) ?? 0) > 0 && nowMs - launchedAtMs >= SHORT_AFTER_MS)
    .length;

async function finishAll(started: readonly Node[], cluster: string, ports: Ports): Promise<number> {
  const open = started.filter((node) => unfinished(node).length > 0);
  if (open.length === 0) return 0;
  const owner = ports.runId();
  const leased = await leaseNodes(open, cluster, owner, ports);
  const mine = open.filter(({ id }) => leased.has(id) && !inRush(leased.get(id), ports.clock()));
  const { enis } = await finish(mine, cluster, 'sweep', ports);
  await ports.ledger.release([...leased.values()], owner);
  return enis;
}

/** What nodes claimed of open demand and will never serve, because they are no more. */
async function giveBack(
  open: readonly OpenDemand[],
  { nodes, incomplete = [] }: World,
  { ledger, clock }: Ports,
): Promise<number> {
  const nowMs = clock();
  const there = new Set<string>([...nodes.map(({ id }) => id), ...incomplete]);
  const absent = open
    .flatMap(({ claims }) => Object.keys(claims) as NodeId[])
    .filter((nodeId) => !there.has(nodeId));
  if (absent.length === 0) return 0;
  const records = await ledger.nodes(absent);
  // Of a node without a record a run may be at work this moment; its claim ends with the demand.
  const gone = new Set(
    absent.filter((nodeId) => {
      const record = records.get(nodeId);
      return record !== undefined && nowMs - writtenAtMs(record) >= GONE_AFTER_MS;
    }),
  );
  let pods = 0;
  for (const demand of open) {
    const back = givenBack(demand, gone);
    // Somebody claims at this moment: the next sweep gives back.
    if (back !== undefined && (await ledger.claim(back))) pods += back.podsLeft - demand.podsLeft;
  }
  return pods;
}

/** What launches have taught. */
function publishLessons(
  cluster: string,
  lessons: ReadonlyMap<string, Lesson>,
  { journal }: Pick<Ports, 'journal'>,
): void {
  for (const [nodeGroup, lesson] of lessons) {
    const BootP05 = startP05Ms(lesson);
    const AdoptionMost = adoptionMostMs([lesson]);
    const figures = {
      ...(BootP05 !== undefined && { BootP05 }),
      ...(AdoptionMost !== undefined && { AdoptionMost }),
    };
    if (Object.keys(figures).length > 0) journal.measure(figures, { cluster, nodeGroup });
  }
}

/** What the policy says that cannot be so, and node groups that late attaches have put back to observe. A node group that
 *  launched nothing for a month and has no node now cannot be told from one that never was. */
function publishPolicy(
  cluster: string,
  { nodes }: World,
  lessons: ReadonlyMap<string, Lesson>,
  ports: Ports,
): void {
  const { journal, settings } = ports;
  const deployed = settingOf(cluster, ports);
  if (deployed === undefined) return;
  const known = new Set([...nodes.map(({ tags }) => nodeGroupOf(tags)), ...lessons.keys()]);
  const wrong = misfits(settings.policy, deployed, known);
  for (const complaint of wrong) journal.warn('policy does not fit', { cluster, why: say(complaint) });
  journal.measure({ PolicyMisfits: wrong.length }, { cluster });
  tellObserved(cluster, lessons, ports);
}

/** The budget and the circuit are the account's; the kill switch is in the policy, which this deployment's clusters share. */
async function publishStanding({ budget, journal, settings }: Ports): Promise<void> {
  const { circuitOpen, actions } = await budget.standing();
  journal.measure({ CircuitOpen: circuitOpen ? 1 : 0 }, {});
  for (const { name: cluster } of settings.clusters)
    journal.measure({ KillSwitchOn: settings.policy.stopped ? 1 : 0 }, { cluster });
  for (const [action, { tokens, pace }] of Object.entries(actions))
    journal.measure({ BudgetTokens: tokens, BudgetPace: pace * 100 }, { action });
}
