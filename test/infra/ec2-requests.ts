/**
 * EC2's requests as IAM is asked about them: one question for each resource that a request touches, with the condition keys
 * that EC2 fills in for it. Source: IAM Service Authorization Reference, Amazon EC2; EC2 User Guide, resource-level permissions
 * for tagging.
 */
import { OUR_CLUSTER_TAG, OUR_DEMAND_TAG, OUR_NODE_TAG } from '../../lambdas/core/model.ts';
import { type Asked, arn } from './deployed-policies.ts';
import { VPC_ID } from './synthesized.ts';

type Tags = Readonly<Record<string, string>>;

export interface Eni {
  readonly vpcId: string;
  readonly tags: Tags;
  /** The service that operates it: EKS Auto Mode does. */
  readonly operator?: string;
}
export interface Instance {
  readonly tags: Tags;
  readonly operator?: string;
}

export const OTHER_VPC = 'vpc-0fedcba9876543210';
const AUTO_MODE = 'eks.amazonaws.com';

/** Interfaces of the cluster `demo` and of others. */
export const enis = {
  ours: { vpcId: VPC_ID, tags: { [OUR_CLUSTER_TAG]: 'demo', [OUR_NODE_TAG]: 'i-0a' } },
  ofTheCni: { vpcId: VPC_ID, tags: cniTags('demo') },
  ofTheCniWithoutName: { vpcId: VPC_ID, tags: { 'node.k8s.amazonaws.com/instance_id': 'i-0a' } },
  primary: { vpcId: VPC_ID, tags: {} },
  ofAutoMode: { vpcId: VPC_ID, tags: {}, operator: AUTO_MODE },
  oursOnAutoMode: { vpcId: VPC_ID, tags: { [OUR_CLUSTER_TAG]: 'demo' }, operator: AUTO_MODE },
  ofAnotherCni: { vpcId: VPC_ID, tags: cniTags('billing') },
  ofAnotherPrewarmer: { vpcId: VPC_ID, tags: { [OUR_CLUSTER_TAG]: 'billing' } },
  primaryOfAnother: { vpcId: VPC_ID, tags: {} },
  elsewhere: { vpcId: OTHER_VPC, tags: {} },
  oursElsewhere: { vpcId: OTHER_VPC, tags: { [OUR_CLUSTER_TAG]: 'demo' } },
} satisfies Readonly<Record<string, Eni>>;

export const instances = {
  node: { tags: { 'kubernetes.io/cluster/demo': 'owned' } },
  autoModeNode: { tags: { 'kubernetes.io/cluster/demo': 'owned' }, operator: AUTO_MODE },
  nodeOfAnother: { tags: { 'kubernetes.io/cluster/billing': 'owned' } },
  shared: { tags: { 'kubernetes.io/cluster/demo': 'shared' } },
  noNode: { tags: { Name: 'bastion' } },
} satisfies Readonly<Record<string, Instance>>;

function cniTags(cluster: string): Tags {
  return { 'node.k8s.amazonaws.com/instance_id': 'i-0a', 'cluster.k8s.amazonaws.com/name': cluster };
}

/** What lambdas/core/calls/doing.ts writes on a new interface. */
export const OUR_TAGS: Tags = { [OUR_CLUSTER_TAG]: 'demo', [OUR_NODE_TAG]: 'i-0a', [OUR_DEMAND_TAG]: 'd-1' };

interface Created {
  readonly tags?: Tags;
  readonly subnetVpcId?: string;
  readonly groupVpcIds?: readonly string[];
}

/** Tags that come with a create are asked for twice: as part of it, and as CreateTags that says of which action it is part. */
export function createEni({
  tags = OUR_TAGS,
  subnetVpcId = VPC_ID,
  groupVpcIds = [VPC_ID],
}: Created = {}): Asked[] {
  const eni = arn('ec2', 'network-interface/eni-0c');
  const inVpc = (vpcId: string) => ({ ...everywhere(), 'ec2:Vpc': vpcArn(vpcId) });
  return [
    { action: 'ec2:CreateNetworkInterface', resource: eni, context: { ...everywhere(), ...requested(tags) } },
    {
      action: 'ec2:CreateNetworkInterface',
      resource: arn('ec2', 'subnet/subnet-0c'),
      context: inVpc(subnetVpcId),
    },
    ...groupVpcIds.map((vpcId) => ({
      action: 'ec2:CreateNetworkInterface',
      resource: arn('ec2', 'security-group/sg-0c'),
      context: inVpc(vpcId),
    })),
    ...(Object.keys(tags).length > 0 ? createTags(tags, { as: 'CreateNetworkInterface' }) : []),
  ];
}

