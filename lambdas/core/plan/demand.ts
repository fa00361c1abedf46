/**
 * How many addresses a signal asks for, where and by when.
 *
 * The address use of a workload is its pods' addresses and those that cool after their pods. The demand is the peak of that
 * use less the use at the start. Below, *held* is how long an old pod's address stays in use after the pod was asked to end:
 * termination, then cooldown. Each formula bounds the peak from what is announced; what is not announced is taken at its
 * worst. test/scenarios/demand-*.test.ts measures all of them in the embedded world.
 */
import { podsOn } from '../cni.ts';
import { IP_COOLDOWN_MS } from '../limits.ts';
import type { IntOrPercent, NodeSelector, RolloutAnnounced, RolloutStrategy } from '../signals.ts';

export interface Demand {
  readonly id: string;
  readonly cluster: string;
  /** Addresses needed beyond those in use when the rollout starts, margin not included. */
  readonly addresses: number;
  /** Pods asked for at one instant, at most. */
  readonly atOnce: number;
  /** Over how long all of them are asked for; 0: at one instant. */
  readonly overMs: number;
  readonly startsAtMs: number;
  readonly selector: NodeSelector;
  readonly because: string;
}

type Asked = Pick<Demand, 'addresses' | 'atOnce' | 'overMs' | 'because'>;
type Strategy<T extends RolloutStrategy['type']> = Extract<RolloutStrategy, { type: T }>;

/** At least the peak, if what is announced is true. At most 1.3 times the peak or 2 above it, if enough is announced: for pods
 *  that are replaced, how long they take to end (`podExitMs`, or a grace they use up) and the pace, by `podReadyMs` or by
 *  `overMs`, which is taken to be even; for a job, `podRunMs`. Each pod is taken at its fastest to come and slowest to end: where
 *  their times differ it is at least the peak all the same, and may exceed that bound where they replace each other one by one
 *  or run (StatefulSets, jobs), because slower ones never cool at the same time.
 *
 *  More replicas than before are taken for a scale-out of pods that stay, unless `newVersion` is said or a blue/green switch
 *  replaces them anyway. `cooldownMs` is the CNI's. */
export function demandOf(rollout: RolloutAnnounced, cooldownMs = IP_COOLDOWN_MS): Demand {
  const { announcementId: id, cluster, startsAtMs, selector } = rollout;
  const asked = rollout.hostNetwork === true ? NOTHING : askedBy(rollout, cooldownMs);
  return { id, cluster, startsAtMs, selector, ...asked };
}

const NOTHING: Asked = {
  addresses: 0,
  atOnce: 0,
  overMs: 0,
  because: "pods on the host's network use their node's own address",
};

function askedBy(rollout: RolloutAnnounced, cooldownMs: number): Asked {
  const { replicas, strategy } = rollout;
  const growth = Math.max(0, replicas.to - replicas.from);
  const stays = replicas.from === 0 || (growth > 0 && rollout.newVersion !== true);
  switch (strategy.type) {
    case 'rolling-update':
      return stays ? scaleOut(rollout) : rollingUpdate(strategy, rollout, cooldownMs);
    case 'recreate':
      if (stays) return scaleOut(rollout);
      // The first new pod is made when the last old one has gone, whose address, like all others, still cools then. A
      // Deployment that also grows first grows, in its old version.
      return {
        addresses: replicas.to + growth,
        atOnce: replicas.to,
        overMs: 0,
        because: `all ${replicas.to} replicas recreated; the old addresses cool for ${cooldownMs / 1000} s`,
      };
    case 'blue-green':
      // The old pods stay until all new ones are ready.
      return {
        addresses: replicas.to,
        atOnce: replicas.to,
        overMs: rollout.overMs,
        because: `all ${replicas.to} replicas exist twice during a blue/green switch`,
      };
    case 'stateful-set':
      return stays ? growingSet(strategy, rollout) : updatedSet(strategy, rollout, cooldownMs);
    case 'job':
      return job(strategy, rollout, cooldownMs);
  }
}

/** The old pods keep their addresses, every new one needs one, and none ends. */
function scaleOut({ replicas: { from, to }, overMs }: RolloutAnnounced): Asked {
  const growth = Math.max(0, to - from);
  return {
    addresses: growth,
    atOnce: overMs > 0 ? Math.ceil(growth / Math.max(1, overMs / 1000)) : growth,
    overMs,
    because: `${growth} new replicas, from ${from} to ${to}`,
  };
}

