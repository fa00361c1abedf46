/**
 * Reads of EC2 that runs share. A burst of launches is told to many runs within seconds, each with a part of it. They take
 * turns: a turn's read is of all instances that anybody waits for, and is left where the others find it. So a burst costs as
 * many reads as it has seconds to last, however many instances and runs it has; and who launches one node waits for nobody.
 */
import { TIGHT_ADDRESSES } from './budget/flight.ts';
import { IDS_PER_DESCRIBE } from './limits.ts';
import type { Node, NodeId, Subnet, World } from './model.ts';
import { SUBNET_ROLE_TAG } from './plan/subnets.ts';
import type { NodeLaunching } from './signals.ts';

interface Bucket {
  /** Turns that can be had at once. */
  readonly size: number;
  /** Until the next one. */
  readonly everyMs: number;
  /** It is a burst, in which turns are taken, once more instances were told of within {@link BURST_MS} (each as often as it is told)
   *  than the request budget brings attaches for in so many seconds. 0: turns are always taken. */
  readonly burstIsSeconds: number;
}
const BURST_MS = 10_000;
/** What gathers of the budget between two turns is spent in the next one, whoever has it. Nodes that are pending lose nothing by
 *  waiting for one, and their messages keep no reader busy that nodes need which run. Looks come at any time: often enough to
 *  learn to a few seconds when ipamd starts. */
const BUCKETS: Readonly<Record<TurnAsk['as'], Bucket>> = {
  running: { size: 1, everyMs: 5_000, burstIsSeconds: 24 },
  pending: { size: 1, everyMs: 12_000, burstIsSeconds: 5 },
  look: { size: 3, everyMs: 2_000, burstIsSeconds: 0 },
};
/** How old a read may be for another run's use. Runs that wait for a turn come back within a second or two of it, and find the
 *  read of whoever took it. What was done since is in the ledger (calls/promises.ts). */
const FRESH_MS: Readonly<Record<TurnAsk['as'], number>> = { running: 3_000, pending: 3_000, look: 2_000 };
/** For how long what hardly changes is taken for known. */
const KNOWN_MS = 20_000;
/** What all ipamds of an account take of a subnet in this time, at AWS's documented rates: 5 creates a second, of 10 addresses each
 *  (m5.large), and 5 assigns of 9. So nobody counts yet when it is over. */
const ROOMY_ADDRESSES = TIGHT_ADDRESSES + (KNOWN_MS / 1_000) * (5 * 10 + 5 * 9);
/** Who has not come back for so long waits no more. */
const WANTED_MS = 30_000;
/** One read’s instances at most, for one request of each kind; others wait for the next. */
const MOST_INSTANCES = IDS_PER_DESCRIBE;
const LOOK_AGAIN_MS = 1_000;

/** A read for the others. */
export interface SharedRead {
  /** Instances that were asked for, shown or not; none where their ENIs' tags were not read. */
  readonly ids: readonly NodeId[];
  readonly world: World;
}

interface Wanted {
  readonly sinceMs: number;
  /** What launch it is of; looks have none. */
  readonly launch?: NodeLaunching;
}

export interface Turns {
  /** Turns left at `atMs`; a fraction grows to the next one. */
  readonly left: Readonly<Record<TurnAsk['as'], number>>;
  readonly atMs: number;
  /** Instances that launches were told of lately; the longer ago, the less one counts. */
  readonly told: number;
  /** Instances that runs wait for. */
  readonly wanted: Readonly<Record<NodeId, Wanted>>;
}

export const ALL_TURNS: Turns = {
  left: { running: BUCKETS.running.size, pending: BUCKETS.pending.size, look: BUCKETS.look.size },
  atMs: 0,
  told: 0,
  wanted: {},
};

export interface TurnAsk {
  readonly ids: readonly NodeId[];
  readonly as: 'running' | 'pending' | 'look';
  /** Attaches that the request budget brings in a second. */
  readonly attachesPerSecond: number;
  /** What the instances are launched for. */
  readonly launches?: readonly NodeLaunching[];
}

/** Launches have no use for what looks read: it is without subnets. */
export type Circle = 'launches' | 'looks';
export const circleOf = (as: TurnAsk['as']): Circle => (as === 'look' ? 'looks' : 'launches');

/** Whose reads are of use. */
export const sourcesOf = (as: TurnAsk['as']): readonly Circle[] =>
  as === 'look' ? ['looks', 'launches'] : ['launches'];

/** To read all of `ids` now, and to act for those that `others` wait for, too: they have no seconds to lose. Or to ask again,
 *  when somebody else may have read them, and acted. */
export type Turn =
  | { readonly ids: readonly NodeId[]; readonly others: readonly NodeLaunching[] }
  | { readonly waitMs: number };

