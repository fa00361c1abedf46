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
import { dollars, type FleetMonth, fleetMonths, more, shares, usdRows } from './cost-figures.ts';
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
  litIn,
  MEMORY_GB,
  type Month,
  OPTIONS,
  POLLS,
  PRICES,
  RESOURCES,
  STORED_BYTES,
  TRANSITION_BYTES,
  timesOf,
} from './cost-month.ts';

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
  sweep: 'sweep',
  burst: 'burst of launches',
  announced: 'announced rollout',
  waves: 'rollout in waves',
};
const PLURAL: Readonly<Record<Story, string>> = {
  sweep: 'sweeps',
  burst: 'launches',
  announced: 'announced rollouts',
  waves: 'rollouts in waves',
};
const COUNTED: Readonly<Record<keyof Counts, string>> = {
  invocations: 'invocations',
  waitMs: 'seconds that functions wait',
  nodesRead: 'nodes that EC2 shows them',
  sqsRequests: 'SQS requests',
  tableReads: 'DynamoDB read units',
  tableWrites: 'DynamoDB write units',
  events: 'events put on the bus',
  transitions: 'state transitions',
  logBytes: 'KB of log',
  metrics: 'metrics, beside a sweep’s',
};
/** Milliseconds as seconds, bytes as kilobytes. */
const IN_THOUSANDS: readonly string[] = ['waitMs', 'logBytes'] satisfies (keyof Counts)[];
const CONFIRMED: Readonly<Record<Confirmed, string>> = {
  page: 'its page',
  list: 'price list',
  others: '**others only**',
};
const link = (page: string): string => `[${page}](https://aws.amazon.com/${page}/pricing/)`;

