/** What would open something to whoever reads it is in no line of the log. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../lambdas/handlers/wiring.ts';
import { announceWaves, detailsOf, grownByPipeline, rolling } from './rollout-stage.ts';
import { minutes } from './stage.ts';

test("a rollout whose waves are held and let go: the gates' tokens are on the bus, and in no note; nor is what shows us to the API server", async () => {
  const rollout = rolling({ seed: 108 }, { lens: 'lens' });
  const { world, stage, heard } = rollout;
  for (let node = 0; node < 2; node++) world.established('m5.large', [9]);
  await world.kernel.run(minutes(11));
  grownByPipeline(world, { to: 18 });
  announceWaves(world, { to: 18, podsPerNode: 0, waves: { size: 9, gate: 'callback' } });
  const tokens: string[] = [];
  for (const wave of [1, 2]) {
    const { kernel } = world;
    await kernel.run(kernel.nowMs + minutes(30), () => detailsOf(heard, 'Wave Ready').length >= wave);
    tokens.push(String(detailsOf(heard, 'Wave Ready').at(-1)?.['taskToken']));
    world.stepFunctions.tokens.sendTaskSuccess(tokens.at(-1) ?? '', '{}');
  }
  expect((await rollout.toEnd()).status).toBe('SUCCEEDED');
  const notes = JSON.stringify(stage.journal);
  expect(notes).toContain('"wave held"');
  expect(new Set(tokens).size).toBe(2);
  for (const token of tokens) {
    expect(token.length).toBeGreaterThan(8);
    expect(notes).not.toContain(token);
  }
  expect(notes).not.toMatch(/k8s-aws-v1\.|Bearer /);
});

test('settings that are wrong are told without the rest of the environment, where the credentials are', () => {
  const env = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'ASIAXXXXXXXXXXXXXXXX',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI',
    AWS_SESSION_TOKEN: 'IQoJb3JpZ2lu',
    CLUSTERS: '[{"name":"shop","mode":"wram"}]',
  };
  let said = '';
  try {
    connect(env);
  } catch (error) {
    said = `${error} ${(error as Error).stack}`;
  }
  expect(said).toContain('LEDGER_TABLE');
  for (const secret of [env.AWS_ACCESS_KEY_ID, env.AWS_SECRET_ACCESS_KEY, env.AWS_SESSION_TOKEN])
    expect(said).not.toContain(secret);
});

test('there is one way to the log, and two places that see the environment', () => {
  const root = join(import.meta.dirname, '../../lambdas');
  const having = (what: RegExp): string[] =>
    globSync('**/*.ts', { cwd: root }).filter((file) => what.test(readFileSync(join(root, file), 'utf8')));
  expect(having(/\bconsole\.\w+\(|process\.std|new Logger\(/)).toEqual(['adapters/powertools-journal.ts']);
  expect(having(/process\.env\b/).sort()).toEqual(['handlers/answer-gate.ts', 'handlers/wiring.ts']);
  // The SDK's clients write requests, with their headers, where they are given a logger.
  expect(having(/\blogger:/)).toEqual(['adapters/powertools-journal.ts']);
  expect(having(/logEvent|injectLambdaContext/)).toEqual([]);
});
