/** What a month of one stack comes to: counts of simulated fleets (cost-counted.json), times what a month is assumed to bring, times
 *  prices. All that is assumed or taken from elsewhere stands in this file. */
import type { Counts, FleetCounts, Story } from '../bench/cost-fleet.ts';
import type { Figure } from '../lambdas/core/figures.ts';
import { DEPLOYED } from '../sim/deployed.ts';

/** What was counted: the fleets, and how many resources of each type with a price the stack of one warm cluster has. */
export interface Counted {
  readonly stack: Readonly<Record<string, number>>;
  readonly fleets: readonly FleetCounts[];
}

const DAYS = 30;
const HOURS = DAYS * 24;

/** What happens to a hundred nodes in a day. Nodes replaced daily are many (Karpenter's own expiry is 30 days), which leaves
 *  room for scale-outs and spot interruptions; a cluster of a hundred nodes has some hundred Deployments, of which few are
 *  announced, and fewer so large that they go out in waves. */
export const DAY_OF_100_NODES = { launches: 100, announced: 10, waves: 2 } as const;

/** `burstNodes`: how many of the launches come together. More node groups are more metrics. */
export const FLEETS = [
  { nodes: 100, burstNodes: 10, nodeGroups: 4 },
  { nodes: 5_000, burstNodes: 50, nodeGroups: 20 },
] as const;
export type Stated = (typeof FLEETS)[number];

/** How often each story is told in a month. */
export function timesOf({ nodes, burstNodes }: Stated): Readonly<Record<Story, number>> {
  const { launches, announced, waves } = DAY_OF_100_NODES;
  const monthly = (aDay: number): number => ((nodes * aDay) / 100) * DAYS;
  return {
    sweep: (HOURS * 3_600_000) / DEPLOYED.sweepEveryMs,
    burst: monthly(launches) / burstNodes,
    announced: monthly(announced),
    waves: monthly(waves),
  };
}

/** `page`: said by a stored copy of AWS's own page. `list`: by AWS's price list, as tests of infracost (stored copies) repeat it for
 *  us-east-1. `others`: by third parties of 2025 and 2026 alone, so that nothing of AWS's confirms it here. */
export type Confirmed = 'page' | 'list' | 'others';
export interface Price {
  readonly what: string;
  readonly usd: number;
  readonly per: number;
  readonly unit: string;
  /** Where AWS says it: https://aws.amazon.com/…/pricing/. */
  readonly page: string;
  readonly confirmed: Confirmed;
}
const MILLION = 1_000_000;
const GB = 1_000_000_000;
const million = { per: MILLION, unit: 'million' } as const;
const monthly = (unit: string) => ({ per: 1, unit: `${unit} and month` });
const gigabyte = { per: GB, unit: 'GB' } as const;

/** us-east-1, first tiers, no free tier. */
export const PRICES = {
  metrics: {
    ...{ what: 'CloudWatch, custom metrics', usd: 0.3, ...monthly('metric') },
    ...{ page: 'cloudwatch', confirmed: 'others' },
  },
  alarms: {
    ...{ what: 'CloudWatch, alarms', usd: 0.1, ...monthly('alarm') },
    ...{ page: 'cloudwatch', confirmed: 'list' },
  },
  dashboards: {
    ...{ what: 'CloudWatch, dashboard', usd: 3, ...monthly('dashboard') },
    ...{ page: 'cloudwatch', confirmed: 'list' },
  },
  logs: {
    ...{ what: 'CloudWatch, logs taken in', usd: 0.5, ...gigabyte },
    ...{ page: 'cloudwatch', confirmed: 'list' },
  },
  logsKept: {
    ...{ what: 'CloudWatch, logs kept', usd: 0.03, per: GB, unit: 'GB and month' },
    ...{ page: 'cloudwatch', confirmed: 'list' },
  },
  traces: { what: 'X-Ray, traces', usd: 5, ...million, page: 'xray', confirmed: 'page' },
  lambdaRequests: {
    ...{ what: 'Lambda, requests', usd: 0.2, ...million },
    ...{ page: 'lambda', confirmed: 'list' },
  },
  lambdaTime: {
    ...{ what: 'Lambda, time (arm64)', usd: 0.0000133334, per: 1, unit: 'GB-second' },
    ...{ page: 'lambda', confirmed: 'list' },
  },
  sqs: { what: 'SQS, requests', usd: 0.4, ...million, page: 'sqs', confirmed: 'list' },
  tableWrites: {
    ...{ what: 'DynamoDB, on-demand writes', usd: 0.625, ...million },
    ...{ page: 'dynamodb', confirmed: 'others' },
  },
  tableReads: {
    ...{ what: 'DynamoDB, on-demand reads', usd: 0.125, ...million },
    ...{ page: 'dynamodb', confirmed: 'others' },
  },
  tableStorage: {
    // 0.25 for the tables, 0.20 for point-in-time recovery.
    ...{ what: 'DynamoDB, storage and recovery', usd: 0.45, per: GB, unit: 'GB and month' },
    ...{ page: 'dynamodb', confirmed: 'list' },
  },
  keyRequests: {
    ...{ what: "KMS, requests to DynamoDB's key", usd: 0.03, per: 10_000, unit: 'ten thousand' },
    ...{ page: 'kms', confirmed: 'list' },
  },
  transitions: {
    ...{ what: 'Step Functions, transitions', usd: 0.025, per: 1_000, unit: 'thousand' },
    ...{ page: 'step-functions', confirmed: 'page' },
  },
  events: {
    ...{ what: 'EventBridge, events of ours', usd: 1, ...million },
    ...{ page: 'eventbridge', confirmed: 'list' },
  },
} as const satisfies Readonly<Record<string, Price>>;
export type Item = keyof typeof PRICES;
export const ITEMS = Object.keys(PRICES) as Item[];

