/** One small world, and the two doors into it. */
import { EC2Client } from '@aws-sdk/client-ec2';
import { EKSClient } from '@aws-sdk/client-eks';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { Chance } from '../../sim/chance.ts';
import { Account } from '../../sim/ec2/account.ts';
import { EventBus } from '../../sim/event-bus.ts';
import { Kernel } from '../../sim/kernel.ts';
import { QueueService } from '../../sim/queues.ts';
import { StepFunctions } from '../../sim/step-functions.ts';
import { inProcessDoor, virtualClient } from '../../sim/wire/door.ts';
import { startHttpServer } from '../../sim/wire/http-server.ts';
import type { WireWorld } from '../../sim/wire/wire.ts';

export const REGION = 'eu-central-1';
const ACCOUNT_ID = '111122223333';
export const EPOCH_MS = Date.UTC(2026, 0, 15, 9);
export const SUBNET = 'subnet-0aaaaaaaaaaaaaaaa';
export const VPC = 'vpc-0bbbbbbbbbbbbbbbb';
export const GROUP = 'sg-0cccccccccccccccc';

type AccountOptions = ConstructorParameters<typeof Account>[0];

export interface SmallWorld extends WireWorld {
  readonly ec2: Account;
  readonly queues: QueueService;
  readonly bus: EventBus;
}

export function smallWorld(options: Partial<AccountOptions> & { seed?: number } = {}): SmallWorld {
  const kernel = new Kernel();
  const chance = new Chance(options.seed ?? 1);
  const place = { kernel, chance, region: REGION, accountId: ACCOUNT_ID, epochMs: EPOCH_MS };
  const ec2 = new Account({
    ...place,
    subnets: [
      {
        id: SUBNET,
        vpcId: VPC,
        zone: `${REGION}a`,
        cidr: '10.0.0.0/22',
        tags: { 'kubernetes.io/role/cni': '1' },
      },
    ],
    latencies: { default: 150 },
    metadataLags: { eniToImds: 1_000, ipToImds: 1_000 },
    throttling: false,
    ...options,
  });
  const clusters = [
    {
      name: 'shop',
      vpcId: VPC,
      ipFamily: 'ipv4',
      autoMode: false,
      addon: { version: 'v1.23.1-eksbuild.1', configurationValues: '{"env":{"WARM_ENI_TARGET":"1"}}' },
    },
    { name: 'by hand', vpcId: VPC, ipFamily: 'ipv6', autoMode: true },
  ] as const;
  const queues = new QueueService(place);
  const clock = {
    get clockMs() {
      return EPOCH_MS + kernel.nowMs;
    },
  };
  const bus = new EventBus(Object.assign(clock, place, { account: ec2, queues }), {});
  return {
    ...place,
    ec2,
    queues,
    bus,
    stepFunctions: new StepFunctions({ ...place, bus }),
    clusters,
    requestIds: chance.stream('request ids'),
  };
}

export interface Clients {
  readonly ec2: EC2Client;
  readonly eks: EKSClient;
  readonly sqs: SQSClient;
  readonly sfn: SFNClient;
  readonly events: EventBridgeClient;
  readonly quotas: ServiceQuotasClient;
}

export interface OpenDoor {
  /** Runs client code to its end, while the world's time passes as the door lets it. */
  through<T>(work: (clients: Clients) => Promise<T>): Promise<T>;
  /** Lets at least this much virtual time pass. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface Door {
  readonly door: string;
  open(world: SmallWorld): Promise<OpenDoor>;
}

export const inProcess: Door = {
  door: 'in process',
  open: async (world) => {
    const door = inProcessDoor(world);
    const settings = (service: 'ec2' | 'eks' | 'sqs' | 'states' | 'events' | 'servicequotas') =>
      virtualClient({ door, service, region: REGION, callerName: 'prewarmer' });
    const clients = {
      ec2: new EC2Client(settings('ec2')),
      eks: new EKSClient(settings('eks')),
      sqs: new SQSClient(settings('sqs')),
      sfn: new SFNClient(settings('states')),
      events: new EventBridgeClient(settings('events')),
      quotas: new ServiceQuotasClient(settings('servicequotas')),
    };
    return {
      through: (work) => inVirtualTime(world.kernel, () => work(clients)),
      pass: (ms) => world.kernel.run(world.kernel.nowMs + ms),
      close: async () => {},
    };
  },
};

/** Virtual ms in one real one: a call of 150 ms is answered at the next tick. */
const SPEED = 1_000;

export const overHttp: Door = {
  door: 'over HTTP',
  open: async (world) => {
    const server = await startHttpServer({ world, speed: SPEED });
    const settings = {
      region: REGION,
      endpoint: server.endpoint,
      credentials: { accessKeyId: 'prewarmer', secretAccessKey: 'simulated' },
      maxAttempts: 1,
    };
    const clients = {
      ec2: new EC2Client(settings),
      eks: new EKSClient(settings),
      sqs: new SQSClient(settings),
      sfn: new SFNClient(settings),
      events: new EventBridgeClient(settings),
      quotas: new ServiceQuotasClient(settings),
    };
    return {
      through: (work) => work(clients),
      pass: async (ms) => {
        await new Promise<void>((resolve) => {
          world.kernel.after(ms, resolve);
        });
      },
      close: async () => {
        for (const client of Object.values(clients)) client.destroy();
        await server.close();
      },
    };
  },
};

export async function inVirtualTime<T>(kernel: Kernel, work: () => Promise<T>): Promise<T> {
  let result: PromiseSettledResult<T> | undefined;
  kernel.activity(work, (settled) => {
    result = settled;
  });
  await kernel.run(Number.POSITIVE_INFINITY, () => result !== undefined);
  if (result === undefined) throw new Error('the world ended first');
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}
