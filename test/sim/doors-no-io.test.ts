/** In a file of its own: what the SDK reads it reads once in a process, so only the first run here can show it. */
import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { race } from './doors-race.ts';

// The kernel's own turns of the event loop are `Immediate`. The SDK draws its invocation ids and client tokens from the
// machine's randomness, without waiting for it, and the world's answers do not depend on them.
const HARMLESS = new Set(['PROMISE', 'Immediate', 'TickObject', 'Microtask', 'RANDOMBYTESREQUEST']);

const folder = mkdtempSync(join(tmpdir(), 'doors-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Names of everything `work` asked the machine for. */
async function askedFor(work: () => Promise<void>): Promise<Set<string>> {
  const inside = new AsyncLocalStorage<true>();
  const asked = new Set<string>();
  const hook = createHook({
    init: (_id, type) => {
      if (inside.getStore() && !HARMLESS.has(type)) asked.add(type);
    },
  }).enable();
  await inside.run(true, work).finally(() => hook.disable());
  return asked;
}

test('a hostile environment changes nothing, for the clients ask for no file, socket, name or timer', async () => {
  const file = join(folder, 'config');
  writeFileSync(file, '[default]\nregion = mars-1\nendpoint_url = http://127.0.0.1:1\nmax_attempts = 9\n');
  for (const [name, value] of Object.entries({
    AWS_CONFIG_FILE: file,
    AWS_SHARED_CREDENTIALS_FILE: file,
    AWS_REGION: 'mars-1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_MAX_ATTEMPTS: '9',
    AWS_RETRY_MODE: 'adaptive',
    AWS_USE_FIPS_ENDPOINT: 'true',
    AWS_AUTH_SCHEME_PREFERENCE: 'sigv4a',
    AWS_SDK_UA_APP_ID: 'x'.repeat(60),
  })) {
    vi.stubEnv(name, value);
  }
  let hostile: string[] = [];
  const asked = await askedFor(async () => {
    hostile = await race(5);
  });
  expect([...asked]).toEqual([]);
  vi.unstubAllEnvs();
  expect(await race(5)).toEqual(hostile);
});

test('the probe would have noticed', async () => {
  const asked = await askedFor(async () => clearTimeout(setTimeout(() => {}, 1)));
  expect([...asked]).toEqual(['Timeout']);
});