/**
 * R replicas; at most S above them and U of them missing, so at most S + U new pods are on their way. Each old pod ended
 * makes way for a new one, each new one available for the end of another old one. One after the other of these S + U seats
 * makes a pod at most every r, the time until a pod is available. A *round* is one pod from each.
 *
 * Use beyond the start is n − f: n new pods, f old addresses free again, whose pods were asked to end more than held (H) ago.
 * - Until H nothing is free: f = 0, n ≤ R, and n ≤ (S + U)·k, with k = ⌊H/r⌋ + 1 rounds in a time H, its ends included.
 * - After H the U pods ended at once are free, with those of a scale-in: n − f ≤ R − U − shrunk. And as old + new ≤ R + S at
 *   every moment, the new pods of a time H ago were at most S more than the old ones ended by then, and those are free
 *   now: n − f ≤ S + (S + U)·k − shrunk.
 * Where all pods take the same time the larger of the two is reached. With r unknown k is unbounded, and all R are needed.
 * A Deployment that also grows first grows, in its old version (Kubernetes, deployment controller, isScalingEvent), and is
 * then as above: it needs the pods it grew by besides.
 */
function rollingUpdate(
  { maxSurge, maxUnavailable }: Strategy<'rolling-update'>,
  rollout: RolloutAnnounced,
  cooldownMs: number,
): Asked {
  const { from, to } = rollout.replicas;
  const surge = pods(maxSurge, to, 'up');
  const missing = Math.min(to, pods(maxUnavailable, to, 'down'));
  // Kubernetes takes 1 for the latter when both come to nothing.
  const unavailable = surge + missing === 0 ? 1 : missing;
  const seats = surge + unavailable;
  const held = heldMs(rollout, cooldownMs);
  const laterRounds = Math.ceil(to / seats) - 1;
  const readyMs = rollout.podReadyMs ?? paceMs(rollout, laterRounds);
  const rounds = within(held, readyMs);
  const early = Math.min(to, seats * rounds);
  const late = Math.min(to - unavailable, surge + seats * rounds) - Math.max(0, from - to);
  return {
    addresses: Math.max(early, late) + Math.max(0, to - from),
    atOnce: Math.min(to, seats),
    // From then on addresses come back as fast as they are asked for.
    overMs: readyMs > 0 ? readyMs * Math.min(laterRounds, rounds - 1) : 0,
    because:
      `${to} replicas replaced ${seats} at a time, ` +
      `${readyMs > 0 ? `every ${seconds(readyMs)}` : 'at a pace not announced'}; each old address is held for ${seconds(held)}`,
  };
}

/** Every pod waits for the one before it, or none does. */
function growingSet({ podManagement }: Strategy<'stateful-set'>, rollout: RolloutAnnounced): Asked {
  const all = scaleOut(rollout);
  if (podManagement === 'parallel') return all;
  const paced = Math.max(rollout.overMs, (rollout.podReadyMs ?? 0) * Math.max(0, all.addresses - 1));
  return {
    ...all,
    atOnce: Math.min(1, all.addresses),
    overMs: paced,
    because: `${all.because}, one after the other`,
  };
}

/**
 * A pod keeps its name: the old one is gone before the new one asks, so pods alone never use more than at the start, and
 * what is needed is what cools. Each of U seats frees an address at most every t + r, the time a pod takes to end and the
 * next one to be available: U·(⌊C/(t + r)⌋ + 1) in a cooldown C. Where pods come one after the other, r apart, at most
 * ⌊C/r⌋ + 1 that came can need others than were freed before C. A set that shrinks ends its last pods first; one that grows
 * makes its new pods first, and they stay.
 */
function updatedSet(
  { podManagement, maxUnavailable }: Strategy<'stateful-set'>,
  rollout: RolloutAnnounced,
  cooldownMs: number,
): Asked {
  const { from, to } = rollout.replicas;
  const replaced = Math.min(from, to);
  const seats = Math.max(1, Math.min(replaced, pods(maxUnavailable, to, 'down')));
  const readyMs = rollout.podReadyMs ?? 0;
  // From the first pod to the last there is a round less than there are, but for what lies within the last one.
  const rounds = Math.ceil(replaced / seats) - (podManagement === 'ordered' && seats > 1 ? 0 : 1);
  const roundMs =
    rollout.podReadyMs === undefined ? paceMs(rollout, rounds) : readyMs + (rollout.podExitMs ?? 0);
  const freed = seats * within(cooldownMs, roundMs);
  const came = podManagement === 'ordered' ? within(cooldownMs, readyMs) : Number.POSITIVE_INFINITY;
  return {
    addresses: Math.min(replaced, freed, came) + (to - replaced),
    atOnce: Math.min(to, seats),
    overMs: Math.min(rollout.overMs, cooldownMs),
    because: `${to} replicas of a StatefulSet replaced ${seats} at a time; the old addresses cool for ${seconds(cooldownMs)}`,
  };
}

