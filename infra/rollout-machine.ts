/**
 * Takes a batched rollout from wave to wave. It reads like the picture:
 *
 *     Plan rollout → Warm wave ⟲ → Verify wave ⟲ → (Hold wave) → Advance wave ⟲ → Settle → Plan rollout … → Report rollout
 *
 * Each function answers where to `go`, which is all that the machine chooses on; what is decided, and why, is in
 * lambdas/core/rollouts. Whatever fails for good goes to the report, which fails in its turn with the cause as a sentence, so
 * that the execution can be redriven: the report then sends it back to the plan.
 */
import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import {
  Choice,
  Condition,
  DefinitionBody,
  IntegrationPattern,
  type IStateMachine,
  JitterType,
  LogLevel,
  QueryLanguage,
  StateMachine,
  Succeed,
  TaskInput,
  type Timeout,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { NOT_HELD, ROLLOUT_STOPPED, ROLLOUT_UNKNOWN } from '../lambdas/core/rollouts/errors.ts';
import type { Next } from '../lambdas/core/rollouts/phase.ts';

export interface RolloutFunctions {
  readonly planRollout: IFunction;
  readonly warmWave: IFunction;
  readonly verifyWave: IFunction;
  readonly holdWave: IFunction;
  readonly advanceWave: IFunction;
  readonly reportRollout: IFunction;
}

export interface RolloutMachineProps {
  readonly functions: RolloutFunctions;
  readonly logs?: ILogGroup;
}

/** A function that is killed, throttled or cut off, whatever it was doing: the next try reads the world and goes on. */
const RETRIED = { interval: Duration.seconds(2), backoffRate: 2, maxDelay: Duration.seconds(30) } as const;
export const MOST_RETRIES = 4;
/** What keeps Lambda from answering, as Step Functions calls it. Source: Developer Guide, handling errors, Lambda. */
const LAMBDA_TROUBLE = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.Unknown',
  'Sandbox.Timedout',
];
/** Longer than any rollout may take (announcement-shape.ts): only what runs away meets it. */
const RUNAWAY = Duration.days(8);

/** A time limit by JSONata. `Timeout.at` writes TimeoutSecondsPath, which is JSONPath's. Source: aws-cdk-lib 2.276, task-base. */
const seconds = (expression: string): Timeout => ({ seconds: expression as unknown as number });

const ROLLOUT = { rolloutId: '{% $states.context.Execution.Input.rolloutId %}' };

export class RolloutMachine extends Construct {
  readonly machine: IStateMachine;
  readonly #functions: RolloutFunctions;

  constructor(scope: Construct, id: string, { functions, logs }: RolloutMachineProps) {
    super(scope, id);
    this.#functions = functions;

    const plan = this.#planRollout();
    const warm = this.#warmWave();
    const verify = this.#verifyWave();
    const hold = this.#holdWave();
    const advance = this.#advanceWave();
    const report = this.#reportRollout();
    for (const phase of [plan, warm, verify, hold, advance])
      phase.addCatch(report, { errors: ['States.ALL'] });

    plan.next(this.#choose('Next wave?', { warm, advance }).otherwise(report));
    warm.next(
      this.#choose('Warmed?', { verify, plan, wait: this.#wait('Wait for requests').next(warm) }).otherwise(
        report,
      ),
    );
    verify.next(
      this.#choose('Verified?', {
        advance,
        plan,
        hold,
        wait: this.#wait('Wait for addresses').next(verify),
      }).otherwise(report),
    );
    hold.next(verify);
    advance.next(
      this.#choose('Advanced?', {
        plan,
        verify,
        settle: this.#wait('Settle').next(plan),
        wait: this.#wait('Wait for pods').next(advance),
      }).otherwise(report),
    );
    report.next(this.#choose('Resumed?', { plan }).otherwise(Succeed.jsonata(this, 'Done')));

    this.machine = new StateMachine(this, 'Machine', {
      definitionBody: DefinitionBody.fromChainable(plan),
      queryLanguage: QueryLanguage.JSONATA,
      timeout: RUNAWAY,
      tracingEnabled: true,
      // Every state, but not what went in and out: the token that opens a gate goes into one.
      ...(logs !== undefined && {
        logs: { destination: logs, level: LogLevel.ALL, includeExecutionData: false },
      }),
    });
  }

  #planRollout(): LambdaInvoke {
    return this.#phase('Plan rollout', this.#functions.planRollout, {}, { opened: false });
  }

  /** Loops while there is something left to ask EC2 for. */
  #warmWave(): LambdaInvoke {
    return this.#phase('Warm wave', this.#functions.warmWave);
  }

  /** Loops until the addresses are there; looks again once a gate was opened, because that may have taken hours. */
  #verifyWave(): LambdaInvoke {
    return this.#phase('Verify wave', this.#functions.verifyWave, { opened: '{% $opened %}' });
  }

  /** Waits, and costs nothing, until somebody sends the token back. A refusal is not tried again. */
  #holdWave(): LambdaInvoke {
    const hold = LambdaInvoke.jsonata(this, 'Hold wave', {
      lambdaFunction: this.#functions.holdWave,
      integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
      payload: TaskInput.fromObject({ ...ROLLOUT, token: '{% $states.context.Task.Token %}' }),
      taskTimeout: seconds('{% $states.input.holdSeconds %}'),
      retryOnServiceExceptions: false,
      assign: { opened: true },
    });
    hold.addRetry({
      ...RETRIED,
      errors: [...LAMBDA_TROUBLE, NOT_HELD],
      maxAttempts: MOST_RETRIES,
      jitterStrategy: JitterType.FULL,
    });
    return hold;
  }

  /** Loops until its pods were seen ready, where they can be seen. */
  #advanceWave(): LambdaInvoke {
    return this.#phase('Advance wave', this.#functions.advanceWave);
  }

  #reportRollout(): LambdaInvoke {
    return this.#phase('Report rollout', this.#functions.reportRollout, {
      redrives: '{% $states.context.Execution.RedriveCount %}',
      last: '{% $states.input %}',
    });
  }

  #phase(
    name: string,
    lambdaFunction: IFunction,
    more: Readonly<Record<string, unknown>> = {},
    assign?: Readonly<Record<string, unknown>>,
  ): LambdaInvoke {
    const phase = LambdaInvoke.jsonata(this, name, {
      lambdaFunction,
      payload: TaskInput.fromObject({ ...ROLLOUT, ...more }),
      outputs: '{% $states.result.Payload %}',
      retryOnServiceExceptions: false,
      ...(assign !== undefined && { assign }),
    });
    phase.addRetry({ errors: [ROLLOUT_STOPPED, ROLLOUT_UNKNOWN], maxAttempts: 0 });
    phase.addRetry({
      ...RETRIED,
      errors: ['States.ALL'],
      maxAttempts: MOST_RETRIES,
      jitterStrategy: JitterType.FULL,
    });
    return phase;
  }

  #choose(name: string, ways: Partial<Readonly<Record<Next['go'], Parameters<Choice['when']>[1]>>>): Choice {
    const choice = Choice.jsonata(this, name);
    for (const [go, to] of Object.entries(ways))
      choice.when(Condition.jsonata(`{% $states.input.go = '${go}' %}`), to);
    return choice;
  }

  #wait(name: string): Wait {
    return Wait.jsonata(this, name, {
      time: WaitTime.seconds('{% $ceil($states.input.waitMs / 1000) %}'),
    });
  }
}
