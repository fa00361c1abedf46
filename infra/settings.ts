/** What an operator says, read once: complained about completely, or with every default filled in. */
import { Token } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { isObject } from '../lambdas/core/policy-shapes.ts';
import { type Check, judge, matching, unknownFields } from './checks.ts';
import { type ClusterSettings, readClusters } from './cluster-settings.ts';
import { readDocument } from './policy-setting.ts';
import type { IpPrewarmerProps, VpcProps } from './props.ts';
import { SIGNAL_DEFAULTS, type SignalName } from './signal-events.ts';
import type { Trouble } from './trouble.ts';

export interface Settings {
  readonly name: string;
  readonly clusters: readonly ClusterSettings[];
  readonly policy: Readonly<Record<string, unknown>>;
  readonly signals: Readonly<Record<SignalName, boolean>>;
  readonly gateEndpoint: IpPrewarmerProps['gateEndpoint'];
  readonly budgetTable: string | undefined;
  readonly alarmTopicArn: string | undefined;
  readonly alarmEmail: string | undefined;
  readonly logRetentionDays: number;
  readonly permissionsBoundary: string | undefined;
  readonly vpc: VpcProps | undefined;
}

export type Reading =
  | { readonly settings: Settings; readonly troubles?: undefined }
  | { readonly settings?: undefined; readonly troubles: readonly Trouble[] };

/** CloudWatch's values, but for the one that keeps events for ever. */
const RETENTIONS = Object.values(RetentionDays).filter(
  (days): days is RetentionDays => typeof days === 'number' && days !== RetentionDays.INFINITE,
);

