/** Options that are quantities over time, as people write them. */
import { InvalidArgumentError } from 'commander';
import type { Expected } from '../lambdas/core/doctor/seen.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = String.raw`(\d+(?:\.\d+)?)\s*(s|m|h|d)`;
/** Pods in one cluster that Kubernetes is built for. Source: Kubernetes, considerations for large clusters. */
export const MOST_PODS = 150_000;
/** Kubernetes knows no bound of it, and whoever means more mistyped something. */
const MOST_SURGE_PERCENT = 1_000;
/** Addresses of the largest private range, 10.0.0.0/8. */
const MOST_ADDRESSES = 2 ** 24;
const DAYS_IN: Readonly<Record<string, number>> = { day: 1, week: 7, month: 30, year: 365 };

const msOf = (number = '', unit = ''): number => Number(number) * (UNITS[unit] ?? Number.NaN);

function matched(text: string, pattern: string, example: string): readonly string[] {
  const found = new RegExp(`^\\s*${pattern}\\s*$`).exec(text);
  if (found === null) throw new InvalidArgumentError(`expected for example "${example}", got "${text}"`);
  return found;
}

function within(from: number, text: string, to: number, what: string): number {
  const value = Number(text);
  if (value >= from && value <= to) return value;
  const most = to.toLocaleString('en-US');
  throw new InvalidArgumentError(`expected ${from} to ${most} ${what}, got "${text}"`);
}

const podsOf = (text = ''): number => within(1, text, MOST_PODS, 'pods');

/** `100 over 3m` */
export function toBurst(text: string): NonNullable<Expected['burst']> {
  const [, pods, number, unit] = matched(text, String.raw`(\d+)\s+over\s+${DURATION}`, '100 over 3m');
  return { pods: podsOf(pods), overMs: msOf(number, unit) };
}

/** `40 every 1m for 20s` */
export function toChurn(text: string): NonNullable<Expected['churn']> {
  const pattern = String.raw`(\d+)\s+every\s+${DURATION}\s+for\s+${DURATION}`;
  const [, pods, every, everyUnit, runs, runsUnit] = matched(text, pattern, '40 every 1m for 20s');
  const churn = { pods: podsOf(pods), everyMs: msOf(every, everyUnit), runsMs: msOf(runs, runsUnit) };
  if (churn.everyMs === 0) throw new InvalidArgumentError(`expected runs some time apart, got "${text}"`);
  return churn;
}

/** `500/month`, as addresses a day */
export function toGrowth(text: string): number {
  const [, addresses, per = ''] = matched(text, String.raw`(\d+)\s*/\s*(day|week|month|year)`, '500/month');
  return within(1, addresses ?? '', MOST_ADDRESSES, 'addresses') / (DAYS_IN[per] ?? 1);
}

/** `110 surge 25% unavailable 0`; what is not said is Kubernetes' default. */
export function toRollout(text: string): NonNullable<Expected['rollout']> {
  const pattern = String.raw`(\d+)(?:\s+surge\s+(\d+%?))?(?:\s+unavailable\s+(\d+%?))?`;
  const [, replicas, surge = '25%', unavailable = '25%'] = matched(
    text,
    pattern,
    '110 surge 25% unavailable 0',
  );
  if (Number.parseInt(surge, 10) === 0 && Number.parseInt(unavailable, 10) === 0)
    throw new InvalidArgumentError(`expected more than 0 of surge or of unavailable, got "${text}"`);
  return {
    replicas: podsOf(replicas),
    strategy: {
      type: 'rolling-update',
      maxSurge: intOrPercent(surge, MOST_SURGE_PERCENT),
      maxUnavailable: intOrPercent(unavailable, 100),
    },
  };
}

function intOrPercent(text: string, mostPercent: number): number | `${number}%` {
  if (!text.endsWith('%')) return within(0, text, MOST_PODS, 'pods');
  return `${within(0, text.slice(0, -1), mostPercent, 'percent')}%`;
}
