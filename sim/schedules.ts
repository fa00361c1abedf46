/**
 * EventBridge Scheduler: once, at a rate, or at times of day (UTC), each with its flexible window. An invocation comes
 * within the minute its time names. Source: EventBridge Scheduler User Guide, schedule types and 60-second precision.
 */
import type { Chance, Stream } from './chance.ts';
import type { Kernel } from './kernel.ts';

export interface Schedule {
  readonly name: string;
  /** `at(2026-01-01T09:00:00)`, `rate(5 minutes)` or `cron(0 9 * * ? *)`; of a cron, minutes and hours may be told. */
  readonly expression: string;
  /** Invoked at any moment of so many minutes: 1 to 1,440; off unless said. */
  readonly flexibleMinutes?: number;
  /** The target. */
  readonly invoke: () => void;
}

export interface ScheduleWorld {
  readonly kernel: Kernel;
  readonly chance: Chance;
  /** Unix time in ms, of virtual time 0. */
  readonly epochMs: number;
}

const PRECISION_MS = 60_000;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const UNITS_MS = { minute: MINUTE_MS, hour: 3_600_000, day: 86_400_000 } as const;

/** The first time after `afterMs`, Unix time; `undefined` when there is none any more. */
type NextTime = (afterMs: number) => number | undefined;

export class Schedules {
  readonly #world: ScheduleWorld;
  readonly #cancels = new Map<string, () => void>();

  constructor(world: ScheduleWorld) {
    this.#world = world;
  }

  create(schedule: Schedule): void {
    const { name, flexibleMinutes = 0 } = schedule;
    if (this.#cancels.has(name)) throw new Error(`a schedule called ${name} already exists`);
    if (flexibleMinutes < 0 || flexibleMinutes > DAY_MINUTES)
      throw new Error(`a flexible window has 1 to ${DAY_MINUTES} minutes, not ${flexibleMinutes}`);
    const { chance, epochMs, kernel } = this.#world;
    const nowMs = epochMs + kernel.nowMs;
    // A rate starts with the schedule itself.
    const next = readExpression(schedule.expression, nowMs);
    this.#arm(schedule, next, nowMs - 1, chance.stream(`schedule ${name}`));
  }

  delete(name: string): void {
    this.#cancels.get(name)?.();
    this.#cancels.delete(name);
  }

  #arm(schedule: Schedule, next: NextTime, afterMs: number, stream: Stream): void {
    const { kernel, epochMs } = this.#world;
    const dueMs = next(afterMs);
    if (dueMs === undefined) {
      this.#cancels.delete(schedule.name);
      return;
    }
    const spreadMs = PRECISION_MS + (schedule.flexibleMinutes ?? 0) * MINUTE_MS;
    const lateMs = Math.floor(stream.between(0, spreadMs));
    const cancelInvocation = { run: (): void => {} };
    const cancelTurn = kernel.at(dueMs - epochMs, () => {
      cancelInvocation.run = kernel.after(lateMs, schedule.invoke);
      this.#arm(schedule, next, dueMs, stream);
    });
    this.#cancels.set(schedule.name, () => {
      cancelTurn();
      cancelInvocation.run();
    });
  }
}

function readExpression(expression: string, createdAtMs: number): NextTime {
  const [, kind, inside = ''] = expression.match(/^(at|rate|cron)\((.*)\)$/) ?? [];
  switch (kind) {
    case 'at':
      return once(Date.parse(`${inside}Z`), expression);
    case 'rate':
      return every(inside, createdAtMs, expression);
    case 'cron':
      return atTimesOfDay(inside, expression);
    default:
      throw unreadable(expression);
  }
}

function once(atMs: number, expression: string): NextTime {
  if (Number.isNaN(atMs)) throw unreadable(expression);
  return (afterMs) => (atMs > afterMs ? atMs : undefined);
}

function every(inside: string, createdAtMs: number, expression: string): NextTime {
  const [, value, unit] = inside.match(/^([1-9]\d*) (minute|hour|day)s?$/) ?? [];
  if (value === undefined || unit === undefined) throw unreadable(expression);
  const periodMs = Number(value) * UNITS_MS[unit as keyof typeof UNITS_MS];
  return (afterMs) => createdAtMs + (Math.floor((afterMs - createdAtMs) / periodMs) + 1) * periodMs;
}

function atTimesOfDay(inside: string, expression: string): NextTime {
  const [minutes, hours, ...days] = inside.split(' ');
  if (days.length !== 4 || days.some((day) => day !== '*' && day !== '?')) throw unreadable(expression);
  const minute = readField(minutes, 60, expression);
  const hour = readField(hours, 24, expression);
  return (afterMs) => {
    for (let ahead = 1; ahead <= 2 * DAY_MINUTES; ahead++) {
      const atMs = (Math.floor(afterMs / MINUTE_MS) + ahead) * MINUTE_MS;
      const at = new Date(atMs);
      if (minute(at.getUTCMinutes()) && hour(at.getUTCHours())) return atMs;
    }
    return undefined;
  };
}

/** `*`, a number, several with commas, or `0/5`: from 0 every 5. */
function readField(text = '', below: number, expression: string): (value: number) => boolean {
  if (text === '*') return () => true;
  const [, from, step] = text.match(/^(\d+)\/([1-9]\d*)$/) ?? [];
  if (from !== undefined)
    return (value) => value >= Number(from) && (value - Number(from)) % Number(step) === 0;
  const values = text.split(',');
  if (values.some((value) => !/^\d+$/.test(value) || Number(value) >= below)) throw unreadable(expression);
  return (value) => values.includes(String(value));
}

const unreadable = (expression: string): Error =>
  new Error(`no schedule: ${expression}; expected at(…), rate(…) or cron(minutes hours * * ? *)`);
