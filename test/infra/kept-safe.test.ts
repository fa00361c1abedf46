/** What lies in the account because of us: encrypted, closed to plain HTTP and to the public, and gone or kept on purpose. No
 *  secret lies where many can read it. */
import { describe, expect, test } from 'vitest';
import { EVERYTHING, OBSERVE, templateOf, WARM } from './synthesized.ts';

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

const STACKS = {
  observe: OBSERVE,
  warm: WARM,
  'every option': EVERYTHING,
  'a table of its own, an e-mail address and signed calls': {
    ...EVERYTHING,
    budgetTable: undefined,
    alarmTopicArn: undefined,
    alarmEmail: 'platform@example.com',
    gateEndpoint: 'iam',
  },
};

/** Types that hold something when their stack is removed. */
const STATEFUL =
  /^AWS::(DynamoDB::Table|SQS::Queue|SNS::Topic|S3::Bucket|Logs::LogGroup|SSM::Parameter|SecretsManager::Secret|KMS::Key)$/;

describe.each(Object.entries(STACKS))('%s', (_, context) => {
  const template = templateOf(context);
  const resources = Object.entries(template.toJSON()['Resources']) as [string, Resource][];
  const of = (...types: string[]) => resources.filter(([, { Type }]) => types.includes(Type));
  /** Whether a resource policy refuses what does not come over TLS, for this resource. */
  const refusesHttp = (id: string, policyType: string): boolean =>
    of(policyType).some(
      ([, { Properties }]) =>
        JSON.stringify(Properties).includes(`"${id}"`) &&
        /"Effect":"Deny"/.test(JSON.stringify(Properties)) &&
        JSON.stringify(Properties).includes('"aws:SecureTransport":"false"'),
    );

  test('tables are encrypted and can be restored to any second', () => {
    expect(of('AWS::DynamoDB::Table').length).toBeGreaterThan(0);
    for (const [id, { Properties }] of of('AWS::DynamoDB::Table'))
      expect(Properties, id).toMatchObject({
        SSESpecification: { SSEEnabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      });
  });

  test('queues are encrypted and refuse plain HTTP', () => {
    expect(of('AWS::SQS::Queue').length).toBeGreaterThan(6);
    for (const [id, { Properties = {} }] of of('AWS::SQS::Queue')) {
      expect(Properties['SqsManagedSseEnabled'] === true || 'KmsMasterKeyId' in Properties, id).toBe(true);
      expect(refusesHttp(id, 'AWS::SQS::QueuePolicy'), id).toBe(true);
    }
  });

  test('topics, where there are any, are encrypted by a key that turns, and refuse plain HTTP', () => {
    expect(of('AWS::SNS::Topic')).toHaveLength('alarmEmail' in context ? 1 : 0);
    for (const [id, { Properties }] of of('AWS::KMS::Key'))
      expect(Properties, id).toMatchObject({ EnableKeyRotation: true });
    for (const [id, { Properties }] of of('AWS::SNS::Topic')) {
      expect(Properties, id).toHaveProperty('KmsMasterKeyId');
      expect(refusesHttp(id, 'AWS::SNS::TopicPolicy'), id).toBe(true);
    }
  });

  test('buckets, where there are any, are encrypted, refuse plain HTTP and are closed to the public', () => {
    for (const [id, { Properties }] of of('AWS::S3::Bucket')) {
      expect(Properties, id).toMatchObject({
        BucketEncryption: expect.anything(),
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      });
      expect(refusesHttp(id, 'AWS::S3::BucketPolicy'), id).toBe(true);
    }
  });

  test('nothing is left to a default when the stack is removed', () => {
    const kept = resources.filter(([, { Type }]) => STATEFUL.test(Type));
    expect(kept.length).toBeGreaterThan(10);
    for (const [id, { DeletionPolicy, UpdateReplacePolicy }] of kept)
      expect([id, DeletionPolicy, UpdateReplacePolicy]).toEqual([id, 'Delete', 'Delete']);
  });

  test('logs end', () => {
    for (const [id, { Properties }] of of('AWS::Logs::LogGroup'))
      expect(Properties, id).toMatchObject({ RetentionInDays: 30 });
  });

  test('no resource policy lets everybody in, but that of a function URL with a secret', () => {
    const open = resources.filter(([, { Properties }]) =>
      /"Effect":"Allow"[^{}]*"Principal":("\*"|\{"AWS":"\*"\})/.test(JSON.stringify(Properties ?? {})),
    );
    expect(open.map(([id]) => id)).toEqual([]);
    const everybody = of('AWS::Lambda::Permission').filter(
      ([, one]) => one.Properties?.['Principal'] === '*',
    );
    expect(everybody.every(([id]) => id.startsWith('GateAnswer'))).toBe(true);
    expect(everybody.length > 0).toBe('gateEndpoint' in context && context.gateEndpoint === 'secret');
  });

  test('in the environment of functions there are settings and places, and no secret', () => {
    for (const [id, { Properties = {} }] of of('AWS::Lambda::Function')) {
      const { Variables } = Properties['Environment'] as { Variables: Readonly<Record<string, unknown>> };
      for (const [name, value] of Object.entries(Variables)) expect(name, `${id} ${value}`).toMatch(KNOWN);
      expect(Variables['POWERTOOLS_LOG_LEVEL']).toBe('INFO');
      if ('GATE_SECRET' in Variables)
        // The reference of a secret is its ARN.
        expect(template.findResources('AWS::SecretsManager::Secret')).toHaveProperty(
          (Variables['GATE_SECRET'] as { Ref: string }).Ref,
        );
    }
  });

  test('no value of a secret is in the template: none is written there, none is looked up for it', () => {
    const text = JSON.stringify(template.toJSON());
    expect(text).not.toMatch(/\{\{resolve:|"SecretString":|"NoEcho"|AKIA[0-9A-Z]{16}/);
    for (const [, { Value }] of Object.entries(template.findOutputs('*')))
      expect(JSON.stringify(Value)).not.toMatch(/SecretString|resolve:/);
  });

  test('the rollout machine logs no data of its executions: the token of a gate is among them', () => {
    for (const [id, { Properties }] of of('AWS::StepFunctions::StateMachine')) {
      expect(Properties, id).toMatchObject({ LoggingConfiguration: { Level: 'ALL' } });
      expect(Properties).not.toHaveProperty('LoggingConfiguration.IncludeExecutionData', true);
    }
  });
});

/** A variable of another name is a decision: is what it holds for everybody who may look at a function? And
 *  POWERTOOLS_LOGGER_LOG_EVENT would write whole events, with what callers show and the tokens of gates, to the log. */
const KNOWN =
  /^(CLUSTERS|POLICY_PARAMETER|LEDGER_TABLE|BUDGET_TABLE|(LAUNCH|SIGNAL|VERIFY)_(QUEUE|DEAD_LETTERS)_URL|ACCOUNT_ID|ROLLOUT_MACHINE_ARN|GATE_SECRET|POWERTOOLS_(SERVICE_NAME|LOG_LEVEL))$/;
