/** A function's environment, read once: settings and where things are, or everything that is wrong with it. */

import * as z from 'zod/mini';
import { type Complaint, say } from '../core/complaints.ts';
import { type Mode, readPolicy } from '../core/policy.ts';
import type { ClusterSetting, Settings } from '../core/ports.ts';
import { check, clusterName, given, listOf, ours, text, value, yesOrNo } from './expectations.ts';

export interface Config {
  /** The policy in it is what `POLICY` says, or the defaults. Where there is a `policyParameter` it is of no account. */
  readonly settings: Settings;
  /** Name of the Systems Manager parameter that holds the policy (adapters/ssm-policy.ts). */
  readonly policyParameter: string | undefined;
  readonly ledgerTable: string;
  readonly budgetTable: string;
  readonly launchQueueUrl: string;
  readonly signalQueueUrl: string;
  readonly verifyQueueUrl: string;
  /** URLs of the dead letters, by the queue's own URL. */
  readonly deadLettersOf: Readonly<Record<string, string>>;
  /** The state machine of batched rollouts; absent where the stack has none. */
  readonly rolloutMachineArn: string | undefined;
  /** Twelve digits. */
  readonly accountId: string;
  /** For example `eu-central-1`. */
  readonly region: string;
}

export type EnvironmentRead =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly message: string };

/** Source: DynamoDB API reference, CreateTable, `TableName`. */
const table = text('the name of a DynamoDB table', /^[\w.-]{3,255}$/);
/** Source: Systems Manager API reference, PutParameter, `Name`. */
const parameterName = text('the name of a Systems Manager parameter', /^[\w./-]{1,1011}$/);
const queueUrl = text('the URL of an SQS queue', /^https?:\/\/[^\s/]+\/\S+$/);
/** Source: Step Functions API reference, StartExecution, `stateMachineArn`. */
const machineArn = text(
  'the ARN of a Step Functions state machine',
  /^arn:aws[\w-]*:states:[\w-]+:\d{12}:stateMachine:[\w-]{1,80}$/,
);

const PLACES = z.object({
  LEDGER_TABLE: table,
  BUDGET_TABLE: table,
  LAUNCH_QUEUE_URL: queueUrl,
  SIGNAL_QUEUE_URL: queueUrl,
  VERIFY_QUEUE_URL: queueUrl,
  LAUNCH_DEAD_LETTERS_URL: z.optional(queueUrl),
  SIGNAL_DEAD_LETTERS_URL: z.optional(queueUrl),
  VERIFY_DEAD_LETTERS_URL: z.optional(queueUrl),
  ROLLOUT_MACHINE_ARN: z.optional(machineArn),
  ACCOUNT_ID: text('an account id of twelve digits', /^\d{12}$/),
  AWS_REGION: text('a Region such as "eu-central-1"', /^[a-z]{2}(-[a-z]+)+-\d{1,2}$/),
});

const CLUSTERS = listOf(
  ours({
    name: clusterName,
    mode: value<Mode>('"observe" or "warm"', (given) => given === 'observe' || given === 'warm'),
    lens: z.optional(yesOrNo),
    gate: z.optional(yesOrNo),
  }),
  'a list such as [{"name":"shop","mode":"observe"}]',
);

export function readEnvironment(env: Readonly<Record<string, string | undefined>>): EnvironmentRead {
  const clusters = readClusters(env['CLUSTERS']);
  const policy = parsed('POLICY', env['POLICY'] || undefined);
  const deployed = clusters.complaints.length > 0 ? undefined : clusters.clusters.map(({ name }) => name);
  const chosen = readPolicy(policy.document, deployed);
  const parameter = readParameter(env['POLICY_PARAMETER'] || undefined, policy.document !== undefined);
  const places = check(PLACES, { ...env, ROLLOUT_MACHINE_ARN: env['ROLLOUT_MACHINE_ARN'] || undefined }, '');
  const complaints = [
    ...clusters.complaints,
    ...policy.complaints,
    ...(policy.complaints.length > 0 ? [] : chosen.complaints),
    ...parameter.complaints,
    ...(places.ok ? [] : places.complaints),
  ];
  if (complaints.length > 0 || !places.ok)
    return { ok: false, message: ['The settings cannot be used.', ...complaints.map(say)].join('\n') };
  const { value: at } = places;
  return {
    ok: true,
    config: {
      settings: { clusters: clusters.clusters, policy: chosen.policy },
      policyParameter: parameter.name,
      ledgerTable: at.LEDGER_TABLE,
      budgetTable: at.BUDGET_TABLE,
      launchQueueUrl: at.LAUNCH_QUEUE_URL,
      signalQueueUrl: at.SIGNAL_QUEUE_URL,
      verifyQueueUrl: at.VERIFY_QUEUE_URL,
      deadLettersOf: given({
        [at.LAUNCH_QUEUE_URL]: at.LAUNCH_DEAD_LETTERS_URL,
        [at.SIGNAL_QUEUE_URL]: at.SIGNAL_DEAD_LETTERS_URL,
        [at.VERIFY_QUEUE_URL]: at.VERIFY_DEAD_LETTERS_URL,
      }),
      rolloutMachineArn: at.ROLLOUT_MACHINE_ARN,
      accountId: at.ACCOUNT_ID,
      region: at.AWS_REGION,
    },
  };
}

interface Clusters {
  readonly clusters: Settings['clusters'];
  readonly complaints: readonly Complaint[];
}

function readClusters(given: string | undefined): Clusters {
  const { document, complaints } = parsed('CLUSTERS', given);
  if (complaints.length > 0) return { clusters: [], complaints };
  const checked = check(CLUSTERS, document, 'CLUSTERS');
  if (!checked.ok) return { clusters: [], complaints: checked.complaints };
  const clusters = checked.value.map(
    ({ name, mode, lens, gate }): ClusterSetting => ({
      name,
      mode,
      ...(lens === true && { lens }),
      ...(gate === true && { gate }),
    }),
  );
  const blind = clusters.filter(({ lens, gate }) => gate === true && lens !== true);
  const names = clusters.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) < index);
  const expected = 'each cluster once';
  return {
    clusters,
    complaints: [
      ...twice.map((got) => ({ field: 'CLUSTERS', expected, got })),
      ...blind.map(({ name }) => ({ field: 'CLUSTERS', expected: '"lens": true beside "gate"', got: name })),
    ],
  };
}

/** A policy has one home: with two, an operator would stop the one that nobody reads. */
function readParameter(
  given: string | undefined,
  policyToo: boolean,
): { readonly name: string | undefined; readonly complaints: readonly Complaint[] } {
  const field = 'POLICY_PARAMETER';
  if (given === undefined) return { name: undefined, complaints: [] };
  if (policyToo)
    return { name: undefined, complaints: [{ field, expected: 'nothing beside POLICY', got: given }] };
  const checked = check(parameterName, given, field);
  return checked.ok
    ? { name: checked.value, complaints: [] }
    : { name: undefined, complaints: checked.complaints };
}

function parsed(
  field: string,
  given: string | undefined,
): { readonly document: unknown; readonly complaints: readonly Complaint[] } {
  if (given === undefined) return { document: undefined, complaints: [] };
  try {
    return { document: JSON.parse(given), complaints: [] };
  } catch {
    return { document: undefined, complaints: [{ field, expected: 'JSON', got: given }] };
  }
}