export function takeTurn(
  turns: Turns,
  { ids, as, attachesPerSecond, launches = [] }: TurnAsk,
  nowMs: number,
): { turn: Turn; next: Turns } {
  const passedMs = Math.max(0, nowMs - turns.atMs);
  const grown = (name: TurnAsk['as']): number =>
    Math.min(BUCKETS[name].size, turns.left[name] + passedMs / BUCKETS[name].everyMs);
  const left = { running: grown('running'), pending: grown('pending'), look: grown('look') };
  const others = (Object.entries(turns.wanted) as [NodeId, Wanted][])
    .filter(([, { sinceMs }]) => nowMs - sinceMs < WANTED_MS)
    .sort(([, one], [, other]) => ranAtMs(one) - ranAtMs(other));
  const told = turns.told * Math.exp(-passedMs / BURST_MS) + (as === 'look' ? 0 : ids.length);
  const free = told < attachesPerSecond * BUCKETS[as].burstIsSeconds;
  if (!free && left[as] < 1) {
    const launchOf = new Map(launches.map((launch) => [launch.nodeId, launch]));
    const wanted = Object.fromEntries([
      ...others,
      ...ids.map((id) => {
        const launch = launchOf.get(id);
        return [id, { sinceMs: nowMs, ...(launch !== undefined && { launch }) }] as const;
      }),
    ]);
    // Whoever has seconds looks whether somebody else's turn has been of use to him; others wait for the next one.
    const nextMs = as === 'running' ? 0 : Math.ceil((1 - left[as]) * BUCKETS[as].everyMs);
    const waitMs = Math.max(LOOK_AGAIN_MS, nextMs);
    return { turn: { waitMs }, next: { left, atMs: nowMs, told, wanted } };
  }
  const all = [...new Set([...ids, ...others.map(([id]) => id)])];
  const mine = all.slice(0, Math.max(ids.length, MOST_INSTANCES));
  const rest = new Set(all.slice(mine.length));
  const wanted = Object.fromEntries(others.filter(([id]) => rest.has(id)));
  return {
    turn: {
      ids: mine,
      others: others.flatMap(([id, { launch }]) =>
        launch === undefined || ids.includes(id) || rest.has(id) ? [] : [launch],
      ),
    },
    next: { left: free ? left : { ...left, [as]: left[as] - 1 }, atMs: nowMs, told, wanted },
  };
}

/** What is not asked again for a while: instances that ran, all but their ENIs, and the subnets, while those that nodes are in
 *  or that the CNI may take instead have room. */
export function knownOf(
  lasts: readonly (SharedRead | undefined)[],
  vpcIds: readonly string[],
  nowMs: number,
): { readonly nodes: readonly Node[]; readonly subnets: readonly Subnet[]; readonly sinceMs: number } {
  const worlds = lasts.flatMap((last) =>
    last !== undefined && nowMs - sinceMsOf(last.world) <= KNOWN_MS ? last.world : [],
  );
  const nodes = worlds.flatMap((world) => world.nodes);
  const subnets = worlds.flatMap((world) => world.subnets).filter(({ vpcId }) => vpcIds.includes(vpcId));
  const used = new Set(nodes.flatMap(({ subnetId, enis }) => [subnetId, ...enis.map((eni) => eni.subnetId)]));
  const narrow = subnets.some(
    ({ id, tags, freeAddresses }) =>
      freeAddresses <= ROOMY_ADDRESSES && (used.has(id) || (tags[SUBNET_ROLE_TAG] ?? '') !== ''),
  );
  return {
    nodes: nodes.filter(({ state }) => state === 'running'),
    subnets: narrow ? [] : subnets,
    sinceMs: Math.min(nowMs, ...worlds.map(sinceMsOf)),
  };
}

const sinceMsOf = ({ sinceMs, readAtMs }: World): number => sinceMs ?? readAtMs;

/** Who began to run first is the first to be too late; those that are pending can wait. */
const ranAtMs = ({ launch }: Wanted): number =>
  launch?.phase === 'running' ? launch.atMs : Number.MAX_SAFE_INTEGER;

/** Whether a read shows all of `ids` as they were at `notBeforeMs` or later, and is not too old now. */
export function serves(
  shared: SharedRead,
  { ids, as, notBeforeMs }: Pick<TurnAsk, 'ids' | 'as'> & { readonly notBeforeMs: number },
  nowMs: number,
): boolean {
  const { readAtMs } = shared.world;
  const has = new Set(shared.ids);
  return readAtMs >= notBeforeMs && nowMs - readAtMs <= FRESH_MS[as] && ids.every((id) => has.has(id));
}
