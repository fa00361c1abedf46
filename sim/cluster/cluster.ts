/** One EKS cluster: what its API shows, its node groups and nodes, its scheduler, autoscaler, workloads and pods. */
import type { Account, PresentEni } from '../ec2/account.ts';
import type { Subnet } from '../ec2/api.ts';
import { typeLimits } from '../ec2/instance-types.ts';
import type { EventBus } from '../event-bus.ts';
import type { EniConfig } from '../ipamd/settings.ts';
import type { EksCluster } from '../wire/clusters.ts';
import type { ScalingGroups } from './auto-scaling.ts';
import { Autoscaler } from './autoscaler.ts';
import { CronJob, type CronJobOptions } from './cron-job.ts';
import { Deployment, type DeploymentOptions } from './deployment.ts';
import { GroupEvents } from './group-events.ts';
import { groupTags, instanceTags, type ScalingNames, scalingNames } from './group-names.ts';
import { Job, type JobOptions } from './job.ts';
import { KubeObjects } from './kube-objects.ts';
import { maxPodsOf, mostPodsOfManaged, Node, type NodeWorld } from './node.ts';
import { NodeGroup, type NodeGroupOptions } from './node-group.ts';
import type { Pod } from './pod.ts';
import { type Placement, Scheduler } from './scheduler.ts';
import { StatefulSet, type StatefulSetOptions } from './stateful-set.ts';
import type { Workload, WorkloadWorld } from './workload.ts';

export interface ClusterSetup {
  readonly name: string;
  /** aws-node's environment, as the vpc-cni add-on's configuration has it; none: the CNI's defaults. */
  readonly cniEnv?: Readonly<Record<string, string>>;
  /** For custom networking: the ENIConfig of each zone's nodes. */
  readonly eniConfigs?: Readonly<Record<string, EniConfig>>;
  /** Subnets its nodes may use; unless said, all of the account's but those of ENIConfigs. */
  readonly subnets?: readonly string[];
  /** `spread` unless said. */
  readonly placement?: Placement;
}

/** What a cluster needs of its world. */
export interface ClusterWorld extends NodeWorld {
  readonly account: Account;
  readonly bus: EventBus;
  readonly autoScaling: ScalingGroups;
  readonly region: string;
  readonly accountId: string;
  readonly clockMs: number;
  /** Every node and pod of the world, to which this cluster adds its own. */
  readonly nodes: Node[];
  readonly pods: Pod[];
}

export type WorkloadOptions = DeploymentOptions | StatefulSetOptions | JobOptions | CronJobOptions;
export type WorkloadOf<O extends WorkloadOptions> = O extends DeploymentOptions
  ? Deployment
  : O extends StatefulSetOptions
    ? StatefulSet
    : O extends JobOptions
      ? Job
      : CronJob;

const SECURITY_GROUPS = ['sg-0a1b2c3d4e5f60718'];
/** Group of nodes that are launched one by one. */
const LONE_NODES = 'workers';

export class Cluster implements EksCluster {
  readonly name: string;
  readonly vpcId: string;
  readonly ipFamily = 'ipv4';
  readonly autoMode = false;
  readonly addon: NonNullable<EksCluster['addon']>;
  readonly scheduler: Scheduler;
  readonly kubernetes: KubeObjects;
  readonly nodes: Node[] = [];
  readonly groups: NodeGroup[] = [];
  readonly workloads: Workload[] = [];
  readonly #world: ClusterWorld;
  readonly #subnets: readonly Subnet[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #eniConfigs: Readonly<Record<string, EniConfig>>;
  /** The first cluster's nodes go by their group's name alone. */
  readonly #prefix: string;
  readonly #groupOf = new Map<Node, NodeGroup>();

  constructor(setup: ClusterSetup, world: ClusterWorld, nth: number) {
    const { name, cniEnv, eniConfigs = {}, subnets, placement } = setup;
    const podSubnets = new Set(Object.values(eniConfigs).map(({ subnetId }) => subnetId));
    this.name = name;
    this.#world = world;
    this.#prefix = nth === 0 ? '' : `${name}-`;
    this.#subnets = world.account.subnets().filter(({ id }) => subnets?.includes(id) ?? !podSubnets.has(id));
    this.#eniConfigs = eniConfigs;
    this.vpcId = this.#subnets[0]?.vpcId ?? '';
    this.#env = { CLUSTER_NAME: name, ...cniEnv };
    this.addon = {
      version: 'v1.23.1-eksbuild.1',
      ...(cniEnv !== undefined && { configurationValues: JSON.stringify({ env: cniEnv }) }),
    };
    this.scheduler = new Scheduler(world.kernel, placement);
    this.kubernetes = new KubeObjects(this);
    new Autoscaler(world.kernel, this.scheduler, this.groups);
  }

  get pods(): readonly Pod[] {
    return this.workloads.flatMap(({ pods }) => pods);
  }

