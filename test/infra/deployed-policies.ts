/**
 * The policies of a synthesized stack as they read once it is deployed, in an account and a Region, and what IAM says of
 * requests under them. The evaluator is @cloud-copilot/iam-simulate, which knows from the Service Authorization Reference
 * which actions there are, on which resources, with which condition keys.
 */

import { runSimulation, runUnsafeSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import type { Template } from 'aws-cdk-lib/assertions';
import { z } from 'zod';
import { keysFilledIn, untagged } from './service-authorization.ts';
import { VPC_ID } from './synthesized.ts';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-central-1';
export const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;

export interface PolicyDocument {
  readonly Version: string;
  readonly Statement: readonly {
    readonly Sid?: string;
    readonly Effect: 'Allow' | 'Deny';
    readonly Action: string | readonly string[];
    readonly Resource: string | readonly string[];
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  }[];
}

/** One thing that IAM is asked about: an action on one resource, with the condition keys that the service fills in. */
export interface Asked {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | string[]>>;
}

type Resource = { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> };
type Resources = Readonly<Record<string, Resource>>;

/** A stack in account 111122223333. */
export class Deployed {
  readonly #resources: Resources;

  constructor(template: Template) {
    this.#resources = template.toJSON()['Resources'];
  }

  /** ARNs of all resources of a type whose logical id has `part` in it; exactly one is expected. */
  arnOf(type: string, part = ''): string {
    const found = this.#idsOf(type).filter((id) => id.includes(part));
    const [id] = found;
    if (id === undefined || found.length > 1)
      throw new Error(`expected one ${type} with "${part}" in its id, got ${found.length}: ${found.join()}`);
    return this.#arn(id);
  }

  /** File names of the functions, as in lambdas/handlers. */
  functions(): readonly string[] {
    return this.#idsOf('AWS::Lambda::Function').map((id) => this.#nameOfFunction(id));
  }

  /** Logical id of the role that a function has (`on-signal`), or that the rollout machine or a schedule has. */
  roleOf(who: string): string {
    if (who === 'the rollout machine')
      return this.#roleIn(this.#idsOf('AWS::StepFunctions::StateMachine')[0], ['RoleArn']);
    if (who === 'a schedule')
      return this.#roleIn(this.#idsOf('AWS::Scheduler::Schedule')[0], ['Target', 'RoleArn']);
    return this.#roleIn(
      this.#idsOf('AWS::Lambda::Function').find((id) => this.#nameOfFunction(id) === who),
      ['Role'],
    );
  }

  trustOf(role: string): unknown {
    return this.#resolve(this.#resources[role]?.Properties?.['AssumeRolePolicyDocument']);
  }

  policiesOf(who: string): readonly PolicyDocument[] {
    const role = this.roleOf(who);
    // What does not fit into a role goes into policies beside it.
    return [...this.#idsOf('AWS::IAM::Policy'), ...this.#idsOf('AWS::IAM::ManagedPolicy')]
      .map((id) => this.#resources[id]?.Properties)
      .filter((policy) => JSON.stringify(policy?.['Roles']).includes(`"${role}"`))
      .map((policy) => this.#resolve(policy?.['PolicyDocument']) as PolicyDocument);
  }

  #idsOf(type: string): string[] {
    return Object.keys(this.#resources).filter((id) => this.#resources[id]?.Type === type);
  }

  #nameOfFunction(id: string): string {
    const { Environment } = z
      .object({ Environment: z.object({ Variables: z.object({ POWERTOOLS_SERVICE_NAME: z.string() }) }) })
      .parse(this.#resources[id]?.Properties);
    return Environment.Variables.POWERTOOLS_SERVICE_NAME;
  }

  #roleIn(id: string | undefined, path: readonly string[]): string {
    const properties: unknown = id === undefined ? undefined : this.#resources[id]?.Properties;
    const found = path.reduce(
      (inner, key) => (inner as Readonly<Record<string, unknown>> | undefined)?.[key],
      properties,
    );
    return z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }).parse(found)['Fn::GetAtt'][0];
  }

  #resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#resolve(one));
    if (typeof value !== 'object' || value === null) return value;
    const one = value as Readonly<Record<string, unknown>>;
    const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = one;
    if (Array.isArray(join)) return (this.#resolve(join[1]) as string[]).join(join[0]);
    if (typeof Ref === 'string') return this.#ref(Ref);
    if (Array.isArray(attribute)) return this.#arn(attribute[0]);
    return Object.fromEntries(Object.entries(one).map(([key, inner]) => [key, this.#resolve(inner)]));
  }

  #ref(id: string): string {
    const pseudo = { 'AWS::Partition': 'aws', 'AWS::Region': REGION, 'AWS::AccountId': ACCOUNT }[id];
    if (pseudo !== undefined) return pseudo;
    const { Type = 'parameter' } = this.#resources[id] ?? {};
    if (Type === 'parameter') return VPC_ID;
    return REFERRED_BY_NAME.has(Type) ? this.#name(id) : this.#arn(id);
  }

  #name(id: string): string {
    const { Name, LogGroupName } = this.#resources[id]?.Properties ?? {};
    return String(Name ?? LogGroupName ?? id);
  }

  #arn(id: string): string {
    const type = this.#resources[id]?.Type ?? '';
    const form = ARNS[type];
    if (form === undefined) throw new Error(`${id}: expected a type with a known ARN, got ${type}`);
    return form(this.#name(id));
  }
}

/** What `Ref` gives. Source: CloudFormation User Guide, return values. */
const REFERRED_BY_NAME = new Set(['AWS::SSM::Parameter', 'AWS::DynamoDB::Table', 'AWS::Lambda::Function']);

/** Source: Service Authorization Reference, resource types. */
const ARNS: Readonly<Record<string, (name: string) => string>> = {
  'AWS::DynamoDB::Table': (name) => arn('dynamodb', `table/${name}`),
  'AWS::SQS::Queue': (name) => arn('sqs', name),
  'AWS::SNS::Topic': (name) => arn('sns', name),
  'AWS::S3::Bucket': (name) => `arn:aws:s3:::${name.toLowerCase()}`,
  'AWS::Lambda::Function': (name) => arn('lambda', `function:${name}`),
  'AWS::Logs::LogGroup': (name) => arn('logs', `log-group:${name}:*`),
  'AWS::SSM::Parameter': (name) => arn('ssm', `parameter${name}`),
  'AWS::StepFunctions::StateMachine': (name) => arn('states', `stateMachine:${name}`),
  'AWS::SecretsManager::Secret': (name) => arn('secretsmanager', `secret:${name}-AbCdEf`),
  'AWS::IAM::Role': (name) => `arn:aws:iam::${ACCOUNT}:role/${name}`,
};

/** Actions that the reference knows no resource of, while the service does name one (infra/permissions.ts, `conduct`). The
 *  evaluator would insist on "*". */
const CHECKED_ALL_THE_SAME = new Set(['states:SendTaskSuccess', 'states:SendTaskFailure']);

/** Comes with what a function's code asks for, and not with what Lambda asks for in the role's name. It is of no service's own
 *  keys. Source: Lambda Developer Guide, working with source function ARN. */
export const BY_CODE = 'lambda:SourceFunctionArn';

/** Whether a role with these policies may do all of it: a service asks for one resource after the other, and one refusal is
 *  enough. A context key that the service does not fill for that action and resource is a mistake of the asker's. */
export async function allowed(
  policies: readonly PolicyDocument[],
  asked: readonly Asked[],
): Promise<boolean> {
  for (const one of asked) if (!(await allowedOne(policies, one))) return false;
  return true;
}

async function allowedOne(policies: readonly PolicyDocument[], asked: Asked): Promise<boolean> {
  const simulation: Simulation = {
    request: {
      action: asked.action,
      principal: `arn:aws:iam::${ACCOUNT}:role/function`,
      resource: { resource: asked.resource, accountId: ACCOUNT },
      contextVariables: { ...asked.context },
    },
    identityPolicies: policies.map((policy, index) => ({ name: `policy-${index}`, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
  if (CHECKED_ALL_THE_SAME.has(asked.action) || BY_CODE in simulation.request.contextVariables)
    return runUnsafeSimulation(simulation, {}) === 'Allowed';
  const run = await runSimulation(simulation, {});
  if (run.resultType !== 'single')
    throw new Error(`${JSON.stringify(asked)}: ${JSON.stringify('errors' in run ? run.errors : run)}`);
  const filledIn = await keysFilledIn(asked.action, asked.resource);
  const unknown = Object.keys(asked.context ?? {}).filter((key) => !filledIn.has(untagged(key)));
  if (unknown.length > 0)
    throw new Error(`${asked.action} on ${asked.resource} has no condition keys ${unknown.join()}`);
  return run.overallResult === 'Allowed';
}
