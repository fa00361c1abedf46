import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Reading, readQueueBody, readSignals } from '../../lambdas/adapters/eventbridge-signals.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';
import type { Ignored, Signal } from '../../lambdas/core/signals.ts';

const READING: Reading = { policy: DEFAULT_POLICY };
const the = ([one]: readonly (Signal | Ignored)[]): Signal | Ignored => {
  if (one === undefined) throw new Error('no answer at all');
  return one;
};
const readSignal = (raw: unknown) => the(readSignals(raw, READING));

const EVENTS = join(import.meta.dirname, '../events');
const text = (file: string): string => readFileSync(join(EVENTS, `${file}.json`), 'utf8');

interface Event {
  readonly detail: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}
const event = (file: string): Event => JSON.parse(text(file));

/** A recorded event with one thing changed. */
const announced = (detail: Readonly<Record<string, unknown>>): unknown => {
  const whole = event('deployment-announced');
  return { ...whole, detail: { ...whole.detail, ...detail } };
};
const why = (raw: unknown): string => {
  const signal = readSignal(raw);
  return signal.kind === 'ignored' ? signal.why : `understood as ${signal.kind}`;
};

const NINE = Date.UTC(2026, 0, 31, 9);

describe('events as they come', () => {
  test('an instance that is pending or running may be a node', () => {
    const nodeId = 'i-0abcd111122223333';
    const base = { kind: 'node-launching', nodeId, attempt: 0 };
    expect(readSignal(event('ec2-instance-pending'))).toEqual({ ...base, phase: 'pending', atMs: NINE });
    const running = { ...base, phase: 'running', atMs: NINE + 12_000 };
    expect(readSignal(event('ec2-instance-running'))).toEqual(running);
  });

  test('what AWS adds to its events one day does not disturb us', () => {
    const whole = event('ec2-instance-running');
    const more = { ...whole, 'replay-name': 'r', detail: { ...whole.detail, cause: { by: 'spot' } } };
    expect(readSignal(more)).toEqual(readSignal(whole));
  });

  test('a short announcement means what Kubernetes would do: a rolling update of a quarter, at once', () => {
    expect(readSignal(event('deployment-announced'))).toEqual({
      kind: 'rollout-announced',
      announcementId: 'b1f7a3c2-6d0e-4c55-9c7e-2f8f0f6f0a11',
      cluster: 'shop',
      workload: { kind: 'Deployment', namespace: 'checkout', name: 'cart' },
      replicas: { from: 20, to: 120 },
      strategy: { type: 'rolling-update', maxSurge: '25%', maxUnavailable: '25%' },
      startsAtMs: NINE,
      overMs: 0,
      terminationGraceMs: 30_000,
      selector: {},
      unsaid: ['strategy', 'terminationGrace'],
      attempt: 0,
    });
  });

  test('everything an announcement can say arrives, in our units', () => {
    expect(readSignal(event('deployment-announced-in-full'))).toEqual({
      kind: 'rollout-announced',
      announcementId: 'cart/2026-01-31.4',
      cluster: 'shop',
      workload: { kind: 'Deployment', namespace: 'checkout', name: 'cart' },
      replicas: { from: 120, to: 120 },
      strategy: { type: 'rolling-update', maxSurge: 30, maxUnavailable: '10%' },
      startsAtMs: NINE + 300_000,
      overMs: 90_000,
      terminationGraceMs: 60_000,
      selector: {
        nodeGroups: ['workers'],
        zones: ['eu-central-1a', 'eu-central-1b'],
        labels: { pool: 'web' },
      },
      podsPerNode: 24,
      hostNetwork: false,
      attempt: 0,
    });
  });

  test('a question is about what its event would do, and changes nothing', () => {
    const { plan } = JSON.parse(text('plan-question'));
    expect(readSignal(event('plan-question'))).toEqual({
      kind: 'asked',
      want: 'plan',
      about: readSignal(plan),
    });
    expect(readSignal(plan)).toMatchObject({ kind: 'rollout-announced', strategy: { type: 'recreate' } });
  });

  test('our own message is the signal we put away, with its tries', () => {
    expect(the(readQueueBody(text('prewarm-continuation'), READING))).toEqual({
      kind: 'node-launching',
      nodeId: 'i-0abcd111122223333',
      phase: 'running',
      atMs: NINE + 12_000,
      attempt: 1,
    });
  });
});

