/** EC2's answers as our model. What lacks something a decision needs is `undefined`, never guessed. */
import type { Instance, NetworkInterface, Subnet as SubnetAnswer, Tag } from '@aws-sdk/client-ec2';
import {
  type Eni,
  type EniId,
  type Node,
  type NodeId,
  type NodeState,
  OUR_CLUSTER_TAG,
  OUR_NODE_TAG,
  type Subnet,
  type SubnetId,
} from '../core/model.ts';
import type { OwnEni } from '../core/ports.ts';

/** Resource ids end in 8 hexadecimal digits, or 17 since 2018. Source: EC2 User Guide, resource ids. */
const idOf =
  <T extends string>(prefix: string) =>
  (text: string | undefined): text is T =>
    text !== undefined && new RegExp(`^${prefix}-(?:[0-9a-f]{8}|[0-9a-f]{17})$`).test(text);
export const isNodeId = idOf<NodeId>('i');
export const isEniId = idOf<EniId>('eni');
export const isSubnetId = idOf<SubnetId>('subnet');

const NODE_STATES: readonly string[] = [
  'pending',
  'running',
  'stopping',
  'stopped',
  'shutting-down',
  'terminated',
] satisfies NodeState[];
const ATTACHMENT_STATES: readonly string[] = [
  'attaching',
  'attached',
  'detaching',
  'detached',
] satisfies Eni['attachmentStatus'][];

const isNodeState = (text: string | undefined): text is NodeState =>
  text !== undefined && NODE_STATES.includes(text);
const isAttachmentState = (text: string | undefined): text is Eni['attachmentStatus'] =>
  text !== undefined && ATTACHMENT_STATES.includes(text);

/** EC2 takes a terminated instance out of its subnet and shows no interface of it: to us it is no more. */
export const isGone = (instance: Instance): boolean => instance.State?.Name === 'terminated';

/**
 * The node, its ENIs as DescribeNetworkInterfaces showed them: only that answer carries their tags. `undefined` too when
 * the two answers disagree about which ENIs there are, because a tag that was merely not read must not pass for one that
 * is not there.
 */
export function readNode(instance: Instance, enis: readonly NetworkInterface[]): Node | undefined {
  const { InstanceId: id, SubnetId: subnetId, VpcId: vpcId, InstanceType: type, LaunchTime } = instance;
  const state = instance.State?.Name;
  const zone = instance.Placement?.AvailabilityZone;
  if (!isNodeId(id) || !isSubnetId(subnetId) || !isNodeState(state)) return undefined;
  if (vpcId === undefined || type === undefined || zone === undefined || LaunchTime === undefined)
    return undefined;
  const read = enis.map(readEni);
  if (!read.every((eni) => eni !== undefined)) return undefined;
  const shown = new Set<string | undefined>(read.map((eni) => eni.id));
  if (!(instance.NetworkInterfaces ?? []).every((eni) => shown.has(eni.NetworkInterfaceId))) return undefined;
  if (!read.some((eni) => eni.deviceIndex === 0 && eni.networkCardIndex === 0)) return undefined;
  return {
    id,
    state,
    type,
    vpcId,
    subnetId,
    zone,
    launchedAtMs: LaunchTime.getTime(),
    // EC2 names a platform for Windows alone.
    platform: instance.Platform?.toLowerCase() === 'windows' ? 'windows' : 'linux',
    ...(instance.Operator?.Managed === true && {
      operatedBy: instance.Operator.Principal ?? 'an unnamed service',
    }),
    tags: readTags(instance.Tags),
    enis: read.sort((a, b) => a.networkCardIndex - b.networkCardIndex || a.deviceIndex - b.deviceIndex),
  };
}

function readEni(eni: NetworkInterface): Eni | undefined {
  const { NetworkInterfaceId: id, SubnetId: subnetId, Attachment: attachment } = eni;
  const { DeviceIndex: deviceIndex, AttachmentId: attachmentId, Status: status } = attachment ?? {};
  if (!isEniId(id) || !isSubnetId(subnetId) || !isAttachmentState(status)) return undefined;
  if (deviceIndex === undefined || attachmentId === undefined) return undefined;
  return {
    id,
    subnetId,
    deviceIndex,
    networkCardIndex: attachment?.NetworkCardIndex ?? 0,
    attachmentId,
    deleteOnTermination: attachment?.DeleteOnTermination ?? false,
    attachmentStatus: status,
    secondaryIps: (eni.PrivateIpAddresses ?? []).filter(({ Primary }) => Primary !== true).length,
    prefixes: (eni.Ipv4Prefixes ?? []).length,
    groupIds: (eni.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    tags: readTags(eni.TagSet),
  };
}

export function readSubnet(subnet: SubnetAnswer): Subnet | undefined {
  const { SubnetId: id, VpcId: vpcId, AvailabilityZone: zone, AvailableIpAddressCount } = subnet;
  if (!isSubnetId(id) || vpcId === undefined || zone === undefined) return undefined;
  if (AvailableIpAddressCount === undefined) return undefined;
  return { id, vpcId, zone, freeAddresses: AvailableIpAddressCount, tags: readTags(subnet.Tags) };
}

export function readOwnEni(eni: NetworkInterface): OwnEni | undefined {
  const tags = readTags(eni.TagSet);
  const { NetworkInterfaceId: id, Attachment } = eni;
  const cluster = tags[OUR_CLUSTER_TAG];
  const nodeId = tags[OUR_NODE_TAG];
  if (!isEniId(id) || cluster === undefined) return undefined;
  // Anything but a plain `available` counts as attached: what is attached is never deleted.
  const attached =
    eni.Status !== 'available' || (Attachment !== undefined && Attachment.Status !== 'detached');
  return { id, cluster, nodeId: isNodeId(nodeId) ? nodeId : undefined, attached };
}

const readTags = (tags: readonly Tag[] | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (tags ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])),
  );
