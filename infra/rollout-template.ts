/** The rollout machine in a template of its own: what the stack deploys, for whoever runs it elsewhere. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { type RolloutFunctions, RolloutMachine } from './rollout-machine.ts';

/** The files in lambdas/handlers. */
const NAMES: { readonly [K in keyof RolloutFunctions]: string } = {
  planRollout: 'plan-rollout',
  warmWave: 'warm-wave',
  verifyWave: 'verify-wave',
  holdWave: 'hold-wave',
  advanceWave: 'advance-wave',
  reportRollout: 'report-rollout',
};

/** A CloudFormation template whose functions are called as their files. No bundle is needed for it. */
export function rolloutTemplate({ region = 'eu-central-1', account = '111122223333' } = {}): unknown {
  const outdir = mkdtempSync(join(tmpdir(), 'rollout-machine-'));
  try {
    // The CDK's linter takes most of a synth, and reads the same machine in every stack that is deployed.
    const app = new App({ outdir, builtinCloudFormationValidation: false });
    const stack = new Stack(app, 'rollout');
    const named = (name: string) =>
      LambdaFunction.fromFunctionArn(stack, name, `arn:aws:lambda:${region}:${account}:function:${name}`);
    const functions = Object.fromEntries(
      Object.entries(NAMES).map(([key, name]) => [key, named(name)]),
    ) as unknown as RolloutFunctions;
    new RolloutMachine(stack, 'Rollout', { functions });
    return app.synth().getStackByName('rollout').template;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
