/** What the prewarmer takes its nodes to be, against what they were counted to be. */
import { type Node, nodeGroupOf } from '../model.ts';
import { policyFor } from '../node-group-policy.ts';
import { hostNetworkOn, podCap } from '../plan/eligibility.ts';
import { FREE, many, type Rule, some } from './finding.ts';
import { type ClusterSeen, type TypeSeen, typesOf } from './seen.ts';

interface Misjudged {
  readonly group: string;
  readonly nodes: number;
  /** Pods with an address: as the policy has it, and as the kubelet with most of them may run. */
  readonly assumed: number;
  readonly real: number;
  readonly maxPods: number;
  readonly hostNetworkPods: number;
}

export const policyUnlikeNodes: Rule = {
  name: 'policy-unlike-nodes',
  looksFor:
    'max-pods and pods on the host’s network of the kubelets (--kubernetes), against what the prewarmer takes for granted',
  source: 'Kubernetes, NodeStatus; docs/policy.md, maxPods and hostNetworkPods',
  needs: ['settings', 'nodes'],
  judge: (seen) => {
    const groups = misjudged(seen);
    if (groups.length === 0) return undefined;
    const tooFew = groups.some(({ assumed, real }) => real > assumed);
    const nodeGroups = Object.fromEntries(
      groups.map(({ group, maxPods, hostNetworkPods }) => [group, { maxPods, hostNetworkPods }]),
    );
    const value = JSON.stringify({ clusters: { [seen.cluster.name]: { nodeGroups } } });
    return {
      severity: tooFew ? 'yellow' : 'info',
      title: `The prewarmer would take nodes for ${tooFew ? 'smaller' : 'larger'} than they are`,
      evidence: some(
        groups.map(
          ({ group, nodes, assumed, real, maxPods, hostNetworkPods }) =>
            `${group} (${many(nodes, 'node')}): ${assumed} pods with an address assumed, ${real} by the kubelet (max-pods ${maxPods}, ${hostNetworkPods} on the host’s network)`,
        ),
      ),
      consequence: tooFew
        ? 'A node that launches gets addresses for as many pods as are assumed, and may take more at once: the others fail at first.'
        : 'It brings addresses that no pod can use, and places announced pods where they do not fit.',
      remedy: {
        says: `Say it in the policy, beside what that says already: ${value}. The parameter’s name is the stack’s output PolicyParameter.`,
        commands: [
          [
            ...['aws', 'ssm', 'put-parameter', '--region', seen.region, '--overwrite'],
            ...['--name', 'PARAMETER', '--value', value],
          ],
        ],
      },
      price: FREE,
    };
  },
};

function misjudged(seen: ClusterSeen): readonly Misjudged[] {
  const known = typesOf(seen).flatMap((type) =>
    type.nodes.flatMap((node) => {
      const maxPods = node.counted?.maxPods;
      return maxPods === undefined
        ? []
        : [{ group: nodeGroupOf(node.tags), ...judged(seen, node, type, maxPods) }];
    }),
  );
  return [...Map.groupBy(known, ({ group }) => group)].flatMap(([, all]) => {
    const [most] = all.toSorted((a, b) => b.real - a.real);
    return most === undefined || most.real === most.assumed ? [] : [{ ...most, nodes: all.length }];
  });
}

function judged(seen: ClusterSeen, node: Node, { limits, settings }: TypeSeen, maxPods: number) {
  const policy = policyFor(seen.policy, seen.cluster.name, nodeGroupOf(node.tags));
  const { counted: _, ...asEc2ShowsIt } = node;
  const hostNetworkPods = hostNetworkOn(node, policy);
  return {
    assumed: podCap(asEc2ShowsIt, limits, settings, policy),
    real: Math.max(0, maxPods - hostNetworkPods),
    maxPods,
    hostNetworkPods,
  };
}
