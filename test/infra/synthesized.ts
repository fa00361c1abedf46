/** Stacks synthesized as the CLI does it (the context of cdk.json), over stand-in bundles: no build is needed. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll } from 'vitest';
import { z } from 'zod';
import { functionNames, ROOT } from '../../infra/bundles.ts';
import { readContext } from '../../infra/context.ts';
import type { IpPrewarmerProps } from '../../infra/props.ts';
import { PrewarmerStack } from '../../infra/stack.ts';

export const VPC_ID = 'vpc-0123456789abcdef0';
export const OBSERVE = { cluster: 'demo' };
export const WARM = { cluster: 'demo', mode: 'warm', vpcId: VPC_ID };
export const EVERYTHING = {
  ...WARM,
  policy: {
    soleAllocator: true,
    schedules: {
      morning: {
        at: 'cron(40 8 ? * MON-FRI *)',
        leadSeconds: 1200,
        announce: {
          cluster: 'demo',
          workload: { kind: 'Deployment', namespace: 'checkout', name: 'cart' },
          replicas: { from: 20, to: 120 },
        },
      },
    },
  },
  signals: {
    cloudTrail: true,
    codePipeline: true,
    codeDeploy: true,
    codeBuild: true,
    ecr: true,
    alarms: true,
  },
  budgetTable: 'account-budget',
  alarmTopicArn: 'arn:aws:sns:eu-central-1:111122223333:pager',
  lens: true,
  gate: true,
  gateEndpoint: 'secret',
};

const cdkJson = z
  .object({ context: z.record(z.string(), z.unknown()) })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../../cdk.json'), 'utf8')));

/** Everything written here goes with the test file that uses it. */
const scratch = mkdtempSync(join(tmpdir(), 'eks-ip-prewarmer-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const folderFor = (what: string): string => mkdtempSync(join(scratch, what));

export function standInBundles(...names: string[]): string {
  const folder = folderFor('bundles-');
  for (const name of names) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'index.mjs'), 'export const handler = async () => {};\n');
  }
  return folder;
}

export interface HowSynthesized {
  readonly bundles?: string;
  /** Whether the CDK's own linter reads it, which takes longer than all else. stack.test.ts and several.test.ts have it read every
   *  option there is; other tests look at templates, and leave it out. */
  readonly linted?: boolean;
}

/** As the command line says it. */
export function stackOf(context: Record<string, unknown>, how?: HowSynthesized): { app: App; stack: Stack } {
  const { props, troubles } = readContext(context);
  if (troubles) throw new Error(JSON.stringify(troubles));
  return stackWith(props, how);
}

/** As TypeScript says it. */
export function stackWith(
  props: IpPrewarmerProps,
  { bundles = standInBundles(...functionNames(ROOT)), linted = false }: HowSynthesized = {},
): { app: App; stack: Stack } {
  const app = new App({
    context: cdkJson.context,
    outdir: folderFor('cdk-'),
    builtinCloudFormationValidation: linted,
  });
  return { app, stack: new PrewarmerStack(app, 'demo', { prewarmer: { ...props, bundles } }) };
}

export const templateOf = (context: Record<string, unknown>): Template =>
  Template.fromStack(stackOf(context).stack);
export const templateWith = (props: IpPrewarmerProps): Template => Template.fromStack(stackWith(props).stack);

const strings = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const arns = z.union([z.array(z.unknown()), z.unknown().transform((one) => [one])]);
const policySchema = z.object({
  Properties: z.object({
    Roles: z.array(z.object({ Ref: z.string() })),
    PolicyDocument: z.object({
      Statement: z.array(
        z.object({
          Sid: z.string().optional(),
          Effect: z.enum(['Allow', 'Deny']),
          Action: strings,
          Resource: arns,
          Condition: z.unknown().optional(),
        }),
      ),
    }),
  }),
});

const holder = z.enum([
  'OnSignal',
  'LookAgain',
  'Sweep',
  'Schedules',
  'GateAnswer',
  'PlanRollout',
  'WarmWave',
  'VerifyWave',
  'HoldWave',
  'AdvanceWave',
  'ReportRollout',
  'RolloutsRolloutMachine',
]);

export interface Statement {
  /** The function whose role holds it. */
  readonly holder: z.output<typeof holder>;
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  /** ARNs as they will read in account A and Region R. */
  readonly resources: readonly string[];
  readonly condition: unknown;
}

/** Every statement of every role. */
export function statementsOf(template: Template): Statement[] {
  return Object.values(template.findResources('AWS::IAM::Policy')).flatMap((resource) => {
    const { Roles, PolicyDocument } = policySchema.parse(resource).Properties;
    return Roles.flatMap(({ Ref: role }) =>
      PolicyDocument.Statement.map((statement) => ({
        holder: holder.parse(role.replace(/Role[0-9A-F]{8}$/, '')),
        sid: statement.Sid,
        effect: statement.Effect,
        actions: statement.Action,
        resources: statement.Resource.map(spelled),
        condition: spellOut(statement.Condition),
      })),
    );
  });
}

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'R',
  'AWS::AccountId': 'A',
};

/** A CloudFormation value as text; references to resources keep their logical id. */
function spelled(value: unknown): string {
  if (typeof value === 'string') return value;
  const join = z.object({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) }).safeParse(value);
  if (join.success) return join.data['Fn::Join'][1].map(spelled).join(join.data['Fn::Join'][0]);
  const ref = z.object({ Ref: z.string() }).safeParse(value);
  if (ref.success) return PSEUDO[ref.data.Ref] ?? ref.data.Ref;
  const attribute = z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }).parse(value);
  return attribute['Fn::GetAtt'].join('.');
}

function spellOut(value: unknown): unknown {
  if (value === undefined || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(spellOut);
  const plain = z.record(z.string(), z.unknown()).parse(value);
  if ('Fn::Join' in plain) return spelled(plain);
  return Object.fromEntries(Object.entries(plain).map(([key, inner]) => [key, spellOut(inner)]));
}
