import { createHash } from 'node:crypto';
import type { SFNClient } from '@aws-sdk/client-sfn';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { executionName, SfnRolloutMachine } from '../../lambdas/adapters/sfn-rollout-machine.ts';
import { EPOCH_MS, inProcess, smallWorld } from '../sim/doors-world.ts';

const ROLLOUT = 'shop/release-7';

/** A machine whose one gate opens when its token is answered, or never within the hour. */
async function enter() {
  const world = smallWorld();
  const tokens: string[] = [];
  const machine = world.stepFunctions.addMachine({
    name: 'rollout',
    definition: {
      QueryLanguage: 'JSONata',
      StartAt: 'Gate',
      States: {
        Gate: {
          Type: 'Task',
          Resource: 'arn:aws:states:::test:call.waitForTaskToken',
          Arguments: '{% $states.context.Task.Token %}',
          TimeoutSeconds: 3_600,
          End: true,
        },
      },
    },
    tasks: { 'test:call': async (token) => tokens.push(token as string) },
  });
  const { through, pass } = await inProcess.open(world);
  const clock = () => EPOCH_MS + world.kernel.nowMs;
  const withArn = (rolloutMachineArn: string | undefined) => (sfn: SFNClient) =>
    new SfnRolloutMachine(() => sfn, { rolloutMachineArn }, clock);
  return { world, machine, tokens, through, pass, over: withArn(machine.arn), withArn };
}

describe('the machine of rollouts', () => {
  test('is started for a rollout, of which it is told the id and nothing else', async () => {
    const { machine, through, pass, over } = await enter();
    expect(await through(({ sfn }) => over(sfn).start(ROLLOUT))).toBe('started');
    await pass(1_000);
    expect(machine.executions).toMatchObject([
      { name: executionName(ROLLOUT), input: { rolloutId: ROLLOUT }, status: 'RUNNING' },
    ]);
  });

  test('is not started twice: the same announcement again finds it, while it runs and after its end', async () => {
    const { machine, through, pass, over, tokens } = await enter();
    const start = () => through(({ sfn }) => over(sfn).start(ROLLOUT));
    await start();
    await pass(60_000);
    expect(await start()).toBe('known');
    await through(({ sfn }) => over(sfn).open(tokens[0] ?? ''));
    await pass(60_000);
    expect(machine.executions).toMatchObject([{ status: 'SUCCEEDED' }]);
    expect(await start()).toBe('known');
    expect(machine.executions).toHaveLength(1);
  });

  test('is started once, though two functions that hear of it at once may both say so', async () => {
    const { machine, through, over } = await enter();
    const said = await through(({ sfn }) =>
      Promise.all([over(sfn).start(ROLLOUT), over(sfn).start(ROLLOUT)]),
    );
    expect(said).toEqual(['started', 'started']);
    expect(machine.executions).toHaveLength(1);
  });

  test('runs for each rollout on its own', async () => {
    const { machine, through, over } = await enter();
    for (const rolloutId of [ROLLOUT, 'shop/release-8', 'depot/release-7'])
      expect(await through(({ sfn }) => over(sfn).start(rolloutId))).toBe('started');
    expect(machine.executions).toHaveLength(3);
  });

  test('where the stack has none, the complaint names the rollout and the setting, and nobody is asked', async () => {
    const { through, withArn } = await enter();
    const machine = new SfnRolloutMachine(
      () => {
        throw new Error('a client was made');
      },
      { rolloutMachineArn: undefined },
      () => EPOCH_MS,
    );
    await expect(machine.start(ROLLOUT)).rejects.toThrow(
      'rollout shop/release-7 cannot go out in waves: ROLLOUT_MACHINE_ARN names no state machine',
    );
    const elsewhere = 'arn:aws:states:eu-central-1:111122223333:stateMachine:other';
    await expect(through(({ sfn }) => withArn(elsewhere)(sfn).start(ROLLOUT))).rejects.toMatchObject({
      name: 'StateMachineDoesNotExist',
    });
  });
});

describe('a gate', () => {
  test('opens once, and the machine is told that it did', async () => {
    const { machine, through, pass, over, tokens } = await enter();
    const open = (token = tokens[0] ?? '') => through(({ sfn }) => over(sfn).open(token));
    await through(({ sfn }) => over(sfn).start(ROLLOUT));
    await pass(1_000);
    expect(await open()).toBe('opened');
    await pass(1_000);
    expect(machine.executions).toMatchObject([{ status: 'SUCCEEDED', output: { opened: true } }]);
    expect(await open()).toBe('gone');
  });

  test('that timed out, or that never was, is gone', async () => {
    const { through, pass, over, tokens } = await enter();
    const open = (token = tokens[0] ?? '') => through(({ sfn }) => over(sfn).open(token));
    await through(({ sfn }) => over(sfn).start(ROLLOUT));
    await pass(3_601_000);
    expect(await open()).toBe('gone');
    expect(await open('made up')).toBe('gone');
  });

  test('whose token cannot be one is an error, not an open question', async () => {
    const { through, over } = await enter();
    await expect(through(({ sfn }) => over(sfn).open('x'.repeat(2_049)))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });
});

describe('the name of an execution', () => {
  const hash = (rolloutId: string): string =>
    createHash('sha256').update(rolloutId).digest('hex').slice(0, 24);

  test.each([
    [ROLLOUT, 'shop-release-7'],
    ['shop/release 7: cart & api', 'shop-release-7-cart-api'],
    ['shop/team/release', 'shop-team-release'],
    ['shop/', 'shop'],
    ['shop/中文', 'shop'],
    [`${'c'.repeat(100)}/${'a'.repeat(300)}`, `${'c'.repeat(27)}-${'a'.repeat(27)}`],
  ])('%s: words for people, then what tells it from all others', (rolloutId, words) => {
    expect(executionName(rolloutId)).toBe(`${words}-${hash(rolloutId)}`);
  });

  test('is one that Step Functions takes, the same each time, and no other rollout’s', () => {
    const anyId = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(anyId, anyId, (one, other) => {
        expect(executionName(one)).toMatch(/^[\w-]{1,80}$/);
        expect(executionName(one) === executionName(other)).toBe(one === other);
      }),
    );
    expect(executionName('shop/a b')).not.toBe(executionName('shop/a-b'));
    expect(executionName(ROLLOUT)).toBe(executionName(ROLLOUT));
  });
});
