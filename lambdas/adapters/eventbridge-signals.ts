/** Raw events in, signals out. Whatever comes, nothing here throws: what we cannot use is ignored with a why. */
import { type Complaint, sayAll } from '../core/complaints.ts';
import { ignored } from '../core/ignored.ts';
import type { Policy } from '../core/policy.ts';
import type { Home } from '../core/ports.ts';
import { rolloutIdOf } from '../core/rollouts/record.ts';
import type { Asked, Ignored, Signal } from '../core/signals.ts';
import { readAnnouncement } from './announcements.ts';
import { AWS_EVENTS, type Envelope } from './aws-events.ts';
import { APPROVED_DETAIL, DUE_DETAIL, ENVELOPE } from './event-shapes.ts';
import { check, given } from './expectations.ts';
import { ANNOUNCED, APPROVED, CONTINUATION, DUE, OUR_SOURCE } from './our-events.ts';
import { readDue, readRouted } from './routed.ts';
import { SIGNAL } from './signal-shapes.ts';

/** What an event is read by, beside its own words. */
export interface Reading {
  /** Events of other accounts and Regions are ignored; all are taken where this is not said. */
  readonly home?: Home;
  readonly policy: Pick<Policy, 'routes' | 'schedules'>;
}

type Read = Exclude<Signal, Asked> | Ignored;

/** Our own events. */
const OUR_EVENTS: Readonly<Record<string, (event: Envelope, reading: Reading) => Read>> = {
  [ANNOUNCED]: ({ id, atMs, detail }) => readAnnouncement(detail, { id, atMs, field: 'detail' }),
  [APPROVED]: approved,
  [DUE]: due,
  [CONTINUATION]: continued,
};
const UNDERSTOOD = Object.entries({ ...AWS_EVENTS, [OUR_SOURCE]: OUR_EVENTS }).flatMap(([source, types]) =>
  Object.keys(types).map((type) => `${source} / ${type}`),
);

/** An event as EventBridge delivers it, or `{ "plan": event }`: the same question without its effects. At least one answer:
 *  an event that takes several routes is several signals. */
export function readSignals(raw: unknown, reading: Reading): readonly (Signal | Ignored)[] {
  const event = asJson(raw);
  if (typeof event !== 'object' || event === null || !('plan' in event)) return readEvent(event, reading);
  const { plan, ...rest } = event;
  const strangers = Object.entries(rest).map(([field, got]) => ({ field, expected: 'plan alone', got }));
  const about = readEvent(plan, reading);
  if (strangers.length > 0) {
    const more = about.flatMap((one) => (one.kind === 'ignored' ? [one.why] : []));
    return [{ kind: 'ignored', as: 'malformed', why: [sayAll(strangers), ...more].join('; ') }];
  }
  return about.map((one) => asked(one));
}

function asked(about: Read): Asked | Ignored {
  if (about.kind === 'ignored') return about;
  switch (about.kind) {
    case 'verify-due':
    case 'boot-look':
    case 'gate-look':
    case 'wave-approved':
    case 'rollout-ended':
      return ignored('malformed', {
        field: 'plan.detail.kind',
        expected: 'an event that asks for addresses',
        got: about.kind,
      });
    case 'node-launching':
    case 'rollout-announced':
    case 'pods-displaced':
    case 'scale-out-coming':
      return { kind: 'asked', want: 'plan', about };
  }
}

/** The body of a queue's message. */
export function readQueueBody(body: string, reading: Reading): readonly (Signal | Ignored)[] {
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch {
    return [ignored('malformed', { field: 'body', expected: 'an event as JSON', got: body })];
  }
  return readSignals(raw, reading);
}

function readEvent(event: unknown, reading: Reading): readonly Read[] {
  const { source, 'detail-type': type } = (event ?? {}) as Readonly<Record<string, unknown>>;
  const ours = source === OUR_SOURCE ? own(OUR_EVENTS, type) : undefined;
  const theirs = own(own(AWS_EVENTS, source), type);
  const known = ours !== undefined || theirs !== undefined;
  const envelope = check(ENVELOPE, event, '');
  // What else is wrong with a foreign event is not ours to say.
  if (!known && (envelope.ok || (typeof source === 'string' && typeof type === 'string')))
    return [
      ignored('unknown event', {
        field: 'source / detail-type',
        expected: `one of ${UNDERSTOOD.join(', ')}`,
        got: `${source} / ${type}`,
      }),
    ];
  if (!envelope.ok) return [ignored('malformed', ...envelope.complaints.map(named))];
  const { id, time, detail, account, region } = envelope.value;
  const elsewhere = notHome(given({ account, region }), reading.home);
  if (elsewhere.length > 0) return [ignored('elsewhere', ...elsewhere)];
  const told = { id, atMs: Date.parse(time), detail };
  if (ours !== undefined) return [ours(told, reading)];
  const read = theirs?.(told);
  if (read === undefined) return [];
  return 'by' in read ? readRouted(read, reading.policy.routes, told.atMs) : [read];
}

const notHome = (
  { account, region }: { readonly account?: string; readonly region?: string },
  home: Home | undefined,
): Complaint[] => [
  ...(home !== undefined && account !== undefined && account !== home.accountId
    ? [{ field: 'account', expected: home.accountId, got: account }]
    : []),
  ...(home !== undefined && region !== undefined && region !== home.region
    ? [{ field: 'region', expected: home.region, got: region }]
    : []),
];

function approved({ detail }: Envelope): Read {
  const checked = check(APPROVED_DETAIL, detail, 'detail');
  if (!checked.ok) return ignored('malformed', ...checked.complaints);
  const { wave, ...of } = checked.value;
  return { kind: 'wave-approved', rolloutId: rolloutIdOf(of), ...given({ wave }) };
}

function due({ id, atMs, detail }: Envelope, { policy }: Reading): Read {
  const checked = check(DUE_DETAIL, detail, 'detail');
  if (!checked.ok) return ignored('malformed', ...checked.complaints);
  return readDue(checked.value.schedule, policy.schedules, { id, atMs });
}

function continued({ detail }: Envelope): Read {
  const checked = check(SIGNAL, detail, 'detail');
  if (!checked.ok) return ignored('malformed', ...checked.complaints);
  const signal = checked.value;
  switch (signal.kind) {
    case 'gate-look':
      return { ...signal, gates: signal.gates.map(given) };
    case 'verify-due':
    case 'node-launching':
      return given(signal);
    case 'rollout-announced': {
      const { strategy, selector } = signal;
      return { ...given(signal), selector: given(selector), strategy: given(strategy) };
    }
    case 'pods-displaced':
    case 'scale-out-coming':
    case 'boot-look':
      return signal;
  }
}

const named = (complaint: Complaint): Complaint =>
  complaint.field === '' ? { ...complaint, field: 'event' } : complaint;

const own = <T>(record: Readonly<Record<string, T>> | undefined, key: unknown): T | undefined =>
  record !== undefined && typeof key === 'string' && Object.hasOwn(record, key) ? record[key] : undefined;

/** What JSON can carry of it. Everything that reaches a function came as JSON; nothing else is looked at. */
function asJson(raw: unknown): unknown {
  try {
    const text = JSON.stringify(raw);
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
