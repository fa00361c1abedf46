/** What a batched rollout may get wrong: everything is said at once, and nothing is begun. */
import { describe, expect, test } from 'vitest';
import { readSignals } from '../../lambdas/adapters/eventbridge-signals.ts';
import { sayAll } from '../../lambdas/core/complaints.ts';
import type { BatchedRollout } from '../../lambdas/core/rollouts/record.ts';
import { refusals } from '../../lambdas/core/rollouts/start.ts';
import { CLUSTER_NAME, NOW_MS } from './fixtures.ts';
import { aBatch, HOUR_MS } from './rollout-record.ts';

const WARM = { name: CLUSTER_NAME, mode: 'warm' } as const;
const WITH_LENS = { ...WARM, lens: true } as const;
const STATEFUL = { kind: 'StatefulSet', namespace: 'default', name: 'checkout' };
const REPLACED = { replicas: { from: 100, to: 100 } };

const refused = (announced: BatchedRollout, setting: Parameters<typeof refusals>[1] = WARM): string =>
  sayAll(refusals(announced, setting, NOW_MS));

test.each([
  ['pods that grow a workload', aBatch()],
  ['pods that replace as many', aBatch(REPLACED)],
  [
    'fewer pods than before, blue/green',
    aBatch({ replicas: { from: 9, to: 4 }, strategy: { type: 'blue-green' } }),
  ],
  ['a wave as large as the rollout', aBatch({ waves: { size: 100 } })],
  ['a hundred waves, in pods', aBatch({ waves: { size: 1 } })],
  ['a hundred waves, as a share', aBatch({ replicas: { from: 0, to: 10_000 }, waves: { size: '1%' } })],
  [
    'one pod of a few, as a share that rounds up',
    aBatch({ replicas: { from: 0, to: 3 }, waves: { size: '1%' } }),
  ],
  ['a stateful set that is announced', aBatch({ ...REPLACED, workload: STATEFUL })],
  ['a start before its deadline', aBatch({ startsAtMs: NOW_MS + HOUR_MS })],
])('nothing is wrong with %s', (_what, announced) => {
  expect(refused(announced)).toBe('');
});

test('nor with a Deployment that is scaled where we have the lens', () => {
  expect(refused(aBatch({ waves: { advance: 'scale' } }), WITH_LENS)).toBe('');
});

const scaled = { advance: 'scale' } as const;
test.each<[string, BatchedRollout, string, Parameters<typeof refusals>[1]?]>([
  [
    'fewer pods than before',
    aBatch({ replicas: { from: 9, to: 4 } }),
    'detail.replicas: expected as many pods as before, or more: fewer need no waves, got {"from":9,"to":4}',
  ],
  [
    'no pods at all',
    aBatch({ replicas: { from: 0, to: 0 } }),
    'detail.replicas: expected at least one pod, got {"from":0,"to":0}',
  ],
  [
    'a wave larger than the rollout',
    aBatch({ waves: { size: 101 } }),
    'detail.waves.size: expected at most 100, the pods of the rollout, got 101',
  ],
  [
    'a wave larger than what is added',
    aBatch({ replicas: { from: 80, to: 100 }, waves: { size: 21 } }),
    'detail.waves.size: expected at most 20, the pods of the rollout, got 21',
  ],
  [
    'more than a hundred waves',
    aBatch({ replicas: { from: 0, to: 201 }, waves: { size: 2 } }),
    'detail.waves.size: expected at most 100 waves: 3 pods or more, got 2',
  ],
  [
    'a smallest wave larger than the rollout',
    aBatch({ waves: { smallestPods: 101 } }),
    'detail.waves.smallest: expected at most 100, the pods of the rollout, got 101',
  ],
  [
    'a deadline in the past',
    aBatch({ waves: { deadlineMs: NOW_MS } }),
    'detail.waves.deadline: expected a time to come, got "2027-01-15T08:00:00.000Z"',
  ],
  [
    'a deadline before its start',
    aBatch({ startsAtMs: NOW_MS + HOUR_MS, waves: { deadlineMs: NOW_MS + HOUR_MS } }),
    'detail.waves.deadline: expected a time after its start, 2027-01-15T09:00:00.000Z, got "2027-01-15T09:00:00.000Z"',
  ],
  [
    'a job',
    aBatch({ strategy: { type: 'job', completions: 9 } }),
    'detail.strategy.type: expected RollingUpdate, BlueGreen or StatefulSet: others cannot be paced, got "job"',
  ],
  [
    'all at once',
    aBatch({ strategy: { type: 'recreate' } }),
    'detail.strategy.type: expected RollingUpdate, BlueGreen or StatefulSet: others cannot be paced, got "recreate"',
  ],
  [
    'pods on the host’s network',
    aBatch({ hostNetwork: true }),
    'detail.hostNetwork: expected false: pods on the host’s network need no waves, got true',
  ],
  [
    'a cluster that is only observed',
    aBatch(),
    'detail.cluster: expected a cluster in mode warm: one that is only observed sends no waves, got "shop"',
    { name: CLUSTER_NAME, mode: 'observe' },
  ],
  [
    'scaling without the lens',
    aBatch({ waves: scaled }),
    'detail.waves.advance: expected "announce", or the lens for this cluster: we would scale through it, got "scale"',
  ],
  [
    'scaling a StatefulSet',
    aBatch({ workload: STATEFUL, waves: scaled }),
    'detail.waves.advance: expected "announce": we scale Deployments only, got "StatefulSet"',
    WITH_LENS,
  ],
  [
    'scaling where pods are replaced',
    aBatch({ ...REPLACED, waves: scaled }),
    'detail.waves.advance: expected "announce" where pods are replaced: scaling replaces none, got "scale"',
    WITH_LENS,
  ],
  [
    'scaling where growing pods replace those that are there',
    aBatch({ replicas: { from: 50, to: 100 }, newVersion: true, waves: scaled }),
    'detail.waves.advance: expected "announce" where pods are replaced: scaling replaces none, got "scale"',
    WITH_LENS,
  ],
])('%s: refused, in one line', (_what, announced, line, setting) => {
  expect(refused(announced, setting)).toBe(line);
});

