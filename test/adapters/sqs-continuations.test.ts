import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { readQueueBody } from '../../lambdas/adapters/eventbridge-signals.ts';
import { SqsContinuations } from '../../lambdas/adapters/sqs-continuations.ts';
import type { NodeId } from '../../lambdas/core/model.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';
import type { NodeLaunching, RolloutAnnounced, VerifyDue } from '../../lambdas/core/signals.ts';
import { EPOCH_MS, inProcess, REGION, smallWorld } from '../sim/doors-world.ts';

const launching = (nodeId: NodeId = 'i-0abcd111122223333'): NodeLaunching => ({
  kind: 'node-launching',
  nodeId,
  phase: 'pending',
  atMs: EPOCH_MS,
  attempt: 1,
});
const rollout: RolloutAnnounced = {
  kind: 'rollout-announced',
  announcementId: 'cart/7',
  cluster: 'shop',
  workload: { kind: 'Deployment', namespace: 'checkout', name: 'cart' },
  replicas: { from: 0, to: 100 },
  strategy: { type: 'rolling-update', maxSurge: '25%', maxUnavailable: 3 },
  startsAtMs: EPOCH_MS + 120_000,
  overMs: 0,
  terminationGraceMs: 30_000,
  selector: { zones: ['eu-central-1a'] },
  podsPerNode: 12,
  attempt: 2,
};
const due: VerifyDue = { kind: 'verify-due', cluster: 'shop', nodeIds: ['i-0abcd111122223333'], attempt: 0 };

async function post(missing?: 'launches' | 'signals' | 'verifications') {
  const world = smallWorld();
  const named = (name: string) => world.queues.create({ name, visibilityTimeoutMs: 30_000 });
  const queues = {
    launches: named('launches'),
    signals: named('signals'),
    verifications: named('verifications'),
  };
  const { through, pass } = await inProcess.open(world);
  const urlOf = (name: keyof typeof queues) =>
    name === missing ? `${queues[name].url}-gone` : queues[name].url;
  const config = {
    launchQueueUrl: urlOf('launches'),
    signalQueueUrl: urlOf('signals'),
    verifyQueueUrl: urlOf('verifications'),
    accountId: '111122223333',
    region: REGION,
  };
  return {
    queues,
    pass,
    later: (signals: Parameters<SqsContinuations['later']>[0]) =>
      through(({ sqs }) =>
        new SqsContinuations(sqs, config, () => EPOCH_MS + world.kernel.nowMs).later(signals),
      ),
    /** What a function would be handed now, in signals. */
    arrived: (name: keyof typeof queues) =>
      queues[name].receive(100).flatMap(({ body }) => readQueueBody(body, { policy: DEFAULT_POLICY })),
  };
}

test('each signal comes back whole, on its own queue', async () => {
  const { later, arrived } = await post();
  await later([launching(), rollout, due].map((signal) => ({ signal, delayMs: 0 })));
  expect(arrived('launches')).toEqual([launching()]);
  expect(arrived('signals')).toEqual([rollout]);
  expect(arrived('verifications')).toEqual([due]);
});

test('a wait is rounded up to whole seconds: never too early', async () => {
  const { later, arrived, pass } = await post();
  await later([{ signal: launching(), delayMs: 1_001 }]);
  await pass(1_999);
  expect(arrived('launches')).toEqual([]);
  await pass(1);
  expect(arrived('launches')).toEqual([launching()]);
});

test('a wait longer than SQS knows is fifteen minutes; one that is over is none', async () => {
  const { later, queues, arrived, pass } = await post();
  await later([
    { signal: launching(), delayMs: 3_600_000 },
    { signal: rollout, delayMs: -5 },
  ]);
  expect(arrived('signals')).toEqual([rollout]);
  await pass(899_999);
  expect(queues.launches.depth.delayed).toBe(1);
  await pass(1);
  expect(arrived('launches')).toEqual([launching()]);
});

