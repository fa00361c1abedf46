/** What an operator says at synth time (`-c cluster=NAME -c mode=warm ...`), read once and complained about completely. */

import { complaintsOf } from '../lambdas/adapters/routed.ts';
import { type Complaint, say } from '../lambdas/core/complaints.ts';
import { readPolicy } from '../lambdas/core/policy.ts';
import { SIGNAL_DEFAULTS, type SignalName } from './signal-events.ts';

export interface Settings {
  readonly cluster: string;
  /** `observe` may change nothing in EC2; `warm` adds those rights, bounded by the cluster's VPC. */
  readonly mode: 'observe' | 'warm';
  /** The cluster's VPC. Where `warm` is not told here, the template has a parameter that must be given at deployment. */
  readonly vpcId: string | undefined;
  /** The policy document as given: only what differs from the defaults. Checked here, so a mistake cannot be deployed. */
  readonly policy: Readonly<Record<string, unknown>> | undefined;
  /** Another stack's budget table, where this is not the account's first: the request buckets are the account's. */
  readonly budgetTable: string | undefined;
  /** SNS topic that hears of alarms. */
  readonly alarmTopicArn: string | undefined;
  /** Which events are listened to: the defaults, and what `-c signals='{"ecr": true, "spot": false}'` says otherwise. */
  readonly signals: Readonly<Record<SignalName, boolean>>;
  /** Whether the functions may ask the cluster's API server, as far as its RBAC lets them (docs/lens.md). */
  readonly lens: boolean;
  /** Whether nodes may come with our start-up taint, which we take off; only with the lens. */
  readonly gate: boolean;
  /** Whether other tools may ask at a URL if a workload's addresses are there, and how they say who they are: by an AWS
   *  signature, or by a secret. `undefined`: there is no such URL (docs/gate-endpoint.md). */
  readonly gateEndpoint: 'iam' | 'secret' | undefined;
}

export type Reading =
  | { readonly settings: Settings; readonly complaints?: undefined }
  | { readonly settings?: undefined; readonly complaints: readonly Complaint[] };

const OURS = [
  'cluster',
  'mode',
  'vpcId',
  'policy',
  'budgetTable',
  'alarmTopicArn',
  'signals',
  'lens',
  'gate',
  'gateEndpoint',
];
/** Context of the CDK's own that looks like ours; all its other keys carry a `:`, `@` or `/`. */
const TOOLING = ['acknowledged-issue-numbers', 'cli-telemetry'];

/** Source: EKS API reference, CreateCluster, `name`. */
const CLUSTER_NAME = /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/;
/** Source: EC2 User Guide, resource ids: 8 hexadecimal digits, or 17 since 2018. */
const VPC_ID = /^vpc-([0-9a-f]{8}|[0-9a-f]{17})$/;
/** Source: DynamoDB API reference, CreateTable, `TableName`. */
const TABLE_NAME = /^[\w.-]{3,255}$/;
/** Source: IAM Service Authorization Reference, Amazon SNS, resource types; SNS API reference, CreateTopic, `Name`. */
const TOPIC_ARN = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/;
/** Characters of a standard parameter's value. Source: Systems Manager User Guide, parameter tiers. */
const POLICY_CHARACTERS = 4_096;

