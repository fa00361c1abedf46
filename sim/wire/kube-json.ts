/** What an API server answers with: its objects as far as the product reads them, and its refusals. */
import { isoSeconds } from '../iso-seconds.ts';
import type { KubeCluster } from './clusters.ts';
import type { WireResponse, WireWorld } from './wire.ts';

export const nodesOf = ({ epochMs }: WireWorld, kubernetes: KubeCluster) => {
  const time = (atMs: number): string => isoSeconds(epochMs + atMs);
  return kubernetes.nodes().map(({ name, providerId, joinedAtMs, readySinceMs, taints, maxPods }) => ({
    metadata: { name, creationTimestamp: time(joinedAtMs) },
    spec: { providerID: providerId, ...(taints.length > 0 && { taints }) },
    status: {
      allocatable: { pods: String(maxPods) },
      capacity: { pods: String(maxPods) },
      conditions: [
        readySinceMs === undefined
          ? { type: 'Ready', status: 'False', lastTransitionTime: time(joinedAtMs) }
          : { type: 'Ready', status: 'True', lastTransitionTime: time(readySinceMs) },
      ],
    },
  }));
};

export const podObject = (pod: ReturnType<KubeCluster['pods']>[number]) => ({
  metadata: { name: pod.name, namespace: pod.namespace, ...(pod.ending && { deletionTimestamp: 'now' }) },
  spec: {
    ...(pod.nodeName !== undefined && { nodeName: pod.nodeName }),
    ...(pod.hostNetwork && { hostNetwork: true }),
  },
  status: { phase: pod.phase, ...(pod.ip !== undefined && { podIP: pod.ip }) },
});

/** The API server writes defaults out, and leaves a status of 0 out. */
export function deploymentObject(of: ReturnType<KubeCluster['deployments']>[number]) {
  const rolling = of.strategy === 'Recreate' ? undefined : of.strategy;
  const { maxSurge = '25%', maxUnavailable = '25%' } = rolling ?? {};
  return {
    metadata: { name: of.name, namespace: of.namespace },
    spec: {
      replicas: of.replicas,
      strategy:
        rolling === undefined
          ? { type: 'Recreate' }
          : { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
      template: { spec: { terminationGracePeriodSeconds: of.terminationGraceSeconds } },
    },
    status: of.ready > 0 ? { readyReplicas: of.ready } : {},
  };
}

export const status = (code: number, reason: string, message: string): WireResponse =>
  json(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code });

export const json = (code: number, body: object): WireResponse => ({
  status: code,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
