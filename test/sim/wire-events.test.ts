import { PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import {
  RedriveExecutionCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { describe, expect, test } from 'vitest';
import type { BusEvent } from '../../sim/event-bus.ts';
import { EPOCH_MS, inProcess, smallWorld } from './doors-world.ts';

async function enter() {
  const world = smallWorld();
  const heard: BusEvent[] = [];
  world.bus.addRule({ matches: () => true, deliver: (event) => heard.push(event) });
  const { through, pass } = await inProcess.open(world);
  return {
    world,
    heard,
    through,
    pass,
    put: (...Entries: PutEventsRequestEntry[]) =>
      through(({ events }) => events.send(new PutEventsCommand({ Entries }))),
  };
}

const ready: PutEventsRequestEntry = {
  Source: 'eks-ip-prewarmer',
  DetailType: 'Wave Ready',
  Detail: '{"wave":1}',
};

describe('PutEvents', () => {
  test('an event arrives at a function some time later, under the id its sender was told', async () => {
    const { put, pass, heard, world } = await enter();
    await pass(1_500);
    const { Entries = [], FailedEntryCount } = await put({ ...ready, Resources: ['shop/release-7'] });
    expect(FailedEntryCount).toBe(0);
    expect(heard).toEqual([]);
    await pass(3_000);
    expect(heard).toEqual([
      {
        version: '0',
        id: Entries[0]?.EventId,
        source: 'eks-ip-prewarmer',
        'detail-type': 'Wave Ready',
        account: world.accountId,
        region: world.region,
        time: '2026-01-15T09:00:01Z',
        resources: ['shop/release-7'],
        detail: { wave: 1 },
      },
    ]);
  });

  test.each([
    ['is no JSON', { Detail: 'ready' }, 'MalformedDetail'],
    ['is no object', { Detail: '[1]' }, 'MalformedDetail'],
    ['is missing', { Detail: undefined }, 'InvalidArgument'],
    ['has no type', { DetailType: undefined }, 'InvalidArgument'],
    ['pretends to come from AWS', { Source: 'aws.states' }, 'NotAuthorizedForSourceException'],
  ])('an entry that %s fails alone, in an answer that is a success', async (_, wrong, ErrorCode) => {
    const { put, pass, heard } = await enter();
    const answer = await put({ ...ready, ...wrong }, ready);
    expect(answer).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ ErrorCode }, { EventId: expect.any(String) }],
    });
    await pass(3_000);
    expect(heard).toHaveLength(1);
  });

  test.each([
    ['no entry', []],
    ['eleven entries', Array.from({ length: 11 }, () => ready)],
    ['more than 256 KiB in all', [ready, { ...ready, Detail: JSON.stringify({ x: 'é'.repeat(131_072) }) }]],
    ['another bus', [{ ...ready, EventBusName: 'orders' }]],
  ])('a request with %s puts nothing', async (_, entries) => {
    const { put, pass, heard } = await enter();
    await expect(put(...entries)).rejects.toMatchObject({
      name: 'ValidationException',
      $metadata: { httpStatusCode: 400 },
    });
    await pass(3_000);
    expect(heard).toEqual([]);
  });
});

describe('a function as a target', () => {
  test('meets the same trouble as a queue: late, and twice', async () => {
    const { put, pass, heard, world } = await enter();
    world.bus.disturb({ lateByMs: 60_000, duplicateShare: 1 });
    await put(ready);
    await pass(60_000);
    expect(heard).toEqual([]);
    await pass(6_000);
    expect(heard).toHaveLength(2);
    expect(new Set(heard.map(({ id }) => id)).size).toBe(1);
  });

  test('is handed a copy: what one does to it no other sees', async () => {
    const { put, pass, heard, world } = await enter();
    const others: unknown[] = [];
    world.bus.addRule({ matches: () => true, deliver: ({ detail }) => others.push(detail) });
    await put(ready);
    await pass(3_000);
    expect(others).toEqual([heard[0]?.detail]);
    expect(others[0]).not.toBe(heard[0]?.detail);
  });
});

