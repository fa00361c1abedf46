/** docs/cost.md, from what was counted (cost-counted.json) and what cost-month.ts states. `npm run cost` writes it; a test holds page,
 *  counts and code together. */
import {
  type Counts,
  LIVING_NODES,
  ROLLOUT_PODS,
  STEADY_PODS,
  STORIES,
  type Story,
} from '../bench/cost-fleet.ts';
import { count } from '../cli/tables.ts';
import { endpointsFor } from '../infra/private-endpoints.ts';
import { DEPLOYED } from '../sim/deployed.ts';
import {
  ADDED_SECONDS,
  type Confirmed,
  type Counted,
  CPU_SECONDS_A_NODE,
  DAY_OF_100_NODES,
  FLEETS,
  IDLE_POLLS,
  ITEMS,
  type Item,
  MEMORY_GB,
  type Month,
  monthOf,
  OPTIONS,
  POLLS,
  PRICES,
  RESOURCES,
  STORED_BYTES,
  type Stated,
  TRANSITION_BYTES,
  timesOf,
  totalOf,
  type Usd,
  usdOf,
} from './cost-month.ts';

export interface FleetMonth {
  readonly stated: Stated;
  readonly counts: Readonly<Record<Story, Counts>>;
  readonly month: Month;
  readonly usd: Usd;
}

/** Of each of FLEETS, in order. */
export function fleetMonths({ stack, fleets }: Counted): readonly FleetMonth[] {
  return FLEETS.map((stated, index) => {
    const fleet = fleets[index];
    if (fleet === undefined) throw new Error(`nobody counted ${stated.nodes} nodes: npm run cost`);
    const { counts } = fleet;
    const month = monthOf(counts, { stated, stack });
    return { stated, counts, month, usd: usdOf(month) };
  });
}

/** The table that `npm run cost` prints, and the page begins with. */
export function usdRows(months: readonly FleetMonth[]): string[][] {
  return [
    ['a month, USD', ...months.map(({ stated }) => `${count(stated.nodes)} nodes`)],
    ...ITEMS.map((item) => [PRICES[item].what, ...months.map(({ usd }) => dollars(usd[item]))]),
    ['all', ...months.map(({ usd }) => dollars(totalOf(usd)))],
  ];
}

const dollars = (value: number): string => (value > 0 && value < 0.005 ? '< 0.01' : value.toFixed(2));
const quantity = (value: number): string =>
  value >= 100 || Number.isInteger(value) ? count(Math.round(value)) : value.toFixed(1);
const inUnits = (item: Item, month: Month): string =>
  PRICES[item].unit.startsWith('GB ') || PRICES[item].unit === 'GB'
    ? `${(month[item] / PRICES[item].per).toFixed(2)} GB`
    : quantity(month[item]);

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = ([head = [], ...rows]: readonly (readonly string[])[]): string =>
  [head, ['---', ...head.slice(1).map(() => '---:')], ...rows].map(row).join('\n');

const SAID: Readonly<Record<Story, string>> = {
  sweep: 'a sweep',
  burst: 'a burst of launches',
  announced: 'an announced rollout',
  waves: 'a rollout in waves',
};
const COUNTED: Readonly<Record<keyof Counts, string>> = {
  invocations: 'invocations',
  waitMs: 'seconds that functions wait',
  nodesRead: 'nodes in what EC2 answers',
  sqsRequests: 'SQS requests',
  tableReads: 'DynamoDB read units',
  tableWrites: 'DynamoDB write units',
  events: 'events put on the bus',
  transitions: 'state transitions',
  logBytes: 'KB of log',
  metrics: 'metrics (of stories, beyond a sweep’s)',
};
/** Milliseconds as seconds, bytes as kilobytes. */
const SHOWN_IN_THOUSANDS: readonly string[] = ['waitMs', 'logBytes'] satisfies (keyof Counts)[];
const CONFIRMED: Readonly<Record<Confirmed, string>> = {
  page: 'AWS’s page, a stored copy',
  list: 'AWS’s price list, as infracost’s tests repeat it',
  others: 'third parties, 2025 and 2026: **not confirmed by AWS’s own words**',
};
const link = (page: string): string => `[${page}](https://aws.amazon.com/${page}/pricing/)`;

/** What each part of the bill is for, the dearest first. */
const PARTS: Readonly<Record<string, readonly Item[]>> = {
  'metrics, alarms and the dashboard': ['metrics', 'alarms', 'dashboards'],
  'logs and traces': ['logs', 'logsKept', 'traces'],
  functions: ['lambdaRequests', 'lambdaTime'],
  'the tables': ['tableWrites', 'tableReads', 'tableStorage', 'keyRequests'],
  queues: ['sqs'],
  'state machine and events': ['transitions', 'events'],
};

