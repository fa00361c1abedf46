/** Signals that we put on a queue ourselves, as core has them. */
import * as z from 'zod/mini';
import type { Unsaid } from '../core/signals.ts';
import {
  announcementId,
  intOrPercent,
  nodeGroup,
  pods,
  podsPerNode,
  replicas,
  selection,
  workload,
} from './announcement-shape.ts';
import { nodeId } from './event-shapes.ts';
import { clusterName, listOf, ours, text, value, whole, yesOrNo } from './expectations.ts';

const DAY_MS = 86_400_000;
/** Latest date JavaScript can hold. Source: ECMAScript, time values. */
const MOST_MS = 8.64e15;
/** Tries are counted up to a few dozen; what is beyond is no message of ours. */
const attempt = whole(0, 1_000, 'tries');
const atMs = whole(0, MOST_MS, 'milliseconds');
const duration = whole(0, 31 * DAY_MS, 'milliseconds');

const oneOf = <T extends string>(...values: readonly T[]) =>
  value<T>(`one of ${values.map((one) => `"${one}"`).join(', ')}`, (given) => values.includes(given as T));

const words = text('a text of 1 to 300 characters', /^[^\n]{1,300}$/);

const onlyTrue = z.optional(value<true>('true, or nothing', (given) => given === true));

const launching = ours({
  kind: z.literal('node-launching'),
  nodeId,
  phase: oneOf('pending', 'running'),
  atMs,
  gated: onlyTrue,
  hook: z.optional(ours({ groupName: words, hookName: words, token: words })),
  attempt,
});

const strategy = z.discriminatedUnion(
  'type',
  [
    ours({ type: z.literal('rolling-update'), maxSurge: intOrPercent, maxUnavailable: intOrPercent }),
    ours({ type: z.literal('recreate') }),
    ours({ type: z.literal('blue-green') }),
    ours({
      type: z.literal('stateful-set'),
      podManagement: oneOf('ordered', 'parallel'),
      maxUnavailable: intOrPercent,
    }),
    ours({
      type: z.literal('job'),
      completions: pods,
      podRunMs: z.optional(duration),
      everyMs: z.optional(duration),
    }),
  ],
  {
    error: 'an object whose type is "rolling-update", "recreate", "blue-green", "stateful-set" or "job"',
  },
);

const announced = ours({
  kind: z.literal('rollout-announced'),
  announcementId,
  cluster: clusterName,
  workload,
  replicas,
  strategy,
  startsAtMs: atMs,
  overMs: duration,
  terminationGraceMs: duration,
  selector: ours({ ...selection, exceptNodes: z.optional(listOf(nodeId, 'a list of instance ids')) }),
  podsPerNode: z.optional(podsPerNode),
  podExitMs: z.optional(duration),
  podReadyMs: z.optional(duration),
  newVersion: z.optional(yesOrNo),
  hostNetwork: z.optional(yesOrNo),
  unsaid: z.optional(listOf(oneOf<Unsaid>('strategy', 'terminationGrace'), 'a list of what was not said')),
  cause: z.optional(words),
  attempt,
});

const displaced = ours({
  kind: z.literal('pods-displaced'),
  nodeId,
  cause: oneOf('spot interruption', 'rebalance recommendation'),
  atMs,
  attempt,
});

const scaleOut = ours({
  kind: z.literal('scale-out-coming'),
  group: z.discriminatedUnion(
    'by',
    [
      ours({ by: z.literal('node group'), cluster: clusterName, name: words }),
      ours({ by: z.literal('Auto Scaling group'), name: words }),
      ours({ by: z.literal('node pool'), name: words }),
    ],
    { error: 'an object whose by is "node group", "Auto Scaling group" or "node pool"' },
  ),
  nodes: z.discriminatedUnion(
    'are',
    [
      ours({ are: z.literal('desired'), count: pods }),
      ours({ are: z.literal('more'), count: pods }),
      ours({ are: z.literal('replaced') }),
    ],
    { error: 'an object whose are is "desired", "more" or "replaced"' },
  ),
  requestId: words,
  atMs,
  attempt,
});

const verifyDue = ours({
  kind: z.literal('verify-due'),
  cluster: clusterName,
  nodeIds: listOf(nodeId, 'a list of instance ids'),
  ipamdStarted: z.optional(yesOrNo),
  attempt,
});

const bootLook = ours({
  kind: z.literal('boot-look'),
  cluster: clusterName,
  launches: listOf(
    ours({ nodeId, nodeGroup, runningAtMs: atMs, notStartedAtMs: atMs }),
    'a list of launches',
  ),
  looksLeft: whole(1, 100, 'looks'),
  attempt,
});

const gateLook = ours({
  kind: z.literal('gate-look'),
  cluster: clusterName,
  gates: listOf(
    ours({
      nodeId,
      name: z.optional(words),
      runningAtMs: atMs,
      notStartedAtMs: z.optional(atMs),
      seenByMs: z.optional(atMs),
      again: onlyTrue,
    }),
    'a list of launch gates',
  ),
  attempt,
});

export const SIGNAL = z.discriminatedUnion(
  'kind',
  [launching, announced, displaced, scaleOut, verifyDue, bootLook, gateLook],
  {
    error:
      'an object whose kind is "node-launching", "rollout-announced", "pods-displaced", "scale-out-coming", "verify-due", ' +
      '"boot-look" or "gate-look"',
  },
);
