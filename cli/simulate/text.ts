/** What was simulated, as a person reads it: one table, and what it rests on. */
import { many } from '../../lambdas/core/doctor/finding.ts';
import type { Snapshot } from '../snapshot/format.ts';
import { podsOf } from '../snapshot/pods.ts';
import { aligned, count, seconds, wrapped } from '../tables.ts';
import type { Burst } from './burst.ts';
import type { Outcome, Stopped } from './play.ts';
import { GIVEN, IN_WAVES, named, PATCHED, presentEnv } from './ways.ts';

const callsOf = ({ figures }: Outcome): number =>
  Object.values(figures.ec2Calls).reduce((sum, calls) => sum + calls, 0);

/** Ends that are no further apart than two looks are the same. */
const SAME_END_SECONDS = 10;
const HEAD = ['', 'failed', 'worst s', 'p99 s', 'EC2 calls', 'throttled', 'idle addr·s', 'last pod s'];

export const table = (outcomes: readonly Outcome[]): string =>
  aligned([HEAD, ...outcomes.map((outcome) => [labelOf(outcome), ...figuresOf(outcome)])]).join('\n');

/** The name of its way, and whether that came to no end. */
export const labelOf = ({ way, stopped }: Outcome): string =>
  stopped === undefined ? way.name : `${way.name} (stopped)`;

/** What failed, in a few words. Of pods that were never released nothing can fail: that is no success. */
export function failedIn({ figures, stopped }: Outcome): string {
  if (stopped !== undefined) return stoppedIn(stopped);
  const { failedRequests, withoutAddress } = figures;
  return `${count(failedRequests)}${withoutAddress > 0 ? `, ${many(withoutAddress, 'pod')} without an address` : ''}`;
}

export const stoppedIn = ({ releasedPods, pods }: Stopped): string =>
  `stopped, ${count(releasedPods)} of ${many(pods, 'pod')} released`;

/** Stands for a figure that cannot be compared. */
const NONE = '–';

/** What its columns are. */
export const KEY = wrapped(
  'failed: requests for an address that were refused; worst and p99: wait from request to address; EC2 calls and throttled: ' +
    'everybody’s; idle: unused addresses × s; last pod: since the first was due.',
);

/** A row of figures, in the order of the heads of text and page. */
export const figuresOf = (outcome: Outcome): string[] => {
  const { figures, lastPodSeconds, stopped } = outcome;
  return [
    ...(stopped === undefined
      ? [count(figures.failedRequests), seconds(figures.worstWaitMs), seconds(figures.p99WaitMs)]
      : [NONE, NONE, NONE]),
    count(callsOf(outcome)),
    count(figures.throttled),
    count(figures.addressSecondsIdle),
    lastPodSeconds === undefined ? 'never' : count(Math.round(lastPodSeconds)),
  ];
};

/** What comes, and on what. */
export function introduction(snapshot: Snapshot, burst: Burst, seed: number): string {
  const { cluster, nodes } = snapshot;
  const pods = nodes.reduce((sum, node) => sum + podsOf(node, snapshot), 0);
  const types = new Set(nodes.map(({ type }) => type));
  const env = named(presentEnv(snapshot)) || 'the CNI’s defaults';
  const settings = cluster.vpcCni === undefined ? 'settings unknown, the CNI’s defaults are assumed' : env;
  return wrapped(
    `Simulated, seed ${seed}: ${burstIn(burst)} on ${cluster.name} as it was on ${when(snapshot.takenAt)}: ${many(nodes.length, 'node')} ` +
      `(${[...types].slice(0, 3).join(', ')}${types.size > 3 ? ' and others' : ''}), about ${many(pods, 'pod')} with addresses, ${settings}.`,
  );
}

/** To the minute: `2026-11-05 10:00 UTC`. */
const when = (takenAt: string): string => `${takenAt.slice(0, 16).replace('T', ' ')} UTC`;

export const burstIn = ({ replicas, rolls, overMs, strategy, nodeGroups, startsInMs }: Burst): string =>
  [
    rolls
      ? `${many(replicas.to, 'pod')} replaced, maxSurge ${strategy.maxSurge}, maxUnavailable ${strategy.maxUnavailable}`
      : `${many(replicas.to, 'new pod')} ${overMs === 0 ? 'at once' : `over ${overMs / 1000} s`}`,
    ...(nodeGroups === undefined ? [] : [`in ${nodeGroups.join(', ')}`]),
    `announced ${startsInMs / 1000} s ahead`,
  ].join(', ');

