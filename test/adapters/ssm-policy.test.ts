/** The real client against a server that answers as Systems Manager does, on a clock of our own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { SsmPolicy } from '../../lambdas/adapters/ssm-policy.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';
import { start } from '../../lambdas/handlers/wiring.ts';

const NAME = '/eks-ip-prewarmer/shop/policy';

/** The parameter's value; `undefined`: no such parameter. */
let value: string | undefined;
let asked: unknown[] = [];
const server = createServer(async (request, response) => {
  const body = await request.toArray();
  asked.push({
    target: request.headers['x-amz-target'],
    ...JSON.parse(Buffer.concat(body).toString()),
  });
  response.setHeader('content-type', 'application/x-amz-json-1.1');
  if (value === undefined)
    response.writeHead(400).end('{"__type":"ParameterNotFound","message":"There is no such parameter."}');
  else response.end(JSON.stringify({ Parameter: { Name: NAME, Type: 'String', Value: value } }));
});
let client: SSMClient;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new SSMClient({
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'prewarmer', secretAccessKey: 'simulated' },
    maxAttempts: 1,
  });
});
afterAll(() => {
  client.destroy();
  server.close();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

/** A function's environment that just started: its policy, its clock, and what it warned of. */
function environment(initial: string | undefined) {
  value = initial;
  asked = [];
  let nowMs = 1_795_000_000_000;
  const warnings: { what: string; facts: Readonly<Record<string, unknown>> }[] = [];
  const policy = new SsmPolicy(client, NAME, () => nowMs, {
    note: () => {},
    warn: (what, facts) => warnings.push({ what, facts }),
    measure: () => {},
  });
  return {
    policy,
    warnings,
    operatorWrites: (text: string | undefined) => {
      value = text;
    },
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test('the policy is what the parameter says, over the defaults', async () => {
  const { policy, warnings } = environment('{"margin":1.5}');
  expect(await policy.fresh()).toEqual({ ...DEFAULT_POLICY, margin: 1.5 });
  expect(policy.last).toEqual({ ...DEFAULT_POLICY, margin: 1.5 });
  expect(asked).toEqual([{ target: 'AmazonSSM.GetParameter', Name: NAME }]);
  expect(warnings).toEqual([]);
});

test('an operator who throws the kill switch is heard within five seconds, and again when it is over', async () => {
  const { policy, operatorWrites, pass } = environment('{"margin":1.5}');
  expect((await policy.fresh()).stopped).toBe(false);
  operatorWrites('{"stopped":true}');
  pass(5_000);
  expect((await policy.fresh()).stopped).toBe(true);
  operatorWrites('{"margin":2}');
  pass(5_000);
  expect(await policy.fresh()).toEqual({ ...DEFAULT_POLICY, margin: 2 });
});

test('asked before every call, it reads once in five seconds; those who ask at once share a read', async () => {
  const { policy, pass } = environment('{}');
  await Promise.all(Array.from({ length: 20 }, () => policy.fresh()));
  pass(4_999);
  await policy.fresh();
  expect(asked).toHaveLength(1);
  pass(1);
  await policy.fresh();
  expect(asked).toHaveLength(2);
});

test('before anything was read, nothing may be changed', () => {
  expect(environment('{}').policy.last.stopped).toBe(true);
});

test.each([
  ['not JSON', '{"stopped": tru', 'policy: expected an object, got "{\\"stopped\\": tru"'],
  ['a misspelt field', '{"stoped":true}', 'policy.stoped: expected one of '],
  [
    'a field out of bounds',
    '{"margin":99,"hurry":1}',
    'policy.margin: expected a number from 1 to 10, got 99;',
  ],
  ['nothing at all', '', 'policy: expected an object, got ""'],
])('a document that cannot be understood stops everything until it can: %s', async (_, text, why) => {
  const { policy, warnings, operatorWrites, pass } = environment('{"margin":1.5}');
  await policy.fresh();
  operatorWrites(text);
  pass(5_000);
  expect(await policy.fresh()).toEqual({ ...DEFAULT_POLICY, margin: 1.5, stopped: true });
  expect(warnings).toEqual([
    {
      what: 'policy not understood',
      facts: { parameter: NAME, why: expect.stringContaining(why), stopped: true },
    },
  ]);
  operatorWrites('{"margin":1.5}');
  pass(5_000);
  expect((await policy.fresh()).stopped).toBe(false);
});

test('a function that starts and finds no document it understands does not act on defaults', async () => {
  const { policy } = environment('margin=2');
  expect(await policy.fresh()).toEqual({ ...DEFAULT_POLICY, stopped: true });
});

test.each([
  ['going on', '{"margin":1.5}', false],
  ['stopped', '{"margin":1.5,"stopped":true}', true],
])('when Systems Manager fails, what was read last holds: %s', async (_, document, stopped) => {
  const { policy, warnings, operatorWrites, pass } = environment(document);
  await policy.fresh();
  operatorWrites(undefined);
  pass(60_000);
  expect(await policy.fresh()).toEqual({ ...DEFAULT_POLICY, margin: 1.5, stopped });
  expect(warnings).toEqual([
    {
      what: 'policy not read',
      facts: {
        parameter: NAME,
        code: 'ParameterNotFound',
        message: 'There is no such parameter.',
        stopped,
      },
    },
  ]);
});

test('a failure does not cost every node a try: it is asked again after fifteen seconds', async () => {
  const { policy, operatorWrites, pass } = environment(undefined);
  expect((await policy.fresh()).stopped).toBe(true);
  operatorWrites('{}');
  pass(14_999);
  expect((await policy.fresh()).stopped).toBe(true);
  expect(asked).toHaveLength(1);
  pass(1);
  expect((await policy.fresh()).stopped).toBe(false);
});

test('a deployed function finds the policy as it is now, event by event, without a new start', async () => {
  const queue = 'https://sqs.eu-central-1.amazonaws.com/111122223333/queue';
  const env = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'prewarmer',
    AWS_SECRET_ACCESS_KEY: 'simulated',
    AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ACCOUNT_ID: '111122223333',
    CLUSTERS: '[{"name":"shop","mode":"warm"}]',
    POLICY_PARAMETER: NAME,
    LEDGER_TABLE: 'ledger',
    BUDGET_TABLE: 'budget',
    LAUNCH_QUEUE_URL: queue,
    SIGNAL_QUEUE_URL: queue,
    VERIFY_QUEUE_URL: queue,
  };
  for (const [name, setting] of Object.entries(env)) vi.stubEnv(name, setting);
  vi.useFakeTimers({ toFake: ['Date'] });
  let starts = 0;
  const handler = start(({ settings }) => {
    starts++;
    return async () => settings.policy;
  });
  value = '{"margin":1.5}';
  expect(await handler({})).toEqual({ ...DEFAULT_POLICY, margin: 1.5 });
  value = '{"stopped":true}';
  vi.setSystemTime(Date.now() + 5_000);
  expect(await handler({})).toEqual({ ...DEFAULT_POLICY, stopped: true });
  expect(starts).toBe(1);
});
