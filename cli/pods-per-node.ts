/** `--pods-per-node` against what kubelets take: doctor, plan and simulate refuse the same. */

/** Pods with an address that a kubelet runs at most: max-pods less those on the host's network. */
export interface PodRoom {
  readonly type: string;
  readonly pods: number;
}

/** More than any of the nodes could run, as one line. `told`: what tells their max-pods, where it is not the type's own. */
export function tooManyPerNode(
  podsPerNode: number | undefined,
  rooms: readonly PodRoom[],
  told: string,
): string | undefined {
  const [most] = rooms.toSorted((a, b) => b.pods - a.pods);
  if (podsPerNode === undefined || most === undefined || podsPerNode <= most.pods) return undefined;
  return (
    `--pods-per-node: expected at most ${most.pods}, what max-pods of ${most.type} leave for pods with an address ` +
    `(where they are others, ${told}), got ${podsPerNode}`
  );
}
