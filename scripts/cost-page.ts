/** docs/cost.md, from what simulated fleets were counted to make the functions do (cost-counted.json, `npm run cost`) and from
 *  stated prices. `npm run readme` writes it; a test holds page, counts and code together. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Counts, Fleet, FleetCounts } from '../bench/cost-fleet.ts';
import { Alarms } from '../infra/alarms.ts';
import { DEPLOYED } from '../sim/deployed.ts';

export interface Stated extends Fleet {
  readonly burstsADay: number;
  readonly announcedADay: number;
  readonly wavesADay: number;
}

/** Each node replaced once a day, and a rollout for every five nodes, or twenty-five. */
export const FLEETS: readonly Stated[] = [
  {
    ...{ nodes: 100, nodeGroups: 4, zones: 3, burstNodes: 10, rolloutPods: 200 },
    ...{ burstsADay: 10, announcedADay: 20, wavesADay: 5 },
  },
  {
    ...{ nodes: 5_000, nodeGroups: 20, zones: 3, burstNodes: 50, rolloutPods: 2_000 },
    ...{ burstsADay: 100, announcedADay: 200, wavesADay: 20 },
  },
];

export const fleetIn = ({ nodes, nodeGroups, zones, burstNodes, rolloutPods }: Stated): Fleet => ({
  ...{ nodes, nodeGroups, zones, burstNodes, rolloutPods },
});

const DAYS = 30;
const SWEEPS = (DAYS * 86_400_000) / DEPLOYED.sweepEveryMs;

interface Price {
  readonly what: string;
  readonly usd: number;
  readonly per: number;
  readonly unit: string;
  readonly source: string;
}
const THIRD_PARTY = 'third parties, 2025 and 2026';
const UNCHECKED = 'general knowledge, not checked';
const MILLION = 1_000_000;
const GB = 1_000_000_000;

/** us-east-1, without free tiers. */
const PRICES = {
  lambdaRequests: { what: 'Lambda, requests', usd: 0.2, per: MILLION, unit: 'million', source: THIRD_PARTY },
  lambdaTime: {
    ...{ what: 'Lambda, arm64', usd: 0.0000133334, per: 1, unit: 'GB-second', source: THIRD_PARTY },
  },
  transitions: {
    ...{ what: 'Step Functions, state transitions', usd: 0.025, per: 1_000, unit: 'thousand' },
    source: 'AWS’s page, an older copy',
  },
  writes: {
    what: 'DynamoDB, on-demand writes',
    usd: 0.625,
    per: MILLION,
    unit: 'million',
    source: THIRD_PARTY,
  },
  reads: {
    what: 'DynamoDB, on-demand reads',
    usd: 0.125,
    per: MILLION,
    unit: 'million',
    source: THIRD_PARTY,
  },
  events: { what: 'EventBridge, custom events', usd: 1, per: MILLION, unit: 'million', source: THIRD_PARTY },
  sqs: { what: 'SQS, requests', usd: 0.4, per: MILLION, unit: 'million', source: UNCHECKED },
  metrics: {
    what: 'CloudWatch, custom metrics',
    usd: 0.3,
    per: 1,
    unit: 'metric and month',
    source: UNCHECKED,
  },
  alarms: { what: 'CloudWatch, alarms', usd: 0.1, per: 1, unit: 'alarm and month', source: UNCHECKED },
  dashboards: { what: 'CloudWatch, dashboard', usd: 3, per: 1, unit: 'month', source: UNCHECKED },
  logs: { what: 'CloudWatch, logs taken in', usd: 0.5, per: GB, unit: 'GB', source: UNCHECKED },
  logsKept: { what: 'CloudWatch, logs kept', usd: 0.03, per: GB, unit: 'GB and month', source: UNCHECKED },
  traces: { what: 'X-Ray, traces', usd: 5, per: MILLION, unit: 'million', source: UNCHECKED },
} as const satisfies Readonly<Record<string, Price>>;
type Item = keyof typeof PRICES;

/** Memory of each function (infra/task-function.ts). */
const MEMORY_GB = 0.5;
/** Added to each invocation: its start, where it is a cold one, its processor time, and DynamoDB's milliseconds, which take none in
 *  the simulated world. An assumption, on the high side. */
const ADDED_SECONDS = 0.5;
/** Processor time of a sweep, a node: 6.4 s for 5,000 (`cpuSeconds` of `npm run bench -- --sweep --json`, November 2026), on a whole
 *  processor; 512 MB are 512 of 1,769 parts of one (Lambda Developer Guide, memory). */