/** `as`: the action that the tags come with; without it they are written on an interface that is there. */
export const createTags = (tags: Tags, { as, on }: { as?: string; on?: Eni } = {}): Asked[] => [
  {
    action: 'ec2:CreateTags',
    resource: arn('ec2', 'network-interface/eni-0c'),
    context: {
      ...everywhere(),
      ...requested(tags),
      ...(as !== undefined && { 'ec2:CreateAction': as }),
      ...(on !== undefined && eniContext(on)),
    },
  },
];

export const attachEni = (eni: Eni, instance: Instance): Asked[] => [
  onEni('AttachNetworkInterface', eni),
  onInstance('AttachNetworkInterface', instance),
];
export const detachEni = (eni: Eni, instance: Instance): Asked[] => [
  onEni('DetachNetworkInterface', eni),
  onInstance('DetachNetworkInterface', instance),
];
/** DeleteOnTermination is the attachment's, so the instance is asked for too. */
export const finishEni = (eni: Eni, instance: Instance): Asked[] => [
  onEni('ModifyNetworkInterfaceAttribute', eni, { 'ec2:Attribute': 'Attachment' }),
  onInstance('ModifyNetworkInterfaceAttribute', instance),
];
/** Attributes that are the interface's alone, such as its description. */
export const redescribeEni = (eni: Eni): Asked[] => [
  onEni('ModifyNetworkInterfaceAttribute', eni, { 'ec2:Attribute': 'Description' }),
];
export const regroupEni = (eni: Eni): Asked[] => [
  onEni('ModifyNetworkInterfaceAttribute', eni, { 'ec2:Attribute': 'GroupSet' }),
  {
    action: 'ec2:ModifyNetworkInterfaceAttribute',
    resource: arn('ec2', 'security-group/sg-0c'),
    context: { ...everywhere(), 'ec2:Vpc': vpcArn(eni.vpcId) },
  },
];
export const fillEni = (eni: Eni): Asked[] => [onEni('AssignPrivateIpAddresses', eni)];
export const emptyEni = (eni: Eni): Asked[] => [onEni('UnassignPrivateIpAddresses', eni)];
export const deleteEni = (eni: Eni): Asked[] => [onEni('DeleteNetworkInterface', eni)];
export const terminate = (instance: Instance): Asked[] => [onInstance('TerminateInstances', instance)];
export const deleteTags = ({ tags }: Eni): Asked[] => [
  {
    action: 'ec2:DeleteTags',
    resource: arn('ec2', 'network-interface/eni-0c'),
    context: { ...everywhere(), ...tagged(tags) },
  },
];
export const describe = (action: `Describe${string}`): Asked[] => [
  { action: `ec2:${action}`, resource: '*', context: everywhere() },
];

const vpcArn = (vpcId: string): string => arn('ec2', `vpc/${vpcId}`);
const everywhere = () => ({ 'ec2:Region': 'eu-central-1', 'aws:RequestedRegion': 'eu-central-1' });

const tagged = (tags: Tags): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
const requested = (tags: Tags): Record<string, string | string[]> =>
  Object.keys(tags).length === 0
    ? {}
    : {
        ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
        'aws:TagKeys': Object.keys(tags),
      };

const eniContext = ({ vpcId, tags, operator }: Eni): Record<string, string> => ({
  'ec2:Vpc': vpcArn(vpcId),
  ...tagged(tags),
  ...(operator !== undefined && { 'ec2:ManagedResourceOperator': operator }),
});

const onEni = (action: string, eni: Eni, more: Record<string, string> = {}): Asked => ({
  action: `ec2:${action}`,
  resource: arn('ec2', 'network-interface/eni-0c'),
  context: { ...everywhere(), ...eniContext(eni), ...more },
});
const onInstance = (action: string, { tags, operator }: Instance): Asked => ({
  action: `ec2:${action}`,
  resource: arn('ec2', 'instance/i-0a'),
  context: {
    ...everywhere(),
    ...tagged(tags),
    ...(operator !== undefined && { 'ec2:ManagedResourceOperator': operator }),
  },
});

/** Every request above that changes something, at its most harmless. */
export const MUTATIONS: Readonly<Record<string, Asked[]>> = {
  'create an interface': createEni(),
  'tag an interface': createTags(OUR_TAGS, { on: enis.ours }),
  'attach an interface': attachEni(enis.ours, instances.node),
  'tell an interface to go with its node': finishEni(enis.ours, instances.node),
  'fill an interface': fillEni(enis.ours),
  'delete an interface': deleteEni(enis.ours),
  'take addresses from an interface': emptyEni(enis.ours),
  'detach an interface': detachEni(enis.ours, instances.node),
  'take tags off an interface': deleteTags(enis.ours),
  'terminate a node': terminate(instances.node),
};
