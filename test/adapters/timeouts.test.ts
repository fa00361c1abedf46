/**
 * Servers that accept and then say nothing, or stop in the middle: every client gives up in time and lets go of the
 * connection. Over real sockets, with limits of a quarter of a second in place of the deployed ones.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Ports } from '../../lambdas/core/ports.ts';
import { onSignalExtras } from '../../lambdas/handlers/on-signal.ts';
import { connect, PATIENCE } from '../../lambdas/handlers/wiring.ts';

/** Long enough for a busy machine to take a connection at all. */
const PATIENT_MS = 250;
/** What a function has. */
const IN_TIME_MS = 30_000;

let server: Server;
let answer: (response: ServerResponse) => void;
let asked: { readonly target: string; readonly closed: Promise<void> }[];
const NOTHING = (): void => {};

beforeEach(async () => {
  asked = [];
  answer = NOTHING;
  server = createServer(async (request, response) => {
    const closed = new Promise<void>((resolve) => (request.socket as Socket).once('close', () => resolve()));
    const entry = { target: '', closed };
    asked.push(entry);
    const body = Buffer.concat(await request.toArray()).toString();
    entry.target = String(request.headers['x-amz-target'] ?? new URLSearchParams(body).get('Action'));
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function ports(env: Readonly<Record<string, string>> = {}, patience = {}) {
  const client = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'prewarmer', secretAccessKey: 'simulated' },
  };
  const limits = { connectMs: PATIENT_MS, answerMs: PATIENT_MS };
  return connect(
    {
      AWS_REGION: 'eu-central-1',
      ACCOUNT_ID: '111122223333',
      CLUSTERS: '[{"name":"shop","mode":"warm"}]',
      LEDGER_TABLE: 'ledger',
      BUDGET_TABLE: 'budget',
      LAUNCH_QUEUE_URL: `${client.endpoint}/111122223333/launches`,
      SIGNAL_QUEUE_URL: `${client.endpoint}/111122223333/signals`,
      VERIFY_QUEUE_URL: `${client.endpoint}/111122223333/verifications`,
      ...env,
    },
    {
      ec2: client,
      dynamodb: client,
      ssm: client,
      sfn: client,
      events: client,
      patience: { asked: limits, looked: limits, ...patience },
      journal: { note: () => {}, warn: () => {}, measure: () => {} },
    },
    onSignalExtras,
  );
}

/** Every connection that was ever asked on is closed: by the client, since the server closes none. */
const allClosed = (): Promise<unknown> => Promise.all(asked.map(({ closed }) => closed));

test.each([
  ['says nothing', NOTHING],
  [
    'begins its answer and never gets to the point',
    ({ socket }: ServerResponse) => {
      socket?.write('HTTP/1.1 200 OK\r\n');
      const more = setInterval(() => socket?.write('x-more: to come\r\n'), PATIENT_MS / 100);
      socket?.once('close', () => clearInterval(more));
    },
  ],
  [
    'stops in the middle of its answer',
    (response: ServerResponse) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('<AssignPrivateIpAddressesResponse>');
    },
  ],
])('EC2 %s: the call ends, its connection is closed, and the change was asked for once', async (_, says) => {
  answer = says;
  const { vpc } = ports();
  const startedMs = performance.now();
  const answered = await vpc.assign('eni-0123456789abcdef0', 9);
  expect(performance.now() - startedMs).toBeLessThan(IN_TIME_MS);
  await allClosed();
  expect(asked.map(({ target }) => target)).toEqual(['AssignPrivateIpAddresses']);
  // Whether EC2 did it nobody knows: who asked has to look before it asks again.
  expect(answered).toMatchObject({ ok: false, failure: { kind: 'uncertain', code: 'TimeoutError' } });
});

test('DynamoDB says nothing: three tries, each closed, and an end', async () => {
  const { ledger } = ports();
  const startedMs = performance.now();
  await expect(ledger.openDemand('shop', 0)).rejects.toThrow();
  expect(performance.now() - startedMs).toBeLessThan(IN_TIME_MS);
  await allClosed();
  expect(asked).toHaveLength(3);
});

test('Systems Manager says nothing: two tries, each closed, and nothing may be changed', async () => {
  const { freshPolicy, settings } = ports({ POLICY_PARAMETER: '/shop/policy' });
  const startedMs = performance.now();
  expect((await freshPolicy()).stopped).toBe(true);
  expect(performance.now() - startedMs).toBeLessThan(IN_TIME_MS);
  await allClosed();
  expect(asked.map(({ target }) => target)).toEqual(['AmazonSSM.GetParameter', 'AmazonSSM.GetParameter']);
  expect(settings.policy.stopped).toBe(true);
});

test.each([
  [
    'Step Functions',
    'AWSStepFunctions.StartExecution',
    ({ rolloutMachine }: Ports) => rolloutMachine.start('shop/release-7'),
  ],
  [
    'Step Functions',
    'AWSStepFunctions.SendTaskSuccess',
    ({ rolloutMachine }: Ports) => rolloutMachine.open('a token'),
  ],
  ['EventBridge', 'AWSEvents.PutEvents', ({ bus }: Ports) => bus.put('Wave Ready', { wave: 1 })],
])('%s says nothing to %s: three tries, each closed, and an end', async (_, target, ask) => {
  const ROLLOUT_MACHINE_ARN = 'arn:aws:states:eu-central-1:111122223333:stateMachine:rollout';
  const startedAtMs = performance.now();
  // They are as patient as those who look, not as those who ask EC2.
  const endless = { connectMs: 60_000, answerMs: 60_000 };
  await expect(ask(ports({ ROLLOUT_MACHINE_ARN }, { asked: endless }))).rejects.toThrow();
  expect(performance.now() - startedAtMs).toBeLessThan(IN_TIME_MS);
  await allClosed();
  expect(asked.map((one) => one.target)).toEqual([target, target, target]);
});

test('the deployed limits leave room in the thirty seconds that a function has', () => {
  const { asked: doing, looked } = PATIENCE;
  // One EC2 call, then the ledger's three tries and the policy's two; or those, an execution's start and an event.
  expect(doing.answerMs + (3 + 2) * looked.answerMs).toBeLessThan(30_000);
  expect((3 + 2 + 3 + 3) * looked.answerMs).toBeLessThan(30_000);
  expect(looked).toEqual({ connectMs: 1_000, answerMs: 2_000 });
});
