/** What we read of Kubernetes' objects, and nothing more of them. Source: Kubernetes API reference, core/v1 and apps/v1. */
import * as z from 'zod/mini';
import type { DeploymentSettings, GateSeen, PodsOnNode } from '../core/kubernetes.ts';
import { GATE_TAINT, type NodeId } from '../core/model.ts';
import type { IntOrPercent, RolloutStrategy } from '../core/signals.ts';

/** Plain checks instead of zod's own types for them, which are kilobytes of each bundle. */
const text = z.custom<string>((given) => typeof given === 'string');
const number = z.custom<number>((given) => typeof given === 'number');
const yesOrNo = z.custom<boolean>((given) => typeof given === 'boolean');
const intOrPercent = z.custom<IntOrPercent>(
  (given) => Number.isInteger(given) || (typeof given === 'string' && /^\d+%$/.test(given)),
);

export const POD = z.object({
  spec: z.object({ nodeName: z.optional(text), hostNetwork: z.optional(yesOrNo) }),
  status: z.object({ podIP: z.optional(text) }),
});
export type Pod = z.output<typeof POD>;

/** With fields beside these: a taint is given back to the server as it came. */
interface Taint {
  readonly key: string;
  readonly effect: string;
}
const isTaint = (given: unknown): given is Taint =>
  typeof given === 'object' &&
  given !== null &&
  'key' in given &&
  'effect' in given &&
  typeof given.key === 'string' &&
  typeof given.effect === 'string';

export const NODE = z.object({
  metadata: z.object({ name: text, creationTimestamp: text }),
  spec: z.object({
    providerID: z.optional(text),
    taints: z.optional(z.custom<readonly Taint[]>((given) => Array.isArray(given) && given.every(isTaint))),
  }),
  status: z.object({
    conditions: z.optional(z.array(z.object({ type: text, status: text, lastTransitionTime: text }))),
  }),
});
export type KubeNode = z.output<typeof NODE>;

export const DEPLOYMENT = z.object({
  spec: z.object({
    replicas: z.optional(number),
    strategy: z.optional(
      z.object({
        type: z.optional(text),
        rollingUpdate: z.optional(
          z.object({ maxSurge: z.optional(intOrPercent), maxUnavailable: z.optional(intOrPercent) }),
        ),
      }),
    ),
    template: z.object({
      spec: z.object({ terminationGracePeriodSeconds: z.optional(number), hostNetwork: z.optional(yesOrNo) }),
    }),
  }),
  status: z.optional(z.object({ readyReplicas: z.optional(number) })),
});

export const listOf = <S extends z.core.$ZodType>(item: S) =>
  z.object({
    metadata: z.object({ continue: z.optional(text) }),
    items: z.array(item),
  });

/** Where our taint stands among a node's, -1 when it is not there. The value counts for nothing, as in the scheduler. */
export const gateAt = ({ spec: { taints = [] } }: KubeNode): number =>
  taints.findIndex(({ key, effect }) => key === GATE_TAINT.key && effect === GATE_TAINT.effect);

/** The instance: `aws:///eu-central-1a/i-0123456789abcdef0`. Source: AWS cloud provider. */
export const instanceOf = ({ spec: { providerID } }: Pick<KubeNode, 'spec'>): NodeId | undefined =>
  /^aws:\/\/\/[^/]*\/(i-[0-9a-f]+)$/.exec(providerID ?? '')?.[1] as NodeId | undefined;

export function gateOf(nodeId: NodeId, node: KubeNode): GateSeen {
  const { metadata, status } = node;
  const ready = status.conditions?.find(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );
  return {
    nodeId,
    name: metadata.name,
    closed: gateAt(node) >= 0,
    ...(ready !== undefined && { readySinceMs: Date.parse(ready.lastTransitionTime) }),
    joinedAtMs: Date.parse(metadata.creationTimestamp),
  };
}

export const podsOf = (pods: readonly Pod[]): PodsOnNode => {
  const own = pods.filter(({ spec }) => spec.hostNetwork !== true);
  return { count: own.length, ips: own.flatMap(({ status }) => status.podIP ?? []) };
};

/** Kubernetes' defaults. Source: Kubernetes API reference, Deployment and Pod. */
const DEFAULT_SHARE = '25%';
const DEFAULT_GRACE_SECONDS = 30;

export function settingsOf({ spec, status }: z.output<typeof DEPLOYMENT>): DeploymentSettings {
  const { terminationGracePeriodSeconds, hostNetwork = false } = spec.template.spec;
  const { maxSurge = DEFAULT_SHARE, maxUnavailable = DEFAULT_SHARE } = spec.strategy?.rollingUpdate ?? {};
  const strategy: RolloutStrategy =
    spec.strategy?.type === 'Recreate'
      ? { type: 'recreate' }
      : { type: 'rolling-update', maxSurge, maxUnavailable };
  return {
    replicas: spec.replicas ?? 1,
    strategy,
    terminationGraceMs: (terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000,
    hostNetwork,
    // Left out by the server when it is 0.
    readyReplicas: status?.readyReplicas ?? 0,
  };
}
