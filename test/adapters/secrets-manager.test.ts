/** The real client against a server that answers as Secrets Manager does, on a clock of our own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { GateSecret } from '../../lambdas/adapters/secrets-manager.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:gate-AbCdEf';
const GOOD = 'Qk3vTq7Zr0aW5nB8xL2yC9mD4eF6gH1jP';

/** What the service holds; `undefined`: it refuses. Source: Secrets Manager API reference, GetSecretValue. */
let held: { SecretString?: string; SecretBinary?: string } | undefined;
let asked: unknown[] = [];
const server = createServer(async (request, response) => {
  const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
  asked.push({ target: request.headers['x-amz-target'], ...body });
  response.setHeader('content-type', 'application/x-amz-json-1.1');
  if (held === undefined) response.writeHead(400).end('{"__type":"AccessDeniedException","Message":"no"}');
  else response.end(JSON.stringify({ ARN, Name: 'gate', VersionId: 'v', ...held }));
});
let client: SecretsManagerClient;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new SecretsManagerClient({
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

let nowMs = 0;
let warned: unknown[] = [];
let secret: GateSecret;
beforeEach(() => {
  [nowMs, warned, asked, held] = [1_000, [], [], { SecretString: GOOD }];
  secret = new GateSecret(client, ARN, () => nowMs, {
    note: () => {},
    warn: (what, facts) => warned.push({ what, ...facts }),
    measure: () => {},
  });
});

test('who shows the secret is known, who shows anything else is not', async () => {
  expect(await secret.judge(GOOD)).toBe('known');
  for (const wrong of ['', GOOD.slice(1), `${GOOD}x`, GOOD.toLowerCase(), 'x'.repeat(100_000)])
    expect(await secret.judge(wrong)).toBe('unknown');
  expect(asked).toEqual([{ target: 'secretsmanager.GetSecretValue', SecretId: ARN }]);
});

test('nobody who shows nothing makes us read it', async () => {
  expect(await secret.judge(undefined)).toBe('unknown');
  expect(asked).toEqual([]);
});

test('it is read once in five minutes, by however many at once: then a new one counts, and the old one no more', async () => {
  await Promise.all([secret.judge(GOOD), secret.judge(GOOD), secret.judge('x')]);
  held = { SecretString: 'rotated' };
  nowMs += 299_999;
  expect(await secret.judge(GOOD)).toBe('known');
  expect(asked).toHaveLength(1);
  nowMs += 1;
  expect(await secret.judge(GOOD)).toBe('unknown');
  expect(await secret.judge('rotated')).toBe('known');
  expect(asked).toHaveLength(2);
});

test('while it cannot be read nobody is known, not even by what was read before; it is tried again after a while', async () => {
  expect(await secret.judge(GOOD)).toBe('known');
  held = undefined;
  nowMs += 300_000;
  expect(await secret.judge(GOOD)).toBe('unreadable');
  expect(warned).toEqual([
    { what: 'gate secret not read', secretId: ARN, code: 'AccessDeniedException', message: 'no' },
  ]);
  held = { SecretString: GOOD };
  nowMs += 14_999;
  expect(await secret.judge(GOOD)).toBe('unreadable');
  nowMs += 1;
  expect(await secret.judge(GOOD)).toBe('known');
  expect(asked).toHaveLength(3);
});

test.each([{}, { SecretString: '' }, { SecretBinary: 'AAEC' }])(
  'a secret without text (%j) opens to nobody, least of all to an empty token',
  async (empty) => {
    held = empty;
    for (const token of ['', 'undefined', GOOD]) expect(await secret.judge(token)).toBe('unreadable');
  },
);

test('neither the secret nor what was shown is ever logged', async () => {
  await secret.judge('shown-by-somebody');
  held = undefined;
  nowMs += 300_000;
  await secret.judge('shown-by-somebody');
  expect(JSON.stringify(warned)).not.toMatch(/shown-by-somebody|Qk3vTq7/);
});