const SWEEP_SECONDS_A_NODE = (6.4 / 5_000) * (1_769 / 512);
/** Idle queues: Lambda keeps five long polls of 20 s open on each (Lambda Developer Guide, SQS; AWS does not promise the number). */
const IDLE_POLLS = Object.keys(DEPLOYED.queues).length * 5 * ((DAYS * 86_400) / 20);

type Month = Readonly<Record<Item, number>>;

/** What a month comes to, in each item's own units. */
export function monthOf(counted: FleetCounts, stated: Stated): Month {
  const { burstsADay, announcedADay, wavesADay, nodes } = stated;
  const times: readonly (readonly [Counts, number])[] = [
    [counted.sweep, SWEEPS],
    [counted.burst, burstsADay * DAYS],
    [counted.announced, announcedADay * DAYS],
    [counted.waves, wavesADay * DAYS],
  ];
  const all = (name: keyof Counts): number =>
    times.reduce((sum, [counts, count]) => sum + counts[name] * count, 0);
  const seconds =
    all('runSeconds') + all('invocations') * ADDED_SECONDS + SWEEPS * nodes * SWEEP_SECONDS_A_NODE;
  return {
    lambdaRequests: all('invocations'),
    lambdaTime: seconds * MEMORY_GB,
    transitions: all('transitions'),
    writes: all('writes'),
    reads: all('reads'),
    events: all('events') + (announcedADay + wavesADay) * DAYS,
    sqs: all('sqsRequests') + IDLE_POLLS,
    metrics: counted.metrics,
    alarms: alarmCount(),
    dashboards: 1,
    logs: all('logBytes'),
    logsKept: all('logBytes'),
    traces: all('invocations'),
  };
}

/** Alarms of a stack in mode warm; each looks at one metric. */
function alarmCount(): number {
  const stack = new Stack(new App());
  const queue = new Queue(stack, 'Queue');
  return new Alarms(stack, 'Alarms', {
    ...{ deployment: 'shop', clusters: [{ name: 'shop', mode: 'warm', gate: false }] },
    ...{ sweepEvery: Duration.minutes(5), soleAllocator: false, subnetReserveAddresses: 16 },
    topicArn: undefined,
    deadLetters: Object.fromEntries(Object.keys(DEPLOYED.queues).map((name) => [name, queue])),
  }).all.length;
}

export const usdOf = (month: Month): Readonly<Record<Item, number>> =>
  Object.fromEntries(
    (Object.keys(PRICES) as Item[]).map((item) => [
      item,
      (month[item] / PRICES[item].per) * PRICES[item].usd,
    ]),
  ) as Record<Item, number>;

export const totalOf = (usd: Readonly<Record<Item, number>>): number =>
  Object.values(usd).reduce((sum, each) => sum + each, 0);

const count = (value: number): string =>
  value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en-US') : value.toFixed(1);
const dollars = (value: number): string => (value > 0 && value < 0.005 ? '< 0.01' : value.toFixed(2));
const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const rule = (columns: number): string => `|---${'|---:'.repeat(columns - 1)}|`;

const COUNTED: Readonly<Record<keyof Counts, string>> = {
  invocations: 'invocations',
  runSeconds: 'seconds of functions, waiting',
  sqsRequests: 'SQS requests',
  reads: 'DynamoDB read units',
  writes: 'DynamoDB write units',
  events: 'events put on the bus',
  transitions: 'state transitions',
  logBytes: 'KB of log',
};
const shown = (name: keyof Counts, value: number): string =>
  count(name === 'logBytes' ? value / 1_000 : value);

const STORIES = {
  sweep: 'a sweep',
  burst: 'a burst of launches',
  announced: 'an announced rollout',
  waves: 'a rollout in waves',
} as const;

