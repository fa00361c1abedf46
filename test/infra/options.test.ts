/** What options of a deployment add to it, one by one; and the worked example of docs/deploy.md. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { expect, test } from 'vitest';
import { functionNames, ROOT } from '../../infra/bundles.ts';
import { IpPrewarmer } from '../../infra/ip-prewarmer.ts';
import type { IpPrewarmerProps } from '../../infra/props.ts';
import { SettingsError } from '../../infra/trouble.ts';
import {
  EVERYTHING,
  type Statement,
  stackWith,
  standInBundles,
  statementsOf,
  templateWith,
} from './synthesized.ts';
import { exampleOf } from './worked-example.ts';

const OBSERVE: IpPrewarmerProps = { clusters: [{ name: 'demo' }] };
const WARM: IpPrewarmerProps = {
  clusters: [{ name: 'demo', mode: 'warm', vpcId: 'vpc-0123456789abcdef0' }],
  gateEndpoint: 'secret',
};
const VPC = { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] };
const propertiesOf = (template: Template, type: string): Record<string, unknown>[] =>
  Object.values(template.findResources(type)).map((resource) => resource['Properties']);

test('in a VPC every function is, in its subnets and groups', () => {
  for (const properties of propertiesOf(templateWith({ ...WARM, vpc: VPC }), 'AWS::Lambda::Function'))
    expect(properties).toMatchObject({
      VpcConfig: { SubnetIds: VPC.subnetIds, SecurityGroupIds: VPC.securityGroupIds },
    });
  for (const properties of propertiesOf(templateWith(WARM), 'AWS::Lambda::Function'))
    expect(properties).not.toHaveProperty('VpcConfig');
});

test("in a VPC a role gets what Lambda needs to put its function there, and the function's code cannot use it", () => {
  const held = (props: IpPrewarmerProps): Statement[] => statementsOf(templateWith(props));
  const added = held({ ...OBSERVE, vpc: VPC }).filter(({ sid }) => sid === 'EnterVpc');
  expect(added.map(({ holder }) => holder)).toEqual(['OnSignal', 'LookAgain', 'Sweep']);
  for (const { actions, condition } of added) {
    expect(actions).toContain('ec2:CreateNetworkInterface');
    expect(condition).toEqual({ Null: { 'lambda:SourceFunctionArn': 'true' } });
  }
  // Nothing else is added, and in observe nothing else changes anything.
  expect(held({ ...OBSERVE, vpc: VPC }).filter(({ sid }) => sid !== 'EnterVpc')).toEqual(held(OBSERVE));
});

const toldOf = (props: IpPrewarmerProps): unknown[] =>
  Annotations.fromStack(stackWith(props).stack)
    .findInfo('*', Match.stringLikeRegexp('endpoints'))
    .map(({ entry }) => entry.data);

test.each<[string, IpPrewarmerProps, string]>([
  ['observe', OBSERVE, 'ec2, eks, sqs, ssm'],
  ['warm, with a secret', WARM, 'ec2, eks, sqs, ssm, states, events, secretsmanager'],
  ['with a hook', { ...OBSERVE, policy: { launchHook: 'prewarm' } }, 'ec2, eks, sqs, ssm, autoscaling'],
])('in a VPC a synth says which endpoints are needed: %s', (_, props, names) => {
  expect(toldOf({ ...props, vpc: VPC })).toEqual([
    expect.stringContaining(`interface endpoints for ${names} and a gateway endpoint for dynamodb;`),
  ]);
  expect(toldOf(props)).toEqual([]);
});

test('those endpoints are of the services that the functions hold rights for', () => {
  // An endpoint of each of these is called as IAM calls the service.
  const held = statementsOf(templateWith({ ...WARM, policy: { launchHook: 'prewarm' } }))
    .filter(({ holder }) => holder !== 'RolloutsRolloutMachine')
    .flatMap(({ actions }) => actions.map((action) => action.split(':')[0] ?? ''))
    // Lambda sends logs and traces; DynamoDB has a gateway.
    .filter((service) => !['logs', 'xray', 'dynamodb'].includes(service));
  const [told] = toldOf({ ...WARM, policy: { launchHook: 'prewarm' }, vpc: VPC });
  const said = /interface endpoints for (.*) and a gateway/.exec(String(told))?.[1]?.split(', ');
  expect([...new Set(held)].sort()).toEqual(said?.sort());
});

test('an e-mail address hears of every alarm, by a topic that lets CloudWatch and nobody without TLS publish', () => {
  const template = templateWith({ ...OBSERVE, alarmEmail: 'platform@example.com' });
  const [[topic] = []] = Object.entries(template.findResources('AWS::SNS::Topic'));
  template.hasResourceProperties('AWS::SNS::Subscription', {
    Protocol: 'email',
    Endpoint: 'platform@example.com',
    TopicArn: { Ref: topic },
  });
  for (const alarm of propertiesOf(template, 'AWS::CloudWatch::Alarm'))
    expect(alarm).toMatchObject({ AlarmActions: [{ Ref: topic }], OKActions: [{ Ref: topic }] });
  template.hasResourceProperties('AWS::SNS::TopicPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        Match.objectLike({
          Effect: 'Allow',
          Action: 'sns:Publish',
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        }),
      ]),
    },
  });
});

test('every role is bounded where a boundary is named: of functions, machine and schedules', () => {
  const permissionsBoundary = 'arn:aws:iam::111122223333:policy/boundary';
  const roles = propertiesOf(
    templateWith({ ...WARM, permissionsBoundary, policy: EVERYTHING.policy }),
    'AWS::IAM::Role',
  );
  expect(roles).toHaveLength(12);
  for (const role of roles) expect(role).toMatchObject({ PermissionsBoundary: permissionsBoundary });
});

test('every log group keeps its events as long as is said, those of the machine too', () => {
  const groups = propertiesOf(templateWith({ ...WARM, logRetentionDays: 90 }), 'AWS::Logs::LogGroup');
  expect(groups).toHaveLength(11);
  for (const group of groups) expect(group).toMatchObject({ RetentionInDays: 90 });
});

test("other constructs' attributes may be given, of which only the deployment knows the value", () => {
  const stack = new Stack(new App(), 'elsewhere');
  const table = Table.fromTableName(stack, 'Budget', new Topic(stack, 'Name').topicName);
  const { tables } = new IpPrewarmer(stack, 'Prewarmer', {
    ...OBSERVE,
    alarmTopicArn: new Topic(stack, 'Pager').topicArn,
    budgetTable: table.tableName,
    bundles: standInBundles(...functionNames(ROOT)),
  });
  expect(stack.resolve(tables.budget.tableName)).toEqual(stack.resolve(table.tableName));
});

test('two of them fit into one stack', () => {
  const stack = new Stack(new App({ builtinCloudFormationValidation: false }), 'elsewhere');
  const bundles = standInBundles(...functionNames(ROOT));
  for (const name of ['shop', 'staging'])
    new IpPrewarmer(stack, name, { ...WARM, clusters: [{ name, mode: 'warm' }], bundles });
  Template.fromStack(stack).resourceCountIs('AWS::SSM::Parameter', 2);
});

test('bad props are one error that names them all, a line each', () => {
  const stack = new Stack(new App(), 'elsewhere');
  const props = { clusters: [], logRetentionDays: 31 };
  const thrown = (): unknown => {
    try {
      return new IpPrewarmer(stack, 'Prewarmer', props);
    } catch (error) {
      return error;
    }
  };
  const error = thrown();
  expect(error).toBeInstanceOf(SettingsError);
  expect(String(error).split('\n')).toEqual([
    'SettingsError: These settings cannot be deployed:',
    expect.stringMatching(/^ {2}clusters: expected /),
    expect.stringMatching(/^ {2}logRetentionDays: expected .*, got 31\. Leave it out for 30$/),
    'All settings, with units and defaults: docs/deploy.md',
  ]);
});

/** Runs a file as the CDK's CLI would, where it finds our dependencies. */
function synthesize(file: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'example-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, file), text);
    const env = { ...process.env, CDK_OUTDIR: join(folder, 'out') };
    const { status, stderr } = spawnSync(process.execPath, [join(folder, file)], { encoding: 'utf8', env });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return readFileSync(join(folder, 'out/platform.template.json'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the worked example of the page synthesizes: its clusters, its modes, its own topic', () => {
  const bundles = JSON.stringify(standInBundles(...functionNames(ROOT)));
  const text = exampleOf('app.ts')
    .replace("'eks-ip-prewarmer'", `'${join(ROOT, 'infra/index.ts')}'`)
    .replace("name: 'platform',", `name: 'platform', bundles: ${bundles},`);
  const template = Template.fromJSON(JSON.parse(synthesize('app.ts', text)));
  template.resourceCountIs('AWS::Lambda::Function', 9);
  template.hasResourceProperties('AWS::SSM::Parameter', {
    Name: '/eks-ip-prewarmer/platform/policy',
    Value: JSON.stringify({
      budgetShare: 0.3,
      clusters: { shop: { nodeGroups: { batch: { mode: 'observe' } } } },
    }),
  });
  for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Function')))
    expect(JSON.parse(Properties.Environment.Variables.CLUSTERS)).toEqual([
      { name: 'shop', mode: 'warm' },
      { name: 'staging', mode: 'observe' },
    ]);
});

test('the configuration of the page is one that the functions can be deployed with', () => {
  const text = exampleOf('prewarmer.config.ts')
    .replace('./infra/props.ts', join(ROOT, 'infra/props.ts'))
    .replace('export default', 'const config =')
    .concat(
      `import { App } from 'aws-cdk-lib';
       import { PrewarmerStack } from '${join(ROOT, 'infra/index.ts')}';
       const bundles = ${JSON.stringify(standInBundles(...functionNames(ROOT)))};
       new PrewarmerStack(new App({ builtinCloudFormationValidation: false }), 'platform', { prewarmer: { ...config, bundles } });`,
    );
  expect(synthesize('app.ts', text)).toContain('/eks-ip-prewarmer/shop/policy');
});