function shares({ usd }: FleetMonth): string {
  const total = totalOf(usd);
  return Object.entries(PARTS)
    .map(([part, items]) => ({ part, share: totalOf(usd, items) / total }))
    .sort((a, b) => b.share - a.share)
    .map(({ part, share }) => `${part} ${Math.round(100 * share)} %`)
    .join(', ');
}

/** What a story that is told so much more often adds. */
function more(
  { stated, counts, usd }: FleetMonth,
  stack: Counted['stack'],
  story: Story,
  by: number,
): string {
  const times = timesOf(stated);
  const month = monthOf(counts, { stated, stack, times: { ...times, [story]: times[story] + by } });
  return dollars(totalOf(usdOf(month)) - totalOf(usd));
}

export function costPage(counted: Counted): string {
  const months = fleetMonths(counted);
  const each = (cell: (month: FleetMonth) => string): string[] => months.map(cell);
  const heads = each(({ stated }) => `${count(stated.nodes)} nodes`);
  const [small, large] = months as readonly [FleetMonth, FleetMonth];
  const [head = [], ...usd] = usdRows(months);
  const inBoth = (story: Story, by: number): string =>
    each((month) => more(month, counted.stack, story, by)).join(' and ');
  const { sweepEveryMs, soleAllocatorSweepsEveryMs } = DEPLOYED;
  const sweepsMore = timesOf(FLEETS[0]).sweep * (sweepEveryMs / soleAllocatorSweepsEveryMs - 1);
  const endpoints = endpointsFor(
    {
      gateEndpoint: undefined,
      clusters: [{ name: 'shop', mode: 'warm', vpcId: undefined, lens: false, gate: false }],
    },
    { hooks: false },
  );
  const onceRows = STORIES.flatMap((story) =>
    (Object.keys(COUNTED) as (keyof Counts)[])
      .filter((name) => months.some(({ counts }) => counts[story][name] > 0))
      .map((name) => [
        `${SAID[story]}: ${COUNTED[name]}`,
        ...each(({ counts }) =>
          quantity(counts[story][name] / (SHOWN_IN_THOUSANDS.includes(name) ? 1_000 : 1)),
        ),
      ]),
  );
  const free = Object.entries(RESOURCES).flatMap(([type, cost]) =>
    typeof cost === 'string' && cost.startsWith('free: ')
      ? [`\`${type.replace('AWS::', '')}\` (${cost.slice('free: '.length)})`]
      : [],
  );
  const { launches, announced, waves } = DAY_OF_100_NODES;
  return `# What it costs

A month of one stack with one cluster in mode warm, us-east-1: calls counted on simulated fleets, times an assumed month, times stated prices. No bill
of AWS's has been seen. \`npm run cost\` counts anew (two minutes of processor time) and writes this page.

${table([head, ...usd.slice(0, -1), ...usd.slice(-1).map((cells) => cells.map((cell) => `**${cell}**`))])}

Free tiers are left out; those of CloudWatch alone (10 metrics, 10 alarms, 3 dashboards, 5 GB of logs) are worth up to 9.50 USD a month to an account that does not use
them otherwise.

## What dominates, and what lowers it

- ${heads[0]}: ${shares(small)}.
- ${heads[1]}: ${shares(large)}.

| Your choice | USD a month |
|---|---|
| One deployment for several clusters (\`-c cluster=a,b\`) instead of one each | ${dollars(PRICES.dashboards.usd + small.usd.sqs)} less for each further one: dashboard and queues are shared; a cluster's own metrics and alarms stay |
| Metrics: a subnet is two, a node group that launches two | ${dollars(PRICES.metrics.usd * 2)} for each subnet and node group; never for nodes, workloads or rollouts |
| Announce what needs it: a rollout reads its cluster | ${inBoth('announced', 1_000)} for a thousand announced rollouts, in ${heads.join(' and in ')} |
| In waves (\`"waves": {}\`) only what is too large for its nodes | ${inBoth('waves', 1_000)} for a thousand of those |
| \`soleAllocator\`: a sweep every minute instead of five | ${inBoth('sweep', sweepsMore)} more |
| \`alarmEmail\`: a KMS key; \`alarmTopicArn\` has none | ${dollars(OPTIONS.key.usd)} more |
| \`gateEndpoint=secret\`: a secret; \`iam\` has none | ${dollars(OPTIONS.secret.usd)} more, and an invocation for each question |
| \`vpc\` without a NAT gateway: interface endpoints for ${endpoints.join(', ')}, where there are none yet | ${dollars(endpoints.length * OPTIONS.endpoint.usd)} more for each zone, **more than all the rest of a small cluster**; leave \`vpc\` out unless you must |
| mode \`observe\` | the state machine and two alarms less; sweeps, queues and nearly all metrics are the same |

Idle queues cost ${dollars((IDLE_POLLS / PRICES.sqs.per) * PRICES.sqs.usd)} whatever happens: Lambda asks each of the ${Object.keys(DEPLOYED.queues).length} all the time. A limit on readers keeps it from asking less, and is
kept all the same: it protects your EC2 request buckets.

EC2 has no price for the calls we make, nor for interfaces and private addresses: what an address that waits for its pod costs is the subnet's room, not money. SQS's and
the parameter's encryption, events of AWS's own services, and IAM are free. Of the stack's resources these cost nothing: ${free.join(', ')}.

## What is counted, and what is multiplied

**Counted**, once each, with the deployed handlers on the embedded AWS (\`bench/cost-fleet.ts\`): a sweep of a quiet cluster; a burst of launches, until the last look, with what the sweeps of
the following hour do more because of it; a rollout announced five minutes ahead to one node group; and one in waves, \`"size": "auto"\`, followed by a deploy tool. The cluster is m5.xlarge in
\`WARM_ENI_TARGET\` mode, four subnets, no lens. ${LIVING_NODES} nodes with ${STEADY_PODS} pods each, and those that launch, live: ipamd, kubelets and pods run on them, and the ${ROLLOUT_PODS} pods of a rollout need another interface on each of the ${LIVING_NODES}.
The others lie in the account, full and quiet: sweeps and reads of the cluster meet all of them. All of them living is what could not be counted in reasonable time, and what the functions ask for would be the same.

${table([['Once', ...heads], ...onceRows])}

**Multiplied** by how often each comes in a month of 30 days, an assumption:

${table([
  ['In a month', ...heads],
  ...STORIES.map((story) => [SAID[story], ...each(({ stated }) => quantity(timesOf(stated)[story]))]),
])}

That is, for every hundred nodes and day, ${launches} launches (each node replaced daily, which is much), in bursts of ${months.map(({ stated }) => stated.burstNodes).join(' and of ')}; ${announced} announced rollouts; ${waves} in waves; and
a sweep every ${DEPLOYED.sweepEveryMs / 60_000} minutes. Node groups: ${months.map(({ stated }) => stated.nodeGroups).join(' and ')}. Halve the launches, and what comes of them is halved.

**Assumed** beside that:

- Time: functions have ${MEMORY_GB * 1_024} MB. Waiting is virtual time, latencies of EC2 as in \`sim/latencies.ts\`. To each invocation ${ADDED_SECONDS} s are added for its start, its processor time and DynamoDB's answers; to each node that is
  read ${(CPU_SECONDS_A_NODE * 1_000).toFixed(1)} ms of processor time on such a function, as measured on a sweep over 5,000 (\`npm run bench -- --sweep --json\`).
- DynamoDB: the same calls again through the deployed adapters, on an embedded DynamoDB that tells the units. Functions that write the same item at the same moment try again: that is left out. ${STORED_BYTES / 1_000_000} MB are stored.
- Idle queues: ${POLLS.open} long polls of ${POLLS.seconds} s open on each, as Lambda's documentation describes it; the number is not promised. Dead-letter queues are not polled.
- Metrics: CloudWatch counts one for the hours in which it is published; those of a story count for an hour each time. Troubles (throttles, orphans, quotas) have metrics of their own, which are not in here.
- Logs: the functions' lines and Lambda's three an invocation, kept for a month uncompressed; ${count(TRANSITION_BYTES)} bytes for what the state machine logs of a transition.
- Every invocation is traced: X-Ray's default is the first in each second and 5 % of the others.
- Launches of instances outside your cluster reach the queue as well and are let go: an invocation and four SQS requests each, at most.

${table([
  ['In a month', ...heads],
  ...ITEMS.map((item) => [PRICES[item].what, ...each(({ month }) => inUnits(item, month))]),
])}

## Prices

us-east-1, first tiers, without free tiers; check them before you quote them. In eu-central-1 transitions cost the same, and logs more.

| Item | USD | for a | AWS's page | confirmed by |
|---|---:|---|---|---|
${ITEMS.map((item) => {
  const { what, usd, unit, page, confirmed } = PRICES[item];
  return row([what, String(usd), unit, link(page), CONFIRMED[confirmed]]);
}).join('\n')}
${Object.entries(OPTIONS)
  .map(([option, { usd, page, confirmed }]) =>
    row([`option: ${option}`, dollars(usd), 'month', link(page), CONFIRMED[confirmed]]),
  )
  .join('\n')}
`;
}
