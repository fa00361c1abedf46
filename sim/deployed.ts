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

/** Makes the queues and points the rules at them; `listen`: what is heard otherwise than by default. */
export function deployQueues(
  { queues, bus }: { queues: QueueService; bus: EventBus },
  listen: SignalsOn = {},
): DeployedQueues {
  const on = { ...SIGNALS_ON, ...listen };
  const make = (name: QueueName): { queue: Queue; dead: Queue } => {
    const dead = queues.create({ name: `${name}-dead-letters`, visibilityTimeoutMs: 30_000 });
    const deadLetter = { queueUrl: dead.url, maxReceiveCount: DEPLOYED.maxReceiveCount };
    const { visibilityTimeoutMs } = DEPLOYED.queues[name];
    return { queue: queues.create({ name, visibilityTimeoutMs, deadLetter }), dead };
  };
  const launches = make('launches');
  const signals = make('signals');
  const verifications = make('verifications');
  const queueOf = { launches, signals };
  for (const { into, matches, signal } of RULES)
    if (on[signal]) bus.addRule({ matches, queueUrl: queueOf[into].queue.url });
  return {
    queues: { launches: launches.queue, signals: signals.queue, verifications: verifications.queue },
    deadLetters: { launches: launches.dead, signals: signals.dead, verifications: verifications.dead },
  };
}

/** Events by the setting that switches them, as infra/signal-events.ts has them. */
export type SignalName =
  | 'instances'
  | 'autoScaling'
  | 'spot'
  | 'announcements'
  | 'cloudTrail'
  | 'codePipeline'
  | 'codeDeploy'
  | 'codeBuild'
  | 'ecr'
  | 'alarms';

export type SignalsOn = Partial<Readonly<Record<SignalName, boolean>>>;

const SIGNALS_ON: SignalsOn = { instances: true, autoScaling: true, spot: true, announcements: true };

interface DeployedRule {
  readonly signal: SignalName;
  readonly into: 'launches' | 'signals';
  readonly matches: (event: BusEvent) => boolean;
}

const when =
  (
    source: string,
    types: readonly string[],
    holds: (detail: Readonly<Record<string, unknown>>) => boolean = () => true,
  ) =>
  (event: BusEvent): boolean =>
    event.source === source &&
    types.includes(event['detail-type']) &&
    holds(event.detail as Readonly<Record<string, unknown>>);

const CLOUDTRAIL = ['AWS API Call via CloudTrail'];
const NODES_ASKED_FOR = [
  'SetDesiredCapacity',
  'UpdateAutoScalingGroup',
  'UpdateNodegroupConfig',
  'UpdateNodegroupVersion',
  'CreateFleet',
];
const asksForNodes = ({ eventName }: Readonly<Record<string, unknown>>): boolean =>
  NODES_ASKED_FOR.includes(String(eventName));

const RULES: readonly DeployedRule[] = [
  {
    signal: 'instances',
    into: 'launches',
    matches: when('aws.ec2', ['EC2 Instance State-change Notification'], ({ state }) =>
      ['pending', 'running'].includes(String(state)),
    ),
  },
  {
    signal: 'autoScaling',
    into: 'launches',
    matches: when('aws.autoscaling', ['EC2 Instance-launch Lifecycle Action']),
  },
  {
    signal: 'autoScaling',
    into: 'launches',
    matches: when(
      'aws.autoscaling',
      ['EC2 Instance Launch Successful'],
      ({ Destination: to }) => to === 'WarmPool',
    ),
  },
  {
    signal: 'autoScaling',
    into: 'signals',
    matches: when('aws.autoscaling', ['EC2 Auto Scaling Instance Refresh Started']),
  },
  {
    signal: 'spot',
    into: 'signals',
    matches: when('aws.ec2', [
      'EC2 Spot Instance Interruption Warning',
      'EC2 Instance Rebalance Recommendation',
    ]),
  },
  {
    signal: 'announcements',
    into: 'signals',
    matches: when('eks-ip-prewarmer', ['Deployment Announced', 'Prewarm Due', 'Wave Approved']),
  },
  {
    signal: 'announcements',
    into: 'signals',
    matches: when('aws.states', ['Step Functions Execution Status Change'], ({ status }) =>
      ['ABORTED', 'TIMED_OUT', 'FAILED'].includes(String(status)),
    ),
  },
  ...['aws.autoscaling', 'aws.eks', 'aws.ec2'].map(
    (source): DeployedRule => ({
      signal: 'cloudTrail',
      into: 'signals',
      matches: when(source, CLOUDTRAIL, asksForNodes),
    }),
  ),
  {
    signal: 'codePipeline',
    into: 'signals',
    matches: when('aws.codepipeline', ['CodePipeline Pipeline Execution State Change']),
  },
  {
    signal: 'codeDeploy',
    into: 'signals',
    matches: when('aws.codedeploy', ['CodeDeploy Deployment State-change Notification']),
  },
  {
    signal: 'codeBuild',
    into: 'signals',
    matches: when('aws.codebuild', ['CodeBuild Build State Change']),
  },
  {
    signal: 'ecr',
    into: 'signals',
    matches: when(
      'aws.ecr',
      ['ECR Image Action'],
      ({ 'action-type': action, result }) => action === 'PUSH' && result === 'SUCCESS',
    ),
  },
  { signal: 'alarms', into: 'signals', matches: when('aws.cloudwatch', ['CloudWatch Alarm State Change']) },
];

/** The queue an event is delivered to, if any; `on`: what is listened to beside the defaults. */
export const deliveredTo = (event: BusEvent, on: SignalsOn = {}): ('launches' | 'signals')[] =>
  RULES.filter(({ signal, matches }) => ({ ...SIGNALS_ON, ...on })[signal] && matches(event)).map(
    ({ into }) => into,
  );