describe('events that are not for us are ignored, and say why', () => {
  test('an instance that ends', () => {
    expect(why(event('ec2-instance-shutting-down'))).toBe(
      'detail.state: expected pending or running, when addresses are needed, got "shutting-down"',
    );
  });

  test('another service’s event, before anything else is looked at', () => {
    const foreign = { ...event('codepipeline-started'), source: 'aws.s3', 'detail-type': 'Object Created' };
    expect(why(foreign)).toMatch(
      /^source \/ detail-type: expected one of .*Deployment Announced.*, got "aws.s3 \/ /,
    );
    expect(why({ source: 'constructor', 'detail-type': 'toString' })).toMatch(/^source \/ detail-type/);
  });

  test('a question about a question, about our own look, or with something else beside it', () => {
    const question = event('plan-question');
    expect(why({ plan: question })).toMatch(/^id: expected/);
    expect(why({ ...question, do: true })).toBe('do: expected plan alone, got true');
    const look = { kind: 'verify-due', cluster: 'shop', nodeIds: ['i-0abcd111122223333'], attempt: 0 };
    expect(why({ plan: { ...event('prewarm-continuation'), detail: look } })).toBe(
      'plan.detail.kind: expected an event that asks for addresses, got "verify-due"',
    );
  });

  test.each([
    ['nothing', undefined, 'event: expected an object, got nothing'],
    ['a text', 'hello', 'event: expected an object, got "hello"'],
    ['a list', [], 'event: expected an object, got []'],
    ['what JSON cannot carry', { id: 1n }, 'event: expected an object, got nothing'],
  ])('%s', (_what, raw, expected) => {
    expect(why(raw)).toBe(expected);
  });

  test('a body that is no JSON', () => {
    expect(the(readQueueBody('{"version":', READING))).toEqual({
      kind: 'ignored',
      as: 'malformed',
      why: 'body: expected an event as JSON, got "{\\"version\\":"',
    });
  });
});

describe('messages of our own for the lens and the gate', () => {
  const envelope = event('prewarm-continuation');
  const read = (detail: object): unknown => readSignal({ ...envelope, detail });
  const gate = { nodeId: 'i-0abcd111122223333', runningAtMs: 1_800_000_000_000 };

  test.each([
    { kind: 'gate-look', cluster: 'shop', gates: [gate], attempt: 0 },
    {
      kind: 'gate-look',
      cluster: 'shop',
      gates: [
        {
          ...gate,
          name: 'ip-10-0-0-1.eu-central-1.compute.internal',
          notStartedAtMs: 1,
          seenByMs: 2,
          again: true,
        },
      ],
      attempt: 0,
    },
    { ...(readSignal(event('deployment-announced')) as object), attempt: 1 },
    { kind: 'node-launching', nodeId: gate.nodeId, phase: 'running', atMs: 1, gated: true, attempt: 0 },
  ])('come back as they were sent: %j', (signal) => {
    expect(read(signal)).toStrictEqual(signal);
  });

  test('half a gate is worse than none', () => {
    expect(
      read({ kind: 'gate-look', cluster: 'shop', gates: [{ nodeId: gate.nodeId }], attempt: 0 }),
    ).toEqual({
      kind: 'ignored',
      as: 'malformed',
      why: expect.stringMatching(/^detail\.gates\.0\.runningAtMs: expected a whole number of milliseconds/),
    });
    expect(read({ kind: 'gate-look', cluster: 'shop', gates: [], attempt: 0 })).toEqual({
      kind: 'ignored',
      as: 'malformed',
      why: 'detail.gates: expected a list of launch gates, got []',
    });
  });
});