/**
 * P pods at a time, N in all. Each of P seats has one pod that lives, and frees an address at most every x, the time one pod
 * has it: ⌊C/x⌋ + 1 that cool. P·(⌊C/x⌋ + 2), never above N; with x unknown, N. A run of a CronJob, of ⌈N/P⌉ pods one after
 * the other, has left no trace when it has ended and cooled: with a run every e, ⌊(⌈N/P⌉·x + C)/e⌋ + 1 of them meet. With x
 * unknown a run is taken to end before the next one starts.
 */
function job(
  { completions, podRunMs = 0, everyMs }: Strategy<'job'>,
  { replicas }: RolloutAnnounced,
  cooldownMs: number,
): Asked {
  const seats = Math.min(replicas.to, completions);
  const one = seats === 0 ? 0 : Math.min(completions, seats * (within(cooldownMs, podRunMs) + 1));
  const runMs = seats === 0 ? 0 : podRunMs * Math.ceil(completions / seats);
  const runs = everyMs === undefined ? 1 : within((runMs > 0 ? runMs : everyMs) + cooldownMs, everyMs);
  return {
    addresses: one * runs,
    atOnce: seats,
    overMs: everyMs === undefined ? 0 : everyMs * (runs - 1),
    because:
      `${completions} pods of a job, ${seats} at a time; the addresses of those that ended cool for ${seconds(cooldownMs)}` +
      (runs > 1 ? `; ${runs} runs meet` : ''),
  };
}

/** Pods of a node that goes away, which ask for an address on others: those announced, or else as many as its addresses allow.
 *  A node that could grow and does not has W·M free (the CNI's growth rule, cni.ts); one that cannot may have a pod on each. Its addresses
 *  go with it, so nothing that cools is of use to anybody. Exact when `pods` is known, else less than M above if the CNI has
 *  given back what it does not keep. */
export function demandOfDisplaced(node: {
  readonly addresses: number;
  /** Pods with an address that it may run, at most. */
  readonly podCap: number;
  readonly warmEniTarget: number;
  /** M: addresses an ENI can hold beside its own. */
  readonly perEni: number;
  /** It has been quiet, and has slots or room on its ENIs. */
  readonly couldGrow: boolean;
  readonly pods?: number;
}): number {
  const { addresses, podCap, warmEniTarget, perEni, couldGrow } = node;
  const [, most] = podsOn(addresses, warmEniTarget, perEni, couldGrow);
  return Math.min(podCap, node.pods ?? most, addresses);
}

/** A node that launches takes its whole part of the pods that wait the moment it is Ready: as many as are open, or as it may
 *  run. Both are reached, as no other node has a slot for them. */
export const demandOfLaunching = (openPods: number, podCap: number): number =>
  Math.max(0, Math.min(openPods, podCap));

/** How often something happens within `ms`, both ends included, that happens at most every `everyMs`. */
const within = (ms: number, everyMs: number): number =>
  everyMs > 0 ? Math.floor(ms / everyMs) + 1 : Number.POSITIVE_INFINITY;

/** Time between two of the rounds that make up the rollout, if it is evenly spread over the time announced; 0 unknown. */
const paceMs = ({ overMs }: RolloutAnnounced, rounds: number): number => (rounds > 0 ? overMs / rounds : 0);

const exitMs = ({ podExitMs, terminationGraceMs }: RolloutAnnounced): number =>
  Math.min(podExitMs ?? terminationGraceMs, terminationGraceMs);

/** How long the address of a pod that was asked to end is held: until it has ended, and then cools. */
export const heldMs = (rollout: RolloutAnnounced, cooldownMs: number): number => exitMs(rollout) + cooldownMs;

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

/** Whether old pods make way for new ones, so that their addresses come back after they cooled. */
export const replacesPods = (rollout: RolloutAnnounced): boolean =>
  rollout.hostNetwork !== true &&
  rollout.replicas.from > 0 &&
  rollout.replicas.to <= rollout.replicas.from &&
  rollout.strategy.type !== 'blue-green' &&
  rollout.strategy.type !== 'job';

/** Kubernetes rounds maxSurge up and maxUnavailable down. Source: Deployment spec, rolling update. */
export function pods(value: IntOrPercent, replicas: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  // Multiplied before divided: 7 % of 100 is 7, while 0.07 × 100 is a little more.
  const exact = (Number(value.slice(0, -1)) * replicas) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