/** What is judged by itself. */
const CHECKS = {
  name: {
    expected: 'at most 100 letters, digits, "-" or "_"',
    remedy: "Leave it out to use the first cluster's name",
    ok: (given) => typeof given === 'string' && /^[0-9A-Za-z][\w-]{0,99}$/.test(given),
  },
  gateEndpoint: {
    expected: '"iam" or "secret"',
    remedy: 'Choose "iam" where your tools can sign requests; leave it out for no URL',
    ok: (given) => given === 'iam' || given === 'secret',
  },
  budgetTable: {
    expected: "the name of a DynamoDB table, another deployment's output BudgetTable",
    remedy: 'Leave it out for a table of its own',
    // Source: DynamoDB API reference, CreateTable, `TableName`.
    ok: matching(/^[\w.-]{3,255}$/),
  },
  alarmTopicArn: {
    expected: 'the ARN of an SNS topic, such as "arn:aws:sns:eu-central-1:111122223333:pager"',
    remedy: 'To find it: aws sns list-topics',
    // Source: IAM Service Authorization Reference, Amazon SNS, resource types; SNS API reference, CreateTopic, `Name`.
    ok: matching(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/),
  },
  alarmEmail: {
    expected: 'an e-mail address',
    remedy: 'Name one address, such as "platform@example.com", or a topic as alarmTopicArn',
    ok: matching(/^[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+$/),
  },
  logRetentionDays: {
    expected: `one of CloudWatch's values in days, ${RETENTIONS.join(', ')}`,
    remedy: 'Leave it out for 30',
    ok: (given) => RETENTIONS.some((days) => days === given),
  },
  permissionsBoundary: {
    expected: 'the ARN of an IAM policy, such as "arn:aws:iam::111122223333:policy/boundary"',
    remedy: 'To find it: aws iam list-policies --scope Local',
    // Source: IAM User Guide, IAM identifiers, IAM ARNs.
    ok: matching(/^arn:aws[a-z-]*:iam::(aws|\d{12}):policy\/[\w+=,.@/-]{1,640}$/),
  },
  bundles: {
    expected: 'a folder',
    remedy: "Leave it out for the package's own functions",
    ok: (given) => typeof given === 'string',
  },
} as const satisfies Partial<Readonly<Record<keyof IpPrewarmerProps, Check>>>;

const READ_ELSEWHERE = ['clusters', 'policy', 'signals', 'vpc'];
const FIELDS = [...READ_ELSEWHERE, ...Object.keys(CHECKS)];

/** `given` comes from TypeScript, JavaScript or JSON: nothing of its shape is taken for granted. */
export function readSettings(given: unknown): Reading {
  if (!isObject(given))
    return {
      troubles: [
        {
          field: 'settings',
          expected: 'an object such as {"clusters": [{"name": "demo"}]}',
          got: given,
          remedy: 'Name a cluster',
        },
      ],
    };
  const { clusters, troubles: ofClusters, nodeGroups } = readClusters(given['clusters']);
  const policy = readDocument(given['policy'], clusters, nodeGroups);
  const troubles = [
    ...unknownFields(given, FIELDS),
    ...ofClusters,
    ...Object.entries(CHECKS).flatMap(([field, check]) => judge(field, check, given[field])),
    ...policy.troubles,
    ...troublesOfSignals(given['signals']),
    ...troublesOfVpc(given['vpc']),
    ...troublesOfTwoTopics(given),
  ];
  if (troubles.length > 0) return { troubles };
  const said = given as unknown as IpPrewarmerProps;
  return {
    settings: {
      name: said.name ?? clusters[0]?.name ?? '',
      clusters,
      policy: policy.document,
      signals: { ...SIGNAL_DEFAULTS, ...said.signals },
      gateEndpoint: said.gateEndpoint,
      budgetTable: said.budgetTable,
      alarmTopicArn: said.alarmTopicArn,
      alarmEmail: said.alarmEmail,
      logRetentionDays: said.logRetentionDays ?? RetentionDays.ONE_MONTH,
      permissionsBoundary: said.permissionsBoundary,
      vpc: said.vpc,
    },
  };
}

function troublesOfSignals(given: unknown): Trouble[] {
  const names = Object.keys(SIGNAL_DEFAULTS);
  const remedy = 'Name only those that are to differ from the defaults';
  if (given === undefined) return [];
  if (!isObject(given))
    return [{ field: 'signals', expected: 'an object such as {"codePipeline": true}', got: given, remedy }];
  return [
    ...unknownFields(given, names, 'signals.'),
    ...names.flatMap((name) =>
      judge(
        `signals.${name}`,
        { expected: 'true or false', remedy, ok: (on) => typeof on === 'boolean' },
        given[name],
      ),
    ),
  ];
}

/** Source of the ids: EC2 User Guide, resource ids: 8 hexadecimal digits, or 17 since 2018. */
const IDS = {
  subnetIds: { what: 'subnets', ok: matching(/^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/) },
  securityGroupIds: { what: 'security groups', ok: matching(/^sg-([0-9a-f]{8}|[0-9a-f]{17})$/) },
} as const;

function troublesOfVpc(given: unknown): Trouble[] {
  if (given === undefined) return [];
  const remedy =
    'Name private subnets of one VPC and a security group that lets HTTPS out, or leave vpc out to stay outside of any';
  if (!isObject(given))
    return [
      {
        field: 'vpc',
        expected: 'an object such as {"subnetIds": ["subnet-…"], "securityGroupIds": ["sg-…"]}',
        got: given,
        remedy,
      },
    ];
  return [
    ...unknownFields(given, Object.keys(IDS), 'vpc.'),
    ...Object.entries(IDS).flatMap(([field, { what, ok }]) => {
      const ids = given[field];
      // A list of which nobody knows the length yet is a token itself.
      const known = Array.isArray(ids) && (Token.isUnresolved(ids) || (ids.length > 0 && ids.every(ok)));
      return known
        ? []
        : [{ field: `vpc.${field}`, expected: `ids of ${what}, at least one`, got: ids, remedy }];
    }),
  ];
}

function troublesOfTwoTopics({ alarmTopicArn, alarmEmail }: Readonly<Record<string, unknown>>): Trouble[] {
  if (alarmTopicArn === undefined || alarmEmail === undefined) return [];
  const expected = 'nothing beside alarmTopicArn';
  const remedy = 'Leave one of the two out, and subscribe the address to the topic';
  return [{ field: 'alarmEmail', expected, got: alarmEmail, remedy }];
}
