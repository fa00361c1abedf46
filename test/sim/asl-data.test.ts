/** Data on its way through a machine: Arguments, Output, Assign, `$states`, the helpers, and what is refused. */
import { expect, test } from 'vitest';
import { call, EPOCH_MS, only, run, types } from './asl-stage.ts';

const echo = { 'test:call': async (input: unknown) => input };

test('a task gets its Arguments and its Output sees input, result and context', async () => {
  const execution = await run(
    only(
      call({
        Arguments: {
          wave: '{% $states.input.wave + 1 %}',
          fixed: ['as it is', '{% $states.context.State.Name %}'],
        },
        Output: {
          was: '{% $states.input.wave %}',
          came: '{% $states.result %}',
          id: '{% $states.context.Execution.Name %}',
        },
      }),
    ),
    { input: { wave: 3 }, tasks: echo },
  );
  expect(execution).toMatchObject({
    status: 'SUCCEEDED',
    output: { was: 3, came: { wave: 4, fixed: ['as it is', 'Only'] }, id: execution.name },
  });
});

test('without Arguments and Output, input goes in and the result comes out, and data is never taken for an expression', async () => {
  const input = { text: '{% $missing %}' };
  expect(await run(only(call()), { input, tasks: echo })).toMatchObject({
    status: 'SUCCEEDED',
    output: input,
  });
});

test('Assign and Output are evaluated on what the state found, and later states see the new values', async () => {
  const execution = await run({
    StartAt: 'First',
    States: {
      First: { Type: 'Pass', Assign: { n: 1, m: 10 }, Next: 'Second' },
      Second: { Type: 'Pass', Assign: { n: '{% $m %}', m: '{% $n %}' }, Output: '{% $n %}', Next: 'Third' },
      Third: { Type: 'Succeed', Output: { n: '{% $n %}', m: '{% $m %}', before: '{% $states.input %}' } },
    },
  });
  expect(execution.output).toEqual({ n: 10, m: 1, before: 1 });
});

test('when the Output fails, nothing is assigned', async () => {
  const execution = await run(
    {
      StartAt: 'Set',
      States: {
        Set: { Type: 'Pass', Assign: { n: 1 }, Next: 'Break' },
        Break: call({
          Assign: { n: 2 },
          Output: '{% $nowhere %}',
          Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Next: 'Look' }],
          End: true,
        }),
        Look: { Type: 'Succeed', Output: '{% $n %}' },
      },
    },
    { tasks: echo },
  );
  expect(execution.output).toBe(1);
});

test.each([
  ['an undefined result', '{% $states.input.nothing %}', 'returned nothing (undefined)'],
  ['a variable nobody assigned', '{% $nobody %}', 'returned nothing (undefined)'],
  ['a function', '{% function($x) { $x } %}', 'failed'],
  ['an error of JSONata', '{% 1 + "a" %}', 'failed'],
  ['$eval, which the service lacks', '{% $eval("1") %}', 'not supported'],
])('%s is States.QueryEvaluationError', async (_, Output, cause) => {
  const execution = await run(only({ Type: 'Pass', Output }));
  expect(execution).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
  expect(execution.cause).toContain(cause);
  expect(types(execution)).toEqual([
    'ExecutionStarted',
    'PassStateEntered',
    'EvaluationFailed',
    'ExecutionFailed',
  ]);
});

test('the helpers of Step Functions answer as documented', async () => {
  const helpers = {
    partition: '{% $partition([1..5], 2) %}',
    range: '{% $range(0, 10, 5) %}',
    hash: '{% $hash("abc", "SHA-256") %}',
    parse: '{% $parse("{\\"a\\":[1]}").a[0] %}',
    uuid: '{% $uuid() %}',
    random: '{% $random() %}',
    same: '{% $random(7) = $random(7) %}',
    now: '{% $now() %}',
    millis: '{% $millis() %}',
    year: "{% $now('[Y0001]') %}",
    shuffled: '{% $sort($shuffle([3,1,2])) %}',
  };
  const { output } = await run(only({ Type: 'Pass', Output: helpers }));
  expect(output).toMatchObject({
    partition: [[1, 2], [3, 4], [5]],
    range: [0, 5, 10],
    hash: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    parse: 1,
    uuid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    same: true,
    now: '2026-01-01T00:00:00.000Z',
    millis: EPOCH_MS,
    year: '2026',
    shuffled: [1, 2, 3],
  });
  expect(await run(only({ Type: 'Pass', Output: helpers }), { seed: 2 })).not.toMatchObject({ output });
  expect((await run(only({ Type: 'Pass', Output: helpers }))).output).toEqual(output);
});

test('256 KiB is the most a state may be given or hand on, and States.ALL does not catch it', async () => {
  const Catch = [{ ErrorEquals: ['States.ALL'], Next: 'Only' }];
  const sized = (bytes: number) =>
    run(only(call({ Catch })), { tasks: { 'test:call': async () => 'x'.repeat(bytes - 2) } });
  expect(await sized(262_144)).toMatchObject({ status: 'SUCCEEDED' });
  expect(await sized(262_145)).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
});

test('a Choice takes the first rule that holds, with that rule’s own Assign and Output', async () => {
  const machine = {
    StartAt: 'Which',
    States: {
      Which: {
        Type: 'Choice',
        Choices: [
          { Condition: '{% $states.input.waitMs > 0 %}', Assign: { how: 'wait' }, Next: 'Say' },
          {
            Condition: '{% $states.input.kind = "done" %}',
            Output: 'rule',
            Assign: { how: 'done' },
            Next: 'Say',
          },
        ],
        Assign: { how: 'default' },
        Default: 'Say',
      },
      Say: { Type: 'Succeed', Output: { how: '{% $how %}', got: '{% $states.input %}' } },
    },
  };
  const output = async (input: unknown) => (await run(machine, { input })).output;
  expect(await output({ waitMs: 5, kind: 'done' })).toEqual({
    how: 'wait',
    got: { waitMs: 5, kind: 'done' },
  });
  expect(await output({ waitMs: 0, kind: 'done' })).toEqual({ how: 'done', got: 'rule' });
  expect(await output({ waitMs: 0, kind: 'other' })).toMatchObject({ how: 'default' });
});

test('a Choice that nothing answers is States.NoChoiceMatched, and a condition must be a boolean', async () => {
  const choice = (Condition: string) =>
    run({
      StartAt: 'Which',
      States: { Which: { Type: 'Choice', Choices: [{ Condition, Next: 'End' }] }, End: { Type: 'Succeed' } },
    });
  expect(await choice('{% false %}')).toMatchObject({ status: 'FAILED', error: 'States.NoChoiceMatched' });
  expect(await choice('{% 1 %}')).toMatchObject({ error: 'States.QueryEvaluationError' });
});

test('Fail ends the execution with the error and the cause it works out', async () => {
  const execution = await run(
    {
      StartAt: 'No',
      States: { No: { Type: 'Fail', Error: '{% "Wave" & $states.input.kind %}', Cause: 'full' } },
    },
    { input: { kind: 'Blocked' } },
  );
  expect(execution).toMatchObject({ status: 'FAILED', error: 'WaveBlocked', cause: 'full' });
  expect(types(execution)).toEqual(['ExecutionStarted', 'FailStateEntered', 'ExecutionFailed']);
});
