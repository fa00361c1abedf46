/** A machine written in CDK, taken from its template and run with Lambda functions as its tasks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import {
  StateMachine as CdkMachine,
  Choice,
  Condition,
  DefinitionBody,
  DistributedMap,
  Fail,
  IntegrationPattern,
  JitterType,
  Pass,
  ProcessorMode,
  ProcessorType,
  ProvideItems,
  QueryLanguage,
  Succeed,
  TaskInput,
  Timeout,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { CallAwsService, EventBridgePutEvents, LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { afterAll, expect, test } from 'vitest';
import { StateMachine } from '../../sim/asl/machine.ts';
import { lambdaInvoke, type Tasks } from '../../sim/asl/tasks.ts';
import { definitionIn, type Resolve } from '../../sim/asl/template.ts';
import { Chance } from '../../sim/chance.ts';
import { Kernel } from '../../sim/kernel.ts';
import { ARN, EPOCH_MS, Trouble } from './asl-stage.ts';

const scratch = mkdtempSync(join(tmpdir(), 'asl-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A small rollout: plan, then warm each wave (waiting as told), wait for a person, announce, and look at every pod. */
function template(): unknown {
  const stack = new Stack(new App({ outdir: scratch, builtinCloudFormationValidation: false }), 'throwaway');
  const lambda = (id: string): LambdaFunction =>
    new LambdaFunction(stack, id, {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = async () => {};'),
    });
  const plan = LambdaInvoke.jsonata(stack, 'Plan', {
    lambdaFunction: lambda('PlanRollout'),
    payload: TaskInput.fromText('{% $states.input %}'),
    assign: { waves: '{% $states.result.Payload.waves %}', wave: 0 },
  });
  const done = Succeed.jsonata(stack, 'Done', {
    outputs: { waves: '{% $wave %}', seen: '{% $states.input %}' },
  });
  const blocked = Fail.jsonata(stack, 'Blocked', {
    error: 'WaveBlocked',
    cause: '{% $states.input.Cause %}',
  });
  const warm = LambdaInvoke.jsonata(stack, 'Warm', {
    lambdaFunction: lambda('WarmWave'),
    payload: TaskInput.fromObject({ wave: '{% $wave %}' }),
    taskTimeout: Timeout.duration(Duration.minutes(1)),
    retryOnServiceExceptions: true,
  });
  warm.addRetry({
    errors: ['Trouble'],
    interval: Duration.seconds(2),
    maxAttempts: 4,
    maxDelay: Duration.seconds(10),
    jitterStrategy: JitterType.FULL,
  });
  warm.addCatch(blocked, { errors: ['NodeGone'] });
  const rest = Wait.jsonata(stack, 'Rest', {
    time: WaitTime.seconds('{% $ceil($states.input.Payload.waitMs / 1000) %}'),
  });
  const ask = LambdaInvoke.jsonata(stack, 'Ask', {
    lambdaFunction: lambda('Gate'),
    integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
    payload: TaskInput.fromObject({ token: '{% $states.context.Task.Token %}' }),
    taskTimeout: Timeout.duration(Duration.days(1)),
  });
  const announce = EventBridgePutEvents.jsonata(stack, 'Announce', {
    entries: [
      {
        detail: TaskInput.fromObject({ wave: '{% $wave %}' }),
        detailType: 'Wave Ready',
        eventBus: EventBus.fromEventBusName(stack, 'Bus', 'default'),
        source: 'eks-ip-prewarmer',
      },
    ],
  });
  const settle = Pass.jsonata(stack, 'Next wave', { assign: { wave: '{% $wave + 1 %}' } });
  const look = DistributedMap.jsonata(stack, 'Look', {
    items: ProvideItems.jsonata('{% $range(1, 3, 1) %}'),
    maxConcurrency: 2,
    toleratedFailurePercentage: 34,
    outputs: '{% $count($states.result) %}',
  }).itemProcessor(
    LambdaInvoke.jsonata(stack, 'Verify', {
      lambdaFunction: lambda('VerifyWave'),
      retryOnServiceExceptions: false,
      outputs: '{% $states.result.Payload %}',
    }),
    { mode: ProcessorMode.DISTRIBUTED, executionType: ProcessorType.EXPRESS },
  );
  const report = CallAwsService.jsonata(stack, 'Report', {
    service: 's3',
    action: 'getObject',
    parameters: { Bucket: 'plans', Key: '{% $states.context.Execution.Name %}' },
    iamResources: ['*'],
    outputs: '{% $states.result.Body %}',
  });
  const rollout = plan.next(
    warm.next(
      Choice.jsonata(stack, 'Ready?')
        .when(Condition.jsonata('{% $states.input.Payload.waitMs > 0 %}'), rest.next(warm))
        .otherwise(
          ask
            .next(announce)
            .next(settle)
            .next(
              Choice.jsonata(stack, 'More?')
                .when(Condition.jsonata('{% $wave < $waves %}'), warm)
                .otherwise(report.next(look).next(done)),
            ),
        ),
    ),
  );
  new CdkMachine(stack, 'Rollout', {
    queryLanguage: QueryLanguage.JSONATA,
    definitionBody: DefinitionBody.fromChainable(rollout),
    timeout: Duration.days(30),
  });
  return Template.fromStack(stack).toJSON();
}
/** What a deployment in one account would know. */
const FUNCTIONS = ['PlanRollout', 'WarmWave', 'Gate', 'VerifyWave'];
const resolve: Resolve = (id, attribute) => {
  if (id.startsWith('AWS::')) return { 'AWS::Region': 'eu-central-1', 'AWS::AccountId': '111122223333' }[id];
  const name = FUNCTIONS.find((one) => id.startsWith(one));
  return name && attribute === 'Arn' ? `arn:aws:lambda:eu-central-1:111122223333:function:${name}` : name;
};

