/** What the stack deploys around the functions, in a world: their queues with dead letters, and the rules that feed them.
 *  Said again here because the simulator cannot read it in the stack; a test holds the two together. */
import type { BusEvent, EventBus } from './event-bus.ts';
import type { Queue, QueueService } from './queues.ts';

export const DEPLOYED = {
  queues: {
    launches: { windowMs: 1_000, maxBatch: 100, readers: 5, visibilityTimeoutMs: 181_000 },
    signals: { windowMs: 1_000, maxBatch: 2, readers: 2, visibilityTimeoutMs: 181_000 },
    verifications: { windowMs: 1_000, maxBatch: 10, readers: 2, visibilityTimeoutMs: 181_000 },
  },
  maxReceiveCount: 5,
  timeLimitMs: 30_000,
  sweepEveryMs: 300_000,
  /** Where the policy says that we are the only allocator. */
  soleAllocatorSweepsEveryMs: 60_000,
} as const;

export type QueueName = keyof typeof DEPLOYED.queues;

export interface DeployedQueues {
  readonly queues: Readonly<Record<QueueName, Queue>>;
  readonly deadLetters: Readonly<Record<QueueName, Queue>>;
}

/** Makes the queues and points the rules at them. */
export function deployQueues({ queues, bus }: { queues: QueueService; bus: EventBus }): DeployedQueues {
  const make = (name: QueueName): { queue: Queue; dead: Queue } => {
    const dead = queues.create({ name: `${name}-dead-letters`, visibilityTimeoutMs: 30_000 });
    const deadLetter = { queueUrl: dead.url, maxReceiveCount: DEPLOYED.maxReceiveCount };
    const { visibilityTimeoutMs } = DEPLOYED.queues[name];
    return { queue: queues.create({ name, visibilityTimeoutMs, deadLetter }), dead };
  };
  const launches = make('launches');
  const signals = make('signals');
  const verifications = make('verifications');
  bus.addRule({ matches: isLaunch, queueUrl: launches.queue.url });
  bus.addRule({ matches: isAnnouncement, queueUrl: signals.queue.url });
  return {
    queues: { launches: launches.queue, signals: signals.queue, verifications: verifications.queue },
    deadLetters: { launches: launches.dead, signals: signals.dead, verifications: verifications.dead },
  };
}

const isLaunch = (event: BusEvent): boolean =>
  event.source === 'aws.ec2' &&
  event['detail-type'] === 'EC2 Instance State-change Notification' &&
  ['pending', 'running'].includes((event.detail as { state: string }).state);

const isAnnouncement = (event: BusEvent): boolean =>
  event.source === 'eks-ip-prewarmer' && event['detail-type'] === 'Deployment Announced';
