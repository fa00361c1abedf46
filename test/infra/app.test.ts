import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const elsewhere = mkdtempSync(join(tmpdir(), 'app-'));
afterAll(() => rmSync(elsewhere, { recursive: true }));

/** Runs infra/app.ts as the CDK's CLI does, with these settings as context, where there may be a configuration. */
function synth(context: Record<string, unknown>, config?: string) {
  const cwd = mkdtempSync(join(elsewhere, 'here-'));
  if (config !== undefined) writeFileSync(join(cwd, 'prewarmer.config.ts'), config);
  return spawnSync(process.execPath, [join(import.meta.dirname, '../../infra/app.ts')], {
    encoding: 'utf8',
    cwd,
    env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
}

const linesOf = (stderr: string): string[] => stderr.trimEnd().split('\n');

test('bad settings stop the synth with one message that names them all, and no stack trace', () => {
  const { status, stdout, stderr } = synth({ cluster: 'my cluster', mode: 'warm', vpcId: 'main' });
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(linesOf(stderr)).toEqual([
    'These settings cannot be deployed:',
    '  cluster: expected the name of an EKS cluster, got "my cluster". To find it: aws eks list-clusters',
    expect.stringMatching(
      /^ {2}vpcId: expected the id of the cluster's VPC, .*, got "main"\. To find it: aws eks /,
    ),
    'All settings, with units and defaults: docs/deploy.md',
  ]);
});

test('without a cluster the synth says how to name one', () => {
  expect(linesOf(synth({}).stderr)).toEqual([
    'These settings cannot be deployed:',
    expect.stringMatching(/^ {2}clusters: expected a list such as .*, got nothing\. .*-c cluster=NAME/),
    'All settings, with units and defaults: docs/deploy.md',
  ]);
});

test('a configuration that is wrong stops the synth in the same way', () => {
  const config = "export default { clusters: [{ name: 'shop' }], policy: { budgetShare: 2 } };";
  const { status, stderr } = synth({}, config);
  expect(status).toBe(1);
  expect(linesOf(stderr)[1]).toMatch(/^ {2}policy\.budgetShare: expected a number from 0\.01 to 1, got 2\. /);
});
