/** Raw events in, signals out. Whatever comes, nothing here throws: what we cannot use is ignored with a why. */
import { type Complaint, sayAll } from '../core/complaints.ts';
import type { Asked, Ignored, RolloutAnnounced, RolloutStrategy, Signal, Unsaid } from '../core/signals.ts';
import { ANNOUNCEMENT, ENVELOPE, SIGNAL, STATE_CHANGE } from './event-shapes.ts';
import { check } from './expectations.ts';

export const OUR_SOURCE = 'eks-ip-prewarmer';
export const ANNOUNCED = 'Deployment Announced';
/** Our own message to ourselves. */
export const CONTINUATION = 'Prewarm Continuation';
const STATE_CHANGED = 'EC2 Instance State-change Notification';

/** Kubernetes' defaults. Source: Kubernetes API reference, Deployment strategy and Pod. */
const DEFAULT_SURGE = '25%';
const DEFAULT_GRACE_SECONDS = 30;

type Read = Exclude<Signal, Asked> | Ignored;
interface Envelope {
  readonly id: string;
  readonly atMs: number;
  readonly detail: unknown;
}

/** Events we understand, by source and detail type. */
const READERS: Readonly<Record<string, Readonly<Record<string, (event: Envelope) => Read>>>> = {
  'aws.ec2': { [STATE_CHANGED]: stateChanged },
  [OUR_SOURCE]: { [ANNOUNCED]: announced, [CONTINUATION]: continued },
};
const UNDERSTOOD = Object.entries(READERS).flatMap(([source, types]) =>
  Object.keys(types).map((type) => `${source} / ${type}`),
);

/** An event as EventBridge delivers it, or `{ "plan": event }`: the same question without its effects. */
export function readSignal(raw: unknown): Signal | Ignored {
  const event = asJson(raw);
  if (typeof event !== 'object' || event === null || !('plan' in event)) return readEvent(event);
  const { plan, ...rest } = event;
  const strangers = Object.entries(rest).map(([field, got]) => ({ field, expected: 'plan alone', got }));
  const about = readEvent(plan);
  if (strangers.length > 0) {
    const more = about.kind === 'ignored' ? `; ${about.why}` : '';
    return { kind: 'ignored', why: `${sayAll(strangers)}${more}` };
  }
  if (about.kind === 'ignored') return about;
  if (about.kind === 'verify-due' || about.kind === 'boot-look' || about.kind === 'gate-look')
    return ignored([
      { field: 'plan.detail.kind', expected: 'an event that asks for addresses', got: about.kind },
    ]);
  return { kind: 'asked', want: 'plan', about };
}

/** The body of a queue's message. */
export function readQueueBody(body: string): Signal | Ignored {
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch {
    return ignored([{ field: 'body', expected: 'an event as JSON', got: body }]);
  }
  return readSignal(raw);
}

function readEvent(event: unknown): Read {
  const { source, 'detail-type': type } = (event ?? {}) as Readonly<Record<string, unknown>>;
  const read = own(own(READERS, source), type);
  const envelope = check(ENVELOPE, event, '');
  if (envelope.ok && read !== undefined) {
    const { id, time, detail } = envelope.value;
    return read({ id, atMs: Date.parse(time), detail });
  }
  // What else is wrong with a foreign event is not ours to say.
  const foreign = read === undefined && typeof source === 'string' && typeof type === 'string';
  if (envelope.ok || foreign)
    return ignored([
      {
        field: 'source / detail-type',
        expected: `one of ${UNDERSTOOD.join(', ')}`,
        got: `${source} / ${type}`,
      },
    ]);
  return ignored(envelope.complaints.map(named));
}

function stateChanged({ atMs, detail }: Envelope): Read {
  const checked = check(STATE_CHANGE, detail, 'detail');
  if (!checked.ok) return ignored(checked.complaints);
  const { 'instance-id': nodeId, state } = checked.value;
  if (state !== 'pending' && state !== 'running')
    return ignored([
      { field: 'detail.state', expected: 'pending or running, when addresses are needed', got: state },
    ]);
  return { kind: 'node-launching', nodeId, phase: state, atMs, attempt: 0 };
}

function announced({ id, atMs, detail }: Envelope): Read {
  const checked = check(ANNOUNCEMENT, detail, 'detail');
  if (!checked.ok) return ignored(checked.complaints);
  const { cluster, workload, replicas, strategy, startsAt, nodeSelection, podsPerNode, ...said } =
    checked.value;
  const unsaid: Unsaid[] = [
    ...(strategy === undefined ? (['strategy'] as const) : []),
    ...(said.terminationGracePeriodSeconds === undefined ? (['terminationGrace'] as const) : []),
  ];
  return {
    kind: 'rollout-announced',
    announcementId: said.announcementId ?? id,
    cluster,
    workload,
    replicas,
    strategy: strategyOf(strategy),
    startsAtMs: startsAt === undefined ? atMs : Date.parse(startsAt),
    overMs: (said.overSeconds ?? 0) * 1000,
    terminationGraceMs: (said.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000,
    selector: selectorOf(nodeSelection),
    ...(podsPerNode !== undefined && { podsPerNode }),
    ...(unsaid.length > 0 && { unsaid }),
    attempt: 0,
  };
}

function continued({ detail }: Envelope): Read {
  const checked = check(SIGNAL, detail, 'detail');
  if (!checked.ok) return ignored(checked.complaints);
  const signal = checked.value;
  if (signal.kind === 'boot-look') return signal;
  if (signal.kind === 'node-launching') return defined(signal);
  if (signal.kind === 'gate-look') return { ...signal, gates: signal.gates.map(defined) };
  if (signal.kind === 'verify-due') {
    const { ipamdStarted, ...due } = signal;
    return { ...due, ...(ipamdStarted !== undefined && { ipamdStarted }) };
  }
  const { podsPerNode, unsaid, selector, ...rest } = signal;
  return {
    ...rest,
    selector: selectorOf(selector),
    ...(podsPerNode !== undefined && { podsPerNode }),
    ...(unsaid !== undefined && { unsaid }),
  };
}

interface SaidStrategy {
  readonly type: 'RollingUpdate' | 'Recreate' | 'BlueGreen';
  readonly maxSurge?: Extract<RolloutStrategy, { type: 'rolling-update' }>['maxSurge'] | undefined;
  readonly maxUnavailable?:
    | Extract<RolloutStrategy, { type: 'rolling-update' }>['maxUnavailable']
    | undefined;
}

function strategyOf(said: SaidStrategy = { type: 'RollingUpdate' }): RolloutStrategy {
  switch (said.type) {
    case 'RollingUpdate': {
      const { maxSurge = DEFAULT_SURGE, maxUnavailable = DEFAULT_SURGE } = said;
      return { type: 'rolling-update', maxSurge, maxUnavailable };
    }
    case 'Recreate':
      return { type: 'recreate' };
    case 'BlueGreen':
      return { type: 'blue-green' };
  }
}

const selectorOf = (
  said: {
    readonly nodeGroups?: readonly string[] | undefined;
    readonly zones?: readonly string[] | undefined;
  } = {},
): RolloutAnnounced['selector'] => ({
  ...(said.nodeGroups !== undefined && { nodeGroups: said.nodeGroups }),
  ...(said.zones !== undefined && { zones: said.zones }),
});

/** Without the fields that are not there. */
const defined = <T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

const ignored = (complaints: readonly Complaint[]): Ignored => ({ kind: 'ignored', why: sayAll(complaints) });

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
