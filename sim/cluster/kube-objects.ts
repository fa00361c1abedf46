/** A cluster's nodes, pods and Deployments as its API server shows them. */
import type { KubeCluster, KubeTaint } from '../wire/clusters.ts';
import { Deployment } from './deployment.ts';
import type { HOST_NETWORK_PODS, Node } from './node.ts';
import type { Pod, PodHost } from './pod.ts';
import type { Workload } from './workload.ts';

/** What every node runs on its own network. */
const ON_HOST = ['aws-node', 'kube-proxy'] as const satisfies { length: typeof HOST_NETWORK_PODS };
const EFFECT = 'NoSchedule';
/** Of every workload here. */
const NAMESPACE = 'default';

type Objects = ReturnType<KubeCluster['pods']>;

/** What of a cluster its API server shows. */
interface Shown {
  readonly nodes: readonly Node[];
  readonly workloads: readonly Workload[];
  readonly scheduler: { readonly pending: readonly Pod[] };
}

export class KubeObjects implements KubeCluster {
  access: KubeCluster['access'] = 'public';
  readonly outages: { readonly fromMs: number; readonly toMs: number }[] = [];
  readonly denied = new Set<string>();
  readonly #cluster: Shown;

  constructor(cluster: Shown) {
    this.#cluster = cluster;
  }

  nodes(): ReturnType<KubeCluster['nodes']> {
    return this.#joined.map((node) => ({
      name: nameOf(node),
      providerId: `aws:///${node.zone}/${node.instanceId}`,
      joinedAtMs: node.joinedAtMs ?? 0,
      ...(node.ready && { readySinceMs: node.readyAtMs ?? 0 }),
      taints: [...node.taints].map(taintOf),
      maxPods: node.maxPods,
    }));
  }

  pods(): Objects {
    const onNodes = this.#joined.flatMap((node) => [
      ...ON_HOST.map((name) => ({
        namespace: 'kube-system',
        name: `${name}-${node.name}`,
        nodeName: nameOf(node),
        hostNetwork: true,
        phase: 'Running' as const,
        ip: primaryIp(node),
        ending: false,
      })),
      ...node.pods.map((pod) => podOf(pod, nameOf(node))),
    ]);
    const waiting = this.#cluster.scheduler.pending.map((pod) => podOf(pod, undefined));
    return [...onNodes, ...waiting, ...this.#ended];
  }

  /** Pods whose containers ended by themselves stay as objects, with the address they had. */
  get #ended(): Objects {
    return this.#cluster.workloads
      .flatMap(({ pods }) => pods)
      .filter(({ goneAtMs, endingAtMs }) => goneAtMs !== undefined && endingAtMs === undefined)
      .filter(({ node }) => node?.terminated === false)
      .map((pod) => ({ ...podOf(pod, pod.node && nameOf(pod.node)), phase: 'Succeeded' }));
  }

  deployments(): ReturnType<KubeCluster['deployments']> {
    return this.#cluster.workloads.flatMap((workload) =>
      workload instanceof Deployment
        ? [
            {
              namespace: NAMESPACE,
              name: workload.name,
              replicas: workload.replicas,
              strategy: workload.strategy,
              terminationGraceSeconds: workload.terminationGraceMs / 1000,
              ready: workload.readyPods,
            },
          ]
        : [],
    );
  }

  scale(namespace: string, name: string, replicas: number): void {
    for (const workload of namespace === NAMESPACE ? this.#cluster.workloads : [])
      if (workload instanceof Deployment && workload.name === name) workload.scaleTo(replicas);
  }

  /** Only taking off: nobody puts a taint on by this way. */
  setTaints(name: string, taints: readonly KubeTaint[]): void {
    const node = this.#joined.find((each) => nameOf(each) === name);
    for (const key of node?.taints ?? [])
      if (!taints.some((left) => left.key === key)) node?.removeTaint(key);
  }

  get #joined(): readonly Node[] {
    return this.#cluster.nodes.filter(
      ({ joinedAtMs, terminated }) => joinedAtMs !== undefined && !terminated,
    );
  }
}

const primaryIp = (node: PodHost): string => node.instance.enis[0]?.privateIp ?? '';

/** As EC2 names the instance (ip-name). Source: EC2 User Guide, instance hostname types. */
const nameOf = (node: PodHost): string =>
  `ip-${primaryIp(node).replaceAll('.', '-')}.${node.zone.slice(0, -1)}.compute.internal`;

const taintOf = (key: string): KubeTaint => ({ key, value: 'true', effect: EFFECT });

const podOf = (pod: Pod, nodeName: string | undefined): Objects[number] => ({
  namespace: NAMESPACE,
  name: pod.name,
  nodeName,
  hostNetwork: false,
  phase: pod.runningAtMs === undefined ? 'Pending' : 'Running',
  ip: pod.ip,
  ending: pod.endingAtMs !== undefined,
});
