import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  paginateGetExecutionHistory,
  RedriveExecutionCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, test } from 'vitest';
import { type Door, EPOCH_MS, inProcess, type OpenDoor, overHttp, smallWorld } from './doors-world.ts';

const at = (ms: number): Date => new Date(EPOCH_MS + ms);
const NAME = 'shop-release-7';
const INPUT = '{"rolloutId":"shop/release-7"}';

/** A machine that hands its gate's token out, waits for the answer at most ten minutes, and ends with it. */
const GATED = {
  QueryLanguage: 'JSONata',
  StartAt: 'Gate',
  States: {
    Gate: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Arguments: { FunctionName: 'gate', Payload: { token: '{% $states.context.Task.Token %}' } },
      TimeoutSeconds: 600,
      HeartbeatSeconds: 300,
      End: true,
    },
  },
};

let opened: OpenDoor | undefined;
afterEach(() => opened?.close());

async function enter(door: Door = inProcess) {
  const world = smallWorld();
  const tokens: string[] = [];
  const machine = world.stepFunctions.addMachine({
    name: 'rollout',
    definition: GATED,
    tasks: {
      'lambda:invoke': async (input) => {
        tokens.push((input as { Payload: { token: string } }).Payload.token);
      },
    },
  });
  const { through, pass, close } = await door.open(world);
  opened = { through, pass, close };
  const executionArn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${NAME}`;
  return {
    executionArn,
    machineArn: machine.arn,
    tokens,
    through,
    pass,
    start: (input = INPUT, name: string | undefined = NAME) =>
      through(({ sfn }) =>
        sfn.send(new StartExecutionCommand({ stateMachineArn: machine.arn, name, input })),
      ),
    describe: () => through(({ sfn }) => sfn.send(new DescribeExecutionCommand({ executionArn }))),
    stop: () =>
      through(({ sfn }) =>
        sfn.send(new StopExecutionCommand({ executionArn, error: 'Stopped', cause: 'by hand' })),
      ),
    redrive: () => through(({ sfn }) => sfn.send(new RedriveExecutionCommand({ executionArn }))),
    open: (taskToken: string, output = '{"opened":true}') =>
      through(({ sfn }) => sfn.send(new SendTaskSuccessCommand({ taskToken, output }))),
  };
}

describe.each([inProcess, overHttp])('Step Functions, $door', (door) => {
  test('an execution starts, waits at its gate and ends with what opens it', async () => {
    const { start, describe, open, tokens, pass, executionArn, machineArn } = await enter(door);
    const { startDate } = await start();
    await pass(60_000);
    const waiting = await describe();
    expect(waiting).toMatchObject({
      executionArn,
      stateMachineArn: machineArn,
      name: NAME,
      status: 'RUNNING',
      startDate,
      input: INPUT,
      inputDetails: { included: true },
      redriveCount: 0,
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: 'Execution is RUNNING and cannot be redriven.',
    });
    expect(waiting.stopDate).toBeUndefined();
    expect(waiting.output).toBeUndefined();
    await open(tokens[0] ?? '');
    await pass(1_000);
    expect(await describe()).toMatchObject({ status: 'SUCCEEDED', output: '{"opened":true}' });
  });
});

test('the dates are those of virtual time', async () => {
  const { start, stop, redrive, describe, pass } = await enter();
  await pass(1_234);
  expect((await start()).startDate).toEqual(at(1_234));
  await pass(10_000);
  expect((await stop()).stopDate).toEqual(at(11_234));
  await pass(10_000);
  expect((await redrive()).redriveDate).toEqual(at(21_234));
  expect(await describe()).toMatchObject({ startDate: at(1_234), redriveDate: at(21_234), redriveCount: 1 });
});

describe('StartExecution', () => {
  test('of the same name and input is the execution that runs, with its own date', async () => {
    const { start, pass, tokens } = await enter();
    const { executionArn } = await start();
    await pass(60_000);
    expect(await start()).toMatchObject({ executionArn, startDate: at(0) });
    await pass(1_000);
    expect(tokens).toHaveLength(1);
  });

  test('of a name that has another input, or has ended, is refused', async () => {
    const { start, stop, pass } = await enter();
    await start();
    const refused = { name: 'ExecutionAlreadyExists', $metadata: { httpStatusCode: 400 } };
    await expect(start('{}')).rejects.toMatchObject(refused);
    await stop();
    await pass(1_000);
    await expect(start()).rejects.toMatchObject(refused);
  });

  test('without a name is given one', async () => {
    const { through, machineArn } = await enter();
    const start = () =>
      through(({ sfn }) => sfn.send(new StartExecutionCommand({ stateMachineArn: machineArn })));
    expect((await start()).executionArn).not.toBe((await start()).executionArn);
  });

  test.each([
    ['input that is not JSON', { input: 'release 7' }, 'InvalidExecutionInput'],
    ['input of more than 256 KiB', { input: JSON.stringify('x'.repeat(262_144)) }, 'InvalidExecutionInput'],
    ['a name with a space', { name: 'release 7' }, 'InvalidName'],
    ['a name of 81 characters', { name: 'r'.repeat(81) }, 'InvalidName'],
    [
      'a machine that is not there',
      { stateMachineArn: 'arn:aws:states:eu-central-1:111122223333:stateMachine:other' },
      'StateMachineDoesNotExist',
    ],
    ['something else than a machine', { stateMachineArn: 'rollout' }, 'InvalidArn'],
    ['a header that is not kept', { traceHeader: 'Root=1' }, 'ValidationException'],
  ])('with %s is refused', async (_, wrong, name) => {
    const { through, machineArn } = await enter();
    const asked = { stateMachineArn: machineArn, ...wrong };
    await expect(through(({ sfn }) => sfn.send(new StartExecutionCommand(asked)))).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: 400 },
    });
  });
});

describe('a task token', () => {
  test('is good once; afterwards it is TaskTimedOut, and one that nobody gave out is InvalidToken', async () => {
    const { start, pass, open, tokens, through } = await enter();
    await start();
    await pass(1_000);
    const [token = ''] = tokens;
    await expect(open(token, 'not JSON')).rejects.toMatchObject({ name: 'InvalidOutput' });
    await open(token);
    await pass(1_000);
    await expect(open(token)).rejects.toMatchObject({ name: 'TaskTimedOut' });
    await expect(open('another')).rejects.toMatchObject({ name: 'InvalidToken' });
    await expect(
      through(({ sfn }) => sfn.send(new SendTaskHeartbeatCommand({ taskToken: token }))),
    ).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });

  test('kept alive by heartbeats runs into its time-out; without them it ends sooner', async () => {
    const { start, pass, describe, tokens, through } = await enter();
    await start();
    await pass(250_000);
    await through(({ sfn }) => sfn.send(new SendTaskHeartbeatCommand({ taskToken: tokens[0] ?? '' })));
    await pass(299_000);
    expect((await describe()).status).toBe('RUNNING');
    await pass(2_000);
    expect(await describe()).toMatchObject({
      status: 'FAILED',
      error: 'States.HeartbeatTimeout',
      redriveStatus: 'REDRIVABLE',
    });
  });

  test('answered with a failure fails the execution with it', async () => {
    const { start, pass, describe, tokens, through } = await enter();
    await start();
    await pass(1_000);
    const failure = { taskToken: tokens[0] ?? '', error: 'Rejected', cause: 'not today' };
    await through(({ sfn }) => sfn.send(new SendTaskFailureCommand(failure)));
    await pass(1_000);
    expect(await describe()).toMatchObject({ status: 'FAILED', error: 'Rejected', cause: 'not today' });
  });
});

describe('an execution that was stopped', () => {
  test('says why, and no longer waits for its token; redriven it waits for another', async () => {
    const { start, stop, redrive, describe, open, pass, tokens } = await enter();
    await start();
    await pass(1_000);
    await stop();
    await pass(1_000);
    const [first = ''] = tokens;
    expect(await describe()).toMatchObject({ status: 'ABORTED', error: 'Stopped', cause: 'by hand' });
    await expect(open(first)).rejects.toMatchObject({ name: 'TaskTimedOut' });
    await redrive();
    await pass(1_000);
    expect(await describe()).toMatchObject({ status: 'RUNNING', redriveCount: 1 });
    const second = tokens[1] ?? '';
    expect(second).not.toBe(first);
    await open(second);
    await pass(1_000);
    const ended = await describe();
    expect(ended).toMatchObject({ status: 'SUCCEEDED', redriveCount: 1 });
    expect(ended.error).toBeUndefined();
    await expect(redrive()).rejects.toMatchObject({ name: 'ExecutionNotRedrivable' });
  });

  test('of a name that nobody started is not there, and a machine is no execution', async () => {
    const { stop, describe, redrive, through, machineArn } = await enter();
    for (const ask of [stop, describe, redrive])
      await expect(ask()).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' });
    await expect(
      through(({ sfn }) => sfn.send(new DescribeExecutionCommand({ executionArn: machineArn }))),
    ).rejects.toMatchObject({ name: 'InvalidArn' });
  });
});

test('executions are listed page by page, the newest first, all or those of a status', async () => {
  const { start, stop, pass, through, machineArn: stateMachineArn } = await enter();
  for (const name of [NAME, 'b', 'c']) {
    await start(INPUT, name);
    await pass(1_000);
  }
  await stop();
  const list = (more: object) =>
    through(({ sfn }) => sfn.send(new ListExecutionsCommand({ stateMachineArn, ...more })));
  const { executions, nextToken } = await list({ maxResults: 2 });
  expect(executions).toMatchObject([{ name: 'c', startDate: at(2_000) }, { name: 'b' }]);
  expect((await list({ maxResults: 2, nextToken })).executions).toMatchObject([{ name: NAME }]);
  expect(await list({ statusFilter: 'ABORTED' })).toMatchObject({
    executions: [{ name: NAME, status: 'ABORTED', stopDate: at(3_000) }],
  });
  expect((await list({ statusFilter: 'ABORTED' })).executions).toHaveLength(1);
});

test('the history tells what came after what, page by page or backwards', async () => {
  const { start, stop, pass, through, executionArn } = await enter();
  await start();
  await pass(1_000);
  await stop();
  await pass(1_000);
  const types = await through(async ({ sfn }) => {
    const all: (string | undefined)[] = [];
    const pages = paginateGetExecutionHistory({ client: sfn, pageSize: 2 }, { executionArn });
    for await (const { events = [] } of pages) all.push(...events.map(({ type }) => type));
    return all;
  });
  expect(types).toEqual([
    'ExecutionStarted',
    'TaskStateEntered',
    'TaskScheduled',
    'TaskStarted',
    'TaskSubmitted',
    'ExecutionAborted',
  ]);
  const { events } = await through(({ sfn }) =>
    sfn.send(new GetExecutionHistoryCommand({ executionArn, reverseOrder: true })),
  );
  expect(events?.at(0)).toMatchObject({
    id: 6,
    previousEventId: 5,
    timestamp: at(1_000),
    executionAbortedEventDetails: { error: 'Stopped', cause: 'by hand' },
  });
  expect(events?.at(-2)).toMatchObject({ stateEnteredEventDetails: { name: 'Gate' } });
});
