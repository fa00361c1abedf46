/** EC2's answers as our model. What lacks something a decision needs is `undefined`, never guessed. */
import type {
  Instance,
  InstanceNetworkInterface,
  NetworkInterface,
  Subnet as SubnetAnswer,
  Tag,
} from '@aws-sdk/client-ec2';
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
  type World,
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

/** An instance without its ENIs, of which only DescribeNetworkInterfaces shows the tags. */
interface Seen {
  readonly id: string;
  /** `undefined` when EC2 did not show all of it. */
  readonly node: Omit<Node, 'enis'> | undefined;
  /** ENIs the instance names. */
  readonly eniIds: readonly (string | undefined)[];
}

function readInstance(instance: Instance): Seen {
  return {
    id: instance.InstanceId ?? 'an instance without id',
    node: readBare(instance),
    eniIds: (instance.NetworkInterfaces ?? []).map(({ NetworkInterfaceId }) => NetworkInterfaceId),
  };
}

function readBare(instance: Instance): Omit<Node, 'enis'> | undefined {
  const { InstanceId: id, SubnetId: subnetId, VpcId: vpcId, InstanceType: type, LaunchTime } = instance;
  const state = instance.State?.Name;
  const zone = instance.Placement?.AvailabilityZone;
  if (!isNodeId(id) || !isSubnetId(subnetId) || !isNodeState(state)) return undefined;
  if (vpcId === undefined || type === undefined || zone === undefined || LaunchTime === undefined)
    return undefined;
  return {
    id,
    state,
    type,
    vpcId,
    subnetId,
    zone,
    // Empty while EC2 has none to show.
    ...(instance.PrivateDnsName && { dnsName: instance.PrivateDnsName }),
    launchedAtMs: LaunchTime.getTime(),
    // EC2 names a platform for Windows alone.
    platform: instance.Platform?.toLowerCase() === 'windows' ? 'windows' : 'linux',
    ...(instance.Operator?.Managed === true && {
      operatedBy: instance.Operator.Principal ?? 'an unnamed service',
    }),
    tags: readTags(instance.Tags),
  };
}

/**
 * The node with its ENIs as DescribeNetworkInterfaces showed them, `undefined` standing for one that did not show all.
 * `undefined` too when the two answers disagree about which ENIs there are, because a tag that was merely not read must
 * not pass for one that is not there.
 */
function wholeNode({ node, eniIds }: Seen, read: readonly (Eni | undefined)[]): Node | undefined {
  if (node === undefined || !read.every((eni) => eni !== undefined)) return undefined;
  const shown = new Set<string | undefined>(read.map((eni) => eni.id));
  if (!eniIds.every((id) => shown.has(id))) return undefined;
  if (!read.some((eni) => eni.deviceIndex === 0 && eni.networkCardIndex === 0)) return undefined;
  const enis = read.toSorted(
    (a, b) => a.networkCardIndex - b.networkCardIndex || a.deviceIndex - b.deviceIndex,
  );
  return { ...node, enis };
}

export const readNode = (instance: Instance, enis: readonly NetworkInterface[]): Node | undefined =>
  wholeNode(readInstance(instance), enis.map(readEni));

/** Gathers a read's answers piece by piece, each reduced at once to what the model keeps of it. Pages of a world that
 *  changes may show a thing twice: the later sight counts. */
export class NodesRead {
  readonly #seen = new Map<string, Seen>();
  /** By instance, then by ENI; `undefined` for an ENI that did not show all. */
  readonly #enisOf = new Map<string, Map<string, Eni | undefined>>();

  add(instance: Instance): void {
    const seen = readInstance(instance);
    if (!isGone(instance)) this.#seen.set(seen.id, seen);
  }

  /** As an earlier read showed it, all but its ENIs. */
  addKnown(node: Node): void {
    this.#seen.set(node.id, { id: node.id, node, eniIds: node.enis.map(({ id }) => id) });
  }

  /** An instance that is pending for the first time: all its ENIs came with its launch, and nobody has tagged them yet, so what it
   *  says of them itself, which is no tags, is all there is. False for every other: one that was stopped has older ENIs. */
  addUntouched(id: string, { State, LaunchTime, NetworkInterfaces: enis = [] }: Instance): boolean {
    const launchedAtMs = LaunchTime?.getTime() ?? Number.POSITIVE_INFINITY;
    const fresh = enis.every(({ Attachment }) => (Attachment?.AttachTime?.getTime() ?? 0) >= launchedAtMs);
    if (State?.Name !== 'pending' || !fresh || enis.length === 0) return false;
    for (const eni of enis) this.#hold(id, eni);
    return true;
  }

  addEni(eni: NetworkInterface): void {
    const holder = eni.Attachment?.InstanceId;
    if (holder !== undefined) this.#hold(holder, eni);
  }

  #hold(holder: string, eni: Parameters<typeof readEni>[0]): void {
    let enis = this.#enisOf.get(holder);
    if (enis === undefined) {
      enis = new Map();
      this.#enisOf.set(holder, enis);
    }
    enis.set(eni.NetworkInterfaceId ?? '', readEni(eni));
  }

  /** In the order in which the instances came. */
  whole(): Pick<World, 'nodes' | 'incomplete'> {
    const nodes: Node[] = [];
    const incomplete: string[] = [];
    for (const instance of this.#seen.values()) {
      const node = wholeNode(instance, [...(this.#enisOf.get(instance.id)?.values() ?? [])]);
      if (node === undefined) incomplete.push(instance.id);
      else nodes.push(node);
    }
    return incomplete.length > 0 ? { nodes, incomplete } : { nodes };
  }
}

function readEni(eni: NetworkInterface | InstanceNetworkInterface): Eni | undefined {
  const { NetworkInterfaceId: id, SubnetId: subnetId, Attachment: attachment } = eni;
  const { DeviceIndex: deviceIndex, AttachmentId: attachmentId, Status: status } = attachment ?? {};
  if (!isEniId(id) || !isSubnetId(subnetId) || !isAttachmentState(status)) return undefined;
  if (deviceIndex === undefined || attachmentId === undefined) return undefined;
  const tags = readTags('TagSet' in eni ? eni.TagSet : []);
  const secondary = (eni.PrivateIpAddresses ?? []).filter(({ Primary }) => Primary !== true);
  const ours = tags[OUR_NODE_TAG] !== undefined;
  return {
    id,
    subnetId,
    deviceIndex,
    networkCardIndex: attachment?.NetworkCardIndex ?? 0,
    ...(eni.InterfaceType !== undefined && { interfaceType: eni.InterfaceType }),
    attachmentId,
    deleteOnTermination: attachment?.DeleteOnTermination ?? false,
    attachmentStatus: status,
    ...(attachment?.AttachTime !== undefined && { attachedAtMs: attachment.AttachTime.getTime() }),
    secondaryIps: secondary.length,
    ...(ours && { ips: secondary.flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? []) }),
    prefixes: (eni.Ipv4Prefixes ?? []).length,
    groupIds: (eni.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    tags,
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

export const readTags = (tags: readonly Tag[] | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (tags ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])),
  );
