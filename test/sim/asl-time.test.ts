/** Waiting, retrying, timing out and being called back, on virtual time. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Execution } from '../../sim/asl/execution.ts';
import { retryDelayMs } from '../../sim/asl/interpreter.ts';
import { lambdaInvoke, type Task } from '../../sim/asl/tasks.ts';
import { Chance } from '../../sim/chance.ts';
import { call, EPOCH_MS, only, run, stage, Trouble, types } from './asl-stage.ts';

const lasted = ({ startedMs, stoppedMs = Number.NaN }: Execution): number => stoppedMs - startedMs;

/** Fails so many times, then answers. */
function failing(times: number, error: Error = new Trouble('not yet')): Task & { calls: number } {
  const task = Object.assign(
    async () => {
      if (task.calls++ < times) throw error;
      return 'done';
    },
    { calls: 0 },
  );
  return task;
}

test('Wait lasts its Seconds, or until its Timestamp, however they are worked out', async () => {
  const input = { waitMs: 2_500, at: new Date(EPOCH_MS + 90_000).toISOString() };
  const wait = (fields: object) => run(only({ Type: 'Wait', ...fields }), { input });
  expect(lasted(await wait({ Seconds: '{% $ceil($states.input.waitMs / 1000) %}' }))).toBe(3_000);
  expect(lasted(await wait({ Seconds: 7 }))).toBe(7_000);
  expect(lasted(await wait({ Timestamp: '{% $states.input.at %}' }))).toBe(90_000);
  expect(await wait({ Seconds: '{% $states.input.waitMs / 1000 %}' })).toMatchObject({
    error: 'States.QueryEvaluationError',
  });
});

test('a task that fails three times is retried after 2, 4 and, capped, 5 seconds, each a billed transition', async () => {
  const task = failing(3);
  const Retry = [{ ErrorEquals: ['Trouble'], IntervalSeconds: 2, MaxDelaySeconds: 5 }];
  const execution = await run(only(call({ Retry })), { tasks: { 'test:call': task } });
  expect(execution).toMatchObject({ status: 'SUCCEEDED', output: 'done', transitions: 4 });
  expect(lasted(execution)).toBe(11_000);
  expect(types(execution).filter((type) => type === 'TaskFailed')).toHaveLength(3);
  expect(types(execution).filter((type) => type === 'TaskStateEntered')).toHaveLength(1);
});

test('when its attempts are spent the error goes to Catch, which sees error and cause', async () => {
  const task = failing(9);
  const execution = await run(
    {
      StartAt: 'Try',
      States: {
        Try: call({
          Retry: [
            { ErrorEquals: ['Other'], MaxAttempts: 9 },
            { ErrorEquals: ['States.TaskFailed'], MaxAttempts: 2, BackoffRate: 1 },
            { ErrorEquals: ['States.ALL'], MaxAttempts: 9 },
          ],
          Catch: [
            {
              ErrorEquals: ['Trouble'],
              Assign: { why: '{% $states.errorOutput.Error %}' },
              Output: '{% $states.errorOutput.Cause & $states.input.mark %}',
              Next: 'Tell',
            },
          ],
          End: true,
        }),
        Tell: { Type: 'Succeed', Output: ['{% $why %}', '{% $states.input %}'] },
      },
    },
    { tasks: { 'test:call': task }, input: { mark: '!' } },
  );
  expect(execution.output).toEqual(['Trouble', 'not yet!']);
  expect(task.calls).toBe(3);
});

test('a Catch without Output hands on the error output', async () => {
  const execution = await run(
    {
      StartAt: 'Try',
      States: {
        Try: call({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'End' }], End: true }),
        End: { Type: 'Succeed' },
      },
    },
    { tasks: { 'test:call': failing(1) } },
  );
  expect(execution.output).toEqual({ Error: 'Trouble', Cause: 'not yet' });
});

test('the delay of every retry lies within its bounds, with and without jitter', () => {
  fc.assert(
    fc.property(
      fc.record({
        interval: fc.integer({ min: 1, max: 1_000 }),
        rate: fc.double({ min: 1, max: 4, noNaN: true }),
        cap: fc.integer({ min: 1_001, max: 100_000 }),
        tries: fc.integer({ min: 0, max: 12 }),
        seed: fc.integer(),
      }),
      ({ interval, rate, cap, tries, seed }) => {
        const retrier = {
          ErrorEquals: ['States.ALL'],
          IntervalSeconds: interval,
          BackoffRate: rate,
          MaxDelaySeconds: cap,
        };
        const jitter = new Chance(seed).stream('jitter');
        const plain = retryDelayMs(retrier, tries, jitter);
        const drawn = retryDelayMs({ ...retrier, JitterStrategy: 'FULL' }, tries, jitter);
        expect(plain).toBe(Math.round(1_000 * Math.min(cap, interval * rate ** tries)));
        expect(drawn).toBeGreaterThanOrEqual(0);
        expect(drawn).toBeLessThanOrEqual(plain);
      },
    ),
  );
});

test('jitter comes from the seed: the same seed waits the same, another one does not', async () => {
  const Retry = [{ ErrorEquals: ['Trouble'], IntervalSeconds: 60, JitterStrategy: 'FULL' }];
  const once = async (seed: number) =>
    lasted(await run(only(call({ Retry })), { seed, tasks: { 'test:call': failing(3) } }));
  expect(await once(1)).toBe(await once(1));
  expect(await once(1)).not.toBe(await once(2));
});

