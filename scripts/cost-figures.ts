/** What the cost page and its command show of a month: dollars by item, by part and by what happens. */
import type { Counts, Story } from '../bench/cost-fleet.ts';
import { count } from '../cli/tables.ts';
import {
  type Counted,
  FLEETS,
  ITEMS,
  type Item,
  type Month,
  monthOf,
  PRICES,
  type Stated,
  timesOf,
  totalOf,
  type Usd,
  usdOf,
} from './cost-month.ts';

export interface FleetMonth {
  readonly stated: Stated;
  readonly stack: Counted['stack'];
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
    return { stated, stack, counts, month, usd: usdOf(month) };
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

export const dollars = (value: number): string => (value > 0 && value < 0.005 ? '< 0.01' : value.toFixed(2));

/** What each part of the bill is for. */
const PARTS: Readonly<Record<string, readonly Item[]>> = {
  'metrics, alarms and the dashboard': ['metrics', 'alarms', 'dashboards'],
  'logs and traces': ['logs', 'logsKept', 'traces'],
  functions: ['lambdaRequests', 'lambdaTime'],
  'the tables': ['tableWrites', 'tableReads', 'tableStorage', 'keyRequests'],
  queues: ['sqs'],
  'state machine and events': ['transitions', 'events'],
};

/** Of the whole, the dearest part first. */
export function shares({ usd }: FleetMonth): string {
  const total = totalOf(usd);
  return Object.entries(PARTS)
    .map(([part, items]) => ({ part, share: totalOf(usd, items) / total }))
    .filter(({ share }) => share >= 0.01)
    .toSorted((a, b) => b.share - a.share)
    .map(({ part, share }) => `${part} ${Math.round(100 * share)} %`)
    .join(', ');
}

/** What a story that is told so much more often adds, metrics aside: they are there or come in more hours, whatever it asks for. */
export function more({ stated, stack, counts, usd }: FleetMonth, story: Story, by: number): number {
  const times = timesOf(stated);
  const month = monthOf(counts, { stated, stack, times: { ...times, [story]: times[story] + by } });
  const items = ITEMS.filter((item) => item !== 'metrics');
  return totalOf(usdOf(month), items) - totalOf(usd, items);
}
