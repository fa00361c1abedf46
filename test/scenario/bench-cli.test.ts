import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const command = fileURLToPath(new URL('../../bench/bench.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'scenarios-'));
afterAll(() => rmSync(folder, { recursive: true }));

function bench(...args: string[]): { status: number | null; out: string; complaint: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
  return { status, out: stdout, complaint: stderr.trim() };
}

function file(nodes: unknown): string {
  const path = join(folder, 'mine.json');
  const scenario = {
    name: 'mine',
    title: 'Twenty pods come to two nodes',
    minutes: 3,
    seeds: 2,
    subnets: [{ name: 'a', cidr: '10.0.0.0/24' }],
    clusters: [
      {
        nodeGroups: [{ name: 'workers', type: 'm5.large', nodes }],
        workloads: [{ kind: 'Deployment', name: 'web' }],
      },
    ],
    story: [{ do: 'scale', workload: 'web', to: 20 }],
    columns: ['W=1', 'ours'],
  };
  writeFileSync(path, JSON.stringify(scenario));
  return path;
}

test('a file of one’s own: a line for each column, with floors, and nothing else is measured', () => {
  const { status, out } = bench('--file', file(2));
  expect(status).toBe(0);
  expect(out).toMatch(/mine: Twenty pods come to two nodes\.[\s\S]*\nW=1 [\s\S]*\nours /);
  expect(out).toContain('EC2 calls, W=1: ');
  expect(out).not.toContain('planning');
});

test('as JSON a program can read every run', () => {
  const { out } = bench('--file', file(2), '--seeds', '1', '--json');
  expect(JSON.parse(out)).toMatchObject({
    scenarios: [
      { name: 'mine', columns: [{ name: 'W=1', runs: [{ seed: 1, pods: 20 }] }, { name: 'ours' }] },
    ],
  });
});

test('--demand: how near demand comes to the peak, by formula, and how many pods land where they are expected', () => {
  const { status, out } = bench('--demand', '--seeds', '2', '--json');
  expect(status).toBe(0);
  const { demand } = JSON.parse(out) as { demand: { formulas: unknown[]; landing: unknown[] } };
  expect(demand.formulas).toContainEqual(
    expect.objectContaining({ formula: 'recreate', workloads: 2, belowPeak: { even: 0, uneven: 0 } }),
  );
  expect(demand.landing).toContainEqual({
    scheduler: 'spread',
    of: 'pods announced',
    least: 1,
    tenth: 1,
    median: 1,
  });
});

test('a file that cannot be meant: one line with the path, nothing on the output, and 2', () => {
  const path = file('two');
  const { status, out, complaint } = bench('--file', path);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(complaint).toBe(
    `${path}: clusters.0.nodeGroups.0.nodes: expected a whole number of nodes from 0 to 5000, got "two"`,
  );
});

test.each([
  [['--file', join(folder, 'none.json')], /^--file: ENOENT/],
  [['--scenario', 'S99'], /^--scenario: expected one of S1, .*, got "S99"$/],
  [['--sweep', '--scenario', 'S2'], /'--sweep' cannot be used with option '--scenario <name>'/],
  [['--seeds', 'many'], /expected a whole number from 1 to 1000, got "many"/],
])('%j: refused, and 2', (args, said) => {
  const { status, complaint } = bench(...args);
  expect(status).toBe(2);
  expect(complaint).toMatch(said);
});