export function readSettings(context: Readonly<Record<string, unknown>>): Reading {
  const complaints: Complaint[] = [];

  for (const key of Object.keys(context)) {
    if (/[:@/]/.test(key) || TOOLING.includes(key) || OURS.includes(key)) continue;
    complaints.push({ field: key, expected: `one of ${OURS.join(', ')}`, got: context[key] });
  }

  const cluster = context['cluster'];
  if (typeof cluster !== 'string' || !CLUSTER_NAME.test(cluster))
    complaints.push({ field: 'cluster', expected: 'the name of an EKS cluster', got: cluster });

  const mode = context['mode'] ?? 'observe';
  if (mode !== 'observe' && mode !== 'warm')
    complaints.push({ field: 'mode', expected: '"observe" or "warm"', got: mode });

  const vpcId = context['vpcId'];
  if (vpcId !== undefined && !(typeof vpcId === 'string' && VPC_ID.test(vpcId)))
    complaints.push({
      field: 'vpcId',
      expected: 'the id of the cluster\'s VPC, such as "vpc-0123456789abcdef0"',
      got: vpcId,
    });

  const policy = readDocument(context['policy']);
  const read = readPolicy(policy, typeof cluster === 'string' ? [cluster] : undefined);
  complaints.push(...read.complaints, ...complaintsOf(read.policy));
  const characters = JSON.stringify(policy ?? {}).length;
  if (characters > POLICY_CHARACTERS)
    complaints.push({
      field: 'policy',
      expected: `at most ${POLICY_CHARACTERS} characters of JSON`,
      got: characters,
    });

  const budgetTable = context['budgetTable'];
  if (budgetTable !== undefined && !(typeof budgetTable === 'string' && TABLE_NAME.test(budgetTable)))
    complaints.push({
      field: 'budgetTable',
      expected: "the name of a DynamoDB table, another stack's output BudgetTable",
      got: budgetTable,
    });

  const alarmTopicArn = context['alarmTopicArn'];
  if (alarmTopicArn !== undefined && !(typeof alarmTopicArn === 'string' && TOPIC_ARN.test(alarmTopicArn)))
    complaints.push({
      field: 'alarmTopicArn',
      expected: 'the ARN of an SNS topic, such as "arn:aws:sns:eu-central-1:111122223333:pager"',
      got: alarmTopicArn,
    });

  const signals = readDocument(context['signals'] ?? {});
  complaints.push(...complaintsOfSignals(signals));
  const [lens, gate] = [yesOrNo(context['lens']), yesOrNo(context['gate'])];
  for (const [field, on] of Object.entries({ lens, gate }))
    if (on === undefined) complaints.push({ field, expected: 'true or false', got: context[field] });
  if (gate === true && lens === false)
    complaints.push({ field: 'gate', expected: '-c lens=true beside it', got: context['gate'] });

  const gateEndpoint = context['gateEndpoint'];
  if (gateEndpoint !== undefined && gateEndpoint !== 'iam' && gateEndpoint !== 'secret')
    complaints.push({ field: 'gateEndpoint', expected: '"iam" or "secret"', got: gateEndpoint });

  if (complaints.length > 0) return { complaints };
  return {
    settings: {
      cluster: cluster as string,
      mode: mode as Settings['mode'],
      vpcId: vpcId as string | undefined,
      policy: policy as Settings['policy'],
      budgetTable: budgetTable as string | undefined,
      alarmTopicArn: alarmTopicArn as string | undefined,
      signals: { ...SIGNAL_DEFAULTS, ...(signals as Partial<Settings['signals']>) },
      lens: lens === true,
      gate: gate === true,
      gateEndpoint: gateEndpoint as Settings['gateEndpoint'],
    },
  };
}

function complaintsOfSignals(given: unknown): Complaint[] {
  const names = Object.keys(SIGNAL_DEFAULTS);
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return [{ field: 'signals', expected: 'an object such as {"codePipeline": true}', got: given }];
  return Object.entries(given).flatMap(([name, on]) =>
    !names.includes(name)
      ? [{ field: `signals.${name}`, expected: `one of ${names.join(', ')}`, got: on }]
      : typeof on === 'boolean'
        ? []
        : [{ field: `signals.${name}`, expected: 'true or false', got: on }],
  );
}

/** `-c lens=true` arrives as text. `undefined`: neither. */
function yesOrNo(given: unknown): boolean | undefined {
  if (given === undefined || given === false || given === 'false') return false;
  return given === true || given === 'true' ? true : undefined;
}

/** `-c policy='{"margin":1.5}'` arrives as text, a policy in cdk.json as an object; what is not JSON stays as it came. */
function readDocument(given: unknown): unknown {
  if (typeof given !== 'string') return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

export function complain(complaints: readonly Complaint[]): string {
  return [
    'These settings cannot be deployed:',
    ...complaints.map((complaint) => `  ${say(complaint)}`),
    'For example: npx cdk synth -c cluster=demo -c mode=observe',
  ].join('\n');
}
