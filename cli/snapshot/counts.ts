/** What Kubernetes counted on the nodes of a snapshot. */
import { named } from '../../lambdas/core/lens.ts';
import type { Node } from '../../lambdas/core/model.ts';
import type { Counted } from '../kubernetes.ts';
import { MAX_PODS, PODS, type Snapshot } from './format.ts';

/** `nodes`: as EC2 shows them. A number that no snapshot may have is left out. */
export function withCounts(snapshot: Snapshot, nodes: readonly Node[], counted: Counted): Snapshot {
  const byId = new Map<string, Node>(nodes.map((node) => [node.id, node]));
  return {
    ...snapshot,
    nodes: snapshot.nodes.map((node) => {
      const seen = byId.get(node.id);
      const { pods, maxPods } = seen === undefined ? {} : counted.of(named(seen));
      return {
        ...node,
        ...(maxPods !== undefined && within(MAX_PODS, maxPods) && { maxPods }),
        ...(pods !== undefined && within(PODS, pods) && { pods }),
      };
    }),
  };
}

const within = ({ from, to }: { readonly from: number; readonly to: number }, value: number): boolean =>
  from <= value && value <= to;
