/**
 * The API server of a cluster, asked with the function's own role: a small client of six requests
 * (docs/decisions/0009-small-kubernetes-client.md). What it needs there is in docs/lens.md.
 */
import type * as z from 'zod/mini';
import { type Answer, failed, succeeded } from '../core/failures.ts';
import type { DeploymentSettings, GateSeen, Kubernetes, NamedNode, PodsOnNode } from '../core/kubernetes.ts';
import type { NodeId } from '../core/model.ts';
import { inParallel } from '../core/parallel.ts';
import type { Clock } from '../core/ports.ts';
import { type Asked, type KubeApi, NOT_FOUND } from './kube-api.ts';
import { eachListed, HOLDING, LIST_NODES, LIST_PODS, PER_PAGE } from './kube-lists.ts';
import {
  DEPLOYMENT,
  gateAt,
  gateOf,
  instanceOf,
  type KubeNode,
  listOf,
  NODE,
  POD,
  type Pod,
  podsOf,
  settingsOf,
} from './kube-shapes.ts';

/** Requests of one question under way at a time. */
const AT_ONCE = 10;
/** Pods a node runs, roughly: a page holds those of 25 nodes. Of fewer nodes, one request each costs less. */
const PODS_PER_NODE = 20;
/** What one question may take in all: those who ask have half a minute, and EC2 to see to. */
const MOST_MS = 8_000;
/** Somebody else changed the taints in between: read again, so often. */
const PATCHES = 3;

const PENDING = 'spec.nodeName=,status.phase=Pending';

export class KubeWorkloads implements Kubernetes {
  readonly #api: KubeApi;
  readonly #clock: Clock;

  constructor(api: KubeApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  /** Node by node where few are asked for; all pods of the cluster in pages where that is less to ask and hardly more to
   *  read: more nodes than a page holds, and half of the cluster or more. */
  async pods(
    cluster: string,
    nodes: readonly NamedNode[],
    nodesInAll: number,
  ): Promise<Answer<ReadonlyMap<NodeId, PodsOnNode>>> {
    const all = nodes.length > PER_PAGE / PODS_PER_NODE && nodes.length * 2 >= nodesInAll;
    return all ? this.#podsOfAll(cluster, nodes) : this.#podsOfEach(cluster, nodes);
  }

  async #podsOfEach(
    cluster: string,
    nodes: readonly NamedNode[],
  ): Promise<Answer<ReadonlyMap<NodeId, PodsOnNode>>> {
    const found = new Map<NodeId, PodsOnNode>();
    const answers = await inParallel(nodes, AT_ONCE, async (node): Promise<Answer<void>> => {
      for (const name of namesOf(node)) {
        // Out of the server's cache, which has pods by node, as kubelets ask: without it the server reads every pod there is.
        const query = { fieldSelector: `spec.nodeName=${name},${HOLDING}`, resourceVersion: '0' };
        const read = await this.#api.get(cluster, LIST_PODS(query), listOf(POD));
        if (!read.ok) return read;
        // aws-node runs on every node: one without any pod is not known by this name.
        if (read.value.items.length === 0) continue;
        found.set(node.nodeId, podsOf(read.value.items));
        break;
      }
      return succeeded(undefined);
    });
    return answers.find((answer) => !answer.ok) ?? succeeded(found);
  }

