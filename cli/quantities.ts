/** Options that are quantities over time, as people write them. */
import { InvalidArgumentError } from 'commander';
import type { Expected } from '../lambdas/core/doctor/seen.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = String.raw`(\d+(?:\.\d+)?)\s*(s|m|h|d)`;
const DAYS_IN: Readonly<Record<string, number>> = { day: 1, week: 7, month: 30, year: 365 };

const msOf = (number = '', unit = ''): number => Number(number) * (UNITS[unit] ?? Number.NaN);

function matched(text: string, pattern: string, example: string): readonly string[] {
  const found = new RegExp(`^\\s*${pattern}\\s*$`).exec(text);
  if (found === null) throw new InvalidArgumentError(`expected for example "${example}", got "${text}"`);
  return found;
}

/** `100 over 3m` */
export function toBurst(text: string): NonNullable<Expected['burst']> {
  const [, pods, number, unit] = matched(text, String.raw`(\d+)\s+over\s+${DURATION}`, '100 over 3m');
  return { pods: Number(pods), overMs: msOf(number, unit) };
}

/** `40 every 1m for 20s` */
export function toChurn(text: string): NonNullable<Expected['churn']> {
  const pattern = String.raw`(\d+)\s+every\s+${DURATION}\s+for\s+${DURATION}`;
  const [, pods, every, everyUnit, runs, runsUnit] = matched(text, pattern, '40 every 1m for 20s');
  const churn = { pods: Number(pods), everyMs: msOf(every, everyUnit), runsMs: msOf(runs, runsUnit) };
  if (churn.everyMs === 0) throw new InvalidArgumentError(`expected runs some time apart, got "${text}"`);
  return churn;
}

/** `500/month`, as addresses a day */
export function toGrowth(text: string): number {
  const [, addresses, per = ''] = matched(text, String.raw`(\d+)\s*/\s*(day|week|month|year)`, '500/month');
  return Number(addresses) / (DAYS_IN[per] ?? 1);
}

/** `110 surge 25% unavailable 0`; what is not said is Kubernetes' default. */
export function toRollout(text: string): NonNullable<Expected['rollout']> {
  const pattern = String.raw`(\d+)(?:\s+surge\s+(\d+%?))?(?:\s+unavailable\s+(\d+%?))?`;
  const [, replicas, surge = '25%', unavailable = '25%'] = matched(
    text,
    pattern,
    '110 surge 25% unavailable 0',
  );
  return {
    replicas: Number(replicas),
    strategy: {
      type: 'rolling-update',
      maxSurge: intOrPercent(surge),
      maxUnavailable: intOrPercent(unavailable),
    },
  };
}

const intOrPercent = (text: string): number | `${number}%` =>
  text.endsWith('%') ? (text as `${number}%`) : Number(text);
