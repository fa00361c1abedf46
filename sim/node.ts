/** A node: an instance that boots, ipamd on it, and a kubelet that asks it for an address for each pod it is given. */
import type { Chance, Stream } from './chance.ts';
import type { Account } from './ec2/account.ts';
import type { Instance } from './ec2/api.ts';
import { typeLimits } from './ec2/instance-types.ts';
import { Ipamd } from './ipamd/ipamd.ts';
import { type Kernel, type Process, RANK, type Running } from './kernel.ts';
import { KUBELET_RETRY, PENDING_TO_RUNNING, RUNNING_TO_IPAMD, SERVING_TO_READY } from './latencies.ts';

/** One pod's way to an address. */
export interface Pod {
  readonly name: string;
  readonly createdAtMs: number;
  node: Node | undefined;
  /** When kubelet first asked for an address. */
  askedAtMs: number | undefined;
  gotAddressAtMs: number | undefined;
  /** Refused ADDs: each is a `FailedCreatePodSandBox` event of the pod. */
  failedRequests: number;
  deleted: boolean;
}

/** What a node needs of its world. */
export interface NodeWorld {
  readonly kernel: Kernel;
  readonly chance: Chance;
  readonly account: Account;
}

/** Pods on the host's network on every node: aws-node and kube-proxy. They need no address. */
export const HOST_NETWORK_PODS = 2;

/** kubelet starts a container that ended anew after 10 s at first (Kubernetes, container restart policy). */
const CONTAINER_RESTART_MS = 10_000;

export class Node {
  readonly name: string;
  readonly instanceId: string;
  readonly ipamd: Ipamd;
  readonly maxPods: number;
  readonly #kernel: Kernel;
  readonly #account: Account;
  readonly #boot: Stream;
  readonly #kubelet: Stream;
  readonly #pods = new Set<Pod>();
  readonly #whenReady: (node: Node) => void;
  #booting: Running | undefined;
  ready = false;
  /** Launched while the scenario ran, not established before it. */
  booted = false;

  constructor(
    name: string,
    instance: Instance,
    env: Readonly<Record<string, string>>,
    world: NodeWorld,
    whenReady: (node: Node) => void,
  ) {
    const limits = typeLimits(instance.type);
    if (limits === undefined) throw new Error(`no instance type ${instance.type}`);
    this.name = name;
    this.instanceId = instance.id;
    this.#kernel = world.kernel;
    this.#account = world.account;
    this.#boot = world.chance.stream(`boot of ${name}`);
    this.#kubelet = world.chance.stream(`kubelet of ${name}`);
    this.#whenReady = whenReady;
    this.maxPods = limits.enisPerCard * (limits.ipv4PerEni - 1) + HOST_NETWORK_PODS;
    this.ipamd = new Ipamd({
      kernel: world.kernel,
      chance: world.chance,
      ec2: world.account,
      metadata: world.account.metadata(instance.id),
      instanceId: instance.id,
      primaryEniId: instance.enis[0]?.id ?? '',
      subnetId: instance.subnetId,
      vpcId: instance.vpcId,
      zone: instance.zone,
      limits,
      env,
      maxPods: this.maxPods,
      containerRestartMs: CONTAINER_RESTART_MS,
    });
  }

  /** The instance as it is now. */
  get instance(): Instance {
    return this.#account.instance(this.instanceId);
  }

  /** Boots as EC2 and the node's own software do, and is Ready some time after ipamd serves. */
  boot(): void {
    this.booted = true;
    this.#booting = this.#kernel.spawn(this.#boots());
  }

  *#boots(): Process {
    const kernel = this.#kernel;
    yield* kernel.sleep(this.#boot.from(PENDING_TO_RUNNING));
    this.#account.setState(this.instanceId, 'running');
    yield* kernel.sleep(this.#boot.from(RUNNING_TO_IPAMD));
    const toReadyMs = this.#boot.from(SERVING_TO_READY);
    this.ipamd.onServing(() => {
      kernel.after(toReadyMs, () => this.#becomeReady());
    });
    this.ipamd.start();
  }

  /** A node that has been there for long: its ipamd starts now, and it is Ready as soon as that serves. */
  join(): void {
    this.#account.setState(this.instanceId, 'running');
    this.ipamd.onServing(() => this.#becomeReady());
    this.ipamd.start();
  }

  /** The instance is terminated: everything on it ends here and now. */
  terminate(): void {
    this.#booting?.stop();
    this.ipamd.stop();
    this.ready = false;
    this.#account.terminate(this.instanceId);
  }

  #becomeReady(): void {
    if (this.ready) return;
    this.ready = true;
    this.#whenReady(this);
  }

  /** Pods the scheduler may still bind here. */
  get freePodSlots(): number {
    return this.maxPods - HOST_NETWORK_PODS - this.#pods.size;
  }

  get pods(): readonly Pod[] {
    return [...this.#pods];
  }

  /** The scheduler binds a pod: kubelet asks for its address at once, and again until it gets one. */
  bind(pod: Pod): void {
    pod.node = this;
    this.#pods.add(pod);
    pod.askedAtMs = this.#kernel.nowMs;
    this.#ask(pod);
  }

  #ask(pod: Pod): void {
    if (pod.deleted) return;
    if (this.ipamd.addPod(pod.name).ok) {
      pod.gotAddressAtMs = this.#kernel.nowMs;
      return;
    }
    pod.failedRequests++;
    this.#kernel.after(this.#kubelet.from(KUBELET_RETRY), () => this.#ask(pod), RANK.retry);
  }

  /** The pod's sandbox is gone: its address cools. */
  remove(pod: Pod): void {
    pod.deleted = true;
    if (!this.#pods.delete(pod)) return;
    if (pod.gotAddressAtMs !== undefined) this.ipamd.deletePod(pod.name);
  }

  /** Addresses EC2 holds for the node that no pod uses: the ENIs' own are not counted. */
  get idleAddresses(): number {
    let held = 0;
    for (const eni of this.instance.enis) held += eni.secondaryIps.length + 16 * eni.prefixes.length;
    for (const { gotAddressAtMs } of this.#pods) if (gotAddressAtMs !== undefined) held--;
    return held;
  }
}