const definition = definitionIn(template(), resolve);

function world(functions: Parameters<typeof lambdaInvoke>[0], others: Tasks = {}) {
  const kernel = new Kernel();
  const tasks: Tasks = {
    'lambda:invoke': lambdaInvoke(functions),
    'events:putEvents': async () => ({ FailedEntryCount: 0 }),
    'aws-sdk:s3:getObject': async (input) => ({ Body: (input as { Key: string }).Key }),
    ...others,
  };
  const machine = new StateMachine({
    arn: ARN,
    definition,
    kernel,
    chance: new Chance(5),
    epochMs: EPOCH_MS,
    tasks,
  });
  return { kernel, machine };
}

test('asl-validator accepts the machine', () => {
  const validate = createRequire(import.meta.url)('asl-validator') as (definition: unknown) => unknown;
  expect(validate(definition)).toMatchObject({ isValid: true, errors: [] });
  expect(validate({ ...(definition as object), StartAt: 'Nowhere' })).toMatchObject({ isValid: false });
});

test('the machine of the template warms two waves, waiting as told, retrying, and asking a person before each', async () => {
  const told: string[] = [];
  const gates: string[] = [];
  const events: unknown[] = [];
  let calls = 0;
  const { kernel, machine } = world(
    {
      PlanRollout: async (event) => ({ waves: (event as { pods: number }).pods / 10 }),
      WarmWave: async (event) => {
        told.push(`${(event as { wave: number }).wave} at ${kernel.nowMs}`);
        if (++calls === 1) return { waitMs: 4_200 };
        if (calls === 2) throw new Trouble('throttled');
        return { waitMs: 0 };
      },
      Gate: async (event) => {
        gates.push((event as { token: string }).token);
      },
      VerifyWave: async (event) => {
        if (event === 3) throw new Trouble('one of three may fail');
        return event;
      },
    },
    {
      'events:putEvents': async (input) => {
        events.push(input);
        return { FailedEntryCount: 0 };
      },
    },
  );
  const execution = machine.start({ name: 'release-1', input: { pods: 20 } });
  await kernel.run(3_600_000);
  expect(told).toHaveLength(3);
  expect(told.slice(0, 2)).toEqual(['0 at 0', '0 at 5000']);
  machine.tokens.sendTaskSuccess(gates[0] ?? '', '{}');
  await kernel.run(7_200_000);
  expect(told[3]).toBe('1 at 3600000');
  expect(execution.status).toBe('RUNNING');
  machine.tokens.sendTaskSuccess(gates[1] ?? '', '{}');
  await kernel.run(7_200_000);
  expect(execution).toMatchObject({
    status: 'SUCCEEDED',
    output: { waves: 2, seen: 3 },
    stoppedMs: 7_200_000,
  });
  expect(events).toEqual(
    [0, 1].map((wave) => ({ Entries: [expect.objectContaining({ Detail: { wave } })] })),
  );
});

test('an error class that Catch names ends in the Fail state with its cause', async () => {
  class NodeGone extends Error {
    override readonly name = 'NodeGone';
  }
  const { kernel, machine } = world({
    PlanRollout: async () => ({ waves: 1 }),
    WarmWave: async () => {
      throw new NodeGone('i-1 is shutting down');
    },
  });
  const execution = machine.start({});
  await kernel.run(60_000);
  expect(execution).toMatchObject({ status: 'FAILED', error: 'WaveBlocked' });
  expect(execution.cause).toContain('i-1 is shutting down');
});

test('a function or a task the world does not have ends the run by its name, whatever the machine would catch', async () => {
  const { kernel, machine } = world({});
  machine.start({});
  await expect(kernel.run(60_000)).rejects.toThrow(
    'no function arn:aws:lambda:eu-central-1:111122223333:function:PlanRollout',
  );
  const tasks = { 'lambda:invoke': lambdaInvoke({}) };
  const setup = { arn: ARN, definition, kernel, chance: new Chance(1), epochMs: EPOCH_MS, tasks };
  expect(() => new StateMachine(setup)).toThrow('Announce: no task events:putEvents in this world');
});