export function costPage(counted: Counted): string {
  const months = fleetMonths(counted);
  const each = (cell: (month: FleetMonth) => string): string[] => months.map(cell);
  const heads = each(({ stated }) => `${count(stated.nodes)} nodes`);
  const [small, large] = months as readonly [FleetMonth, FleetMonth];
  const [head = [], ...usd] = usdRows(months);
  const inBoth = (story: Story, by: number): string =>
    each((month) => dollars(more(month, story, by))).join(' and ');
  const { sweepEveryMs, soleAllocatorSweepsEveryMs } = DEPLOYED;
  const sweepsMore = timesOf(FLEETS[0]).sweep * (sweepEveryMs / soleAllocatorSweepsEveryMs - 1);
  const endpoints = endpointsFor(
    {
      gateEndpoint: undefined,
      clusters: [{ name: 'shop', mode: 'warm', vpcId: undefined, lens: false, gate: false }],
    },
    { hooks: false },
  );
  const once = (Object.keys(COUNTED) as (keyof Counts)[]).map((name) => [
    COUNTED[name],
    ...STORIES.map((story) => {
      const shown = each(({ counts }) =>
        quantity(counts[story][name] / (IN_THOUSANDS.includes(name) ? 1_000 : 1)),
      );
      return shown.every((cell) => cell === shown[0]) ? (shown[0] ?? '') : shown.join(' · ');
    }),
  ]);
  const freeTypes = Object.entries(RESOURCES).flatMap(([type, cost]) =>
    typeof cost === 'string' && cost.startsWith('free: ')
      ? [{ type: `\`${type.replace('AWS::', '')}\``, why: cost.slice('free: '.length) }]
      : [],
  );
  const free = [...Map.groupBy(freeTypes, ({ why }) => why)].map(
    ([why, all]) => `- ${all.map(({ type }) => type).join(', ')}: ${why}`,
  );
  const { launches, announced, waves } = DAY_OF_100_NODES;
  const cloudWatchFree = 10 * PRICES.metrics.usd + 10 * PRICES.alarms.usd + PRICES.dashboards.usd;
  const metricsWhole = each(({ stated, counts }) => {
    const dark = STORIES.map((story) => counts[story].metrics * (1 - litIn(timesOf(stated)[story])));
    return dollars(dark.reduce((sum, each) => sum + each, 0) * PRICES.metrics.usd);
  });
  const idle = dollars((IDLE_POLLS / PRICES.sqs.per) * PRICES.sqs.usd);
  const last = usd.at(-1) ?? [];
  return `# What it costs

A month of one stack with one cluster in mode warm, in us-east-1: what simulated fleets were counted to make the functions ask for, times an
assumed month, times stated prices. No bill of AWS's has been seen. \`npm run cost\` counts anew (70 seconds of processor time) and writes this page.

${table([head, ...usd.slice(0, -1), last.map((cell) => `**${cell}**`)])}

Free tiers are left out. CloudWatch's alone (10 metrics, 10 alarms, small dashboards) is up to ${dollars(cloudWatchFree)} USD less where an account does not use it otherwise.

## What dominates, and what lowers it

- ${heads[0]}: ${shares(small)}.
- ${heads[1]}: ${shares(large)}.

${table([
  ['of that comes of, metrics aside', ...heads],
  ...STORIES.map((story) => [
    PLURAL[story],
    ...each((month) => dollars(-more(month, story, -timesOf(month.stated)[story]))),
  ]),
])}

| Your choice | USD a month |
|---|---|
| several clusters in one deployment (\`-c cluster=a,b\`), not one each | ${dollars(PRICES.dashboards.usd + (IDLE_POLLS / PRICES.sqs.per) * PRICES.sqs.usd)} less for each further one: they share dashboard and queues; a cluster's own metrics and alarms stay |
| fewer subnets and node groups: two metrics for each that a sweep meets | ${dollars(PRICES.metrics.usd * 2)} for each; never for nodes, workloads or rollouts |
| announce what needs it: each announced rollout reads its cluster | ${inBoth('announced', 1_000)} for a thousand more of them, in ${heads.join(' and in ')}, metrics aside |
| waves only where a rollout is too large for its nodes | ${inBoth('waves', 1_000)} for a thousand more, metrics aside |
| \`soleAllocator\`: a sweep every minute, not every five | ${inBoth('sweep', sweepsMore)} more |
| \`alarmEmail\`: a KMS key; \`alarmTopicArn\` makes none | ${dollars(OPTIONS.key.usd)} more |
| \`gateEndpoint=secret\`: a secret; \`iam\` has none | ${dollars(OPTIONS.secret.usd)} more, and an invocation for each question |
| \`vpc\`, where neither a NAT gateway nor interface endpoints (${endpoints.join(', ')}) are there yet | **${dollars(endpoints.length * OPTIONS.endpoint.usd)} more for each zone**, data aside: leave \`vpc\` out unless you must |
| mode \`observe\` | no state machine, two alarms less; sweeps, queues and most metrics stay |

No setting switches metrics off: they are what the alarms look at. Idle queues cost ${idle} whatever happens, because Lambda goes on asking each of the ${Object.keys(DEPLOYED.queues).length};
the limit on their readers keeps it from asking less, and stays all the same: it protects your EC2 request buckets.

EC2 has no price for the calls we make, nor for interfaces and private addresses: an address that waits for its pod takes room in a subnet, not
money. Events of AWS's own services are free. So are, of what the stack has:

${free.join('\n')}

## What is counted, and what is multiplied

**Counted**, once each, with the deployed handlers on the embedded AWS (\`bench/cost-fleet.ts\`):

- a sweep of a quiet cluster;
- a burst of launches, until the last look, with what the sweeps of the following hour do more because of it;
- a rollout of ${ROLLOUT_PODS} pods, announced five minutes ahead to one node group, each of whose nodes then needs another interface;
- the same in waves (\`"size": "auto"\`), followed by a deploy tool.

The nodes are m5.xlarge in \`WARM_ENI_TARGET\` mode, in four subnets, without lens. ${LIVING_NODES} of them with ${STEADY_PODS} pods each, the node group of the rollouts, and those that launch
live: ipamd, kubelet and pods run on them. The others lie in the account, full and quiet, where sweeps and reads of the cluster meet every one
of them; to let 5,000 live took too long to be counted at all. Once each, in ${heads.join(' · ')}:

${table([['', ...STORIES.map((story) => SAID[story])], ...once])}

**Multiplied** by how often each comes in a month of 30 days, which is an assumption: for a hundred nodes and day ${launches} launches (each node replaced
daily, which is much) in bursts of ${months.map(({ stated }) => stated.burstNodes).join(' and ')}, ${announced} announced rollouts, ${waves} in waves. ${months.map(({ stated }) => stated.nodeGroups).join(' and ')} node groups launch nodes.

${table([
  ['in a month', ...heads],
  ...STORIES.map((story) => [SAID[story], ...each(({ stated }) => quantity(timesOf(stated)[story]))]),
  ...ITEMS.map((item) => [PRICES[item].what, ...each(({ month }) => inUnits(item, month))]),
])}

**Assumed** beside that:

- Time. Functions have ${MEMORY_GB * 1_024} MB. They wait in virtual time, for EC2 as in \`sim/latencies.ts\`. ${ADDED_SECONDS} s are added to each invocation, for its start, its processor
  time and DynamoDB; and ${(CPU_SECONDS_A_NODE * 1_000).toFixed(1)} ms for each node that it reads, measured on a sweep over 5,000 (\`npm run bench -- --sweep --json\`).
- DynamoDB. The stores' calls are made again through the deployed adapters, on an embedded DynamoDB that tells the units. Functions that write one
  item at the same moment try again, which is left out. ${STORED_BYTES / 1_000_000} MB are stored.
- Queues. ${POLLS.open} long polls of ${POLLS.seconds} s are open on each, as Lambda's documentation describes it; the number is not promised. Nobody polls dead letters.
- Metrics. One counts for the hours in which it is published; what only a story publishes, for an hour each time. That CloudWatch counts hours
  could not be confirmed; by whole months it were ${metricsWhole.join(' and ')} USD more. Troubles (throttles, orphans, quotas) have metrics of their own: none came.
- Logs. The functions' lines and Lambda's three an invocation, kept for a month, uncompressed; ${count(TRANSITION_BYTES)} bytes for what the state machine logs of a transition.
- Traces. Every invocation is traced: X-Ray's default takes the first in each second, and 5 % of the others.
- Instances outside your clusters reach the queue too, and are let go: two invocations and six SQS requests for each launch, at most. None are in here.

## Prices

us-east-1, first tiers, without free tiers; each is to be read on AWS's own page before it is quoted. Confirmed by *its page*: a stored copy of it; by the *price
list*: AWS's, as tests of infracost repeat it (stored copies); by *others only*: third parties of 2025 and 2026, nothing of AWS's. In eu-central-1
transitions cost the same (its page); the rest was not looked up.

| item | USD | for a | AWS's page | confirmed by |
|---|---:|---|---|---|
${[...ITEMS.map((item) => PRICES[item]), ...Object.values(OPTIONS)]
  .map(({ what, usd, unit, page, confirmed }) =>
    row([what, String(usd), unit, link(page), CONFIRMED[confirmed]]),
  )
  .join('\n')}
`;
}
