/** The real client against a server that answers as Systems Manager does, on a clock of our own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SsmPolicy } from '../../lambdas/adapters/ssm-policy.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';
import { start } from '../../lambdas/handlers/wiring.ts';

const NAME = '/eks-ip-prewarmer/shop/policy';

/** The parameter's versions, oldest first; `undefined`: Systems Manager knows of no parameter. */
let versions: (string | undefined)[] = [];
/** Versions before the last cannot be had. */
let historyFails = false;
let asked: unknown[] = [];
const server = createServer(async (request, response) => {
  const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
  asked.push({ target: request.headers['x-amz-target'], ...body });
  response.setHeader('content-type', 'application/x-amz-json-1.1');
  const selector: string | undefined = body.Name.split(':')[1];
  const version = Number(selector ?? versions.length);
  const value = selector !== undefined && historyFails ? undefined : versions[version - 1];
  if (value === undefined)
    response.writeHead(400).end('{"__type":"ParameterNotFound","message":"There is no such parameter."}');
  else
    response.end(
      JSON.stringify({ Parameter: { Name: NAME, Type: 'String', Value: value, Version: version } }),
    );
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
  versions = [initial];
  historyFails = false;
  asked = [];
  return started();
}

const operatorWrites = (text: string | undefined): void => {
  versions.push(text);
};

/** Another environment that starts now, on the parameter as it is. */
function started() {
  let nowMs = 1_795_000_000_000;
  const warnings: { what: string; facts: Readonly<Record<string, unknown>> }[] = [];
  const figures: unknown[] = [];
  const policy = new SsmPolicy(client, { parameter: NAME, clusters: ['shop'] }, () => nowMs, {
    note: () => {},
    warn: (what, facts) => warnings.push({ what, facts }),
    measure: (measured, of) => figures.push({ ...measured, ...of }),
  });
  return {
    policy,
    warnings,
    figures,
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
  const { policy, pass } = environment('{"margin":1.5}');
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

const MARGIN = { ...DEFAULT_POLICY, margin: 1.5 };

test.each([
  ['not JSON', '{"margin": 2', 'policy: expected an object, got "{\\"margin\\": 2"'],
  [
    'a field out of bounds',
    '{"margin":99,"hurry":1}',
    'policy.margin: expected a number from 1 to 10, got 99;',
  ],
  ['nothing at all', '', 'policy: expected an object, got ""'],
  [
    'a cluster that is not ours',
    '{"clusters":{"shpo":{}}}',
    'policy.clusters.shpo: expected a cluster that is deployed here',
  ],
  ['the switch, off, beside a mistake', '{"stopped":false,"margin":99}', 'policy.margin: expected a number'],
])(
  'a document with a mistake: the last good one goes on, and the alarm hears of it: %s',
  async (_, text, why) => {
    const { policy, warnings, figures, pass } = environment('{"margin":1.5}');
    await policy.fresh();
    operatorWrites(text);
    pass(5_000);
    expect(await policy.fresh()).toEqual(MARGIN);
    expect(warnings).toEqual([
      {
        what: 'policy not understood',
        facts: { parameter: NAME, version: 2, why: expect.stringContaining(why), stopped: false },
      },
    ]);
    expect(figures).toEqual([{ PolicyRejected: 1, cluster: 'shop' }]);
    operatorWrites('{"margin":2}');
    pass(5_000);
    expect(await policy.fresh()).toEqual({ ...DEFAULT_POLICY, margin: 2 });
    expect(figures).toHaveLength(1);
  },
);

test.each([
  '{"stopped": tru',
  '{"stoped":true}',
  '{"stopped":"true"}',
  "{'stopped': True}",
  '{"Stopped":true}',
  '{"stpoped":true}',
  '{"stopppd":true}',
  'stopped=true',
  '{policy: stopped: true}',
  'STOP!',
  '{"margin":99,"stopped":true}',
])('a mistake by somebody who may have reached for the kill switch stops everything: %s', async (text) => {
  const { policy, pass } = environment('{"margin":1.5}');
  await policy.fresh();
  operatorWrites(text);
  pass(5_000);
  expect(await policy.fresh()).toEqual({ ...MARGIN, stopped: true });
  operatorWrites('{"margin":99}');
  pass(5_000);
  expect((await policy.fresh()).stopped).toBe(false);
});

test.each([
  '{"startP05Ms":-1}',
  '{"stopped":false',
  '{"stopped": no}',
  '{"startP5Ms":9000}',
  '{"margin":99,"clusters":{"shop":{"nodeGroups":{"stripe":{},"steps":{}}}}}',
])('what does not ask to stop stops nothing: %s', async (text) => {
  const { policy, pass } = environment('{"margin":1.5}');
  await policy.fresh();
  operatorWrites(text);
  pass(5_000);
  expect(await policy.fresh()).toEqual(MARGIN);
});

test('stopped before the mistake is stopped after it', async () => {
  const { policy, pass } = environment('{"stopped":true}');
  await policy.fresh();
  operatorWrites('{"margin":99}');
  pass(5_000);
  expect((await policy.fresh()).stopped).toBe(true);
});

describe('a function that starts while the mistake is there', () => {
  test('holds the last good version as those do that knew it, whatever was mistyped since', async () => {
    environment('{"margin":1.5}');
    operatorWrites('{"margin":99}');
    operatorWrites('margin=2');
    const late = started();
    expect(await late.policy.fresh()).toEqual(MARGIN);
    expect(asked).toEqual(
      [NAME, `${NAME}:2`, `${NAME}:1`].map((Name) => ({ target: 'AmazonSSM.GetParameter', Name })),
    );
    // Once known, it is not looked for again.
    late.pass(5_000);
    expect(await late.policy.fresh()).toEqual(MARGIN);
    expect(asked).toHaveLength(4);
  });

  test.each([
    ['there never was a good one', ['margin=1', 'margin=2'], false],
    ['the good one is too long ago', ['{}', ...Array.from({ length: 6 }, () => 'margin=2')], false],
    ['the versions before cannot be read', ['{}', 'margin=2'], true],
  ])('does not act on defaults when %s', async (_, texts, fails) => {
    const { policy } = environment(texts[0]);
    for (const text of texts.slice(1)) operatorWrites(text);
    historyFails = fails;
    expect(await policy.fresh()).toEqual({ ...DEFAULT_POLICY, stopped: true });
  });
});

test.each([
  ['going on', '{"margin":1.5}', false],
  ['stopped', '{"margin":1.5,"stopped":true}', true],
])('when Systems Manager fails, what was read last holds: %s', async (_, document, stopped) => {
  const { policy, warnings, pass } = environment(document);
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
  const { policy, pass } = environment(undefined);
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
  versions = ['{"margin":1.5}'];
  expect(await handler({})).toEqual({ ...DEFAULT_POLICY, margin: 1.5 });
  versions = ['{"stopped":true}'];
  vi.setSystemTime(Date.now() + 5_000);
  expect(await handler({})).toEqual({ ...DEFAULT_POLICY, stopped: true });
  expect(starts).toBe(1);
});
