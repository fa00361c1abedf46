/** The rollout machine as it is deployed: its definition, and how long and dear an execution can become. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { MOST_RETRIES } from '../../infra/rollout-machine.ts';
import { rolloutTemplate } from '../../infra/rollout-template.ts';
import { NotHeld, RolloutStopped, RolloutUnknown } from '../../lambdas/core/rollouts/errors.ts';
import {
  EXECUTION_HISTORY_EVENTS,
  MOST_ROUNDS,
  MOST_WAVES,
  shortestWaitMs,
} from '../../lambdas/core/rollouts/history.ts';
import type { Next } from '../../lambdas/core/rollouts/phase.ts';
import type { Execution } from '../../sim/asl/execution.ts';
import { type LambdaFunction, lambdaInvoke } from '../../sim/asl/tasks.ts';
import { definitionIn } from '../../sim/asl/template.ts';
import { stage } from '../sim/asl-stage.ts';
import { stackOf, WARM } from './synthesized.ts';

const definition = definitionIn(rolloutTemplate(), () => undefined) as {
  readonly States: Readonly<Record<string, State>>;
};
interface State {
  readonly Type: string;
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[]; readonly MaxAttempts: number }[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[] }[];
  readonly Arguments?: { readonly FunctionName: string };
}
const states = Object.entries(definition.States);

test('a state that works is called as the file of its function', () => {
  const files = readdirSync(join(import.meta.dirname, '../../lambdas/handlers'));
  const tasks = states.filter(([, { Type }]) => Type === 'Task');
  expect(tasks.map(([name]) => name).sort()).toEqual([
    'Advance wave',
    'Hold wave',
    'Plan rollout',
    'Report rollout',
    'Verify wave',
    'Warm wave',
  ]);
  for (const [name, { Arguments }] of tasks) {
    const file = name.toLowerCase().replace(' ', '-');
    expect(files).toContain(`${file}.ts`);
    expect(Arguments?.FunctionName).toMatch(new RegExp(`:${file}$`));
  }
});

test('the errors that are matched are the ones that are thrown', () => {
  const names = [RolloutStopped, RolloutUnknown, NotHeld].map((make) => new make('').name);
  const matched = new Set(
    states.flatMap(([, { Retry = [] }]) => Retry.flatMap(({ ErrorEquals }) => ErrorEquals)),
  );
  for (const name of names) expect(matched).toContain(name);
});

test('the published validator has nothing to say', () => {
  const validate = createRequire(import.meta.url)('asl-validator') as (definition: unknown) => {
    readonly isValid: boolean;
    readonly errors: readonly unknown[];
  };
  const { isValid, errors } = validate(definition);
  expect(errors).toEqual([]);
  expect(isValid).toBe(true);
});

test('the stack deploys this very machine', () => {
  const template = Template.fromStack(stackOf(WARM).stack).toJSON();
  const inStack = definitionIn(template, (id, attribute) => (attribute === 'Arn' ? `arn:${id}` : undefined));
  // The flags of cdk.json decide whether each state says it again.
  const plain = (one: unknown): string =>
    JSON.stringify(one)
      .replaceAll(',"QueryLanguage":"JSONata"', '')
      .replace(
        /"arn:(?:aws:lambda:[^"]*:function:)?([^"]*)"/g,
        (_, name: string) =>
          `"${name
            .replace(/Function[0-9A-F]{8}$/, '')
            .replaceAll('-', '')
            .toLowerCase()}"`,
      );
  expect(plain(inStack)).toBe(plain(definition));
});

test('observe deploys no machine: nothing would be carried out', () => {
  const { stack } = stackOf({ cluster: 'demo' });
  Template.fromStack(stack).resourceCountIs('AWS::StepFunctions::StateMachine', 0);
});

describe('the largest rollout that is allowed', () => {
  const HOUR_MS = 3_600_000;

  /** Phases that answer as the real ones do when everything takes as long as it may; `fails`: each function so often. */
  async function play(rounds: number, fails: number): Promise<Execution> {
    let [wave, left] = [0, rounds];
    const failures = new Map<string, number>();
    const waits = (then: Next): Next => (left-- > 0 ? { go: 'wait', waitMs: 1_000 } : then);
    const phase =
      (name: string, answer: (event: never) => Next | undefined): LambdaFunction =>
      async (event) => {
        const failed = failures.get(name) ?? 0;
        failures.set(name, failed + 1);
        if (failed % (fails + 1) < fails) throw new Error('cut off');
        return answer(event as never);
      };
    const { machine, kernel } = stage(definition, {
      'lambda:invoke': lambdaInvoke({
        'plan-rollout': phase('plan', () => (wave++ < MOST_WAVES ? { go: 'warm' } : { go: 'report' })),
        'warm-wave': phase('warm', () => waits({ go: 'verify' })),
        'verify-wave': phase('verify', ({ opened }: { opened: boolean }) =>
          opened ? { go: 'advance' } : { go: 'hold', holdSeconds: 60 },
        ),
        'hold-wave': phase('hold', ({ token }: { token: string }) => {
          kernel.after(1_000, () => machine.tokens.sendTaskSuccess(token, '{}'));
          return undefined;
        }),
        'advance-wave': phase('advance', () => ({ go: 'settle', waitMs: 1_000 })),
        'report-rollout': phase('report', () => ({ go: 'done' })),
      }),
    });
    const execution = machine.start({ input: { rolloutId: 'shop/largest' } });
    await kernel.run(240 * HOUR_MS, () => execution.status !== 'RUNNING');
    return execution;
  }

  test('its history stays far below what an execution may record', async () => {
    const { status, history } = await play(MOST_ROUNDS, 0);
    expect(status).toBe('SUCCEEDED');
    expect(history.length).toBeGreaterThan(MOST_WAVES * 40);
    expect(history.length).toBeLessThan(EXECUTION_HISTORY_EVENTS / 3);
  });

  test('and below it even when every function is cut off as often as it is tried again', async () => {
    const { status, history } = await play(MOST_ROUNDS, MOST_RETRIES);
    expect(status).toBe('SUCCEEDED');
    expect(history.length).toBeLessThan(EXECUTION_HISTORY_EVENTS);
  });

  test('rounds are spread so that they last until the deadline', () => {
    let [rounds, nowMs] = [0, 0];
    const deadlineMs = 24 * HOUR_MS;
    while (nowMs < deadlineMs) {
      nowMs += Math.max(1_000, shortestWaitMs(rounds, nowMs, deadlineMs));
      rounds++;
    }
    expect(rounds).toBeLessThanOrEqual(MOST_ROUNDS);
  });
});
