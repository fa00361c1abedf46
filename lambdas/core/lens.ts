/** Asking a cluster's API server, where we may. What cannot be asked is said once, and the decision goes on without it. */
import { settingOf } from './acting.ts';
import type { Answer } from './failures.ts';
import type { Kubernetes, NamedNode } from './kubernetes.ts';
import type { Node } from './model.ts';
import type { Ports } from './ports.ts';
import type { RolloutAnnounced } from './signals.ts';

/** `undefined` where the lens is off. */
export function lensOf(cluster: string, { kubernetes, settings }: Ports): Kubernetes | undefined {
  return settingOf(cluster, { settings })?.lens === true ? kubernetes : undefined;
}

/** The same, where its nodes may come with our start-up taint. */
export function gatesOf(cluster: string, ports: Ports): Kubernetes | undefined {
  return settingOf(cluster, ports)?.gate === true ? lensOf(cluster, ports) : undefined;
}

export const named = ({ id: nodeId, dnsName: name }: Node): NamedNode => ({
  nodeId,
  ...(name !== undefined && { name }),
});

/** The answer, or `undefined` and one warning that says what to do about it. */
export function seenThrough<T>(
  answer: Answer<T>,
  cluster: string,
  goingOn: string,
  { journal }: Ports,
): T | undefined {
  if (answer.ok) return answer.value;
  const { kind, code, message } = answer.failure;
  journal.warn('lens: not seen', { cluster, kind, code, message, goingOn });
  return undefined;
}

/** The announcement with the Deployment's own settings where it said none: a strategy in it wins over the one that is deployed,
 *  because a pipeline may be about to change that. */
export async function asDeployed(signal: RolloutAnnounced, ports: Ports): Promise<RolloutAnnounced> {
  const { unsaid = [], ...said } = signal;
  const { cluster, workload } = said;
  const lens = lensOf(cluster, ports);
  if (lens === undefined || unsaid.length === 0 || workload.kind !== 'Deployment') return signal;
  const answer = await lens.deployment(cluster, workload);
  const settings = seenThrough(
    answer,
    cluster,
    "Kubernetes' defaults stand for what was not announced",
    ports,
  );
  if (settings === undefined) return signal;
  // Read once: a later try of the same rollout goes by the same settings.
  return {
    ...said,
    ...(unsaid.includes('strategy') && { strategy: settings.strategy }),
    ...(unsaid.includes('terminationGrace') && { terminationGraceMs: settings.terminationGraceMs }),
  };
}
