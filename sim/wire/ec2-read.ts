/** EC2 Query parameters → typed inputs, one reader for each action. Names as in the EC2 API reference, 2016-11-15; those
 *  the embedded EC2 does not implement are left unread and so refused. */
import { ApiError, type Ec2Action, type Ec2Actions, type Filter, type PageRequest } from '../ec2/api.ts';
import { invalid, type QueryParameters } from './query.ts';

export const READ: { [A in Ec2Action]: (from: QueryParameters) => Ec2Actions[A]['input'] } = {
  DescribeInstances: (from) => {
    managedToo(from);
    return said({ ...page(from), instanceIds: from.list('InstanceId') });
  },
  DescribeInstanceTypes: (from) => said({ ...page(from), instanceTypes: from.list('InstanceType') }),
  DescribeSubnets: (from) => said({ ...page(from), subnetIds: from.list('SubnetId') }),
  DescribeNetworkInterfaces: (from) => {
    managedToo(from);
    return said({ ...page(from), networkInterfaceIds: from.list('NetworkInterfaceId') });
  },
  CreateNetworkInterface: (from) => {
    plainInterface(from);
    return said({
      subnetId: from.required('SubnetId'),
      groups: from.list('SecurityGroupId'),
      description: from.text('Description'),
      ...namedAddresses(from),
      ipv4Prefixes: blocks(from),
      secondaryPrivateIpAddressCount: from.count('SecondaryPrivateIpAddressCount'),
      ipv4PrefixCount: from.count('Ipv4PrefixCount'),
      tags: tagsToCreate(from, 'network-interface'),
      clientToken: from.text('ClientToken'),
    });
  },
  AttachNetworkInterface: (from) =>
    said({
      networkInterfaceId: from.required('NetworkInterfaceId'),
      instanceId: from.required('InstanceId'),
      deviceIndex: from.requiredCount('DeviceIndex'),
      networkCardIndex: from.count('NetworkCardIndex'),
    }),
  ModifyNetworkInterfaceAttribute: (from) =>
    said({
      networkInterfaceId: from.required('NetworkInterfaceId'),
      attachment: attachmentChange(from),
      groups: from.list('SecurityGroupId'),
    }),
  AssignPrivateIpAddresses: (from) =>
    said({
      networkInterfaceId: from.required('NetworkInterfaceId'),
      privateIpAddresses: from.list('PrivateIpAddress'),
      secondaryPrivateIpAddressCount: from.count('SecondaryPrivateIpAddressCount'),
      ipv4Prefixes: from.list('Ipv4Prefix'),
      ipv4PrefixCount: from.count('Ipv4PrefixCount'),
      allowReassignment: from.flag('AllowReassignment'),
    }),
  UnassignPrivateIpAddresses: (from) =>
    said({
      networkInterfaceId: from.required('NetworkInterfaceId'),
      privateIpAddresses: from.list('PrivateIpAddress'),
      ipv4Prefixes: from.list('Ipv4Prefix'),
    }),
  DetachNetworkInterface: (from) =>
    said({ attachmentId: from.required('AttachmentId'), force: from.flag('Force') }),
  DeleteNetworkInterface: (from) => ({ networkInterfaceId: from.required('NetworkInterfaceId') }),
  CreateSubnetCidrReservation: (from) =>
    said({
      subnetId: from.required('SubnetId'),
      cidr: from.required('Cidr'),
      reservationType: reservationType(from.required('ReservationType')),
      description: from.text('Description'),
      tags: tagsToCreate(from, 'subnet-cidr-reservation'),
    }),
  GetSubnetCidrReservations: (from) => said({ ...page(from), subnetId: from.required('SubnetId') }),
  DeleteSubnetCidrReservation: (from) => ({
    subnetCidrReservationId: from.required('SubnetCidrReservationId'),
  }),
  CreateTags: (from) => ({ resources: from.list('ResourceId') ?? [], tags: tags(from, 'Tag') }),
};

function page(from: QueryParameters): PageRequest {
  const filters = from.members('Filter').map(
    (member): Filter => ({
      name: from.required(`${member}.Name`),
      values: from.members(`${member}.Value`).map((value) => from.text(value) ?? ''),
    }),
  );
  return said({
    filters: filters.length === 0 ? undefined : filters,
    maxResults: from.count('MaxResults'),
    nextToken: from.text('NextToken'),
  });
}

/** AWS services manage nothing in this account: with and without their resources, the answer is the same. */
function managedToo(from: QueryParameters): void {
  from.flag('IncludeManagedResources');
}

function plainInterface(from: QueryParameters): void {
  const type = from.text('InterfaceType') ?? 'interface';
  if (type !== 'interface') {
    throw new ApiError('UnsupportedOperation', `Network interfaces of type ${type} are not supported here.`);
  }
}

/** The ENI's own address may be named by itself or as the primary one of the list, but only once. */
function namedAddresses(from: QueryParameters): {
  privateIpAddress: string | undefined;
  privateIpAddresses: string[] | undefined;
} {
  const listed = from.members('PrivateIpAddresses').map((member) => ({
    address: from.required(`${member}.PrivateIpAddress`),
    primary: from.flag(`${member}.Primary`) ?? false,
  }));
  const own = [
    from.text('PrivateIpAddress'),
    ...listed.filter((one) => one.primary).map((one) => one.address),
  ];
  const [privateIpAddress, another] = own.filter((address) => address !== undefined);
  if (another !== undefined) {
    throw new ApiError(
      'InvalidParameterCombination',
      'Only one primary private IP address can be specified.',
    );
  }
  const secondary = listed.filter((one) => !one.primary).map((one) => one.address);
  return { privateIpAddress, privateIpAddresses: secondary.length === 0 ? undefined : secondary };
}

function blocks(from: QueryParameters): string[] | undefined {
  const named = from.members('Ipv4Prefix').map((member) => from.required(`${member}.Ipv4Prefix`));
  return named.length === 0 ? undefined : named;
}

function reservationType(text: string): 'prefix' | 'explicit' {
  if (text !== 'prefix' && text !== 'explicit') {
    throw invalid(`Value (${text}) for parameter ReservationType is invalid.`);
  }
  return text;
}

function tagsToCreate(from: QueryParameters, taggable: string): Record<string, string> | undefined {
  const [specification, another] = from.members('TagSpecification');
  if (specification === undefined) return undefined;
  if (another !== undefined) throw invalid('Only one TagSpecification may be given for one resource type.');
  const type = from.required(`${specification}.ResourceType`);
  if (type !== taggable) {
    throw invalid(`'${type}' is not a valid taggable resource type for this operation.`);
  }
  return tags(from, `${specification}.Tag`);
}

function tags(from: QueryParameters, name: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const member of from.members(name)) {
    const key = from.required(`${member}.Key`);
    if (Object.hasOwn(found, key)) throw invalid(`Duplicate tag key '${key}' specified.`);
    found[key] = from.text(`${member}.Value`) ?? '';
  }
  return found;
}

function attachmentChange(
  from: QueryParameters,
): { attachmentId: string; deleteOnTermination: boolean } | undefined {
  const attachmentId = from.text('Attachment.AttachmentId');
  const deleteOnTermination = from.flag('Attachment.DeleteOnTermination');
  if (attachmentId === undefined && deleteOnTermination === undefined) return undefined;
  if (attachmentId === undefined || deleteOnTermination === undefined) {
    throw invalid('Attachment needs both AttachmentId and DeleteOnTermination.');
  }
  return { attachmentId, deleteOnTermination };
}

type Said<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The fields the request gave; the others are absent rather than undefined. */
function said<T extends object>(fields: T): Said<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Said<T>;
}
