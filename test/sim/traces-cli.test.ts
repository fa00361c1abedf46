import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const command = fileURLToPath(new URL('../../cli/traces.ts', import.meta.url));
const recordings = fileURLToPath(new URL('../fixtures/ipamd-traces.json', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'traces-'));
afterAll(() => rmSync(folder, { recursive: true }));

function traces(...args: string[]): { status: number | null; out: string; complaint: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
  return { status, out: stdout, complaint: stderr.trim() };
}

/** The recordings with one text replaced, in a file of its own. */
function altered(from: string, to: string): string {
  const file = join(folder, 'altered.json');
  writeFileSync(file, readFileSync(recordings, 'utf8').replace(from, to));
  return file;
}

test('scenarios inside their recording: a line each, a sum, and 0', () => {
  const { status, out } = traces(recordings, '--only', 'T01,T08', '--seeds', '2');
  expect(status).toBe(0);
  expect(out).toMatch(/^T01 {2}inside .*\nT08 {2}inside .*\n\n2 of 2 scenarios inside/);
});

test('one that differs: the field, what was recorded, what came instead, and 1', () => {
  const { status, out } = traces(altered('"tMs": 1500, "action"', '"tMs": 1400, "action"'), '--only', 'T01');
  expect(status).toBe(1);
  expect(out).toMatch(/ec2Calls\[4\]\.tMs: recorded 1400, got 1500/);
});

test('as JSON a program can read the same', () => {
  const { out } = traces(recordings, '--only', 'T09', '--json');
  expect(JSON.parse(out)).toMatchObject({ inside: 1, scenarios: 1, verdicts: [{ id: 'T09', outside: [] }] });
});

test.each([
  ['no file', [], /missing required argument/],
  ['a file that is not there', ['/nowhere.json'], /^\/nowhere\.json: cannot be read/],
  ['an unknown scenario', [recordings, '--only', 'T99'], /--only: expected ids among T01, .*got T99/],
  ['no whole number of seeds', [recordings, '--seeds', 'many'], /expected a whole number/],
  [
    'another file',
    [fileURLToPath(new URL('../../package.json', import.meta.url))],
    /scenarios: expected array/,
  ],
])('%s: one line that says so, and 2', (_, args, line) => {
  const { status, complaint } = traces(...args);
  expect(status).toBe(2);
  expect(complaint).toMatch(line);
  expect(complaint.split('\n')).toHaveLength(1);
});
