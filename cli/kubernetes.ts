/** What a cluster's API server says of its nodes, asked as whoever is signed in: how many pods hold an address there, and what
 *  max-pods its kubelets have. Two lists, read page by page; each may be refused. What it takes is in docs/lens.md. */
import * as z from 'zod/mini';
import { type Asker, FORBIDDEN, KubeApi } from '../lambdas/adapters/kube-api.ts';
import { eachListed, HOLDING, LIST_NODES, LIST_PODS } from '../lambdas/adapters/kube-lists.ts';
import { instanceOf, POD, type Pod, podsOf } from '../lambdas/adapters/kube-shapes.ts';
import type { NamedNode, PodsOnNode } from '../lambdas/core/kubernetes.ts';
import type { NodeCount, NodeId } from '../lambdas/core/model.ts';
import type { Account } from './account-clients.ts';

export interface Counted {
  /** Of a node; nothing of one that Kubernetes does not know. */
  of(node: NamedNode): NodeCount;
  /** Whether pods could be counted. */
  readonly hasPods: boolean;
  /** Pods of those nodes that Kubernetes knows. */
  podsOn(nodes: readonly NamedNode[]): ReadonlyMap<NodeId, PodsOnNode>;
  /** One line for each list that was not answered. */
  readonly troubles: readonly string[];
}

/** Without the question. */
export const NOT_COUNTED: Counted = { of: () => ({}), hasPods: false, podsOn: () => new Map(), troubles: [] };

const YOU: Asker = {
  role: 'the identity you are signed in as',
  unreached: (isPublic) =>
    isPublic
      ? 'its public endpoint may be closed to your address (publicAccessCidrs), or a proxy stands between'
      : 'its endpoint is private: run this inside its VPC or over a VPN into it, or leave Kubernetes out',
};

/** All pages of one list may take: 150,000 pods are 300 of them. */
const MOST_MS = 180_000;

/** A node as its kubelet reports it. `allocatable.pods` is max-pods: nothing is reserved of it. Source: Kubernetes API reference,
 *  NodeStatus; kubelet, node allocatable. */
const KUBELET = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ providerID: z.optional(z.string()) }),
  status: z.object({ allocatable: z.optional(z.object({ pods: z.optional(z.string()) })) }),
});

export const kubeOf = ({ eks, region, kube, clock }: Account): KubeApi =>
  new KubeApi(eks, region, kube, clock, YOU);

/** `said` hears how far it is. */
export async function countOn(
  api: KubeApi,
  cluster: string,
  { clock }: Pick<Account, 'clock'>,
  said: (progress: string) => void = () => {},
): Promise<Counted> {
  const names = new Map<NodeId, string>();
  const maxPods = new Map<string, number>();
  const podsBy = new Map<string, Pod[]>();
  const listing = { cluster, mostMs: MOST_MS };
  const nodes = await eachListed(api, clock, { ...listing, asked: LIST_NODES, shape: KUBELET }, (node) => {
    const nodeId = instanceOf(node);
    if (nodeId === undefined) return;
    const { name } = node.metadata;
    names.set(nodeId, name);
    podsBy.set(name, []);
    const most = wholeIn(node.status.allocatable?.pods);
    if (most !== undefined) maxPods.set(name, most);
  });
  let seen = 0;
  const asked = LIST_PODS({ fieldSelector: HOLDING });
  // Whoever was not reached, or is not known there, need not ask twice.
  const pods =
    !nodes.ok && nodes.failure.code !== FORBIDDEN
      ? undefined
      : await eachListed(api, clock, { ...listing, asked, shape: POD }, (pod) => {
          said(`${++seen} pods`);
          const { nodeName } = pod.spec;
          if (nodeName === undefined) return;
          const there = podsBy.get(nodeName);
          if (there === undefined) podsBy.set(nodeName, [pod]);
          else there.push(pod);
        });
  return {
    ...countedBy({
      maxPods,
      ...(nodes.ok && { names }),
      ...(pods?.ok === true && { podsBy }),
    }),
    troubles: [
      ...(nodes.ok ? [] : [`kubernetes list nodes: ${nodes.failure.message}`]),
      ...(pods === undefined || pods.ok ? [] : [`kubernetes list pods: ${pods.failure.message}`]),
    ],
  };
}

/** What was read, by the names of nodes; `names`, `podsBy`: absent where they were not. */
function countedBy({
  names,
  maxPods,
  podsBy,
}: {
  readonly names?: ReadonlyMap<NodeId, string>;
  readonly maxPods: ReadonlyMap<string, number>;
  readonly podsBy?: ReadonlyMap<string, readonly Pod[]>;
}): Omit<Counted, 'troubles'> {
  /** Where nodes may not be listed, the name it is likely to have, if any pod is there: aws-node runs on every node. */
  const nameOf = ({ nodeId, name }: NamedNode): string =>
    (names === undefined ? [name, nodeId].find((each) => podsBy?.has(each ?? '')) : names.get(nodeId)) ?? '';
  return {
    of: (node) => {
      const name = nameOf(node);
      const most = maxPods.get(name);
      const pods = podsBy?.get(name);
      const count = pods && podsOf(pods).count;
      return {
        ...(most !== undefined && { maxPods: most }),
        ...(pods !== undefined &&
          count !== undefined && { pods: count, hostNetworkPods: pods.length - count }),
      };
    },
    hasPods: podsBy !== undefined,
    podsOn: (nodes) =>
      new Map(
        nodes.flatMap((node) => {
          const pods = podsBy?.get(nameOf(node));
          return pods === undefined ? [] : [[node.nodeId, podsOf(pods)] as const];
        }),
      ),
  };
}

/** A quantity of pods as the API server writes it: `110`, or `1k`. Source: Kubernetes API reference, Quantity. */
function wholeIn(quantity = ''): number | undefined {
  const [, number, thousands] = /^(\d+)(k?)$/.exec(quantity) ?? [];
  return number === undefined ? undefined : Number(number) * (thousands === 'k' ? 1_000 : 1);
}
