/**
 * What the functions may do, statement by statement. Action, resource and condition key of each: IAM Service
 * Authorization Reference, Amazon EC2 and Amazon EKS. Of clusters in `observe` no statement changes anything in EC2. In no
 * mode may our code unassign an address or detach an interface: that a pod uses one is known to ipamd alone.
 *
 * Where several clusters are warm, a condition lists them: each request is still held to one of their tags and to one of their
 * VPCs. IAM judges an interface and its subnet one by one, so it would not notice an interface of one cluster of ours that is
 * created in the VPC of another; a statement for each cluster would not either.
 */
import { ArnFormat, type Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { OUR_SOURCE } from '../lambdas/adapters/our-events.ts';
import type { Ec2Action } from '../lambdas/core/limits.ts';
import { OUR_CLUSTER_TAG, OUR_DEMAND_TAG, OUR_NODE_TAG } from '../lambdas/core/model.ts';
import type { Tables } from './tables.ts';

const READS: readonly Ec2Action[] = ['DescribeInstances', 'DescribeSubnets', 'DescribeNetworkInterfaces'];

/** EC2's Describe actions know no resource. */
export function readNodes(): PolicyStatement {
  return allow('ReadNodes', { actions: READS.map((action) => `ec2:${action}`), resources: ['*'] });
}

/** Clusters and their VPC CNI add-ons: enough to know what ipamd on their nodes will do. */
export function readClusters(stack: Stack, names: readonly string[]): PolicyStatement[] {
  if (names.length === 0) return [];
  const eks = (resource: string, resourceName: string): string =>
    stack.formatArn({ service: 'eks', resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  return [
    allow('ReadCluster', {
      actions: ['eks:DescribeCluster'],
      resources: names.map((name) => eks('cluster', name)),
    }),
    allow('ReadVpcCni', {
      actions: ['eks:DescribeAddon'],
      resources: names.map((name) => eks('addon', `${name}/vpc-cni/*`)),
    }),
  ];
}

export function useLedger({ ledger }: Tables): PolicyStatement {
  const actions = ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'Query'];
  return allow('UseLedger', {
    actions: actions.map((action) => `dynamodb:${action}`),
    resources: [ledger.tableArn],
  });
}

/** Look up what the ledger says of clusters, one thing at a time, and change nothing. Rollouts are kept apart, under their own
 *  ids: whoever reads those finds the tokens that open their gates. */
export function readLedger({ ledger }: Pick<Tables, 'ledger'>, names: readonly string[]): PolicyStatement {
  const keys = names.map((name) => `cluster#${name}`);
  return allow('ReadLedger', {
    actions: ['dynamodb:GetItem'],
    resources: [ledger.tableArn],
    conditions: only('dynamodb:LeadingKeys', keys),
  });
}

/** The secret that callers of the gate endpoint show. */
export function readGateSecret(secretArn: string): PolicyStatement {
  return allow('ReadGateSecret', { actions: ['secretsmanager:GetSecretValue'], resources: [secretArn] });
}

export function useBudget({ budget }: Tables): PolicyStatement {
  const actions = ['GetItem', 'PutItem'];
  return allow('UseBudget', {
    actions: actions.map((action) => `dynamodb:${action}`),
    resources: [budget.tableArn],
  });
}

/** The policy, which holds the kill switch. Nothing here may write it: it is the operator's. */
export function readLivePolicy(parameterArn: string): PolicyStatement {
  return allow('ReadPolicy', { actions: ['ssm:GetParameter'], resources: [parameterArn] });
}

/** What must wait goes (back) on a queue with a delay. */
export function continueOn(...queues: readonly IQueue[]): PolicyStatement {
  return allow('Continue', {
    actions: ['sqs:SendMessage'],
    resources: queues.map((queue) => queue.queueArn),
  });
}

/** Messages that failed for the last time, with the reason on them. */
export function bury(...queues: readonly { readonly deadLetters: IQueue }[]): PolicyStatement {
  return allow('Bury', {
    actions: ['sqs:SendMessage'],
    resources: queues.map(({ deadLetters }) => deadLetters.queueArn),
  });
}

/** Tell whoever follows a rollout, as nobody but ourselves. */
export function tellFollowers(stack: Stack): PolicyStatement {
  return allow('TellFollowers', {
    actions: ['events:PutEvents'],
    resources: [
      stack.formatArn({
        service: 'events',
        resource: 'event-bus',
        resourceName: 'default',
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      }),
    ],
    conditions: only('events:source', [OUR_SOURCE]),
  });
}

/** Start batched rollouts, and let waves go that are held. The Service Authorization Reference knows no resource for
 *  SendTaskSuccess, but the service checks the machine that the token is of: its refusals name it, and CDK's own
 *  grantTaskResponse asks for it (aws/aws-cdk#8486, tried there against the service). */
export function conduct({ stateMachineArn }: IStateMachine): PolicyStatement {
  return allow('Conduct', {
    actions: ['states:StartExecution', 'states:SendTaskSuccess'],
    resources: [stateMachineArn],
  });
}

/** Let launches of these clusters' groups go on that wait at a hook: only where the policy names the hook. */
export function answerHooks(stack: Stack, names: readonly string[]): PolicyStatement[] {
  return ofEach(names, 'AnswerHooks', {
    actions: ['autoscaling:CompleteLifecycleAction'],
    resources: [
      stack.formatArn({
        service: 'autoscaling',
        resource: 'autoScalingGroup',
        resourceName: '*:autoScalingGroupName/*',
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    ],
  });
}

/** A cluster that may be acted on, and where its rights end. */
export interface WarmCluster {
  readonly name: string;
  readonly vpcId: string;
}

/** Create, attach and fill interfaces of these clusters' nodes, in their VPCs only. What is not bounded: docs/security.md. */
export function warmNodes(stack: Stack, clusters: readonly WarmCluster[]): PolicyStatement[] {
  if (clusters.length === 0) return [];
  const names = clusters.map(({ name }) => name);
  const vpcs = [...new Set(clusters.map(({ vpcId }) => vpcId))].map((id) => ec2(stack, 'vpc', id));
  const asked = { [`aws:RequestTag/${OUR_CLUSTER_TAG}`]: oneOf(names) };
  const ourTagsOnly = only('aws:TagKeys', [OUR_CLUSTER_TAG, OUR_NODE_TAG, OUR_DEMAND_TAG]);
  const inOurVpc = { ArnEquals: { 'ec2:Vpc': oneOf(vpcs) } };
  const interfaces = ec2(stack, 'network-interface', '*');
  return [
    allow('CreateTagged', {
      actions: ['ec2:CreateNetworkInterface'],
      resources: [interfaces],
      conditions: { StringEquals: asked, ...ourTagsOnly },
    }),
    allow('CreateInVpc', {
      actions: ['ec2:CreateNetworkInterface'],
      resources: [ec2(stack, 'subnet', '*'), ec2(stack, 'security-group', '*')],
      conditions: inOurVpc,
    }),
    allow('TagWhileCreating', {
      actions: ['ec2:CreateTags'],
      resources: [interfaces],
      conditions: {
        StringEquals: { 'ec2:CreateAction': 'CreateNetworkInterface', ...asked },
        ...ourTagsOnly,
      },
    }),
    ...onNodes(stack, names, 'AttachToNodes', ['AttachNetworkInterface', 'ModifyNetworkInterfaceAttribute']),
    ...onOurs(stack, names, 'AttachOurs', ['AttachNetworkInterface', 'ModifyNetworkInterfaceAttribute']),
    // By VPC, not by tag: the interfaces filled are often ipamd's or the node's primary, which carry no common tag.
    allow('Fill', {
      actions: ['ec2:AssignPrivateIpAddresses'],
      resources: [interfaces],
      conditions: inOurVpc,
    }),
    deny('StayOffAutoMode', {
      actions: ['ec2:AttachNetworkInterface', 'ec2:AssignPrivateIpAddresses'],
      resources: ['*'],
      // The key is there when a service, such as EKS Auto Mode, operates the instance or the interface.
      conditions: { Null: { 'ec2:ManagedResourceOperator': 'false' } },
    }),
    stayOffOthers('StayOffOtherClusters', CNI_CLUSTER_TAG, names),
    stayOffOthers('StayOffOtherStacks', OUR_CLUSTER_TAG, names),
  ];
}

/** The CNI's tag on interfaces it made, where it knows its cluster's name. Source: amazon-vpc-cni-k8s, README, CLUSTER_NAME. */
const CNI_CLUSTER_TAG = 'cluster.k8s.amazonaws.com/name';

/** Fill no interface in the VPCs that says it is another cluster's. */
function stayOffOthers(sid: string, tag: string, names: readonly string[]): PolicyStatement {
  const key = `aws:ResourceTag/${tag}`;
  return deny(sid, {
    actions: ['ec2:AssignPrivateIpAddresses'],
    resources: ['*'],
    // A tag that is not there is equal to nothing, so that has to be asked too.
    conditions: { Null: { [key]: 'false' }, StringNotEquals: { [key]: oneOf(names) } },
  });
}

/** Delete interfaces of ours that no node will get any more. Only the sweep may. */
export function deleteOrphans(stack: Stack, names: readonly string[]): PolicyStatement[] {
  return onOurs(stack, names, 'DeleteOurs', ['DeleteNetworkInterface']);
}

/** Tell interfaces of ours to go away with their node. */
export function finishOurs(stack: Stack, names: readonly string[]): PolicyStatement[] {
  const actions = ['ModifyNetworkInterfaceAttribute'] as const;
  return [...onOurs(stack, names, 'FinishOurs', actions), ...onNodes(stack, names, 'FinishOnNodes', actions)];
}

/**
 * What Lambda itself needs to put a function into subnets, in the role's name. The function's own code is not given it: whatever
 * the code asks for carries the key. Source: Lambda Developer Guide, giving functions access to resources in a VPC, required
 * permissions; and working with source function ARN.
 */
export function enterVpc(): PolicyStatement {
  const actions = [
    'CreateNetworkInterface',
    'DescribeNetworkInterfaces',
    'DescribeSubnets',
    'DeleteNetworkInterface',
    'AssignPrivateIpAddresses',
    'UnassignPrivateIpAddresses',
  ];
  return allow('EnterVpc', {
    actions: actions.map((action) => `ec2:${action}`),
    resources: ['*'],
    conditions: { Null: { 'lambda:SourceFunctionArn': 'true' } },
  });
}

/** Interfaces we created carry our tag from their first moment on. */
function onOurs(
  stack: Stack,
  names: readonly string[],
  sid: string,
  actions: readonly Ec2Action[],
): PolicyStatement[] {
  if (names.length === 0) return [];
  return [
    allow(sid, {
      actions: actions.map((action) => `ec2:${action}`),
      resources: [ec2(stack, 'network-interface', '*')],
      conditions: { StringEquals: { [`aws:ResourceTag/${OUR_CLUSTER_TAG}`]: oneOf(names) } },
    }),
  ];
}

/** EC2 asks for the interface and for the instance that it is, or will be, attached to. For a change to an attachment the
 *  reference calls the instance optional; the CNI's own scoped-down policy grants it (amazon-vpc-cni-k8s, docs/iam-policy.md). */
const onNodes = (stack: Stack, names: readonly string[], sid: string, actions: readonly Ec2Action[]) =>
  ofEach(names, sid, {
    actions: actions.map((action) => `ec2:${action}`),
    resources: [ec2(stack, 'instance', '*')],
  });

/** On what the cluster owns, as EKS tags it: its name is in the key, so each has a statement of its own. */
const ofEach = (names: readonly string[], sid: string, terms: Terms): PolicyStatement[] =>
  names.map((name, index) =>
    allow(index === 0 ? sid : `${sid}${index + 1}`, {
      ...terms,
      conditions: { StringEquals: { [`aws:ResourceTag/kubernetes.io/cluster/${name}`]: 'owned' } },
    }),
  );

const oneOf = (values: readonly string[]): string | readonly string[] =>
  values.length === 1 && values[0] !== undefined ? values[0] : values;

function ec2(stack: Stack, resource: string, resourceName: string): string {
  return stack.formatArn({
    service: 'ec2',
    resource,
    resourceName,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
}

interface Terms {
  readonly actions: string[];
  readonly resources: string[];
  readonly conditions?: Conditions;
}
type Conditions = Record<string, Record<string, string | readonly string[]>>;

/** Of a key that has many values: each is one of these, and there is one, since of none "all" would be true. */
const only = (key: string, values: readonly string[]): Conditions => ({
  'ForAllValues:StringEquals': { [key]: values },
  Null: { [key]: 'false' },
});

const allow = (sid: string, terms: Terms): PolicyStatement =>
  new PolicyStatement({ sid, effect: Effect.ALLOW, ...terms });
const deny = (sid: string, terms: Terms): PolicyStatement =>
  new PolicyStatement({ sid, effect: Effect.DENY, ...terms });