describe('Step Functions tells the bus', () => {
  const GATED = {
    QueryLanguage: 'JSONata',
    StartAt: 'Gate',
    States: {
      Gate: {
        Type: 'Task',
        Resource: 'arn:aws:states:::test:call.waitForTaskToken',
        Arguments: '{% $states.context.Task.Token %}',
        End: true,
      },
    },
  };

  async function machine() {
    const { world, heard, through, pass } = await enter();
    const tokens: string[] = [];
    const { arn } = world.stepFunctions.addMachine({
      name: 'rollout',
      definition: GATED,
      tasks: { 'test:call': async (token) => tokens.push(token as string) },
    });
    const executionArn = `${arn.replace(':stateMachine:', ':execution:')}:release-7`;
    const input = '{"rolloutId":"shop/release-7"}';
    await through(({ sfn }) =>
      sfn.send(new StartExecutionCommand({ stateMachineArn: arn, name: 'release-7', input })),
    );
    await pass(10_000);
    return { arn, executionArn, input, tokens, heard, through, pass };
  }

  test('of an execution that starts and succeeds, with its input and output', async () => {
    const { arn, executionArn, input, tokens, heard, through, pass } = await machine();
    const running = {
      executionArn,
      stateMachineArn: arn,
      name: 'release-7',
      status: 'RUNNING',
      startDate: EPOCH_MS,
      stopDate: null,
      input,
      inputDetails: { included: true },
      output: null,
      outputDetails: null,
      error: null,
      cause: null,
      redriveCount: 0,
      redriveDate: null,
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: 'Execution is RUNNING and cannot be redriven.',
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
    };
    await through(({ sfn }) =>
      sfn.send(new SendTaskSuccessCommand({ taskToken: tokens[0] ?? '', output: '{"opened":true}' })),
    );
    await pass(10_000);
    expect(heard.map(({ detail }) => detail)).toEqual([
      running,
      {
        ...running,
        status: 'SUCCEEDED',
        stopDate: EPOCH_MS + 10_000,
        output: '{"opened":true}',
        outputDetails: { included: true },
        redriveStatusReason: 'Execution is SUCCEEDED and cannot be redriven.',
      },
    ]);
    expect(heard[1]).toMatchObject({
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      resources: [executionArn],
    });
  });

  test('of one that is stopped by hand, and of its redrive', async () => {
    const { executionArn, heard, through, pass } = await machine();
    await through(({ sfn }) =>
      sfn.send(new StopExecutionCommand({ executionArn, error: 'Stopped', cause: 'by hand' })),
    );
    await pass(10_000);
    await through(({ sfn }) => sfn.send(new RedriveExecutionCommand({ executionArn })));
    await pass(10_000);
    expect(heard.map(({ detail }) => detail)).toMatchObject([
      { status: 'RUNNING' },
      {
        status: 'ABORTED',
        error: 'Stopped',
        cause: 'by hand',
        stopDate: EPOCH_MS + 10_000,
        redriveStatus: 'REDRIVABLE',
        redriveStatusReason: null,
      },
      { status: 'RUNNING', error: null, stopDate: null, redriveCount: 1, redriveDate: EPOCH_MS + 20_000 },
    ]);
  });

  test('leaves out what is too large for an event, and says so', async () => {
    const { tokens, heard, through, pass } = await machine();
    // Quotes are escaped: 140,000 characters that need twice the room.
    const output = JSON.stringify('"'.repeat(70_000));
    await through(({ sfn }) => sfn.send(new SendTaskSuccessCommand({ taskToken: tokens[0] ?? '', output })));
    await pass(10_000);
    expect(heard[1]?.detail).toMatchObject({
      status: 'SUCCEEDED',
      input: null,
      inputDetails: { included: false },
      output: null,
      outputDetails: { included: false },
    });
  });
});
