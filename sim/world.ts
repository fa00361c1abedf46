/** The whole world: one account, one Region, its clusters with their nodes and pods, its events, on virtual time, from one
 *  seed. */
import { Chance, type Stream } from './chance.ts';
import { ScalingGroups } from './cluster/auto-scaling.ts';
import { Cluster, type ClusterSetup, type WorkloadOf, type WorkloadOptions } from './cluster/cluster.ts';
import type { Node } from './cluster/node.ts';
import type { NodeGroup, NodeGroupOptions } from './cluster/node-group.ts';
import type { Pod } from './cluster/pod.ts';
import type { Placement } from './cluster/scheduler.ts';
import { Account } from './ec2/account.ts';
import type { SubnetSetup } from './ec2/account-options.ts';
import type { Ec2 } from './ec2/api.ts';
import type { MetadataLags } from './ec2/instance-metadata.ts';
import type { ReadLagOptions } from './ec2/read-lag.ts';
import { type BusTrouble, EventBus } from './event-bus.ts';
import type { EniConfig } from './ipamd/settings.ts';
import { Kernel } from './kernel.ts';
import { EC2_LATENCIES, METADATA_LAGS } from './latencies.ts';
import { QueueService } from './queues.ts';
import { Schedules } from './schedules.ts';
import { StepFunctions } from './step-functions.ts';
import type { WireWorld } from './wire/wire.ts';

export interface WorldSetup {
  readonly seed: number;
  /** Name of the first cluster; others come by `addCluster`. */
  readonly cluster: string;
  readonly subnets: readonly SubnetSetup[];
  /** aws-node's environment, as the vpc-cni add-on's configuration has it; none: the CNI's defaults. */
  readonly cniEnv?: Readonly<Record<string, string>>;
  /** With custom networking, the ENIConfig of each zone's nodes, which is no part of the add-on's configuration. */
  readonly eniConfigs?: Readonly<Record<string, EniConfig>>;
  /** How late every event is, beyond the usual delay, ms: short for `events: { lateByMs }`. */
  readonly eventsLateByMs?: number;
  /** What goes wrong with events. */
  readonly events?: BusTrouble;
  /** How the first cluster's scheduler chooses among nodes; `spread` unless said. */
  readonly placement?: Placement;
  readonly metadataLags?: MetadataLags;
  /** Quota of ENIs in one zone, where the account had it raised. */
  readonly enisPerZone?: number;
  /** Whose reads of EC2 show the account as it was a while ago; nobody's unless said. */
  readonly readLag?: ReadLagOptions;
  /** Virtual time 0 in Unix time; a fixed instant unless real clocks look at this world too. */
  readonly epochMs?: number;
}

const EPOCH_MS = Date.UTC(2026, 0, 1);

export class World implements WireWorld {
  readonly kernel = new Kernel();
  readonly chance: Chance;
  readonly requestIds: Stream;
  readonly region = 'eu-central-1';
  readonly accountId = '111122223333';
  readonly epochMs: number;
  readonly account: Account;
  /** EC2 as callers reach it. */
  readonly ec2: Ec2;
  readonly queues: QueueService;
  readonly bus: EventBus;
  readonly stepFunctions: StepFunctions;
  readonly schedules: Schedules;
  readonly autoScaling = new ScalingGroups();
  readonly clusters: Cluster[] = [];
  readonly vpcId: string;
  readonly nodes: Node[] = [];
  readonly pods: Pod[] = [];
  readonly #setup: WorldSetup;

  constructor(setup: WorldSetup) {
    const [subnet] = setup.subnets;
    if (subnet === undefined) throw new Error('a world needs a subnet');
    this.#setup = setup;
    this.epochMs = setup.epochMs ?? EPOCH_MS;
    this.vpcId = subnet.vpcId;
    this.chance = new Chance(setup.seed);
    this.requestIds = this.chance.stream('request ids');
    this.account = new Account({
      kernel: this.kernel,
      chance: this.chance,
      region: this.region,
      accountId: this.accountId,
      subnets: setup.subnets,
      latencies: EC2_LATENCIES,
      metadataLags: setup.metadataLags ?? METADATA_LAGS,
      throttling: true,
      ...(setup.enisPerZone !== undefined && { enisPerZone: setup.enisPerZone }),
      ...(setup.readLag !== undefined && { readLag: setup.readLag }),
    });
    this.ec2 = this.account;
    this.queues = new QueueService(this);
    this.bus = new EventBus(this, { lateByMs: setup.eventsLateByMs ?? 0, ...setup.events });
    this.stepFunctions = new StepFunctions(this);
    this.schedules = new Schedules(this);
    this.addCluster({
      name: setup.cluster,
      ...(setup.cniEnv !== undefined && { cniEnv: setup.cniEnv }),
      ...(setup.eniConfigs !== undefined && { eniConfigs: setup.eniConfigs }),
      ...(setup.placement !== undefined && { placement: setup.placement }),
    });
  }

  /** Unix time in ms, now. */
  get clockMs(): number {
    return this.epochMs + this.kernel.nowMs;
  }

  addCluster(setup: ClusterSetup): Cluster {
    if (this.clusters.some(({ name }) => name === setup.name)) throw new Error(`two clusters ${setup.name}`);
    const cluster = new Cluster(setup, this, this.clusters.length);
    this.clusters.push(cluster);
    return cluster;
  }

  /** The cluster of this name; the first without one. */
  cluster(name = this.#setup.cluster): Cluster {
    const cluster = this.clusters.find((each) => each.name === name);
    if (cluster === undefined) throw new Error(`no cluster ${name}`);
    return cluster;
  }

  addNodeGroup(options: NodeGroupOptions & { readonly cluster?: string }): NodeGroup {
    return this.cluster(options.cluster).addNodeGroup(options);
  }

  deploy<O extends WorkloadOptions>(options: O & { readonly cluster?: string }): WorkloadOf<O> {
    return this.cluster(options.cluster).deploy<O>(options);
  }

  /** A node that has been in the first cluster for long, with these secondary addresses on its ENIs, the primary's first. */
  established(type: string, addresses: readonly number[]): Node {
    return this.cluster().established(type, addresses);
  }

  /** A node of the first cluster that an autoscaler asks for now. */
  launch(type: string): Node {
    return this.cluster().launch(type);
  }

  /** A pod for the first cluster's scheduler to place, or, with `node`, one that its node's kubelet is given directly. */
  createPod(name: string, node?: Node): Pod {
    const { scheduler } = this.cluster();
    const pod = node === undefined ? scheduler.create(name) : scheduler.place(name);
    this.pods.push(pod);
    return pod;
  }
}
