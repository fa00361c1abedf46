import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from '../../infra/bundles.ts';

const elsewhere = mkdtempSync(join(tmpdir(), 'counted-'));
mkdirSync(join(elsewhere, 'test'));
afterAll(() => rmSync(elsewhere, { recursive: true }));

/** The last line of a run over one test file, set up as ours, in a terminal that shows colours. */
function lastLine(body: string): string | undefined {
  writeFileSync(join(elsewhere, 'test/one.test.ts'), body);
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const { stdout } = spawnSync(
    process.execPath,
    // What a test needs is global there: no package can be imported from elsewhere.
    [vitest, 'run', '--globals', '--config', join(ROOT, 'vitest.config.ts'), '--root', elsewhere],
    { encoding: 'utf8', env: { ...process.env, FORCE_COLOR: '1' } },
  );
  return stdout.trimEnd().split('\n').at(-1);
}

const PASSES = "test('a', () => {}); test('b', () => {});";

test.each([
  ['all pass', PASSES, 'tests: 2 passed, 0 failed'],
  ['one fails', `${PASSES} test('c', () => expect(1).toBe(2));`, 'tests: 2 passed, 1 failed'],
  ['one is skipped', `${PASSES} test.skip('c', () => {});`, 'tests: 2 passed, 0 failed, 1 skipped'],
  ['the file cannot be loaded', `${PASSES} throw new Error('x');`, 'tests: 0 passed, 1 failed'],
  ['an error nobody awaited', `${PASSES} void Promise.reject(new Error('x'));`, 'tests: 2 passed, 1 failed'],
])('a run ends with one plain line: %s', (_, body, line) => {
  expect(lastLine(body)).toBe(line);
});