/** What options add. */
export const OPTIONS = {
  key: { what: 'KMS, key of ours', usd: 1, ...monthly('key'), page: 'kms', confirmed: 'page' },
  secret: {
    ...{ what: 'Secrets Manager, secret', usd: 0.4, ...monthly('secret') },
    ...{ page: 'secrets-manager', confirmed: 'list' },
  },
  endpoint: {
    // 0.01 an hour.
    ...{ what: 'PrivateLink, interface endpoint', usd: 0.01 * HOURS, ...monthly('zone') },
    ...{ page: 'privatelink', confirmed: 'list' },
  },
} as const satisfies Readonly<Record<string, Price>>;

/** Memory of each function, GB (infra/task-function.ts). */
export const MEMORY_GB = 0.5;
/** Added to each invocation: its start, where it is a cold one, its processor time, and DynamoDB's answers, which take no time in the
 *  simulated world. An assumption, on the high side. */
export const ADDED_SECONDS = 0.5;
/** Processor time, a node that is read: 6.35 s of a sweep over 5,000 (`npm run bench -- --sweep --json`, `cpuSeconds`, November 2026), on
 *  a whole processor; 512 MB are 512 of 1,769 parts of one (Lambda Developer Guide, memory). */
export const CPU_SECONDS_A_NODE = (6.35 / 5_000) * (1_769 / 512);
/** Long polls that Lambda keeps open on each queue, of 20 s. With a maximum concurrency it does not go down to two when there is
 *  little to do (Lambda Developer Guide, scaling of SQS event source mappings; five are where it starts). */
export const POLLS = { open: 5, seconds: 20 } as const;
export const IDLE_POLLS =
  Object.keys(DEPLOYED.queues).length * POLLS.open * ((HOURS * 3_600) / POLLS.seconds);
/** What the state machine logs of each transition, without execution data: an assumption, some three events of 400 bytes. */
export const TRANSITION_BYTES = 1_200;
/** Records of launched nodes are of a kilobyte and expire after an hour; DynamoDB clears up within days (its Developer Guide, time to
 *  live). What a cluster of 5,000 launches in days, and the last shared reads: an assumption. */
export const STORED_BYTES = 0.05 * GB;
/** DynamoDB asks for a table's key anew after five minutes, for each caller (its Developer Guide, encryption at rest). */
const KEYS_ASKED = HOURS * 12;
/** What each sweep publishes of each node group that ever launched a node. */
const OF_A_GROUP: readonly Figure[] = ['BootP05', 'AdoptionMost'];
/** Node groups of the simulated fleets that live. */
const GROUPS_COUNTED = 2;

/** Of a month's hours, the share in which something is published that is published so often. */
export const litIn = (times: number): number => Math.min(1, times / HOURS);

export type Month = Readonly<Record<Item, number>>;
export interface Setting {
  readonly stated: Stated;
  readonly stack: Counted['stack'];
  readonly times?: Readonly<Record<Story, number>>;
}

