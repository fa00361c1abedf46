/** Over real TLS sockets: the cluster's own authority counts and no other, and nobody waits for ever. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { overHttps } from '../../lambdas/adapters/kube-https.ts';

const pem = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../fixtures/loopback-tls', `${name}.pem`), 'utf8');
const ca = pem('cluster.cert');
const PATIENT = { connectMs: 2_000, answerMs: 2_000 };

let server: Server;
let url: string;
const asked: { method: string; authorization: string; body: string }[] = [];

beforeAll(async () => {
  server = createServer({ cert: ca, key: pem('cluster.key') }, async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    if (request.url === '/silent') return;
    asked.push({ method: request.method ?? '', authorization: request.headers.authorization ?? '', body });
    response.writeHead(request.method === 'PATCH' ? 422 : 200).end('{"items":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const headers = { authorization: 'Bearer token' };

test('a request and its answer, whatever its status', async () => {
  const send = overHttps(PATIENT);
  expect(await send({ method: 'GET', url: `${url}/api/v1/pods`, headers, ca })).toEqual({
    status: 200,
    body: '{"items":[]}',
  });
  expect(await send({ method: 'PATCH', url: `${url}/x`, headers, body: '[]', ca })).toMatchObject({
    status: 422,
  });
  expect(asked).toEqual([
    { method: 'GET', authorization: 'Bearer token', body: '' },
    { method: 'PATCH', authorization: 'Bearer token', body: '[]' },
  ]);
});

test("a server with a certificate of somebody else's authority is told nothing", async () => {
  const before = asked.length;
  const send = overHttps(PATIENT);
  await expect(send({ method: 'GET', url, headers, ca: pem('other.cert') })).rejects.toMatchObject({
    code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO|SIGNATURE/),
  });
  expect(asked).toHaveLength(before);
});

test('one that says nothing is left in time', async () => {
  const send = overHttps({ connectMs: 2_000, answerMs: 40 });
  await expect(send({ method: 'GET', url: `${url}/silent`, headers, ca })).rejects.toMatchObject({
    code: 'SLOW',
    message: 'no answer in 40 ms',
  });
});
