import { CfnOutput, CfnParameter, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { readPolicy } from '../lambdas/core/policy.ts';
import { Alarms } from './alarms.ts';
import { GateEndpoint } from './gate-endpoint.ts';
import { GATE_GROUP, LENS_GROUP, LensAccess, SCALE_GROUP } from './lens-access.ts';
import { LivePolicy } from './live-policy.ts';
import {
  answerHooks,
  bury,
  conduct,
  continueOn,
  deleteOrphans,
  finishOurs,
  readCluster,
  readLedger,
  readLivePolicy,
  readNodes,
  tellFollowers,
  useBudget,
  useLedger,
  warmNodes,
} from './permissions.ts';
import { Rollouts } from './rollouts.ts';
import { Schedules } from './schedules.ts';
import type { Settings } from './settings.ts';
import { SignalQueue } from './signal-queue.ts';
import { SignalRules } from './signal-rules.ts';
import { Tables } from './tables.ts';
import { TaskFunction } from './task-function.ts';

export interface PrewarmerStackProps extends StackProps {
  readonly settings: Settings;
  /** Folder with one bundle per function: what `npm run build` writes. */
  readonly bundles: string;
}

/** Time limit of the functions that handle signals: reads, a decision, a few paced calls. They never sleep. */
const SIGNAL_TIMEOUT = Duration.seconds(30);
/** Time limit of the sweep: it reads the whole cluster, thousands of nodes in pages of 1,000 interfaces. */
const SWEEP_TIMEOUT = Duration.seconds(60);

/** What events missed is noticed then. */
const SWEEP_EVERY = Duration.minutes(5);
/** As often as EventBridge can: pods wait on a node that only we give addresses to. */
const SOLE_ALLOCATOR_SWEEPS_EVERY = Duration.minutes(1);

/**
 * One cluster's prewarmer:
 *
 *     rules ─┬→ launches ─┬→ on-signal ──→ verifications ──→ look-again
 *            ├→ signals  ─┘      │                               │
 *            └→ every 5 minutes ─┼──→ sweep ──→ ledger, budget ←─┘
 *                                └── policy, at most 5 s old, to all three; their figures to the alarms
 */
export class PrewarmerStack extends Stack {
  constructor(scope: Construct, id: string, { settings, bundles, ...props }: PrewarmerStackProps) {
    super(scope, id, props);

    const { cluster, mode, lens, gate } = settings;
    const { soleAllocator, schedules, launchHook } = readPolicy(settings.policy).policy;
    const sweepEvery = soleAllocator ? SOLE_ALLOCATOR_SWEEPS_EVERY : SWEEP_EVERY;
    const tables = new Tables(this, 'Tables', settings);
    const { parameter } = new LivePolicy(this, 'Policy', settings);

    const launches = new SignalQueue(this, 'Launches', {
      functionTimeout: SIGNAL_TIMEOUT,
      // A booting node leaves about twenty seconds: gather one of them, but a whole scale-out.
      window: Duration.seconds(1),
      batchSize: 100,
      // A batch takes three seconds, a node at its start has five to spare: with two readers, one in twenty waited too long.
      readers: 5,
    });
    const signals = new SignalQueue(this, 'Signals', {
      functionTimeout: SIGNAL_TIMEOUT,
      // A rollout that waits for requests comes back by the second: what gathers longer leaves the budget's bucket full.
      window: Duration.seconds(1),
      // Each reads the whole cluster: ten large ones would not fit into one invocation.
      batchSize: 2,
      // The EC2 request budget is the limit: more readers would only compete for it.
      readers: 2,
    });
    const verifications = new SignalQueue(this, 'Verifications', {
      functionTimeout: SIGNAL_TIMEOUT,
      // Looks at boots are worth what their time is worth.
      window: Duration.seconds(1),
      batchSize: 10,
      readers: 2,
    });

    const environment = {
      CLUSTERS: JSON.stringify([{ name: cluster, mode, ...(lens && { lens }), ...(gate && { gate }) }]),
      POLICY_PARAMETER: parameter.parameterName,
      LEDGER_TABLE: tables.ledger.tableName,
      BUDGET_TABLE: tables.budget.tableName,
      LAUNCH_QUEUE_URL: launches.queue.queueUrl,
      SIGNAL_QUEUE_URL: signals.queue.queueUrl,
      VERIFY_QUEUE_URL: verifications.queue.queueUrl,
      LAUNCH_DEAD_LETTERS_URL: launches.deadLetters.queueUrl,
      SIGNAL_DEAD_LETTERS_URL: signals.deadLetters.queueUrl,
      VERIFY_DEAD_LETTERS_URL: verifications.deadLetters.queueUrl,
      ACCOUNT_ID: this.account,
      POWERTOOLS_LOG_LEVEL: 'INFO',
    };
    const task = (construct: string, name: string, timeout: Duration, permissions: PolicyStatement[]) =>
      new TaskFunction(this, construct, {
        name,
        bundles,
        cluster,
        timeout,
        permissions: [readLivePolicy(parameter.parameterArn), useLedger(tables), ...permissions],
        environment,
      }).lambda;

    // In `observe` no right to change anything in EC2 exists anywhere in the template.
    const warm = mode === 'warm' ? warmNodes(this, cluster, settings.vpcId ?? this.#askForVpc()) : [];
    const decide = () => [readNodes(), ...readCluster(this, settings), useBudget(tables), ...warm];
    const onSignal = task('OnSignal', 'on-signal', SIGNAL_TIMEOUT, [
      ...decide(),
      continueOn(launches.queue, signals.queue, verifications.queue),
      bury(launches, signals),
      ...(mode === 'warm' ? [tellFollowers(this)] : []),
      ...(launchHook === undefined ? [] : [answerHooks(this, cluster)]),
    ]);
    // Verification tells interfaces to go away with their node once the rush of their launch is over.
    const lookAgain = task('LookAgain', 'look-again', SIGNAL_TIMEOUT, [
      // A gate that finds its node unplanned sends the launch back.
      continueOn(verifications.queue, ...(gate ? [launches.queue] : [])),
      bury(verifications),
      ...(gate ? readCluster(this, settings) : []),
      readNodes(),
      useBudget(tables),
      ...(mode === 'warm' ? [finishOurs(this, cluster)] : []),
    ]);
    // The sweep handles launches whose events never came, so it may do what on-signal may.
    const sweep = task('Sweep', 'sweep', SWEEP_TIMEOUT, [
      ...decide(),
      continueOn(launches.queue, verifications.queue),
      ...(mode === 'warm' ? [deleteOrphans(this, cluster)] : []),
    ]);
    // EventBridge asks again soon: Lambda itself need not.
    sweep.configureAsyncInvoke({ retryAttempts: 0 });

    launches.readBy(onSignal);
    signals.readBy(onSignal);
    verifications.readBy(lookAgain);
    // Waves need somebody who acts: an announcement of one is refused where the cluster is only observed.
    const rollouts =
      mode === 'warm'
        ? new Rollouts(this, 'Rollouts', {
            ...{ cluster, task, signals },
            decide: () => [...decide(), continueOn(verifications.queue)],
            // Where to find its API server.
            look: () => [readNodes(), ...readCluster(this, settings)],
            ask: () => (lens ? readCluster(this, settings) : []),
          })
        : undefined;
    if (rollouts !== undefined) {
      onSignal.addEnvironment('ROLLOUT_MACHINE_ARN', rollouts.machine.stateMachineArn);
      onSignal.addToRolePolicy(conduct(rollouts.machine));
      new CfnOutput(this, 'RolloutMachine', { value: rollouts.machine.stateMachineArn });
    }
    if (lens)
      new LensAccess(this, 'Lens', {
        cluster,
        enter: {
          OnSignal: { as: onSignal, groups: [LENS_GROUP] },
          Sweep: { as: sweep, groups: [LENS_GROUP, ...(gate ? [GATE_GROUP] : [])] },
          ...(gate && { LookAgain: { as: lookAgain, groups: [GATE_GROUP] } }),
          ...(rollouts !== undefined && {
            WarmWave: { as: rollouts.warmWave, groups: [LENS_GROUP] },
            VerifyWave: { as: rollouts.verifyWave, groups: [LENS_GROUP] },
            AdvanceWave: { as: rollouts.advanceWave, groups: [LENS_GROUP, SCALE_GROUP] },
            ReportRollout: { as: rollouts.reportRollout, groups: [LENS_GROUP] },
          }),
        },
      });
    if (settings.gateEndpoint !== undefined)
      new GateEndpoint(this, 'Gate', {
        access: settings.gateEndpoint,
        bundles,
        cluster,
        environment,
        permissions: [readLivePolicy(parameter.parameterArn), readLedger(tables)],
      });
    new SignalRules(this, 'Rules', {
      queues: { launches, signals },
      on: settings.signals,
      sweep,
      sweepEvery,
    });
    new Schedules(this, 'Schedules', { signals, schedules, accountId: this.account, region: this.region });
    new Alarms(this, 'Alarms', {
      cluster,
      sweepEvery,
      soleAllocator,
      gate,
      topicArn: settings.alarmTopicArn,
    });

    new CfnOutput(this, 'OnSignalFunction', { value: onSignal.functionName });
    new CfnOutput(this, 'SignalQueue', { value: signals.queue.queueName });
    for (const [name, { deadLetters }] of Object.entries({ launches, signals, verifications }))
      new CfnOutput(this, `DeadLetters${name[0]?.toUpperCase()}${name.slice(1)}`, {
        value: deadLetters.queueName,
      });
    new CfnOutput(this, 'LedgerTable', { value: tables.ledger.tableName });
    new CfnOutput(this, 'PolicyParameter', { value: parameter.parameterName });
    new CfnOutput(this, 'BudgetTable', { value: tables.budget.tableName });
  }

  /** Synthesizing needs no VPC; deploying does: CloudFormation refuses to begin without a value. */
  #askForVpc(): string {
    return new CfnParameter(this, 'VpcId', {
      type: 'AWS::EC2::VPC::Id',
      description: "The cluster's VPC: the rights to create and fill interfaces end there",
    }).valueAsString;
  }
}
