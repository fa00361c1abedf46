/** What `-c gateEndpoint=...` adds to a stack, and that without it nothing is added. */
import { Annotations, Match, type Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { readEnvironment } from '../../lambdas/adapters/env-config.ts';
import { OBSERVE, stackOf, statementsOf, templateOf, WARM } from './synthesized.ts';

const IAM = { ...OBSERVE, gateEndpoint: 'iam' };
const SECRET = { ...OBSERVE, gateEndpoint: 'secret' };
const both = test.each([
  ['iam', IAM],
  ['secret', SECRET],
] as const);

/** The endpoint's function. */
function functionIn(template: Template): Record<string, unknown> {
  const found = Object.entries(template.findResources('AWS::Lambda::Function')).filter(([id]) =>
    id.startsWith('GateAnswer'),
  );
  expect(found).toHaveLength(1);
  return found[0]?.[1]['Properties'] as Record<string, unknown>;
}
const warningsOf = (context: Record<string, unknown>): unknown[] =>
  Annotations.fromStack(stackOf(context).stack)
    .findWarning('*', Match.anyValue())
    .map(({ entry }) => entry.data);

test('off: no function, no URL, no secret, no output, no warning', () => {
  const template = templateOf(OBSERVE);
  expect(JSON.stringify(template.toJSON())).not.toMatch(/answer-gate|GateUrl|SecretsManager|secretsmanager/);
  template.resourceCountIs('AWS::Lambda::Url', 0);
  expect(warningsOf(OBSERVE)).toEqual([]);
});

test('iam: callers sign; nobody else is let in, there is no secret, and nothing to be warned of', () => {
  const template = templateOf(IAM);
  template.resourceCountIs('AWS::Lambda::Url', 1);
  template.hasResourceProperties('AWS::Lambda::Url', { AuthType: 'AWS_IAM' });
  // A principal of "*" would open it to whoever signs.
  for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Permission')))
    expect(Properties.Principal).not.toBe('*');
  template.resourceCountIs('AWS::SecretsManager::Secret', 0);
  expect(functionIn(template)).not.toHaveProperty('ReservedConcurrentExecutions');
  expect(functionIn(template)).not.toHaveProperty('Environment.Variables.GATE_SECRET');
  expect(warningsOf(IAM)).toEqual([]);
});

test('secret: anybody may call, two at a time; a synth warns of it', () => {
  const template = templateOf(SECRET);
  template.hasResourceProperties('AWS::Lambda::Url', { AuthType: 'NONE' });
  const permissions = Object.values(template.findResources('AWS::Lambda::Permission')).filter(
    ({ Properties }) => Properties.Principal === '*',
  );
  // Source: Lambda Developer Guide, access to function URLs: since October 2025 it takes both, and the second by the URL alone.
  expect(permissions.map(({ Properties }) => Properties)).toMatchObject([
    { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' },
    { Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
  ]);
  expect(functionIn(template)).toMatchObject({ ReservedConcurrentExecutions: 2 });
  expect(warningsOf(SECRET)).toEqual([expect.stringContaining('a URL that anybody can call')]);
});

test('the secret is made by Secrets Manager, goes with the stack, and is nowhere in the template', () => {
  const template = templateOf(SECRET);
  const [[id, secret] = []] = Object.entries(template.findResources('AWS::SecretsManager::Secret'));
  expect(secret).toMatchObject({
    DeletionPolicy: 'Delete',
    Properties: { GenerateSecretString: { PasswordLength: 48, ExcludePunctuation: true } },
  });
  expect(secret?.['Properties']).not.toHaveProperty('SecretString');
  // The function is told where it is, not what it is: an environment can be read by many.
  expect(functionIn(template)).toMatchObject({ Environment: { Variables: { GATE_SECRET: { Ref: id } } } });
  expect(JSON.stringify(template.toJSON())).not.toContain('{{resolve:secretsmanager');
});

both('%s: it may look one thing up, read the policy, and nothing of EC2, EKS or SQS', (access, context) => {
  const template = templateOf({ ...WARM, ...context, lens: true, gate: true, mode: 'warm' });
  const held = statementsOf(template).filter(({ holder }) => holder === 'GateAnswer');
  const [ledger] = Object.keys(template.findResources('AWS::DynamoDB::Table'));
  const [secret] = Object.keys(template.findResources('AWS::SecretsManager::Secret'));
  expect(held.map(({ actions, resources }) => [actions.join(), ...resources])).toEqual([
    ['logs:CreateLogStream,logs:PutLogEvents', expect.stringMatching(/^GateAnswerLogs\w+\.Arn$/)],
    ['ssm:GetParameter', expect.stringMatching(/^arn:aws:ssm:R:A:parameterPolicy/)],
    ['dynamodb:GetItem', `${ledger}.Arn`],
    ...(access === 'secret' ? [['secretsmanager:GetSecretValue', secret]] : []),
    ['xray:PutTraceSegments,xray:PutTelemetryRecords', '*'],
  ]);
});

both('%s: nobody else is given anything by it', (_, context) => {
  const others = (of: Record<string, unknown>) =>
    statementsOf(templateOf(of)).filter(({ holder }) => holder !== 'GateAnswer');
  expect(others(context)).toEqual(others(OBSERVE));
});

both('%s: its environment, once deployed, is one that the function accepts', (_, context) => {
  const { Variables } = functionIn(templateOf(context))['Environment'] as {
    Variables: Record<string, unknown>;
  };
  const deployed = (name: string): string =>
    name.endsWith('_URL') ? 'https://sqs.eu-central-1.amazonaws.com/123456789012/queue' : 'demo-table';
  const env = Object.entries(Variables).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : name === 'ACCOUNT_ID' ? '123456789012' : deployed(name),
  ]);
  expect(readEnvironment({ AWS_REGION: 'eu-central-1', ...Object.fromEntries(env) })).toMatchObject({
    ok: true,
  });
});

test('outputs say where to ask, whom to allow and what to show', () => {
  const urlOf = {
    'Fn::Join': ['', [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^GateAnswer'), 'FunctionUrl'] }, 'gate']],
  };
  templateOf(IAM).hasOutput('GateUrl', { Value: urlOf });
  templateOf(IAM).hasOutput('GateFunction', { Value: { 'Fn::GetAtt': Match.anyValue() } });
  expect(templateOf(IAM).findOutputs('GateSecret')).toEqual({});
  templateOf(SECRET).hasOutput('GateUrl', { Value: urlOf });
  templateOf(SECRET).hasOutput('GateSecret', { Value: { Ref: Match.stringLikeRegexp('^GateSecret') } });
});

test('it answers for as long as what it asks may stay silent: a tool hears the policy, not a time-out', () => {
  // Policy 2 tries, ledger 3, secret 2, of 2 s each, and pauses between them.
  expect(functionIn(templateOf(SECRET))['Timeout']).toBeGreaterThanOrEqual((2 + 3 + 2) * 2 + 2);
});
