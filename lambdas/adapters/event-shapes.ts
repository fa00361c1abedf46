/** The shapes of events we understand: EventBridge's envelope, EC2's state changes, and our own two. */
import * as z from 'zod/mini';
import type { NodeId } from '../core/model.ts';
import type { IntOrPercent, Unsaid } from '../core/signals.ts';
import { clusterName, listOf, ours, text, theirs, value, whole } from './expectations.ts';

/** Pods in one cluster that Kubernetes is built for. Source: Kubernetes, considerations for large clusters. */
const MOST_PODS = 150_000;
const DAY_SECONDS = 86_400;
const DAY_MS = 86_400_000;
/** Latest date JavaScript can hold. Source: ECMAScript, time values. */
const MOST_MS = 8.64e15;

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const time = value<string>(
  'a time such as "2026-01-31T09:00:00Z"',
  (given) => typeof given === 'string' && ISO.test(given) && Number.isFinite(Date.parse(given)),
);
const nodeId = value<NodeId>(
  'an instance id',
  (given) => typeof given === 'string' && /^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(given),
);
const NAME = /^\S{1,253}$/;
/** It becomes a tag's value and part of a key. Characters: EC2 User Guide, tag restrictions. */
const announcementId = text('1 to 128 letters, digits or any of _.:/=+@-', /^[\w.:/=+@-]{1,128}$/);

/** Source: EventBridge User Guide, event structure. */
export const ENVELOPE = theirs({
  id: announcementId,
  source: text('a text', /^/),
  'detail-type': text('a text', /^/),
  time,
  detail: value<unknown>('an object', (given) => typeof given === 'object' && given !== null),
});

/** Source: EC2 User Guide, state change events. */
const STATES = ['pending', 'running', 'stopping', 'stopped', 'shutting-down', 'terminated'];
export const STATE_CHANGE = theirs({
  'instance-id': nodeId,
  state: value<string>(`one of ${STATES.join(', ')}`, (given) => STATES.includes(given as string)),
});

const replicas = ours({ from: whole(0, MOST_PODS, 'pods'), to: whole(0, MOST_PODS, 'pods') });
const workload = ours({
  kind: text('a kind such as "Deployment"', NAME),
  namespace: text('a namespace', NAME),
  name: text('a name', NAME),
});
const intOrPercent = value<IntOrPercent>(
  'a whole number of pods, or a percentage such as "25%"',
  (given) =>
    (Number.isInteger(given) && (given as number) >= 0 && (given as number) <= MOST_PODS) ||
    (typeof given === 'string' && /^\d{1,3}%$/.test(given)),
);
const selector = ours({
  nodeGroups: z.optional(listOf(text('a node group', NAME), 'a list of node groups')),
  zones: z.optional(listOf(text('an availability zone', NAME), 'a list of availability zones')),
});
const podsPerNode = z.optional(whole(0, 1_000, 'pods'));

/** What a pipeline says before it changes a workload, in Kubernetes' own words where it has any. */
export const ANNOUNCEMENT = ours({
  cluster: clusterName,
  workload,
  replicas,
  strategy: z.optional(
    z.discriminatedUnion(
      'type',
      [
        ours({
          type: z.literal('RollingUpdate'),
          maxSurge: z.optional(intOrPercent),
          maxUnavailable: z.optional(intOrPercent),
        }),
        ours({ type: z.literal('Recreate') }),
        ours({ type: z.literal('BlueGreen') }),
      ],
      { error: 'an object whose type is "RollingUpdate", "Recreate" or "BlueGreen"' },
    ),
  ),
  terminationGracePeriodSeconds: z.optional(whole(0, DAY_SECONDS, 'seconds')),
  startsAt: z.optional(time),
  overSeconds: z.optional(whole(0, DAY_SECONDS, 'seconds')),
  nodeSelection: z.optional(selector),
  podsPerNode,
  announcementId: z.optional(announcementId),
});

/** Tries are counted up to a few dozen; what is beyond is no message of ours. */
const attempt = whole(0, 1_000, 'tries');
const atMs = whole(0, MOST_MS, 'milliseconds');
const onlyTrue = z.optional(value<true>('true, or nothing', (given) => given === true));

const UNSAID: readonly Unsaid[] = ['strategy', 'terminationGrace'];

/** Its own piece, beside the other signals of ours. */
const GATE_LOOK = ours({
  kind: z.literal('gate-look'),
  cluster: clusterName,
  gates: listOf(
    ours({
      nodeId,
      name: z.optional(text("a node's name", NAME)),
      runningAtMs: atMs,
      notStartedAtMs: z.optional(atMs),
      seenByMs: z.optional(atMs),
      again: onlyTrue,
    }),
    'a list of launch gates',
  ),
  attempt,
});

/** A signal that we put on a queue ourselves, as core has it. */
export const SIGNAL = z.discriminatedUnion(
  'kind',
  [
    ours({
      kind: z.literal('node-launching'),
      nodeId,
      phase: value<'pending' | 'running'>(
        '"pending" or "running"',
        (given) => given === 'pending' || given === 'running',
      ),
      atMs,
      gated: onlyTrue,
      attempt,
    }),
    ours({
      kind: z.literal('rollout-announced'),
      announcementId,
      cluster: clusterName,
      workload,
      replicas,
      strategy: z.discriminatedUnion(
        'type',
        [
          ours({ type: z.literal('rolling-update'), maxSurge: intOrPercent, maxUnavailable: intOrPercent }),
          ours({ type: z.literal('recreate') }),
          ours({ type: z.literal('blue-green') }),
        ],
        { error: 'an object whose type is "rolling-update", "recreate" or "blue-green"' },
      ),
      startsAtMs: atMs,
      overMs: whole(0, DAY_MS, 'milliseconds'),
      terminationGraceMs: whole(0, DAY_MS, 'milliseconds'),
      selector,
      podsPerNode,
      unsaid: z.optional(
        listOf(
          value<Unsaid>('"strategy" or "terminationGrace"', (given) => UNSAID.includes(given as Unsaid)),
          'a list of what was not said',
        ),
      ),
      attempt,
    }),
    ours({
      kind: z.literal('verify-due'),
      cluster: clusterName,
      nodeIds: listOf(nodeId, 'a list of instance ids'),
      ipamdStarted: z.optional(value<boolean>('true or false', (given) => typeof given === 'boolean')),
      attempt,
    }),
    ours({
      kind: z.literal('boot-look'),
      cluster: clusterName,
      launches: listOf(
        ours({
          nodeId,
          nodeGroup: text('a node group', NAME),
          runningAtMs: atMs,
          notStartedAtMs: atMs,
        }),
        'a list of launches',
      ),
      looksLeft: whole(1, 100, 'looks'),
      attempt,
    }),
    GATE_LOOK,
  ],
  {
    error:
      'an object whose kind is "node-launching", "rollout-announced", "verify-due", "boot-look" or "gate-look"',
  },
);