/** `counted`: of each of FLEETS, in order. */
export function costPage(counted: readonly FleetCounts[]): string {
  const fleets = FLEETS.map((stated, index) => {
    const counts = counted[index];
    if (counts === undefined)
      throw new Error(`nobody counted the fleet of ${stated.nodes} nodes: npm run cost`);
    const month = monthOf(counts, stated);
    return { stated, counts, month, usd: usdOf(month) };
  });
  const each = (cell: (fleet: (typeof fleets)[number]) => string): string[] => fleets.map(cell);
  const heads = each(({ stated }) => `${count(stated.nodes)} nodes`);
  const assumed = (what: string, of: (stated: Stated) => number): string =>
    row(what, ...each(({ stated }) => count(of(stated))));
  const items = Object.keys(PRICES) as Item[];
  const inUnits = (item: Item, month: Month): string =>
    item.startsWith('logs') ? `${(month[item] / GB).toFixed(1)} GB` : count(month[item]);
  const stories = (Object.keys(STORIES) as (keyof typeof STORIES)[]).flatMap((story) =>
    (Object.keys(COUNTED) as (keyof Counts)[])
      .filter((name) => fleets.some(({ counts }) => counts[story][name] > 0))
      .map((name) =>
        row(`${STORIES[story]}: ${COUNTED[name]}`, ...each(({ counts }) => shown(name, counts[story][name]))),
      ),
  );
  return `# What it costs

A month of one stack in mode warm with one cluster, computed from counted calls of simulated fleets and from stated prices: no bill of AWS's has
been seen. \`npm run cost\` counts anew (minutes) and writes this page; what is assumed and what a price rests on stands below. EC2 has no
price for the calls we make, nor for network interfaces and private addresses.

| A month, USD | ${heads.join(' | ')} |
${rule(1 + fleets.length)}
${items.map((item) => row(PRICES[item].what, ...each(({ usd }) => dollars(usd[item])))).join('\n')}
${row('**All**', ...each(({ usd }) => `**${dollars(totalOf(usd))}**`))}

What a cluster costs anyway (a control plane alone is 73 USD a month) makes the rest small; what is paid for is being seen: logs, metrics, alarms and the
dashboard are ${each(({ usd }) => `${Math.round((100 * seenOf(usd)) / totalOf(usd))} %`).join(' and ')} of it.
Idle queues cost ${dollars((IDLE_POLLS / PRICES.sqs.per) * PRICES.sqs.usd)} a month whatever happens: Lambda asks them all the time. AWS's free tiers are left out;
they cover the small fleet for the most part.

## Assumptions

| | ${heads.join(' | ')} |
${rule(1 + fleets.length)}
${[
  assumed('bursts of launches a day', ({ burstsADay }) => burstsADay),
  assumed('nodes of a burst', ({ burstNodes }) => burstNodes),
  assumed('announced rollouts a day', ({ announcedADay }) => announcedADay),
  assumed('rollouts in waves a day, four waves each', ({ wavesADay }) => wavesADay),
  assumed('pods of a rollout', ({ rolloutPods }) => rolloutPods),
  assumed('node groups', ({ nodeGroups }) => nodeGroups),
  assumed('zones, a subnet each', ({ zones }) => zones),
].join('\n')}

That is every node replaced once a day. m5.xlarge, \`WARM_ENI_TARGET\` mode, mode warm, no lens, no gate endpoint, a sweep every ${DEPLOYED.sweepEveryMs / 60_000} minutes,
${DAYS} days. Announced rollouts lack interfaces on every node of one group, on purpose; those in waves find their addresses free.

- Functions have ${MEMORY_GB * 1_024} MB. Waiting is virtual time: latencies of EC2 as in \`sim/latencies.ts\`. To each invocation ${ADDED_SECONDS} s are added for its start, its processor time and
  DynamoDB's answers, which take no time in the simulated world; to each sweep ${(SWEEP_SECONDS_A_NODE * 1_000).toFixed(1)} ms a node of processor time, measured.
- DynamoDB's units are computed from the calls that core makes and the size of what is written, as JSON (\`bench/cost-capacity.ts\`); strongly consistent reads. Point-in-time
  recovery of some MB, and the AWS managed key's requests, are left out.
- Metrics are those published in these stories, each paid for the whole month; AWS charges by the hour in which one is published. More node groups, subnets and
  reasons are more metrics: never more nodes, workloads or rollouts.
- Logs are the journal's own lines, the figures' lines, and Lambda's three an invocation, kept for a month; no compression. Every invocation is traced.
- Queues' idle polling by Lambda's documented way of polling; the number of pollers is not promised.

## Counted

| ${['Once', ...heads].join(' | ')} |
${rule(1 + fleets.length)}
${stories.join('\n')}
${row('metrics', ...each(({ counts }) => count(counts.metrics)))}

| In a month | ${heads.join(' | ')} |
${rule(1 + fleets.length)}
${items.map((item) => row(PRICES[item].what, ...each(({ month }) => inUnits(item, month)))).join('\n')}

## Prices

us-east-1, without free tiers. Check them before you quote them; none was read from a bill.

| Item | USD | for a | Source |
|---|---:|---|---|
${items.map((item) => row(PRICES[item].what, String(PRICES[item].usd), PRICES[item].unit, PRICES[item].source)).join('\n')}
`;
}

const seenOf = (usd: Readonly<Record<Item, number>>): number =>
  usd.metrics + usd.alarms + usd.dashboards + usd.logs + usd.logsKept + usd.traces;
