/** The whole world: one account, one Region, one cluster's nodes and pods, its events, on virtual time, from one seed. */
import { Chance, type Stream } from './chance.ts';
import { Account } from './ec2/account.ts';
import type { SubnetSetup } from './ec2/account-options.ts';
import type { MetadataLags } from './ec2/instance-metadata.ts';
import { EventBus } from './event-bus.ts';
import { Kernel } from './kernel.ts';
import { EC2_LATENCIES, METADATA_LAGS } from './latencies.ts';
import { Node, type Pod } from './node.ts';
import { QueueService } from './queues.ts';
import { Scheduler } from './scheduler.ts';
import type { EksCluster } from './wire/eks-rest.ts';
import type { WireWorld } from './wire/wire.ts';

export interface WorldSetup {
  readonly seed: number;
  readonly cluster: string;
  readonly subnets: readonly SubnetSetup[];
  /** aws-node's environment, as the vpc-cni add-on's configuration has it; none: the CNI's defaults. */
  readonly cniEnv?: Readonly<Record<string, string>>;
  /** How late every event is, beyond the usual delay, ms. */
  readonly eventsLateByMs?: number;
  readonly metadataLags?: MetadataLags;
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
  readonly queues: QueueService;
  readonly bus: EventBus;
  readonly scheduler: Scheduler;
  readonly clusters: EksCluster[];
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
    });
    this.queues = new QueueService(this);
    this.bus = new EventBus(this, setup.eventsLateByMs ?? 0);
    this.scheduler = new Scheduler(this.kernel);
    const env = setup.cniEnv;
    this.clusters = [
      {
        name: setup.cluster,
        vpcId: this.vpcId,
        ipFamily: 'ipv4',
        autoMode: false,
        addon: {
          version: 'v1.23.1-eksbuild.1',
          ...(env !== undefined && { configurationValues: JSON.stringify({ env }) }),
        },
      },
    ];
  }

  get ec2(): Account {
    return this.account;
  }

  /** Unix time in ms, now. */
  get clockMs(): number {
    return this.epochMs + this.kernel.nowMs;
  }

  /** A node that has been in the cluster for long, with these secondary addresses on its ENIs, the primary's first. */
  established(type: string, addresses: readonly number[]): Node {
    const [primary = 0, ...others] = addresses;
    const node = this.#newNode(type, primary);
    for (const secondaryIps of others) {
      this.account.attachedAtStart(node.instance.id, { secondaryIps, deleteOnTermination: true });
    }
    node.join();
    return node;
  }

  /** A node an autoscaler asks for now. */
  launch(type: string): Node {
    const node = this.#newNode(type, 0);
    node.boot();
    return node;
  }

  #newNode(type: string, primaryAddresses: number): Node {
    const { cluster, subnets, cniEnv = {} } = this.#setup;
    const name = `node-${this.nodes.length + 1}`;
    const instance = this.account.launch({
      type,
      subnetId: subnets[this.nodes.length % subnets.length]?.id ?? '',
      securityGroups: ['sg-0a1b2c3d4e5f60718'],
      secondaryIps: primaryAddresses,
      tags: {
        [`kubernetes.io/cluster/${cluster}`]: 'owned',
        'eks:cluster-name': cluster,
        'eks:nodegroup-name': 'workers',
      },
    });
    const env = { CLUSTER_NAME: cluster, ...cniEnv };
    const node = new Node(name, instance, env, this, (ready) => this.scheduler.nodeReady(ready));
    this.nodes.push(node);
    return node;
  }

  /** A pod for the scheduler to place, or, with `node`, one that its node's kubelet is given directly. */
  createPod(name: string, node?: Node): Pod {
    const pod = node === undefined ? this.scheduler.create(name) : this.scheduler.place(name);
    this.pods.push(pod);
    return pod;
  }
}