test('signals of every kind come back whole', async () => {
  const { later, arrived } = await post();
  const selector = { zones: ['a'], labels: { pool: 'web' }, exceptNodes: ['i-0abcd111122223333' as const] };
  const job = { type: 'job', completions: 600, podRunMs: 45_000 } as const;
  const set = { type: 'stateful-set', podManagement: 'ordered', maxUnavailable: '10%' } as const;
  const signals = [
    { ...rollout, strategy: set, selector, hostNetwork: true, cause: 'spot interruption of a node' },
    { ...rollout, strategy: job },
    {
      kind: 'pods-displaced',
      nodeId: 'i-0abcd111122223333',
      cause: 'spot interruption',
      atMs: EPOCH_MS,
      attempt: 2,
    },
    {
      kind: 'scale-out-coming',
      group: { by: 'node group', cluster: 'shop', name: 'workers' },
      nodes: { are: 'desired', count: 20 },
      requestId: 'r',
      atMs: EPOCH_MS,
      attempt: 1,
    },
  ] as const;
  await later(signals.map((signal) => ({ signal, delayMs: 0 })));
  expect(arrived('signals')).toEqual(signals);
});

test('45 signals need five batches, and all arrive', async () => {
  const { later, arrived } = await post();
  const nodeIds = Array.from({ length: 45 }, (_, n): NodeId => `i-${String(n).padStart(17, '0')}`);
  await later(nodeIds.map((nodeId) => ({ signal: launching(nodeId), delayMs: 0 })));
  const signals = arrived('launches');
  expect(signals.map((signal) => signal.kind === 'node-launching' && signal.nodeId).sort()).toEqual(nodeIds);
});

test('nothing to send is no request', async () => {
  const { later, queues } = await post();
  await later([]);
  expect(Object.values(queues).map(({ depth }) => depth.visible)).toEqual([0, 0, 0]);
});

test('one queue refuses: the others get theirs, and one error says how many were not sent', async () => {
  const { later, arrived } = await post('launches');
  const signals = [launching(), rollout, launching('i-0abcd111122224444'), due];
  await expect(later(signals.map((signal) => ({ signal, delayMs: 0 })))).rejects.toThrow(
    /^2 of 4 messages not sent: .*QueueDoesNotExist/,
  );
  expect(arrived('signals')).toEqual([rollout]);
  expect(arrived('verifications')).toEqual([due]);
});

test('SQS takes one message of a batch and refuses the other: the error counts one, with SQS’s reason', async () => {
  const client = new SQSClient({
    region: REGION,
    credentials: { accessKeyId: 'prewarmer', secretAccessKey: 'simulated' },
  });
  const refusal = { Id: '1', Code: 'InternalError', Message: 'try again', SenderFault: false };
  client.middlewareStack.add(
    () => async () => ({
      output: { $metadata: {}, Successful: [], Failed: [refusal] },
      response: { statusCode: 200 },
    }),
    { step: 'finalizeRequest', priority: 'low' },
  );
  const url = `https://sqs.${REGION}.amazonaws.com/111122223333/queue`;
  const queues = { launchQueueUrl: url, signalQueueUrl: url, verifyQueueUrl: url };
  const place = { ...queues, accountId: '111122223333', region: REGION };
  const continuations = new SqsContinuations(client, place, () => EPOCH_MS);
  await expect(continuations.later([rollout, due].map((signal) => ({ signal, delayMs: 0 })))).rejects.toThrow(
    '1 of 2 messages not sent: InternalError: try again',
  );
});

test('the same message twice is the same event twice: its id comes from its content', async () => {
  const { later, queues } = await post();
  await later([1, 2].map(() => ({ signal: due, delayMs: 0 })));
  await later([{ signal: { ...due, attempt: 1 }, delayMs: 0 }]);
  const ids = queues.verifications.receive(10).map(({ body }) => JSON.parse(body).id as string);
  expect(new Set(ids).size).toBe(2);
  expect(ids.every((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))).toBe(true);
});
