/**
 * What a fleet makes the functions do, counted: the deployed handlers in a simulated world. A quiet sweep, a burst of launches, an
 * announced rollout and a rollout in waves are counted once each, so that a month is so many of each. Most nodes of a large cluster
 * only lie in the account, as sweeps and reads of the cluster meet them; those that a story is about live: their ipamd runs.
 */
import { RECORD_TTL_MS } from '../lambdas/core/records.ts';
import { DEPLOYED } from '../sim/deployed.ts';
import { followWaves } from '../sim/pipeline.ts';
import { type Counted, Counter, type Sums } from './cost-counter.ts';
import { costTables } from './cost-tables.ts';
import { CLUSTER, filled, NODE } from './sweep.ts';

export interface Fleet {
  readonly nodes: number;
  /** Nodes that launch together. */
  readonly burstNodes: number;
}

export interface Counts extends Sums {
  /** Of a sweep, all that it publishes; of the others, what they publish beside those. */
  readonly metrics: number;
}

export const STORIES = ['sweep', 'burst', 'announced', 'waves'] as const;
export type Story = (typeof STORIES)[number];

export interface FleetCounts {
  readonly fleet: Fleet;
  readonly counts: Readonly<Record<Story, Counts>>;
}

/** Of the node group that lives. */
export const LIVING_NODES = 25;
const LIVING = 'living';
/** On each of them. The CNI keeps three interfaces for them, 42 addresses; with the 20 that a rollout brings they need the fourth. */
export const STEADY_PODS = 24;
/** Pods that come with an announcement. */
export const ROLLOUT_PODS = 500;
const POD = { imagePullMs: 5_000, readyAfterMs: 5_000 } as const;
/** When the world begins: a fixed day, so that every count comes out the same. */
const SINCE_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
/** Until looks, lessons and what was put off are over; rollouts are announced five minutes ahead. */
const STORY_MS = 15 * MINUTE_MS;
const LEAD_MS = 5 * MINUTE_MS;
/** Sweeps of the hour in which a launch is remembered. */
const SWEEPS_AFTER = RECORD_TTL_MS / DEPLOYED.sweepEveryMs;

/** `tell`: hears what is counted now. */
export async function countFleet(
  fleet: Fleet,
  tell: (what: string) => void = () => {},
): Promise<FleetCounts> {
  tell('making the cluster');
  const world = filled(fleet.nodes - LIVING_NODES, SINCE_MS);
  const { kernel, bus } = world;
  const group = (name: string, nodes: number) =>
    world.addNodeGroup({
      ...{ name, type: NODE.type, launchedBy: 'karpenter' },
      established: { nodes, addresses: [NODE.secondaryIps, NODE.secondaryIps] },
    });
  group(LIVING, LIVING_NODES);
  const launching = group('launching', 0);
  const deployed = (name: string, replicas = 0) =>
    world.deploy({ kind: 'Deployment', name, replicas, ...POD });
  deployed('steady', LIVING_NODES * STEADY_PODS);
  const run = (ms: number): Promise<void> => kernel.run(kernel.nowMs + ms);
  // Nobody launched within the hour in which launches are remembered.
  await run(RECORD_TTL_MS + MINUTE_MS);
  const tables = await costTables();
  const counter = new Counter(world, tables);
  const sweep = async (): Promise<void> => {
    counter.sweepNow();
    await run(MINUTE_MS);
  };
  const announce = (name: string, more: object): void => {
    bus.put('eks-ip-prewarmer', 'Deployment Announced', {
      ...{ cluster: CLUSTER, announcementId: name, replicas: { from: 0, to: ROLLOUT_PODS } },
      ...{ workload: { kind: 'Deployment', namespace: 'default', name }, podsPerNode: STEADY_PODS },
      ...{ nodeSelection: { nodeGroups: [LIVING] }, ...more },
    });
  };

  tell('sweeps');
  // The second one finds every node as the first one saw it.
  await sweep();
  const quiet = await counter.during(sweep);
  tell('an announced rollout');
  const atOnce = deployed('at-once');
  const announced = await counter.during(async () => {
    announce('at-once', { startsInSeconds: LEAD_MS / 1000 });
    kernel.after(LEAD_MS, () => atOnce.scaleTo(ROLLOUT_PODS));
    await run(STORY_MS);
  });
  // Its pods go, and the CNI gives back what it no longer keeps.
  atOnce.scaleTo(0);
  await run(STORY_MS);
  tell('a rollout in waves');
  const waves = await counter.during(async () => {
    announce('in-waves', { waves: {} });
    followWaves(bus, { announcementId: 'in-waves', fresh: deployed('in-waves'), replicas: ROLLOUT_PODS });
    await run(STORY_MS);
  });
  const ends = counter.executions.map(({ status }) => status);
  if (ends.join() !== 'SUCCEEDED') throw new Error(`one rollout in waves was to succeed: ${ends.join()}`);
  tell('a burst of launches');
  const launches = await counter.during(async () => {
    launching.scaleTo(fleet.burstNodes);
    await run(STORY_MS);
  });
  tell('last sweeps');
  // The first of them writes down that it sees the nodes.
  const first = await counter.during(sweep);
  // It looks up the nodes that launched, knows all actions, and has lessons to publish, as in a cluster that is in use.
  const last = await counter.during(sweep);
  await tables.close();
  const beyond = (story: Counted): Counts => ({
    ...story,
    metrics: [...story.metrics].filter((metric) => !last.metrics.has(metric)).length,
  });
  const counts = {
    sweep: { ...quiet, metrics: last.metrics.size },
    burst: beyond(plus(plus(launches, 1, first, quiet), SWEEPS_AFTER - 1, last, quiet)),
    announced: beyond(announced),
    waves: beyond(waves),
  };
  return { fleet, counts };
}

/** A story, and what so many sweeps do more because of it. They wait as long as ever: they read the same pages, and differ by chance. */
function plus({ metrics, ...story }: Counted, sweeps: number, after: Counted, quiet: Counted): Counted {
  const sums = Object.entries(story) as [keyof Sums, number][];
  const all = sums.map(([name, value]) => [
    name,
    name === 'waitMs' ? value : value + sweeps * (after[name] - quiet[name]),
  ]);
  return { ...(Object.fromEntries(all) as Sums), metrics };
}
