/** A node: an instance that boots, ipamd on it, and a kubelet that asks it for an address for each pod it is given. */
import type { Chance, Stream } from '../chance.ts';
import type { Account } from '../ec2/account.ts';
import type { Ec2, Instance } from '../ec2/api.ts';
import { type TypeLimits, typeLimits } from '../ec2/instance-types.ts';
import { Ipamd } from '../ipamd/ipamd.ts';
import type { EniConfig } from '../ipamd/settings.ts';
import type { Kernel, Process, Running } from '../kernel.ts';
import {
  PENDING_TO_RUNNING,
  RUNNING_TO_IPAMD,
  SERVING_TO_READY,
  STOPPING_TO_STOPPED,
  WARM_POOL_SETUP,
} from '../latencies.ts';
import { BeforeTheStory } from './before-the-story.ts';
import { Kubelet } from './kubelet.ts';
import type { Pod } from './pod.ts';
import { giveTrunk } from './trunk.ts';

export type { Pod } from './pod.ts';

/** What a node needs of its world. */
export interface NodeWorld {
  readonly kernel: Kernel;
  readonly chance: Chance;
  readonly account: Account;
  /** EC2 as callers see it: the account, or the account behind a lag. */
  readonly ec2: Ec2;
}

export interface NodeOptions {
  readonly name: string;
  readonly instance: Instance;
  /** aws-node's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** With custom networking, where its pods' ENIs go. */
  readonly eniConfig?: EniConfig;
  readonly group: string;
  /** kubelet's max-pods; by default the CNI's formula, ENIs × (addresses − 1) + 2, of one ENI less with custom networking. */
  readonly maxPods?: number;
  /** A taint the node registers with: no pod is bound before somebody takes it off. */
  readonly startupTaint?: string;
  /** It has been there since before the world began. */
  readonly standing?: boolean;
}

/** Pods on the host's network on every node: aws-node and kube-proxy. They need no address. */
export const HOST_NETWORK_PODS = 2;

/** The CNI's own recommendation (amazon-vpc-cni-k8s, max-pods-calculator.sh). */
export const maxPodsOf = (limits: TypeLimits, customNetworking: boolean): number =>
  (limits.enisPerCard - (customNetworking ? 1 : 0)) * (limits.ipv4PerEni - 1) + HOST_NETWORK_PODS;

/** Managed node groups let no node run more: 250 pods from 30 vCPUs on, else 110 (EKS User Guide, choosing an instance type).
 *  A size of so many xlarge has four times as many vCPUs; metal ones have more than 30. */
export function mostPodsOfManaged(type: string): number {
  const [, size = ''] = type.split('.');
  const vcpus = size.startsWith('metal') ? 96 : 4 * Number(size.match(/^(\d+)xlarge/)?.[1] ?? 1);
  return vcpus >= 30 ? 250 : 110;
}

/** kubelet starts a container that ended anew after 10 s at first (Kubernetes, container restart policy). */
const CONTAINER_RESTART_MS = 10_000;

export class Node {
  readonly name: string;
  readonly instanceId: string;
  readonly group: string;
  readonly type: string;
  readonly zone: string;
  readonly subnetId: string;
  readonly ipamd: Ipamd;
  readonly maxPods: number;
  readonly taints = new Set<string>();
  readonly #kernel: Kernel;
  readonly #account: Account;
  readonly #boot: Stream;
  readonly #kubelet: Kubelet;
  readonly #changed: (node: Node) => void;
  readonly #whenRunning: (() => void)[] = [];
  #whenEmpty: () => void = () => {};
  #booting: Running | undefined;
  #gone = false;
  #cordoned = false;
  ready = false;
  readyAtMs: number | undefined;
  /** When its object appeared in the cluster; its DaemonSets' pods, ipamd's among them, come after that. */
  joinedAtMs: number | undefined;
  /** When its last taint was taken off. */
  untaintedAtMs: number | undefined;
  /** Launched while the scenario ran, not established before it. */
  booted = false;

