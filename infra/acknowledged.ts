/**
 * What cdk-nag's packs AwsSolutions and Serverless find in this stack and why it stays as it is. The acknowledgements are the
 * CDK's own: whoever runs cdk-nag over an app with this stack in it has them, and the stack needs no cdk-nag to be deployed.
 * test/infra/nag.test.ts holds that nothing else is found, and that each of these is.
 */
import { CfnResource, type IAspect, Stack, Validations } from 'aws-cdk-lib';
import { CfnPolicy } from 'aws-cdk-lib/aws-iam';
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

/** Wildcards in policies: what the resource reads like, and why. */
const OF_WILDCARDS: readonly (readonly [RegExp, string])[] = [
  [
    /^\*$/,
    "Actions that know no resource: EC2's Describe, X-Ray's segments, Step Functions' delivery of logs (Service Authorization Reference).",
  ],
  [
    /:ec2:[^*]*:(network-interface|subnet|security-group|instance)\/\*$/,
    "Nodes and interfaces come and go. A condition bounds each statement: the cluster's VPC, the cluster's tag on its nodes, or ours.",
  ],
  [
    /:eks:[^*]*:addon\/[^*]+\/vpc-cni\/\*$/,
    "The end of an add-on's ARN is an id that EKS makes when it is installed.",
  ],
  [
    /:autoscaling:[^*]*:autoScalingGroup:\*:autoScalingGroupName\/\*$/,
    "Groups come and go with node groups; the condition is the cluster's tag on them.",
  ],
  [/^<\w+\.Arn>:\*$/, 'Versions and aliases of that one function: what Step Functions may call by its name.'],
];

export class Acknowledged implements IAspect {
  visit(node: IConstruct): void {
    if (!CfnResource.isCfnResource(node)) return;
    acknowledge(node, OF_RESOURCES[node.cfnResourceType] ?? {});
    if (node instanceof CfnQueue)
      for (const [name, reasons] of OF_DEAD_LETTERS)
        if (name.test(node.node.scope?.node.id ?? '')) acknowledge(node, reasons);
    if (node instanceof CfnPolicy) acknowledge(node, wildcardsOf(node));
  }
}

function acknowledge(node: IConstruct, reasons: Readonly<Record<string, string>>): void {
  const rules = Object.entries(reasons).map(([id, reason]) => ({ id, reason }));
  if (rules.length > 0) Validations.of(node).acknowledge(...rules);
}

/** By the finding's id. A wildcard that nobody gave a reason for is none of them, and stays a finding. */
function wildcardsOf(policy: CfnPolicy): Readonly<Record<string, string>> {
  const { Statement = [] }: PolicyDocument = Stack.of(policy).resolve(policy.policyDocument);
  const resources = Statement.flatMap(({ Resource }) => Resource).map(asFound);
  return Object.fromEntries(
    resources.flatMap((resource) => {
      const reason = OF_WILDCARDS.find(([reads]) => reads.test(resource))?.[1];
      return reason === undefined ? [] : [[`AwsSolutions-IAM5[Resource::${resource}]`, reason]];
    }),
  );
}

interface PolicyDocument {
  readonly Statement?: readonly { readonly Resource: unknown }[];
}

/** A resource as findings name it. Source: cdk-nag 3.0, flatten-cfn-reference. */
function asFound(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Readonly<Record<string, unknown>>;
  if (Array.isArray(join)) return join[1].map(asFound).join(join[0]);
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`;
  return `<${Ref}>`;
}
