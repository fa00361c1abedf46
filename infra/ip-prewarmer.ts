import { join } from 'node:path';
import { Aspects, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { ManagedPolicy, PermissionsBoundary, type PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { readPolicy } from '../lambdas/core/policy.ts';
import { Acknowledged } from './acknowledged.ts';
import { alarmTopic } from './alarm-topic.ts';
import { Alarms } from './alarms.ts';
import { environmentOf } from './cluster-settings.ts';
import { PrewarmerDashboard } from './dashboard.ts';
import { GateEndpoint } from './gate-endpoint.ts';
import { admit } from './lens-access.ts';
import { LivePolicy } from './live-policy.ts';
import {
  answerHooks,
  bury,
  conduct,
  continueOn,
  deleteOrphans,
  finishOurs,
  readClusters,
  readLedger,
  readLivePolicy,
  readNodes,
  tellFollowers,
  useBudget,
  useLedger,
  type WarmCluster,
  warmNodes,
} from './permissions.ts';
import { endpointsFor, tellEndpoints } from './private-endpoints.ts';
import type { IpPrewarmerProps } from './props.ts';
import { Queries } from './queries.ts';
import { type Queues, queues, SIGNAL_TIMEOUT } from './queues.ts';
import { Rollouts } from './rollouts.ts';
import { Schedules } from './schedules.ts';
import { readSettings, type Settings } from './settings.ts';
import { SignalRules } from './signal-rules.ts';
import { Tables } from './tables.ts';
import { TaskFunction } from './task-function.ts';
import { SettingsError } from './trouble.ts';

/** Time limit of the sweep for each cluster, of which it reads everything: thousands of nodes in pages of 1,000 interfaces. */
const SWEEP_TIMEOUT = Duration.seconds(60);
/** What events missed is noticed then. */
const SWEEP_EVERY = Duration.minutes(5);
/** As often as EventBridge can: pods wait on a node that only we give addresses to. */
const SOLE_ALLOCATOR_SWEEPS_EVERY = Duration.minutes(1);

/** What `npm run build` writes, and what the published package carries. */
const OWN_BUNDLES = join(import.meta.dirname, '../dist');

/**
 * The prewarmer of one or several clusters of an account and Region:
 *
 *     rules ─┬→ launches ─┬→ on-signal ──→ verifications ──→ look-again
 *            ├→ signals  ─┘      │                               │
 *            └→ every 5 minutes ─┼──→ sweep ──→ ledger, budget ←─┘
 *                                └── policy, at most 5 s old, to all three; their figures to the alarms
 *
 *     new IpPrewarmer(this, 'Prewarmer', { clusters: [{ name: 'shop' }] });
 *
 * Throws one `SettingsError` that names everything that is wrong with its props, a line each.
 */
export class IpPrewarmer extends Construct {
  readonly onSignal: LambdaFunction;
  readonly lookAgain: LambdaFunction;
  readonly sweep: LambdaFunction;
  /** What announcements may be sent to, and where dead letters lie. */
  readonly queues: Queues;
  readonly tables: Tables;
  /** Operators change the policy here, without a deployment. */
  readonly policyParameter: StringParameter;
  /** Batched rollouts, where a cluster is warm. */
  readonly rolloutMachine: IStateMachine | undefined;
  /** Where other tools ask, where that is wanted. */
  readonly gateEndpoint: GateEndpoint | undefined;

  constructor(scope: Construct, id: string, props: IpPrewarmerProps) {
    super(scope, id);
    const { settings, troubles } = readSettings(props);
    if (troubles) throw new SettingsError(troubles);
    Aspects.of(this).add(new Acknowledged());
    const { name: deployment, clusters, logRetentionDays, vpc } = settings;
    const { account, region } = Stack.of(this);
    const bundles = props.bundles ?? OWN_BUNDLES;
    const { soleAllocator, schedules, launchHook, subnetReserveAddresses } = readPolicy(
      settings.policy,
    ).policy;
    const sweepEvery = soleAllocator ? SOLE_ALLOCATOR_SWEEPS_EVERY : SWEEP_EVERY;

    this.tables = new Tables(this, 'Tables', settings);
    this.policyParameter = new LivePolicy(this, 'Policy', settings).parameter;
    this.queues = queues(this);
    const { tables } = this;
    const { launches, signals, verifications } = this.queues;

    const environment = {
      CLUSTERS: environmentOf(clusters),
      POLICY_PARAMETER: this.policyParameter.parameterName,
      LEDGER_TABLE: tables.ledger.tableName,
      BUDGET_TABLE: tables.budget.tableName,
      LAUNCH_QUEUE_URL: launches.queue.queueUrl,
      SIGNAL_QUEUE_URL: signals.queue.queueUrl,
      VERIFY_QUEUE_URL: verifications.queue.queueUrl,
      LAUNCH_DEAD_LETTERS_URL: launches.deadLetters.queueUrl,
      SIGNAL_DEAD_LETTERS_URL: signals.deadLetters.queueUrl,
      VERIFY_DEAD_LETTERS_URL: verifications.deadLetters.queueUrl,
      ACCOUNT_ID: account,
      POWERTOOLS_LOG_LEVEL: 'INFO',
    };
    const common = { bundles, deployment, logRetentionDays, vpc, environment };
    const readPolicyOnly = readLivePolicy(this.policyParameter.parameterArn);
    const task = (construct: string, name: string, timeout: Duration, permissions: PolicyStatement[]) =>
      new TaskFunction(this, construct, {
        ...common,
        name,
        timeout,
        permissions: [readPolicyOnly, useLedger(tables), ...permissions],
      }).lambda;

    // Of a cluster in `observe` no right to change anything in EC2 exists anywhere in the template.
    const stack = Stack.of(this);
    const warm = this.#warm(clusters);
    const warmNames = warm.map(({ name }) => name);
    const names = clusters.map(({ name }) => name);
    const lensed = clusters.filter(({ lens }) => lens).map(({ name }) => name);
    const gated = clusters.filter(({ gate }) => gate).map(({ name }) => name);
    const decide = () => [
      readNodes(),
      ...readClusters(stack, names),
      useBudget(tables),
      ...warmNodes(stack, warm),
    ];
    this.onSignal = task('OnSignal', 'on-signal', SIGNAL_TIMEOUT, [
      ...decide(),
      continueOn(launches.queue, signals.queue, verifications.queue),
      bury(launches, signals),
      ...(warm.length > 0 ? [tellFollowers(stack)] : []),
      ...(launchHook === undefined ? [] : answerHooks(stack, names)),
    ]);
    // Verification tells interfaces to go away with their node once the rush of their launch is over.
    this.lookAgain = task('LookAgain', 'look-again', SIGNAL_TIMEOUT, [
      // A gate that finds its node unplanned sends the launch back.
      continueOn(verifications.queue, ...(gated.length > 0 ? [launches.queue] : [])),
      bury(verifications),
      ...readClusters(stack, gated),
      readNodes(),
      useBudget(tables),
      ...finishOurs(stack, warmNames),
    ]);
    // The sweep handles launches whose events never came, so it may do what on-signal may.
    const sweepSeconds = Math.min(clusters.length * SWEEP_TIMEOUT.toSeconds(), sweepEvery.toSeconds());
    this.sweep = task('Sweep', 'sweep', Duration.seconds(sweepSeconds), [
      ...decide(),
      continueOn(launches.queue, verifications.queue),
      ...deleteOrphans(stack, warmNames),
    ]);
    // EventBridge asks again soon: Lambda itself need not.
    this.sweep.configureAsyncInvoke({ retryAttempts: 0 });

    launches.readBy(this.onSignal);
    signals.readBy(this.onSignal);
    verifications.readBy(this.lookAgain);
    // Waves need somebody who acts: an announcement of one is refused for a cluster that is only observed.
    const rollouts =
      warm.length > 0
        ? new Rollouts(this, 'Rollouts', {
            ...{ deployment, logRetentionDays, task, signals },
            decide: () => [...decide(), continueOn(verifications.queue)],
            // Where to find its API server.
            look: () => [readNodes(), ...readClusters(stack, names)],
            ask: () => readClusters(stack, lensed),
          })
        : undefined;
    this.rolloutMachine = rollouts?.machine;
    if (rollouts !== undefined) {
      this.onSignal.addEnvironment('ROLLOUT_MACHINE_ARN', rollouts.machine.stateMachineArn);
      this.onSignal.addToRolePolicy(conduct(rollouts.machine));
    }
    admit(this, { deployment, clusters, ...this, rollouts });
    this.gateEndpoint =
      settings.gateEndpoint === undefined
        ? undefined
        : new GateEndpoint(this, 'Gate', {
            ...common,
            access: settings.gateEndpoint,
            permissions: [readPolicyOnly, readLedger(tables, names)],
          });

    new SignalRules(this, 'Rules', {
      queues: { launches, signals },
      on: settings.signals,
      sweep: this.sweep,
      sweepEvery,
    });
    new Schedules(this, 'Schedules', { signals, schedules, accountId: account, region });
    const { all: alarms } = new Alarms(this, 'Alarms', {
      ...{ deployment, clusters, sweepEvery, soleAllocator, subnetReserveAddresses },
      deadLetters: {
        launches: launches.deadLetters,
        signals: signals.deadLetters,
        verifications: verifications.deadLetters,
      },
      topicArn: alarmTopic(this, settings),
    });
    new PrewarmerDashboard(this, 'Dashboard', {
      ...{ deployment, clusters, alarms, queues: this.queues },
      functions: { 'on-signal': this.onSignal, 'look-again': this.lookAgain, sweep: this.sweep },
      ...(rollouts !== undefined && { machine: rollouts.machine }),
    });
    new Queries(this, 'Queries', { deployment, waves: rollouts !== undefined });
    if (settings.permissionsBoundary !== undefined)
      PermissionsBoundary.of(this).apply(
        ManagedPolicy.fromManagedPolicyArn(this, 'Boundary', settings.permissionsBoundary),
      );
    if (vpc !== undefined) tellEndpoints(this, endpointsFor(settings, { hooks: launchHook !== undefined }));
  }

  /** Synthesizing needs no VPC; deploying does: CloudFormation refuses to begin without a value. */
  #warm(clusters: Settings['clusters']): WarmCluster[] {
    return clusters
      .filter(({ mode }) => mode === 'warm')
      .map(({ name, vpcId }) => ({ name, vpcId: vpcId ?? this.#askForVpc() }));
  }

  #askForVpc(): string {
    return new CfnParameter(this, 'VpcId', {
      type: 'AWS::EC2::VPC::Id',
      description: "The cluster's VPC: the rights to create and fill interfaces end there",
    }).valueAsString;
  }
}
