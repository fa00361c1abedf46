import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Figures } from '../../lambdas/core/figures.ts';
import { askGate, gateAnswer } from '../../lambdas/core/gate-answer.ts';
import type { Journal, RolloutBook } from '../../lambdas/core/ports.ts';
import type { Readiness } from '../../lambdas/core/readiness.ts';
import { MemoryRolloutBook } from '../../sim/stores/memory-rollout-book.ts';
import { aPolicy, NOW_MS } from './fixtures.ts';

const OPEN = aPolicy();
const CLOSED = aPolicy({ gateEndpointFails: 'closed' });
const CART = { cluster: 'shop', namespace: 'checkout', name: 'cart' };

/** Forty of a hundred pods have addresses, and the rest will in half a minute. */
function said(changes: Partial<Readiness> = {}): Readiness {
  return {
    ...CART,
    announcementId: 'cart-42',
    pods: 100,
    readyPods: 40,
    readyFromMs: NOW_MS + 30_000,
    reasons: ['6 nodes wait for the CNI'],
    saidAtMs: NOW_MS - 5_000,
    expiresAtMs: NOW_MS + 600_000,
    ...changes,
  };
}
const { readyFromMs: _, ...untimed } = said();

test('while addresses are on their way: not ready, how many have one, and when all will', () => {
  expect(gateAnswer(said(), NOW_MS, OPEN)).toEqual({
    ready: false,
    percent: 40,
    etaSeconds: 30,
    reasons: ['6 nodes wait for the CNI'],
    wave: null,
  });
});

test('of a batched rollout the answer is of the wave under way', () => {
  expect(gateAnswer(said({ wave: 3 }), NOW_MS, OPEN)).toMatchObject({ ready: false, wave: 3 });
});

test.each([
  ['all pods have an address', said({ readyPods: 100 })],
  ['more have than are needed', said({ readyPods: 130 })],
  ['the moment has come from which all are presumed to', said({ readyFromMs: NOW_MS })],
  ['that moment has passed', said({ readyFromMs: NOW_MS - 1 })],
  ['nothing is needed', { ...untimed, pods: 0, readyPods: 0 }],
])('ready when %s', (_, heard) => {
  expect(gateAnswer(heard, NOW_MS, CLOSED)).toMatchObject({ ready: true, percent: 100, etaSeconds: 0 });
});

test.each([
  ['a millisecond before the moment, it is a second off', said({ readyFromMs: NOW_MS + 1 }), 40, 1],
  ['99.9 % are not all', said({ pods: 1_000, readyPods: 999 }), 99, 30],
  ['when nobody can tell, there is no eta', untimed, 40, null],
  ['none has an address', said({ readyPods: 0 }), 0, 30],
])('not ready: %s', (_, heard, percent, etaSeconds) => {
  expect(gateAnswer(heard, NOW_MS, OPEN)).toMatchObject({ ready: false, percent, etaSeconds });
});

test('who waits without being told why is told how many are missing', () => {
  expect(gateAnswer(said({ reasons: [] }), NOW_MS, OPEN).reasons).toEqual([
    '60 of 100 pods have no address yet',
  ]);
});

test('nothing to wait for is said', () => {
  expect(gateAnswer(said({ pods: 0, readyPods: 0, reasons: [] }), NOW_MS, OPEN).reasons).toEqual([
    'no pod needs an address',
  ]);
});

test.each([
  ['nobody announced it', undefined, /^nobody announced it/],
  ['what was said has expired', said({ expiresAtMs: NOW_MS }), /^nobody announced it/],
  ['the store does not answer', 'unreachable' as const, /^the ledger does not answer/],
])('%s: the policy decides, and the answer says so', (_, heard, reason) => {
  expect(gateAnswer(heard, NOW_MS, OPEN)).toEqual({
    ready: true,
    percent: 100,
    etaSeconds: 0,
    reasons: [expect.stringMatching(reason)],
    wave: null,
  });
  expect(gateAnswer(heard, NOW_MS, CLOSED)).toEqual({
    ready: false,
    percent: 0,
    etaSeconds: null,
    reasons: [expect.stringMatching(/held back by the policy \(gateEndpointFails: closed\)$/)],
    wave: null,
  });
  expect(gateAnswer(heard, NOW_MS, OPEN).reasons[0]).toContain('let through by the policy');
});

test('whoever goes by ready, by percent or by the eta decides the same', () => {
  const readiness = fc.record({
    pods: fc.nat(2_000),
    readyPods: fc.integer({ min: -5, max: 2_000 }),
    readyInMs: fc.option(fc.integer({ min: -100_000, max: 10_000_000 })),
    expiresInMs: fc.integer({ min: -1_000, max: 1_000_000 }),
  });
  fc.assert(
    fc.property(readiness, fc.constantFrom(OPEN, CLOSED), (given, policy) => {
      const { pods, readyPods, readyInMs, expiresInMs } = given;
      const heard: Readiness = {
        ...untimed,
        pods,
        readyPods,
        ...(readyInMs !== null && { readyFromMs: NOW_MS + readyInMs }),
        expiresAtMs: NOW_MS + expiresInMs,
      };
      const { ready, percent, etaSeconds, reasons } = gateAnswer(heard, NOW_MS, policy);
      expect(percent === 100).toBe(ready);
      expect(etaSeconds === 0).toBe(ready);
      expect(Number.isInteger(percent) && percent >= 0 && percent <= 100).toBe(true);
      expect(etaSeconds === null || (Number.isInteger(etaSeconds) && etaSeconds >= 0)).toBe(true);
      expect(ready || reasons.length > 0).toBe(true);
    }),
  );
});

/** Asks about the cart, and tells what was counted. */
async function ask(rolloutBook: RolloutBook, policy = OPEN) {
  const counted: [Figures, Readonly<Record<string, string>>][] = [];
  const warned: string[] = [];
  const journal: Journal = {
    note: () => {},
    warn: (what) => warned.push(what),
    measure: (figures, of) => counted.push([figures, of]),
  };
  const settings = { clusters: [], policy };
  const answer = await askGate(CART, { rolloutBook, settings, clock: () => NOW_MS, journal });
  return { answer, counted, warned };
}

test('what the book says of the workload is answered and counted; other workloads are not meant', async () => {
  const book = new MemoryRolloutBook();
  await book.say(said());
  await book.say(said({ name: 'basket', readyPods: 100 }));
  const { answer, counted, warned } = await ask(book);
  expect(answer).toMatchObject({ ready: false, percent: 40 });
  expect(counted).toEqual([
    [{ GateAnswers: 1 }, { cluster: 'shop', answer: 'not ready', told: 'readiness' }],
  ]);
  expect(warned).toEqual([]);
});

test.each([
  ['open', OPEN, true],
  ['closed', CLOSED, false],
])(
  'a book that cannot be read is an answer by the policy, %s, with a warning and a count of its own',
  async (_, policy, ready) => {
    const book = new MemoryRolloutBook();
    book.readiness = async () => {
      throw new Error('connect ETIMEDOUT');
    };
    const { answer, counted, warned } = await ask(book, policy);
    expect(answer.ready).toBe(ready);
    expect(counted).toMatchObject([[{ GateAnswers: 1 }, { told: 'unreachable' }]]);
    expect(warned).toEqual(['readiness not read']);
  },
);

test('a workload that nobody announced is counted as that', async () => {
  const { counted } = await ask(new MemoryRolloutBook());
  expect(counted).toMatchObject([[{ GateAnswers: 1 }, { answer: 'ready', told: 'nothing' }]]);
});