test('a cluster that is not deployed here, and all the rest, are said together', () => {
  const announced = aBatch({
    replicas: { from: 9, to: 4 },
    waves: { size: 5, smallestPods: 6, deadlineMs: 0, advance: 'scale' },
  });
  const fields = refusals(announced, undefined, NOW_MS).map(({ field }) => field);
  expect(fields).toEqual([
    'detail.cluster',
    'detail.replicas',
    'detail.waves.deadline',
    'detail.waves.size',
    'detail.waves.smallest',
    'detail.waves.advance',
    'detail.waves.advance',
  ]);
});

describe('what the reader of the event takes', () => {
  const read = (waves: unknown, more: object = {}) =>
    readSignals(
      {
        ...{ id: 'e-1', source: 'eks-ip-prewarmer', 'detail-type': 'Deployment Announced' },
        time: '2027-01-15T08:00:00Z',
        detail: {
          cluster: CLUSTER_NAME,
          workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
          replicas: { from: 0, to: 100 },
          waves,
          ...more,
        },
      },
      { policy: { routes: [], schedules: {} } },
    )[0];
  const why = (waves: unknown): unknown => {
    const signal = read(waves);
    return signal?.kind === 'ignored' ? signal.why : signal;
  };

  test.each<[string, object, string]>([
    [
      'a gate',
      { gate: 'lottery' },
      'detail.waves.gate: expected one of "none", "event", "callback", "approve", got "lottery"',
    ],
    [
      'a way to advance',
      { advance: 'drain' },
      'detail.waves.advance: expected one of "announce", "scale", got "drain"',
    ],
    [
      'a size of none',
      { size: 0 },
      'detail.waves.size: expected "auto", a whole number of pods, or a percentage from "1%" to "100%", got 0',
    ],
    [
      'a share of none',
      { size: '0%' },
      'detail.waves.size: expected "auto", a whole number of pods, or a percentage from "1%" to "100%", got "0%"',
    ],
    [
      'a pause of no length',
      { longestPauseSeconds: 59 },
      'detail.waves.longestPauseSeconds: expected a whole number',
    ],
    [
      'a deadline of eight days',
      { deadlineSeconds: 691_200 },
      'detail.waves.deadlineSeconds: expected a whole number',
    ],
    [
      'two deadlines',
      { deadline: '2027-01-15T09:00:00Z', deadlineSeconds: 60 },
      'detail.waves.deadlineSeconds: expected nothing beside deadline, got 60',
    ],
    ['a word nobody knows', { sise: 5 }, 'detail.waves.sise: expected one of size, gate, advance'],
  ])('%s that there is not: refused, in one line', (_what, waves, line) => {
    expect(why(waves)).toContain(line);
  });

  test('nothing said: as large as it can be, nobody asked, four hours and a quarter of one for each wave', () => {
    expect(read({})).toMatchObject({ waves: aBatch().waves });
  });

  test('the four hours begin when the rollout does', () => {
    const startsAtMs = NOW_MS + 5 * HOUR_MS;
    const signal = read({}, { startsAt: new Date(startsAtMs).toISOString() });
    expect(signal).toMatchObject({ startsAtMs, waves: { deadlineMs: startsAtMs + 4 * HOUR_MS } });
    expect(read({ deadlineSeconds: 3600 }, { startsInSeconds: 60 })).toMatchObject({
      waves: { deadlineMs: NOW_MS + HOUR_MS },
    });
  });
});