describe('a mistake in an announcement is named by field, expectation and value', () => {
  test('all mistakes together', () => {
    const raw = announced({
      cluster: '',
      workload: { kind: 'Deployment', namespace: 'checkout' },
      replicas: { from: 1, to: -1 },
      strategy: { type: 'Recreate', maxSurge: 1 },
      startsAt: 'soon',
      nodeSelection: { zones: [] },
      color: 'red',
    });
    expect(why(raw).split('; ')).toEqual([
      'detail.cluster: expected the name of an EKS cluster, got ""',
      'detail.workload.name: expected a name, got nothing',
      'detail.replicas.to: expected a whole number of pods from 0 to 150000, got -1',
      'detail.strategy.maxSurge: expected one of type, got 1',
      'detail.startsAt: expected a time such as "2026-01-31T09:00:00Z", got "soon"',
      'detail.nodeSelection.zones: expected a list of availability zones, got []',
      expect.stringMatching(/^detail\.color: expected one of cluster, workload, .*, got "red"$/),
    ]);
  });

  test.each([
    ['detail.replicas', { replicas: 5 }],
    ['detail.replicas.to', { replicas: { from: 0, to: 1e300 } }],
    ['detail.replicas.from', { replicas: { from: 0.5, to: 1 } }],
    ['detail.strategy.type', { strategy: { type: 'Yolo' } }],
    ['detail.strategy.maxSurge', { strategy: { type: 'RollingUpdate', maxSurge: '25' } }],
    ['detail.strategy.maxUnavailable', { strategy: { type: 'RollingUpdate', maxUnavailable: -1 } }],
    ['detail.strategy.maxSurge', { strategy: { type: 'RollingUpdate', maxSurge: '150%' } }],
    ['detail.strategy.maxUnavailable', { strategy: { type: 'StatefulSet', maxUnavailable: '101%' } }],
    [
      'detail.strategy.maxUnavailable',
      { strategy: { type: 'RollingUpdate', maxSurge: '0%', maxUnavailable: 0 } },
    ],
    [
      'detail.strategy.podManagementPolicy',
      { strategy: { type: 'StatefulSet', podManagementPolicy: 'Any' } },
    ],
    ['detail.strategy.completions', { strategy: { type: 'Job' } }],
    ['detail.strategy.podSeconds', { strategy: { type: 'Job', completions: 5, podSeconds: 0 } }],
    ['detail.startsInSeconds', { startsAt: '2026-01-31T09:00:00Z', startsInSeconds: 5 }],
    ['detail.startsInSeconds', { startsInSeconds: -5 }],
    ['detail.nodeSelection.labels', { nodeSelection: { labels: {} } }],
    ['detail.nodeSelection.labels', { nodeSelection: { labels: { pool: 5 } } }],
    ['detail.hostNetwork', { hostNetwork: 'no' }],
    ['detail.startsAt', { startsAt: '2026-13-31T09:00:00Z' }],
    ['detail.startsAt', { startsAt: '2026-01-31T09:00:00' }],
    ['detail.overSeconds', { overSeconds: -1 }],
    ['detail.terminationGracePeriodSeconds', { terminationGracePeriodSeconds: '30' }],
    ['detail.nodeSelection.nodeGroups.1', { nodeSelection: { nodeGroups: ['a', ''] } }],
    ['detail.podsPerNode', { podsPerNode: 1.5 }],
    ['detail.announcementId', { announcementId: 'a b' }],
    ['detail.__proto__', JSON.parse('{"__proto__":{"cluster":"shop"}}')],
  ])('%s alone', (field, detail) => {
    expect(why(announced(detail))).toMatch(new RegExp(`^${field.replaceAll('.', '\\.')}: expected [^;]*$`));
  });

  test('the value that came is said as it came', () => {
    expect(why(announced({ strategy: { type: 'RollingUpdate', maxSurge: '150%' } }))).toBe(
      'detail.strategy.maxSurge: expected a whole number of pods, or a percentage from "0%" to "100%", got "150%"',
    );
    expect(why(announced({ strategy: { type: 'Canary' } }))).toBe(
      'detail.strategy.type: expected an object whose type is one of RollingUpdate, Recreate, BlueGreen, StatefulSet, Job, got "Canary"',
    );
  });

  test('a scale-down is no mistake, and needs nothing', () => {
    expect(readSignal(announced({ replicas: { from: 120, to: 20 } }))).toEqual({
      kind: 'ignored',
      as: 'no address needed',
      why: 'detail.replicas: expected as many pods as before, or more: fewer need no address, unless newVersion is true, got {"from":120,"to":20}',
    });
  });

  test('fewer pods of a new version are a rollout, and what else pods do is taken over in our units', () => {
    const replicas = { from: 120, to: 20 };
    const more = { newVersion: true, podReadySeconds: 12, podExitSeconds: 3 };
    expect(readSignal(announced({ replicas, ...more }))).toMatchObject({
      kind: 'rollout-announced',
      replicas,
      newVersion: true,
      podReadyMs: 12_000,
      podExitMs: 3_000,
    });
  });

  test('an envelope without a time cannot be placed in time', () => {
    const { time: _time, ...untimed } = event('deployment-announced');
    expect(why(untimed)).toBe('time: expected a time such as "2026-01-31T09:00:00Z", got nothing');
  });

  test('a continuation is checked as strictly: half a signal is worse than none', () => {
    const whole = event('prewarm-continuation');
    const { attempt: _attempt, ...rest } = whole.detail;
    expect(why({ ...whole, detail: rest })).toBe(
      'detail.attempt: expected a whole number of tries from 0 to 1000, got nothing',
    );
    expect(why({ ...whole, detail: { kind: 'asked' } })).toMatch(
      /^detail\.kind: expected an object whose kind/,
    );
  });
});

test('10,000 inputs of any kind: each is understood or ignored with a why, none throws', () => {
  const samples = ['ec2-instance-running', 'deployment-announced-in-full', 'prewarm-continuation'].map(event);
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
  /** A real event, bent in one to three places. */
  const bent = fc
    .tuple(
      fc.constantFrom(...samples),
      fc.dictionary(fc.constantFrom(...samples.flatMap((one) => Object.keys(one))), anything, { maxKeys: 2 }),
      fc.dictionary(fc.constantFrom(...samples.flatMap((one) => Object.keys(one.detail))), anything, {
        maxKeys: 3,
      }),
    )
    .map(([one, envelope, detail]) => ({ ...one, detail: { ...one.detail, ...detail }, ...envelope }));
  const raw = fc.oneof(
    anything,
    bent,
    bent.map((plan) => ({ plan })),
    fc.jsonValue(),
  );
  const kinds = new Map<string, number>();
  fc.assert(
    fc.property(raw, (input) => {
      const signal = readSignal(input);
      kinds.set(signal.kind, (kinds.get(signal.kind) ?? 0) + 1);
      if (signal.kind === 'ignored') expect(signal.why).not.toBe('');
    }),
    { seed: 20261124, numRuns: 10_000 },
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
      expect(the(readQueueBody(body, READING)).kind).toBe('ignored');
    }),
    { seed: 20261124, numRuns: 1_000 },
  );
  // The bent ones reach every reader, not only the first complaint.
  expect([...kinds.keys()].sort()).toEqual(['asked', 'ignored', 'node-launching', 'rollout-announced']);
});
