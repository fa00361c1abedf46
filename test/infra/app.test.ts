import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Runs infra/app.ts as the CDK's CLI does, with these settings as context. */
function synth(context: Record<string, unknown>) {
  return spawnSync(process.execPath, [join(import.meta.dirname, '../../infra/app.ts')], {
    encoding: 'utf8',
    env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
}

test('bad settings stop the synth with one message that names them all, and no stack trace', () => {
  const { status, stdout, stderr } = synth({ mode: 'warm', vpcId: 'main' });
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toEqual([
    'These settings cannot be deployed:',
    '  cluster: expected the name of an EKS cluster, got nothing',
    expect.stringMatching(/^ {2}vpcId: expected the id of the cluster's VPC, .*, got "main"$/),
    'For example: npx cdk synth -c cluster=demo -c mode=observe',
  ]);
});