  async #podsOfAll(
    cluster: string,
    nodes: readonly NamedNode[],
  ): Promise<Answer<ReadonlyMap<NodeId, PodsOnNode>>> {
    const wanted = new Map(nodes.flatMap((node) => namesOf(node).map((name) => [name, node.nodeId])));
    const found = new Map<NodeId, Pod[]>();
    const read = await this.#each(cluster, LIST_PODS({ fieldSelector: HOLDING }), POD, (pod) => {
      const nodeId = wanted.get(pod.spec.nodeName ?? '');
      if (nodeId === undefined) return;
      const pods = found.get(nodeId) ?? [];
      pods.push(pod);
      found.set(nodeId, pods);
    });
    return read.ok ? succeeded(new Map([...found].map(([nodeId, pods]) => [nodeId, podsOf(pods)]))) : read;
  }

  async pendingPods(cluster: string): Promise<Answer<number>> {
    let count = 0;
    const read = await this.#each(cluster, LIST_PODS({ fieldSelector: PENDING }), POD, () => count++);
    return read.ok ? succeeded(count) : read;
  }

  async deployment(
    cluster: string,
    { namespace, name }: { readonly namespace: string; readonly name: string },
  ): Promise<Answer<DeploymentSettings | undefined>> {
    const path = deploymentPath(namespace, name);
    const asked: Asked = { path, verb: 'get', group: 'apps', resource: 'deployments' };
    const read = orAbsent(await this.#api.get(cluster, asked, DEPLOYMENT));
    if (!read.ok) return read;
    return succeeded(read.value && settingsOf(read.value));
  }

  async scale(
    cluster: string,
    { namespace, name }: { readonly namespace: string; readonly name: string },
    replicas: number,
  ): Promise<Answer<void>> {
    // The subresource: a right to it is none to change what the pods are.
    const path = `${deploymentPath(namespace, name)}/scale`;
    const asked: Asked = { path, verb: 'patch', group: 'apps', resource: 'deployments/scale' };
    const patched = await this.#api.patch(cluster, asked, { spec: { replicas } });
    if (patched.ok || patched.failure.code !== NOT_FOUND) return patched;
    return failed({
      ...patched.failure,
      message: `${cluster} has no Deployment ${name} in namespace ${namespace}: it is scaled once it is there under this name`,
    });
  }

  async gates(cluster: string, nodes: readonly NamedNode[]): Promise<Answer<ReadonlyMap<NodeId, GateSeen>>> {
    const found = new Map<NodeId, GateSeen>();
    const answers = await inParallel(nodes, AT_ONCE, async (node): Promise<Answer<void>> => {
      for (const name of namesOf(node)) {
        const read = await this.#node(cluster, name);
        if (!read.ok) return read;
        // A name may have been another instance's before.
        if (read.value === undefined || instanceOf(read.value) !== node.nodeId) continue;
        found.set(node.nodeId, gateOf(node.nodeId, read.value));
        break;
      }
      return succeeded(undefined);
    });
    return answers.find((answer) => !answer.ok) ?? succeeded(found);
  }

  async closedGates(cluster: string): Promise<Answer<readonly GateSeen[]>> {
    const closed: GateSeen[] = [];
    const read = await this.#each(cluster, LIST_NODES, NODE, (node) => {
      const nodeId = instanceOf(node);
      if (nodeId !== undefined && gateAt(node) >= 0) closed.push(gateOf(nodeId, node));
    });
    return read.ok ? succeeded(closed) : read;
  }

  async openGate(
    cluster: string,
    { nodeId, name }: { readonly nodeId: NodeId; readonly name: string },
  ): Promise<Answer<void>> {
    for (let tries = 0; ; tries++) {
      const read = await this.#node(cluster, name);
      if (!read.ok) return read;
      const node = read.value;
      if (node === undefined || instanceOf(node) !== nodeId) return succeeded(undefined);
      const at = gateAt(node);
      if (at < 0) return succeeded(undefined);
      const path = `/spec/taints/${at}`;
      // The test fails when somebody changed the list meanwhile: then nothing is changed at all.
      const patched = await this.#api.patch(cluster, nodeAt(name, 'patch'), [
        { op: 'test', path, value: node.spec.taints?.[at] },
        { op: 'remove', path },
      ]);
      if (patched.ok || patched.failure.code === NOT_FOUND) return succeeded(undefined);
      if (patched.failure.kind !== 'conflict' || tries + 1 >= PATCHES) return patched;
    }
  }

  async #node(cluster: string, name: string): Promise<Answer<KubeNode | undefined>> {
    return orAbsent(await this.#api.get(cluster, nodeAt(name, 'get'), NODE));
  }

  #each<S extends z.core.$ZodType>(
    cluster: string,
    asked: Asked,
    shape: S,
    put: (item: z.core.output<S>) => void,
  ): Promise<Answer<void>> {
    return eachListed(this.#api, this.#clock, { cluster, asked, shape, mostMs: MOST_MS }, put);
  }
}

const deploymentPath = (namespace: string, name: string): string =>
  `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/deployments/${encodeURIComponent(name)}`;

const nodeAt = (name: string, verb: 'get' | 'patch'): Asked => ({
  path: `/api/v1/nodes/${encodeURIComponent(name)}`,
  verb,
  group: '',
  resource: 'nodes',
});

/** Nodes are called by their private DNS name, or by their instance's id. Source: AWS cloud provider, node names. */
const namesOf = ({ nodeId, name }: NamedNode): readonly string[] =>
  name === undefined || name === nodeId ? [nodeId] : [name, nodeId];

const orAbsent = <T>(read: Answer<T>): Answer<T | undefined> =>
  !read.ok && read.failure.code === NOT_FOUND ? succeeded(undefined) : read;
