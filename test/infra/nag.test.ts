/** cdk-nag's packs AwsSolutions and Serverless over the stacks: nothing is found but what infra/acknowledged.ts gives a reason for. */
import { CfnOutput, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, type NagPack, ServerlessChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { expect, test } from 'vitest';
import { EVERYTHING, OBSERVE, stackOf, stackWith, WARM } from './synthesized.ts';

const INSIDE = { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] };
const STACKS = {
  observe: () => stackOf(OBSERVE),
  warm: () => stackOf(WARM),
  'every option': () => stackOf(EVERYTHING),
  'a gate endpoint for signed calls, and hooks': () =>
    stackOf({ ...WARM, gateEndpoint: 'iam', policy: { launchHook: 'prewarm' } }),
  'in a VPC, with an e-mail address': () =>
    stackWith({ clusters: [{ name: 'demo' }], vpc: INSIDE, alarmEmail: 'platform@example.com' }),
};
/** Rights that do not fit into roles: a synth moves them to policies beside. */
const aDozen = () =>
  stackWith({
    clusters: Array.from({ length: 12 }, (_, index) => ({
      name: `${'x'.repeat(90)}${index}`,
      mode: 'warm' as const,
      vpcId: `vpc-${String(index).padStart(17, '0')}`,
      lens: true,
    })),
    policy: { launchHook: 'prewarm' },
    vpc: INSIDE,
  });
const each = test.each(Object.entries(STACKS));
const packs = (): NagPack[] => [new AwsSolutionsChecks(), new ServerlessChecks()];

/** `rule at resource`, of everything the packs have to say. */
const findings = (scope: IConstruct): string[] =>
  packs()
    .flatMap((pack) => pack.validateScope(scope).violations)
    .flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
    )
    .sort();

/** The same of everything that was acknowledged, with its reason. */
const acknowledged = (scope: IConstruct): Map<string, string> =>
  new Map(
    scope.node.findAll().flatMap(({ node }) =>
      node.metadata
        .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
        .flatMap(({ data }) => Object.entries(data as Record<string, string>))
        .map(([id, reason]): [string, string] => [
          `${id.replace(/^annotation::/i, '')} at ${node.path}`,
          reason,
        ]),
    ),
  );

test.each([...Object.entries(STACKS), ['a dozen clusters', aDozen] as const])(
  '%s: a synth with both packs goes through',
  (_, make) => {
    const { app } = make();
    Validations.of(app).addPlugins(...packs());
    app.synth();
  },
);

each('%s: what is acknowledged is found, and has a reason in words', (_, make) => {
  const { app, stack } = make();
  // Acknowledgements come with the synth.
  const before = findings(stack);
  expect(before.length).toBeGreaterThan(10);
  app.synth();
  const reasons = acknowledged(stack);
  expect([...reasons.keys()].sort()).toEqual(before);
  for (const reason of reasons.values()) expect(reason.split(' ').length).toBeGreaterThan(10);
});

test('what is acknowledged, by rule: a new line here is a decision', () => {
  const { app, stack } = stackOf(EVERYTHING);
  app.synth();
  const rules = new Set(
    [...acknowledged(stack).keys()].map((one) =>
      (one.split(' at ')[0] ?? '').replace(/<\w+Function\w+\.Arn>/, '<function>'),
    ),
  );
  expect([...rules].sort()).toEqual([
    'AwsSolutions-IAM5[Resource::*]',
    'AwsSolutions-IAM5[Resource::<function>:*]',
    'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:instance/*]',
    'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:network-interface/*]',
    'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:security-group/*]',
    'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:subnet/*]',
    'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:eks:<AWS::Region>:<AWS::AccountId>:addon/demo/vpc-cni/*]',
    'AwsSolutions-SMG4',
    'AwsSolutions-SQS3',
    'Serverless-LambdaAsyncFailureDestination',
    'Serverless-LambdaDLQ',
    'Serverless-LambdaEventSourceMappingDestination',
    'Serverless-SQSRedrivePolicy',
  ]);
});

test('a wildcard nobody gave a reason for, and a queue without dead letters, stop the synth', () => {
  const { app, stack } = stackOf(OBSERVE);
  Validations.of(app).addPlugins(...packs());
  new Role(stack, 'Other', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }).addToPolicy(
    new PolicyStatement({ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::other/*'] }),
  );
  const { queueName } = new Queue(stack, 'Unguarded');
  new CfnOutput(stack, 'UnguardedQueue', { value: queueName });
  let said = '';
  try {
    app.synth();
  } catch (error) {
    said = String(error);
  }
  for (const rule of [
    'AwsSolutions-IAM5[Resource::arn:aws:s3:::other/*]',
    'AwsSolutions-SQS3',
    'AwsSolutions-SQS4',
    'Serverless-SQSRedrivePolicy',
  ])
    expect(said).toContain(rule);
  expect(said).not.toMatch(/demo\/(OnSignal|Sweep|Launches)/);
});
