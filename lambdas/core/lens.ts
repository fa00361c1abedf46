/** Asking a cluster's API server, where we may. What cannot be asked is said once, and the decision goes on without it. */
import type { Answer } from './failures.ts';
import type { Node } from './model.ts';
import type { Kubernetes, NamedNode, Ports } from './ports.ts';

/** `undefined` where the lens is off. */
export function lensOf(cluster: string, { kubernetes, settings }: Ports): Kubernetes | undefined {
  const setting = settings.clusters.find(({ name }) => name === cluster);
  return setting?.lens === true ? kubernetes : undefined;
}

/** The same, where its nodes may come with our start-up taint. */
export function gatesOf(cluster: string, ports: Ports): Kubernetes | undefined {
  const setting = ports.settings.clusters.find(({ name }) => name === cluster);
  return setting?.gate === true ? lensOf(cluster, ports) : undefined;
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
