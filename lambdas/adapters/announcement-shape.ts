/** What an announcement says, in Kubernetes' own words where it has any. docs/announcement.schema.json is made of this. */
import * as z from 'zod/mini';
import type { IntOrPercent, NodeSelector } from '../core/signals.ts';
import { clusterName, listOf, ours, text, textsByName, value, whole, yesOrNo } from './expectations.ts';

/** Pods in one cluster that Kubernetes is built for. Source: Kubernetes, considerations for large clusters. */
const MOST_PODS = 150_000;
const DAY_SECONDS = 86_400;
const NAME = /^\S{1,253}$/;

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
export const time = value<string>(
  'a time such as "2026-01-31T09:00:00Z"',
  (given) => typeof given === 'string' && ISO.test(given) && Number.isFinite(Date.parse(given)),
  { type: 'string', pattern: ISO.source },
);
/** It becomes a tag's value and part of a key. Characters: EC2 User Guide, tag restrictions. */
export const announcementId = text('1 to 128 letters, digits or any of _.:/=+@-', /^[\w.:/=+@-]{1,128}$/);

export const pods = whole(0, MOST_PODS, 'pods');
export const replicas = ours({ from: pods, to: pods });
export const workload = ours({
  kind: text('a kind such as "Deployment"', NAME),
  namespace: text('a namespace', NAME),
  name: text('a name', NAME),
});

const PERCENT = /^(\d{1,2}|100)%$/;
/** Kubernetes takes a maxSurge above 100% and gains nothing by it: no more new pods exist than there are replicas. Here it is
 *  a slip of the hand. Source: Kubernetes API reference, RollingUpdateDeployment. */
export const intOrPercent = value<IntOrPercent>(
  'a whole number of pods, or a percentage from "0%" to "100%"',
  (given) =>
    (Number.isInteger(given) && (given as number) >= 0 && (given as number) <= MOST_PODS) ||
    (typeof given === 'string' && PERCENT.test(given)),
  {
    oneOf: [
      { type: 'integer', minimum: 0, maximum: MOST_PODS },
      { type: 'string', pattern: PERCENT.source },
    ],
  },
);

export const nodeGroup = text('a node group', NAME);
/** Source of the characters: Kubernetes, labels and selectors. */
export const labels = textsByName(
  'an object of labels, such as {"pool": "web"}',
  /^[\w./-]{1,317}$/,
  /^[\w.-]{0,63}$/,
);
export const selection = {
  nodeGroups: z.optional(listOf(nodeGroup, 'a list of node groups')),
  zones: z.optional(listOf(text('an availability zone', NAME), 'a list of availability zones')),
  labels: z.optional(labels),
} satisfies Record<Exclude<keyof NodeSelector, 'exceptNodes'>, unknown>;
export const podsPerNode = whole(0, 1_000, 'pods');
const seconds = whole(0, DAY_SECONDS, 'seconds');

/** Kubernetes refuses it too, and so does nothing. Source: Kubernetes API reference, RollingUpdateDeployment. */
const movesNothing = (one: IntOrPercent | undefined): boolean => one === 0 || one === '0%';

const rollingUpdate = ours({
  type: z.literal('RollingUpdate'),
  maxSurge: z.optional(intOrPercent),
  maxUnavailable: z.optional(intOrPercent),
}).check(
  z.refine(({ maxSurge, maxUnavailable }) => !(movesNothing(maxSurge) && movesNothing(maxUnavailable)), {
    path: ['maxUnavailable'],
    error: 'more than 0 where maxSurge is 0',
  }),
);

export const STRATEGY = z.discriminatedUnion(
  'type',
  [
    rollingUpdate,
    ours({ type: z.literal('Recreate') }),
    ours({ type: z.literal('BlueGreen') }),
    ours({
      type: z.literal('StatefulSet'),
      podManagementPolicy: z.optional(
        value<'OrderedReady' | 'Parallel'>(
          '"OrderedReady" or "Parallel"',
          (given) => given === 'OrderedReady' || given === 'Parallel',
          { enum: ['OrderedReady', 'Parallel'] },
        ),
      ),
      maxUnavailable: z.optional(intOrPercent),
    }),
    ours({
      type: z.literal('Job'),
      completions: whole(1, MOST_PODS, 'pods'),
      podSeconds: z.optional(whole(1, DAY_SECONDS, 'seconds')),
      everySeconds: z.optional(whole(1, 31 * DAY_SECONDS, 'seconds')),
    }),
  ],
  { error: 'an object whose type is one of RollingUpdate, Recreate, BlueGreen, StatefulSet, Job' },
);

/** A percentage of none is no wave. */
const waveSize = value<'auto' | IntOrPercent>(
  '"auto", a whole number of pods, or a percentage from "1%" to "100%"',
  (given) =>
    given === 'auto' ||
    (Number.isInteger(given) && (given as number) >= 1 && (given as number) <= MOST_PODS) ||
    (typeof given === 'string' && PERCENT.test(given) && !movesNothing(given as IntOrPercent)),
  {
    oneOf: [
      { const: 'auto' },
      { type: 'integer', minimum: 1, maximum: MOST_PODS },
      { type: 'string', pattern: '^([1-9]|[1-9]\\d|100)%$' },
    ],
  },
);
const choice = <T extends string>(...choices: readonly T[]) =>
  value<T>(`one of ${choices.map((one) => `"${one}"`).join(', ')}`, (given) => choices.includes(given as T), {
    enum: choices,
  });

/** How a rollout goes out that is batched. The longest an execution may take: a week, well below the year Step Functions gives. */
const WAVES = ours({
  size: z.optional(waveSize),
  gate: z.optional(choice('none', 'event', 'callback', 'approve')),
  advance: z.optional(choice('announce', 'scale')),
  deadline: z.optional(time),
  deadlineSeconds: z.optional(whole(60, 7 * DAY_SECONDS, 'seconds')),
  longestPauseSeconds: z.optional(whole(60, DAY_SECONDS, 'seconds')),
  smallest: z.optional(whole(1, MOST_PODS, 'pods')),
}).check(
  z.refine(({ deadline, deadlineSeconds }) => deadline === undefined || deadlineSeconds === undefined, {
    path: ['deadlineSeconds'],
    error: 'nothing beside deadline',
  }),
);

/** What a pipeline says before it changes a workload. */
export const ANNOUNCEMENT = ours({
  cluster: clusterName,
  workload,
  replicas,
  strategy: z.optional(STRATEGY),
  terminationGracePeriodSeconds: z.optional(seconds),
  startsAt: z.optional(time),
  startsInSeconds: z.optional(seconds),
  overSeconds: z.optional(seconds),
  nodeSelection: z.optional(ours(selection)),
  podsPerNode: z.optional(podsPerNode),
  podReadySeconds: z.optional(seconds),
  podExitSeconds: z.optional(seconds),
  newVersion: z.optional(yesOrNo),
  hostNetwork: z.optional(yesOrNo),
  waves: z.optional(WAVES),
  announcementId: z.optional(announcementId),
}).check(
  z.refine(({ startsAt, startsInSeconds }) => startsAt === undefined || startsInSeconds === undefined, {
    path: ['startsInSeconds'],
    error: 'nothing beside startsAt',
  }),
);
export type Announcement = z.output<typeof ANNOUNCEMENT>;