/** Where fewer pods were played than were asked for. */
export const notPlayed = (asked: Burst, played: Burst): string[] =>
  asked === played
    ? []
    : [
        `${asked.workload.name}: of its ${many(asked.replicas.to, 'replica')} ${count(played.replicas.to)} are simulated, as many as its nodes run; the others wait for a node.`,
      ];

/** What a reader of the table has to know. */
export function notes(snapshot: Snapshot, burst: Burst, outcomes: readonly Outcome[]): string[] {
  const launched = Math.max(0, ...outcomes.map(({ figures }) => figures.launched));
  const full = snapshot.subnets.filter(({ freeBlocks }) => freeBlocks === 0).length;
  const prefixes = outcomes.some(({ way }) => way.env['ENABLE_PREFIX_DELEGATION'] === 'true');
  const ends = outcomes.map(({ samples }) => samples.at(-1)?.atSeconds ?? 0);
  const longer = outcomes.filter((_, index) => (ends[index] ?? 0) > Math.min(...ends) + SAME_END_SECONDS);
  const { podsPerNode } = burst;
  const shorter = snapshot.nodes.filter((node) => podsOf(node, snapshot) < (podsPerNode ?? 0)).length;
  const counted = podsPerNode !== undefined || snapshot.nodes.every(({ pods }) => pods !== undefined);
  return [
    ...snapshot.notes,
    ...(counted
      ? []
      : [
          'How many pods each node runs is told from its addresses, at most: EC2 does not show it (--pods-per-node says it).',
        ]),
    ...(shorter > 0
      ? [
          `${many(shorter, 'node')} of ${snapshot.nodes.length} with fewer addresses than the ${podsPerNode} pods of --pods-per-node: there are as many pods there as addresses.`,
        ]
      : []),
    ...(launched > 0
      ? [
          `Up to ${many(launched, 'node')} launched, as an autoscaler does 30 s after the first pod that fits nowhere.`,
        ]
      : []),
    ...(prefixes && full > 0
      ? [
          `${full} of ${snapshot.subnets.length} subnets have no free /28 block: with prefixes nodes there get no address.`,
        ]
      : []),
    ...(longer.length > 0
      ? [
          `Idle addresses and EC2 calls are counted for longer where the pods come slower: ${longer.map(({ way }) => way.name).join(', ')}.`,
        ]
      : []),
    ...(burst.overMs > 0 && outcomes.some(({ way }) => way.us === 'waves')
      ? [
          `${IN_WAVES}: pods come as fast as addresses are there for them, not over ${burst.overMs / 1000} s (--over).`,
        ]
      : []),
    ...outcomes.flatMap(({ way, figures, stopped }) => [
      ...(figures.withoutAddress > 0
        ? [`${way.name}: ${many(figures.withoutAddress, 'pod')} had no address at the end.`]
        : []),
      ...(stopped !== undefined
        ? [
            `${way.name}: ${stoppedIn(stopped)}: ${stopped.because}. What failed until then (${many(figures.failedRequests, 'request')}) cannot be compared.`,
          ]
        : []),
      ...(figures.lateAttach > 0
        ? [`${way.name}: ${many(figures.lateAttach, 'attach', 'attaches')} came too late to help.`]
        : []),
    ]),
    ...outcomes.flatMap(({ way }) => (way.name === GIVEN ? [`${GIVEN}: ${named(way.env)}.`] : [])),
    ...(outcomes.some(({ way }) => way.name === PATCHED)
      ? [`${PATCHED}: with the settings Kubernetes paces itself by, and no prewarmer.`]
      : []),
  ];
}

/** The same as JSON: times in seconds since the first pod was due. */
export const outcomeDocument = (outcome: Outcome): unknown => {
  const { way, figures, lastPodSeconds, stopped } = outcome;
  return {
    ...{ way: way.name, us: way.us, env: way.env },
    ...(way.selfPaced !== undefined && { patch: way.selfPaced.patch }),
    // Nobody who sorts by them should find a rollout first that did not happen.
    failedRequests: stopped === undefined ? figures.failedRequests : null,
    worstWaitSeconds: stopped === undefined ? figures.worstWaitMs / 1000 : null,
    p99WaitSeconds: stopped === undefined ? figures.p99WaitMs / 1000 : null,
    ec2Calls: callsOf(outcome),
    ec2CallsByAction: figures.ec2Calls,
    throttled: figures.throttled,
    addressSecondsIdle: figures.addressSecondsIdle,
    lastPodSeconds: lastPodSeconds ?? null,
    podsWithoutAddress: figures.withoutAddress,
    nodesLaunched: figures.launched,
    ...(stopped !== undefined && { stopped }),
  };
};