test('a Lambda function’s error has its class’s name, and the cause Lambda writes', async () => {
  const state = {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Arguments: { FunctionName: 'arn:aws:lambda:eu-central-1:111122223333:function:warm-wave:live' },
  };
  const functions = { 'warm-wave': failing(1) };
  const execution = await run(only(state), { tasks: { 'lambda:invoke': lambdaInvoke(functions) } });
  expect(execution).toMatchObject({ status: 'FAILED', error: 'Trouble' });
  expect(JSON.parse(execution.cause ?? '')).toEqual({
    errorType: 'Trouble',
    errorMessage: 'not yet',
    trace: expect.arrayContaining([expect.stringContaining('not yet')]),
  });
});

test('a way of invoking that this world does not have ends the run', async () => {
  const invoke = lambdaInvoke({ f: async () => null });
  await expect(invoke({ FunctionName: 'f', InvocationType: 'RequestResponse' })).resolves.toMatchObject({
    Payload: null,
    StatusCode: 200,
  });
  await expect(invoke({ FunctionName: 'f', InvocationType: 'Event' })).rejects.toThrow('nothing known of');
  await expect(invoke({ FunctionName: 'f', Qualifier: 'live' })).rejects.toThrow('nothing known of');
});

describe('a task that never answers', () => {
  /** Waits for the world, and the world never comes back to it. */
  const attempt = async (ErrorEquals: string[], machineFields: object = {}): Promise<Execution> => {
    const { kernel, machine } = stage(
      {
        StartAt: 'Try',
        States: {
          Try: call({ TimeoutSeconds: 30, Catch: [{ ErrorEquals, Next: 'End' }], End: true }),
          End: { Type: 'Succeed', Output: '{% $states.input.Error %}' },
        },
        ...machineFields,
      },
      { 'test:call': () => kernel.park(() => {}) },
    );
    const execution = machine.start({});
    await kernel.run(60_000);
    return execution;
  };

  test('is States.Timeout after TimeoutSeconds', async () => {
    const execution = await attempt(['States.Timeout']);
    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: 'States.Timeout', stoppedMs: 30_000 });
    expect(types(execution)).toContain('TaskTimedOut');
  });

  test('which States.TaskFailed is not, and States.ALL is', async () => {
    expect(await attempt(['States.TaskFailed'])).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(await attempt(['States.ALL'])).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('ends the execution as TIMED_OUT when the machine’s own time is over; no Catch can answer that', async () => {
    const execution = await attempt(['States.ALL'], { TimeoutSeconds: 20 });
    expect(execution).toMatchObject({ status: 'TIMED_OUT', stoppedMs: 20_000 });
    expect(types(execution).at(-1)).toBe('ExecutionTimedOut');
  });
});

describe('a callback', () => {
  function waiting(state: object = {}) {
    const tokens: string[] = [];
    const { machine, seconds } = stage(
      only({
        Type: 'Task',
        Resource: 'arn:aws:states:::test:call.waitForTaskToken',
        Arguments: '{% $states.context.Task.Token %}',
        ...state,
      }),
      {
        'test:call': async (token) => {
          tokens.push(String(token));
          return 'not the result';
        },
      },
    );
    return { machine, seconds, tokens, execution: machine.start({}) };
  }

  test('waits for its token, and the answer is its result', async () => {
    const { machine, seconds, tokens, execution } = waiting();
    await seconds(3_600);
    expect(execution.status).toBe('RUNNING');
    machine.tokens.sendTaskSuccess(tokens[0] ?? '', '{"approved":true}');
    await seconds(0);
    expect(execution).toMatchObject({
      status: 'SUCCEEDED',
      output: { approved: true },
      stoppedMs: 3_600_000,
    });
    expect(types(execution)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSubmitted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
  });

  test('may be answered with a failure, once', async () => {
    const { machine, seconds, tokens, execution } = waiting();
    await seconds(1);
    machine.tokens.sendTaskFailure(tokens[0] ?? '', { error: 'Refused', cause: 'by hand' });
    expect(() => machine.tokens.sendTaskSuccess(tokens[0] ?? '', '1')).toThrow('no longer waits');
    await seconds(1);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Refused', cause: 'by hand' });
  });

  test('lives as long as its heart beats, and no longer', async () => {
    const { machine, seconds, tokens, execution } = waiting({ HeartbeatSeconds: 60 });
    for (let minute = 0; minute < 5; minute++) {
      await seconds(50);
      machine.tokens.sendTaskHeartbeat(tokens[0] ?? '');
    }
    await seconds(59);
    expect(execution.status).toBe('RUNNING');
    await seconds(2);
    expect(execution).toMatchObject({
      status: 'FAILED',
      error: 'States.HeartbeatTimeout',
      stoppedMs: 310_000,
    });
  });

  test('whose heart never beats ends as well', async () => {
    const { seconds, execution } = waiting({ HeartbeatSeconds: 60 });
    await seconds(61);
    expect(execution).toMatchObject({ error: 'States.HeartbeatTimeout', stoppedMs: 60_000 });
  });

  test('gets a new token with every attempt; the old one no longer counts', async () => {
    const Retry = [{ ErrorEquals: ['States.Timeout'], MaxAttempts: 1 }];
    const { machine, seconds, tokens, execution } = waiting({ TimeoutSeconds: 10, Retry });
    await seconds(20);
    expect(tokens).toHaveLength(2);
    expect(() => machine.tokens.sendTaskSuccess(tokens[0] ?? '', '1')).toThrow('no longer waits');
    machine.tokens.sendTaskSuccess(tokens[1] ?? '', '2');
    await seconds(0);
    expect(execution.output).toBe(2);
  });

  test('is not found under a token nobody was given, and its answer must be JSON', async () => {
    const { machine, seconds, tokens } = waiting();
    await seconds(1);
    expect(() => machine.tokens.sendTaskHeartbeat('guess')).toThrow('no task has this token');
    expect(() => machine.tokens.sendTaskSuccess(tokens[0] ?? '', 'yes')).toThrow('not JSON');
  });
});