  addNodeGroup(options: NodeGroupOptions): NodeGroup {
    const { kernel, chance, autoScaling } = this.#world;
    const { name, type, launchedBy, established } = options;
    const maxPods = options.maxPods ?? this.#maxPodsOf(type, launchedBy === 'managed');
    if (this.groups.some((group) => group.name === name)) throw new Error(`two node groups called ${name}`);
    const subnets = this.#subnets.filter(
      ({ id, zone }) => (options.subnets?.includes(id) ?? true) && (options.zones?.includes(zone) ?? true),
    );
    if (subnets.length === 0) throw new Error(`no subnet for node group ${name}`);
    const ids = chance.stream(`names of ${this.#prefix}${name}`);
    const named = { cluster: this.name, group: name, launchedBy };
    const scaling = scalingNames(named, ids.hex(12), this.#world);
    let made = 0;
    const newNode = (subnetId: string, primary: PresentEni = {}, standing = false): Node =>
      this.#newNode({
        name: `${this.#prefix}${name}-${++made}`,
        type,
        subnetId,
        primary,
        group: name,
        tags: instanceTags(named, scaling, ids.hex(5)),
        standing,
        maxPods,
        ...(options.startupTaint !== undefined && !standing && { startupTaint: options.startupTaint }),
      });
    const group: NodeGroup = new NodeGroup(options, {
      kernel,
      clockMs: () => this.#world.clockMs,
      chance: chance.stream(`node group ${this.#prefix}${name}`),
      events: scaling && this.#events(options, scaling),
      maxPods,
      subnets,
      launch: (subnetId) => {
        if (this.#world.account.subnet(subnetId).freeAddresses === 0) return undefined;
        const node = newNode(subnetId);
        this.#groupOf.set(node, group);
        return node;
      },
    });
    this.groups.push(group);
    if (scaling !== undefined) {
      const tags = new Map(Object.entries(groupTags(named)));
      autoScaling.add({ ...scaling, tags, createdAtMs: kernel.nowMs, group });
    }
    const stand = (subnetId: string, [primary = {}, ...others]: readonly PresentEni[]): Node => {
      const node = newNode(subnetId, primary, true);
      this.#groupOf.set(node, group);
      group.adopt(node);
      this.#attach(node, others);
      return node;
    };
    const alike = (established?.addresses ?? []).map((secondaryIps) => ({ secondaryIps }));
    for (let index = 0; index < (established?.nodes ?? 0); index++)
      stand(subnets[index % subnets.length]?.id ?? '', alike).join();
    for (const { subnetId, enis } of options.present ?? []) stand(subnetId, enis);
    return group;
  }

  deploy<O extends WorkloadOptions>(options: O): WorkloadOf<O> {
    const world = {
      kernel: this.#world.kernel,
      scheduler: this.scheduler,
      created: (pod: Pod) => this.#world.pods.push(pod),
    };
    const workload = make(options, world);
    this.workloads.push(workload);
    return workload as WorkloadOf<O>;
  }

  /** A node that has been in the cluster for long, with these secondary addresses on its ENIs, the primary's first. */
  established(type: string, addresses: readonly number[]): Node {
    const [primary = {}, ...others] = addresses.map((secondaryIps) => ({ secondaryIps }));
    const node = this.#loneNode(type, primary);
    this.#attach(node, others);
    node.join();
    return node;
  }

  /** One node, asked for now and pending at once. */
  launch(type: string): Node {
    const node = this.#loneNode(type, {});
    node.boot();
    return node;
  }

  #attach({ instanceId }: Node, enis: readonly PresentEni[]): void {
    for (const eni of enis) this.#world.account.attachedAtStart(instanceId, eni);
  }

  #loneNode(type: string, primary: PresentEni): Node {
    const nth = this.#world.nodes.length;
    return this.#newNode({
      name: `node-${nth + 1}`,
      type,
      primary,
      subnetId: this.#subnets[nth % this.#subnets.length]?.id ?? '',
      group: LONE_NODES,
      maxPods: this.#maxPodsOf(type, true),
      tags: {
        [`kubernetes.io/cluster/${this.name}`]: 'owned',
        'eks:cluster-name': this.name,
        'eks:nodegroup-name': LONE_NODES,
      },
    });
  }

  #newNode(wanted: {
    readonly name: string;
    readonly type: string;
    readonly subnetId: string;
    readonly primary: PresentEni;
    readonly group: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly maxPods: number;
    readonly startupTaint?: string;
    readonly standing?: boolean;
  }): Node {
    const { type, subnetId, primary, tags, ...options } = wanted;
    const { secondaryIps, prefixes } = primary;
    const instance = this.#world.account.launch({
      type,
      subnetId,
      securityGroups: SECURITY_GROUPS,
      ...(secondaryIps !== undefined && { secondaryIps }),
      ...(prefixes !== undefined && { prefixes }),
      tags,
    });
    const eniConfig = this.#eniConfigs[instance.zone];
    const about = { ...options, instance, env: this.#env, ...(eniConfig !== undefined && { eniConfig }) };
    const node = new Node(about, this.#world, (changed) => {
      this.scheduler.nodeChanged(changed);
      if (changed.terminated) this.#groupOf.get(changed)?.lost(changed);
    });
    this.nodes.push(node);
    this.#world.nodes.push(node);
    return node;
  }

  #maxPodsOf(type: string, managed: boolean): number {
    const limits = typeLimits(type);
    if (limits === undefined) throw new Error(`no instance type ${type}`);
    const formula = maxPodsOf(limits, Object.keys(this.#eniConfigs).length > 0);
    return managed ? Math.min(formula, mostPodsOfManaged(type)) : formula;
  }

  #events(options: NodeGroupOptions, scaling: ScalingNames): GroupEvents {
    const { bus, chance, region, accountId } = this.#world;
    return new GroupEvents({
      bus,
      ids: chance.stream(`events of ${scaling.name}`),
      cluster: this.name,
      nodeGroup: options.name,
      groupName: scaling.name,
      groupArn: scaling.arn,
      region,
      accountId,
      clockMs: () => this.#world.clockMs,
      hasWarmPool: options.warmPool !== undefined,
    });
  }
}

function make(options: WorkloadOptions, world: WorkloadWorld): Workload {
  switch (options.kind) {
    case 'Deployment':
      return new Deployment(options, world);
    case 'StatefulSet':
      return new StatefulSet(options, world);
    case 'Job':
      return new Job(options, world);
    case 'CronJob':
      return new CronJob(options, world);
  }
}