/** What a month comes to, in each item's own units, where each story is told so many times. */
export function monthOf(
  counts: FleetCounts['counts'],
  { stated, stack, times = timesOf(stated) }: Setting,
): Month {
  const stories = Object.keys(times) as Story[];
  const all = (name: keyof Counts): number =>
    stories.reduce((sum, story) => sum + counts[story][name] * times[story], 0);
  const invocations = all('invocations');
  const logs = all('logBytes') + all('transitions') * TRANSITION_BYTES;
  const litMetrics = stories.reduce((sum, story) => sum + counts[story].metrics * litIn(times[story]), 0);
  const tables = stack['AWS::DynamoDB::Table'] ?? 0;
  const functions = stack['AWS::Lambda::Function'] ?? 0;
  return {
    metrics: litMetrics + (stated.nodeGroups - GROUPS_COUNTED) * OF_A_GROUP.length,
    alarms: stack['AWS::CloudWatch::Alarm'] ?? 0,
    dashboards: stack['AWS::CloudWatch::Dashboard'] ?? 0,
    logs,
    logsKept: logs,
    traces: invocations,
    lambdaRequests: invocations,
    lambdaTime:
      MEMORY_GB *
      (all('waitMs') / 1_000 + invocations * ADDED_SECONDS + all('nodesRead') * CPU_SECONDS_A_NODE),
    sqs: all('sqsRequests') + IDLE_POLLS,
    tableWrites: all('tableWrites'),
    tableReads: all('tableReads'),
    tableStorage: STORED_BYTES,
    keyRequests: tables * Math.min(invocations, functions * KEYS_ASKED),
    transitions: all('transitions'),
    // An announcement is one, too.
    events: all('events') + times.announced + times.waves,
  };
}

export type Usd = Readonly<Record<Item, number>>;

export const usdOf = (month: Month): Usd =>
  Object.fromEntries(
    ITEMS.map((item) => [item, (month[item] / PRICES[item].per) * PRICES[item].usd]),
  ) as Record<Item, number>;

export const totalOf = (usd: Usd, items: readonly Item[] = ITEMS): number =>
  items.reduce((sum, item) => sum + usd[item], 0);

/** What every kind of resource in the stack costs: items of PRICES, an option, or why nothing. */
export const RESOURCES: Readonly<Record<string, readonly Item[] | keyof typeof OPTIONS | `free: ${string}`>> =
  {
    'AWS::CloudWatch::Alarm': ['alarms'],
    'AWS::CloudWatch::Dashboard': ['dashboards'],
    'AWS::Logs::LogGroup': ['logs', 'logsKept', 'metrics'],
    'AWS::Lambda::Function': ['lambdaRequests', 'lambdaTime', 'traces'],
    'AWS::Lambda::EventSourceMapping': ['sqs'],
    'AWS::SQS::Queue': ['sqs'],
    'AWS::DynamoDB::Table': ['tableWrites', 'tableReads', 'tableStorage', 'keyRequests'],
    'AWS::StepFunctions::StateMachine': ['transitions', 'logs', 'traces'],
    'AWS::Events::Rule': ['events', 'sqs'],
    'AWS::KMS::Key': 'key',
    'AWS::SecretsManager::Secret': 'secret',
    'AWS::SSM::Parameter': 'free: a standard parameter, read at standard throughput',
    'AWS::Scheduler::Schedule': 'free: a dollar for a million invocations; a schedule has a few a day',
    'AWS::SNS::Topic': 'free: e-mails cost two dollars for a hundred thousand',
    'AWS::SNS::Subscription': 'free: e-mails cost two dollars for a hundred thousand',
    'AWS::SNS::TopicPolicy': 'free: rights and settings',
    'AWS::SQS::QueuePolicy': 'free: rights and settings',
    'AWS::IAM::Role': 'free: rights and settings',
    'AWS::IAM::Policy': 'free: rights and settings',
    'AWS::EKS::AccessEntry': 'free: rights and settings',
    'AWS::Lambda::Permission': 'free: rights and settings',
    'AWS::Lambda::EventInvokeConfig': 'free: rights and settings',
    'AWS::Lambda::Url': 'free: what it costs is an invocation',
    'AWS::Logs::QueryDefinition': 'free: running a query costs half a cent for each GB it reads',
  };

export const isPriced = (type: string): boolean => typeof RESOURCES[type] !== 'string';