  /** `changed` hears when the node can take pods, can take none any more, or has another number of free slots. */
  constructor(options: NodeOptions, world: NodeWorld, changed: (node: Node) => void) {
    const { name, instance, env, eniConfig, group, maxPods, startupTaint, standing = false } = options;
    const limits = typeLimits(instance.type);
    if (limits === undefined) throw new Error(`no instance type ${instance.type}`);
    this.name = name;
    this.instanceId = instance.id;
    this.group = group;
    this.type = instance.type;
    this.zone = instance.zone;
    this.subnetId = instance.subnetId;
    if (startupTaint !== undefined) this.taints.add(startupTaint);
    this.#kernel = world.kernel;
    this.#account = world.account;
    this.#boot = world.chance.stream(`boot of ${name}`);
    this.#changed = changed;
    this.maxPods = maxPods ?? maxPodsOf(limits, eniConfig !== undefined);
    const past = standing ? new BeforeTheStory(world.account, world.ec2) : undefined;
    this.ipamd = new Ipamd({
      kernel: world.kernel,
      chance: world.chance,
      ec2: past ?? world.ec2,
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
      ...(eniConfig !== undefined && { eniConfig }),
    });
    if (past !== undefined) this.ipamd.onServing(() => past.end());
    if (this.ipamd.settings.reservedSlots > 0) this.#awaitTrunk(world, limits);
    this.#kubelet = new Kubelet({
      kernel: world.kernel,
      ipamd: this.ipamd,
      retries: world.chance.stream(`kubelet of ${name}`),
      containers: world.chance.stream(`containers of ${name}`),
      sandboxes: world.chance.stream(`sandboxes of ${name}`),
      freed: () => {
        changed(this);
        if (this.#kubelet.pods.size === 0) this.#whenEmpty();
      },
    });
  }

  #awaitTrunk({ kernel, ec2, chance }: NodeWorld, limits: TypeLimits): void {
    const { instanceId } = this;
    const stream = chance.stream(`trunk of ${this.name}`);
    let asked = false;
    this.ipamd.onServing(() => {
      if (asked) return;
      asked = true;
      kernel.spawn(giveTrunk({ kernel, ec2, stream, instanceId, limits, gone: () => this.#gone }));
    });
  }

  /** The instance as it is now. */
  get instance(): Instance {
    return this.#account.instance(this.instanceId);
  }

  /** Boots, for the first time or out of a warm pool, as EC2 and the node's own software do; Ready some time after ipamd
   *  serves. */
  boot(): void {
    this.booted = true;
    this.#booting = this.#kernel.spawn(this.#boots());
  }

  *#boots(): Process {
    yield* this.#runs();
    for (const listener of this.#whenRunning) listener();
    yield* this.#kernel.sleep(this.#boot.from(RUNNING_TO_IPAMD));
    const toReadyMs = this.#boot.from(SERVING_TO_READY);
    this.ipamd.onServing(() => {
      this.#kernel.after(toReadyMs, () => this.#becomeReady());
    });
    this.joinedAtMs ??= this.#kernel.nowMs;
    this.ipamd.start();
  }

  *#runs(): Process {
    this.#account.setState(this.instanceId, 'pending');
    yield* this.#kernel.sleep(this.#boot.from(PENDING_TO_RUNNING));
    this.#account.setState(this.instanceId, 'running');
  }

  /** Called when {@link boot} has come to `running`. */
  onRunning(listener: () => void): void {
    this.#whenRunning.push(listener);
  }

  /** For a warm pool: the instance comes up and sets itself up without joining the cluster. `running` is called between. */
  *setsUp(running: () => void): Process {
    yield* this.#runs();
    running();
    yield* this.#kernel.sleep(this.#boot.from(WARM_POOL_SETUP));
  }

  *stops(): Process {
    this.#account.setState(this.instanceId, 'stopping');
    yield* this.#kernel.sleep(this.#boot.from(STOPPING_TO_STOPPED));
    this.#account.setState(this.instanceId, 'stopped');
  }

  /** A node that has been there for long: its ipamd starts now, and it is Ready as soon as that serves. */
  join(): void {
    this.#account.setState(this.instanceId, 'running');
    this.ipamd.onServing(() => this.#becomeReady());
    this.joinedAtMs ??= this.#kernel.nowMs;
    this.ipamd.start();
  }

  /** The instance is terminated: everything on it ends here and now. */
  terminate(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#booting?.stop();
    this.ipamd.stop();
    this.ready = false;
    this.#changed(this);
    this.#account.terminate(this.instanceId);
    this.#kubelet.die();
  }

  get terminated(): boolean {
    return this.#gone;
  }

  #becomeReady(): void {
    if (this.ready || this.#gone) return;
    this.ready = true;
    this.readyAtMs ??= this.#kernel.nowMs;
    this.#changed(this);
  }

  /** Takes a taint off; pods that waited for that are bound in this instant. */
  removeTaint(taint: string): void {
    if (!this.taints.delete(taint)) return;
    if (this.taints.size === 0) this.untaintedAtMs = this.#kernel.nowMs;
    this.#changed(this);
  }

  /** No pod is bound any more, and ipamd no longer grows. */
  cordon(): void {
    this.#cordoned = true;
    this.ipamd.setSchedulable(false);
    this.#changed(this);
  }

  /** Cordons the node and asks all its pods to end. */
  drain(): void {
    this.cordon();
    for (const pod of this.pods) this.end(pod);
  }

  get cordoned(): boolean {
    return this.#cordoned;
  }

  /** Whether the scheduler may bind pods here, if slots are free. */
  get schedulable(): boolean {
    return this.ready && !this.#cordoned && this.taints.size === 0;
  }

  /** Pods the scheduler may still bind here. */
  get freePodSlots(): number {
    return this.maxPods - HOST_NETWORK_PODS - this.#kubelet.pods.size;
  }

  /** Calls `listener` once no pod is left: now, or when the last has gone. */
  whenEmpty(listener: () => void): void {
    if (this.#kubelet.pods.size === 0) listener();
    else this.#whenEmpty = listener;
  }

  get pods(): readonly Pod[] {
    return [...this.#kubelet.pods];
  }

  /** The scheduler binds a pod: kubelet asks for its address at once, and again until it gets one. */
  bind(pod: Pod): void {
    pod.node = this;
    pod.scheduledAtMs = this.#kernel.nowMs;
    pod.record(
      this.#kernel.nowMs,
      'Normal',
      'Scheduled',
      `Successfully assigned default/${pod.name} to ${this.name}`,
    );
    this.#kubelet.run(pod);
    this.#changed(this);
  }

  /** Asks the pod to end, as deleting its object does. */
  end(pod: Pod): void {
    this.#kubelet.end(pod);
  }

  /** The pod's sandbox is gone: its address cools. */
  remove(pod: Pod): void {
    this.#kubelet.remove(pod);
  }

  /** Addresses EC2 holds for the node that no pod uses: the ENIs' own are not counted. */
  get idleAddresses(): number {
    let held = -this.#kubelet.addresses;
    for (const eni of this.instance.enis) held += eni.secondaryIps.length + 16 * eni.prefixes.length;
    return held;
  }
}
