/** The command as a package has it: built, beside its launcher. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../infra/bundles.ts';
import { bundleCli } from '../../scripts/cli-bundle.ts';

/** Bytes of all chunks: each command loads a part of them. */
const BUDGET = 1_500_000;

const folder = mkdtempSync(join(tmpdir(), 'cli-bundle-'));
let built: Awaited<ReturnType<typeof bundleCli>>;
beforeAll(async () => {
  built = await bundleCli(ROOT, folder);
  for (const file of ['bin', 'package.json'])
    cpSync(join(ROOT, file), join(folder, file), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) =>
  spawnSync(process.execPath, [join(folder, 'bin/eks-ip-prewarmer.mjs'), ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' },
  });

test('it is small, and does what the sources do', () => {
  expect(built.bytes).toBeLessThan(BUDGET);
  expect(run('--version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect(run('doctor', '--cluster', 'shop', '--scenario', 'S1')).toMatchObject({
    status: 0,
    stderr: '',
    stdout: expect.stringContaining('5 nodes of 5 cannot hold another address'),
  });
});

test('the simulator is in it, with the rollout machine, and without the CDK', () => {
  const snapshot = run('snapshot', '--cluster', 'shop', '--scenario', 'S1');
  expect(snapshot.status).toBe(0);
  writeFileSync(join(folder, 'cluster.json'), snapshot.stdout);
  const { status, stdout } = run('simulate', 'cluster.json', '--pods', '60');
  expect(status).toBe(0);
  expect(stdout).toMatch(/with us, in waves +0 /);
  expect(run('plan', '--cluster', 'shop', '--scenario', 'S1', '--pods', '60').status).toBe(1);
});

test('the whole chain of credentials is in it', () => {
  const { status, stderr } = run('doctor', '--cluster', 'shop', '--region', 'eu-west-1', '--profile', 'work');
  expect(status).toBe(2);
  // The environment alone, as in a function, knows of no profile.
  expect(stderr).toMatch(/profile|no credentials found/);
});
