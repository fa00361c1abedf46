/**
 * What cdk-nag's packs AwsSolutions and Serverless find in this stack and why it stays as it is. The acknowledgements are the
 * CDK's own: whoever runs cdk-nag over an app with this stack in it has them, and the stack needs no cdk-nag to be deployed.
 * test/infra/nag.test.ts holds that nothing else is found, and that each of these is.
 */
import { CfnResource, type IAspect, Stack, Validations } from 'aws-cdk-lib';
import { CfnManagedPolicy, CfnPolicy } from 'aws-cdk-lib/aws-iam';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';

/** By the type of the resource. */
const OF_RESOURCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'AWS::Lambda::Function': {
    'Serverless-LambdaDLQ':
      'Queues, Step Functions and the function URL call these functions and see a failure themselves. The clock alone calls one ' +
      'without waiting, the sweep: its event says nothing, and the next one comes within minutes.',
  },
  'AWS::Lambda::EventInvokeConfig': {
    'Serverless-LambdaAsyncFailureDestination':
      'The sweep rebuilds every decision from what is there. One that failed is as good as the next one, and its event says nothing.',
  },
  'AWS::Lambda::EventSourceMapping': {
    'Serverless-LambdaEventSourceMappingDestination':
      'Lambda has no such destination for a queue. What was received five times goes to the dead letters of the queue.',
  },
  'AWS::SNS::Subscription': {
    'Serverless-SNSRedrivePolicy':
      'It is an e-mail address. SNS tries for hours; what is not delivered then is old, while the alarm itself stands in CloudWatch.',
  },
  'AWS::SecretsManager::Secret': {
    'AwsSolutions-SMG4':
      'Those who call the gate endpoint hold a copy in settings of theirs: a rotation that they do not take part in locks them out. ' +
      'It is replaced by hand, between rollouts (docs/gate-endpoint.md, With a secret).',
  },
};

/** By the name of the queue, of those that are dead letters themselves: what would theirs be for? */
const OF_DEAD_LETTERS: readonly (readonly [RegExp, Readonly<Record<string, string>>])[] = [
  [
    /DeadLetters$/,
    {
      'Serverless-SQSRedrivePolicy':
        'It holds dead letters itself: nobody receives from it but a person, and letters stay for fourteen days.',
    },
  ],
  [
    /^SweepDeadLetters$/,
    {
      'AwsSolutions-SQS3':
        'It holds dead letters itself, those of an EventBridge rule; the pack knows only dead letters of queues.',
    },
  ],
];

/** Wildcards in policies: what the resource reads like, which statements there are with it, and why. */
const OF_WILDCARDS: readonly Wildcard[] = [
  {
    reads: /^\*$/,
    in: ({ Action }) => [Action].flat().every((action) => /^(ec2:Describe|xray:|logs:)/.test(action)),
    because:
      "Actions that know no resource: EC2's Describe, X-Ray's segments, Step Functions' delivery of logs (Service Authorization Reference).",
  },
  {
    reads: /^\*$/,
    in: ({ Sid }) => Sid === 'EnterVpc',
    because:
      "With it Lambda puts functions into the VPC, by interfaces that are not there yet. The condition keeps it from the functions' own code.",
  },
  {
    reads: /:ec2:[^*]*:(network-interface|subnet|security-group|instance)\/\*$/,
    in: ({ Condition }) => Condition !== undefined,
    because:
      "Nodes and interfaces come and go. A condition bounds each statement: the cluster's VPC, the cluster's tag on its nodes, or ours.",
  },
  {
    reads: /:eks:[^*]*:addon\/[^*]+\/vpc-cni\/\*$/,
    because: "The end of an add-on's ARN is an id that EKS makes when it is installed.",
  },
  {
    reads: /:autoscaling:[^*]*:autoScalingGroup:\*:autoScalingGroupName\/\*$/,
    in: ({ Condition }) => Condition !== undefined,
    because: "Groups come and go with node groups; the condition is the cluster's tag on them.",
  },
  {
    reads: /^<\w+\.Arn>:\*$/,
    because: 'Versions and aliases of that one function: what Step Functions may call by its name.',
  },
];

interface Wildcard {
  readonly reads: RegExp;
  readonly in?: (statement: Statement) => boolean;
  readonly because: string;
}
interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

export class Acknowledged implements IAspect {
  visit(node: IConstruct): void {
    if (!CfnResource.isCfnResource(node)) return;
    acknowledge(node, OF_RESOURCES[node.cfnResourceType] ?? {});
    if (node instanceof CfnQueue)
      for (const [name, reasons] of OF_DEAD_LETTERS)
        if (name.test(node.node.scope?.node.id ?? '')) acknowledge(node, reasons);
    if (node instanceof CfnPolicy || node instanceof CfnManagedPolicy) acknowledge(node, wildcardsOf(node));
  }
}

function acknowledge(node: IConstruct, reasons: Readonly<Record<string, string>>): void {
  const rules = Object.entries(reasons).map(([id, reason]) => ({ id, reason }));
  if (rules.length > 0) Validations.of(node).acknowledge(...rules);
}

/** Reasons by the finding's id, which is of the resource in all statements. Where one of them has no reason, it stays a finding. */
function wildcardsOf(policy: CfnPolicy | CfnManagedPolicy): Readonly<Record<string, string>> {
  const document: { Statement?: Statement[] } = Stack.of(policy).resolve(policy.policyDocument);
  const reasons = new Map<string, Set<string | undefined>>();
  for (const statement of document.Statement ?? []) {
    if (statement.Effect === 'Deny') continue;
    for (const resource of [statement.Resource].flat().map(asFound)) {
      if (!resource.includes('*')) continue;
      const reason = OF_WILDCARDS.find(
        (wildcard) => wildcard.reads.test(resource) && (wildcard.in?.(statement) ?? true),
      )?.because;
      reasons.set(resource, (reasons.get(resource) ?? new Set()).add(reason));
    }
  }
  return Object.fromEntries(
    [...reasons]
      .filter(([, all]) => !all.has(undefined))
      .map(([resource, all]) => [`AwsSolutions-IAM5[Resource::${resource}]`, [...all].join(' ')]),
  );
}

/** A resource as findings name it. Source: cdk-nag 3.0, flatten-cfn-reference. */
function asFound(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Readonly<Record<string, unknown>>;
  if (Array.isArray(join)) return join[1].map(asFound).join(join[0]);
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`;
  return `<${Ref}>`;
}
