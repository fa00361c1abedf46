import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { reportScenario } from '../../bench/scenario-runs.ts';
import type { Played } from '../../sim/scenario/play.ts';

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

test('the example of docs/scenarios.md: warming matters, and nothing is said of what was not done', () => {
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(readFileSync('docs/scenarios.md', 'utf8')) ?? [];
  const path = join(folder, 'example.json');
  writeFileSync(path, example);
  const { status, out } = bench('--file', path, '--seeds', '1');
  expect(status).toBe(0);
  const failed = (column: string): number =>
    Number(new RegExp(`^${column} {2,}(\\d+) `, 'm').exec(out)?.[1] ?? Number.NaN);
  expect(failed('ours')).toBeLessThan(failed('W=1') / 4);
  expect(failed('ours, told late')).toBe(failed('W=1'));
  expect(out).toContain('\nours: 6 interfaces at 3.00 changes each (floor 3); 0 of our requests throttled\n');
  expect(out).toMatch(/\nours, told late: nodes launched 0, nodes warmed 0; nodes left: too late 6\n$/);
});

test('where only present interfaces are filled, nothing is said of any that are attached', () => {
  const filled = { nodesWarmed: 1, interfaces: 0, fills: 1, callsPerFill: 1, throttled: 0 };
  const run = { ec2Calls: {}, nodesLeft: {}, launched: 0, ours: filled } as unknown as Played;
  const out = reportScenario({
    ...{ name: 'mine', title: 'One fill', source: undefined },
    columns: [{ name: 'ours', runs: [run] }],
  });
  expect(out).toMatch(/\nours: 1 fills at 1\.00 \(floor 1\); 0 of our requests throttled$/);
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
  [
    ['--scenario', 'S1', '--file', join(folder, 'mine.json')],
    /'--file <path>' cannot be used with option '--sc/,
  ],
  [['--sweep', '--scenario', 'S2'], /'--sweep' cannot be used with option '--scenario <name>'/],
  [['--seeds', 'many'], /expected a whole number from 1 to 1000, got "many"/],
])('%j: refused, and 2', (args, said) => {
  const { status, complaint } = bench(...args);
  expect(status).toBe(2);
  expect(complaint).toMatch(said);
});
