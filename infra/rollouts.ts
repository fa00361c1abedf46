import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { tellFollowers } from './permissions.ts';
import { RolloutMachine } from './rollout-machine.ts';
import type { SignalQueue } from './signal-queue.ts';

export interface RolloutsProps {
  /** The deployment's name. */
  readonly deployment: string;
  readonly logRetentionDays: RetentionDays;
  /** Makes a function of the stack: its role has what it needs of ours, and these rights. */
  readonly task: (
    construct: string,
    name: string,
    timeout: Duration,
    permissions: PolicyStatement[],
  ) => LambdaFunction;
  /** What it takes to decide about the clusters' nodes, and to act on them. */
  readonly decide: () => PolicyStatement[];
  /** What it takes to ask for its pods. */
  readonly ask: () => PolicyStatement[];
  /** What a look at them takes. */
  readonly look: () => PolicyStatement[];
  readonly signals: SignalQueue;
}

/** A wave's reads and one round of its calls, which goes on asking for ten seconds: on 5,000 nodes 37 s (`npm run bench -- --rollouts`). */
export const WAVE_TIMEOUT = Duration.seconds(60);

/** Batched rollouts: the machine, a function for each of its phases, and the word that an execution ended. */
export class Rollouts extends Construct {
  readonly machine: IStateMachine;
  readonly warmWave: LambdaFunction;
  readonly verifyWave: LambdaFunction;
  readonly advanceWave: LambdaFunction;
  readonly reportRollout: LambdaFunction;

  constructor(scope: Construct, id: string, props: RolloutsProps) {
    super(scope, id);
    const { deployment, task, decide, signals } = props;
    const tells = () => tellFollowers(Stack.of(this));

    const planRollout = task('PlanRollout', 'plan-rollout', WAVE_TIMEOUT, []);
    this.warmWave = task('WarmWave', 'warm-wave', WAVE_TIMEOUT, [...decide(), tells()]);
    this.verifyWave = task('VerifyWave', 'verify-wave', WAVE_TIMEOUT, [...props.look(), tells()]);
    const holdWave = task('HoldWave', 'hold-wave', WAVE_TIMEOUT, [tells()]);
    this.advanceWave = task('AdvanceWave', 'advance-wave', WAVE_TIMEOUT, [...props.ask(), tells()]);
    this.reportRollout = task('ReportRollout', 'report-rollout', WAVE_TIMEOUT, [...props.ask(), tells()]);

    const { advanceWave, reportRollout, verifyWave, warmWave } = this;
    const logs = new LogGroup(this, 'Logs', {
      // Step Functions writes to no other name without more rights. Source: Developer Guide, logging, log group names.
      logGroupName: `/aws/vendedlogs/states/eks-ip-prewarmer/${deployment}/rollouts`,
      retention: props.logRetentionDays,
      // It goes with the stack, so that the name is free for the next deployment.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.machine = new RolloutMachine(this, 'Rollout', {
      functions: { planRollout, warmWave, verifyWave, holdWave, advanceWave, reportRollout },
      logs,
    }).machine;

    new Rule(this, 'Ended', {
      description: 'Executions that ended otherwise than by their own report: aborted by hand, for one',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          stateMachineArn: [this.machine.stateMachineArn],
          status: ['ABORTED', 'TIMED_OUT', 'FAILED'],
        },
      },
      targets: [
        new SqsQueue(signals.queue, {
          deadLetterQueue: signals.deadLetters,
          maxEventAge: Duration.hours(1),
        }),
      ],
    });
  }
}
