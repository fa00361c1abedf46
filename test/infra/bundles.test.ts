import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { bundle, functionNames, ROOT, stale } from '../../infra/bundles.ts';

/** A small repository: two functions, the wiring they share, and a word from core. */
function repository(): { root: string; write: (path: string, text: string) => void } {
  const root = mkdtempSync(join(tmpdir(), 'repository-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('lambdas/core/word.ts', "export const word: string = 'warm';\n");
  write('lambdas/handlers/wiring.ts', "export { word } from '../core/word.ts';\n");
  for (const name of ['on-signal', 'sweep'])
    write(
      `lambdas/handlers/${name}.ts`,
      `import { word } from './wiring.ts';\nexport const handler = async () => '${name} ' + word;\n`,
    );
  return { root, write };
}

test('every handler becomes one folder with one file that runs by itself; the wiring becomes none', async () => {
  const { root } = repository();
  expect((await bundle(root)).map(({ name }) => name)).toEqual(['on-signal', 'sweep']);
  rmSync(join(root, 'lambdas'), { recursive: true });
  const { handler } = await import(join(root, 'dist/sweep/index.mjs'));
  expect(await handler()).toBe('sweep warm');
  expect(existsSync(join(root, 'dist/wiring'))).toBe(false);
});

test('a synth rebuilds when a bundle is missing or a source is newer, and only then', async () => {
  const { root } = repository();
  expect(stale(root)).toBe(true);
  await bundle(root);
  expect(stale(root)).toBe(false);
  const later = Date.now() / 1000 + 60;
  utimesSync(join(root, 'lambdas/core/word.ts'), later, later);
  expect(stale(root)).toBe(true);
});

test('a function that is gone leaves no bundle behind to be deployed', async () => {
  const { root } = repository();
  await bundle(root);
  rmSync(join(root, 'lambdas/handlers/sweep.ts'));
  expect(functionNames(root)).toEqual(['on-signal']);
  await bundle(root);
  expect(existsSync(join(root, 'dist/sweep'))).toBe(false);
});

test('a warning of the bundler stops the build and names the function: an import nobody provides', async () => {
  const { root, write } = repository();
  write('lambdas/handlers/sweep.ts', "import 'no-such-package';\nexport const handler = async () => {};\n");
  await expect(bundle(root)).rejects.toThrow(/sweep.*no-such-package/s);
});

test('a bundled SDK client signs with the credentials that Lambda puts into the environment', async () => {
  const headers: IncomingHttpHeaders[] = [];
  const sqs = createServer((request, response) => {
    headers.push(request.headers);
    response.setHeader('content-type', 'application/x-amz-json-1.0').end('{"QueueUrls":[]}');
  }).listen(0, '127.0.0.1');
  await once(sqs, 'listening');
  const address = sqs.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const { root, write } = repository();
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  write(
    'lambdas/handlers/on-signal.ts',
    `import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
     const sqs = new SQSClient({ region: 'eu-central-1', endpoint: 'http://127.0.0.1:${port}' });
     export const handler = () => sqs.send(new ListQueuesCommand({}));`,
  );
  await bundle(root);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDLAMBDA');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_SESSION_TOKEN', 'session');
  const { handler } = await import(join(root, 'dist/on-signal/index.mjs'));
  await handler();
  vi.unstubAllEnvs();
  sqs.close();
  expect(headers).toEqual([
    expect.objectContaining({
      authorization: expect.stringContaining('Credential=AKIDLAMBDA/'),
      'x-amz-security-token': 'session',
    }),
  ]);
});

test("errors of which a bundle leaves out the classes keep the service's name for them, and its message", async () => {
  const ssm = createServer((_, response) => {
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end('{"__type":"ParameterNotFound","message":"There is no such parameter."}');
  }).listen(0, '127.0.0.1');
  await once(ssm, 'listening');
  const address = ssm.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const { root, write } = repository();
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  write(
    'lambdas/handlers/on-signal.ts',
    `import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
     const credentials = { accessKeyId: 'prewarmer', secretAccessKey: 'simulated' };
     const ssm = new SSMClient({ region: 'eu-central-1', endpoint: 'http://127.0.0.1:${port}', credentials });
     export const handler = () => ssm.send(new GetParameterCommand({ Name: 'policy' }));`,
  );
  const [{ bytes } = { bytes: 0 }] = await bundle(root);
  const { handler } = await import(join(root, 'dist/on-signal/index.mjs'));
  await expect(handler()).rejects.toMatchObject({
    name: 'ParameterNotFound',
    message: 'There is no such parameter.',
    $metadata: { httpStatusCode: 400 },
  });
  ssm.close();
  // 161 kB; 218 kB with the classes: should the SDK register them in another form, this tells.
  expect(bytes).toBeLessThan(190_000);
});
