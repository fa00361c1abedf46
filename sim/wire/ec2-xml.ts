/** The embedded EC2's answers → the elements EC2 writes. Names and nesting: EC2 API reference, version 2016-11-15. */
import type {
  Attachment,
  CidrReservation,
  Ec2Action,
  Ec2Actions,
  Eni,
  Instance,
  InstanceState,
  InstanceType,
  Subnet,
} from '../ec2/api.ts';
import type { WireWorld } from './wire.ts';
import type { Xml } from './xml.ts';

type Place = Pick<WireWorld, 'region' | 'accountId' | 'epochMs'>;
type Elements = { readonly [name: string]: Xml };

export const WRITE: {
  [A in Ec2Action]: (
    output: Ec2Actions[A]['output'],
    input: Ec2Actions[A]['input'],
    place: Place,
  ) => Elements;
} = {
  DescribeInstances: (output, _input, place) => ({
    reservationSet: output.instances.map((instance) => reservation(instance, place)),
    nextToken: output.nextToken,
  }),
  DescribeSubnets: (output, _input, place) => ({
    subnetSet: output.subnets.map((subnet) => subnetItem(subnet, place)),
    nextToken: output.nextToken,
  }),
  DescribeNetworkInterfaces: (output, _input, place) => ({
    networkInterfaceSet: output.networkInterfaces.map((eni) => networkInterface(eni, place)),
    nextToken: output.nextToken,
  }),
  DescribeInstanceTypes: (output) => ({
    instanceTypeSet: output.instanceTypes.map(instanceTypeItem),
    nextToken: output.nextToken,
  }),
  CreateNetworkInterface: (output, _input, place) => ({
    networkInterface: networkInterface(output.networkInterface, place),
    clientToken: output.clientToken,
  }),
  AttachNetworkInterface: (output) => ({
    attachmentId: output.attachmentId,
    networkCardIndex: output.networkCardIndex,
  }),
  AssignPrivateIpAddresses: (output, input) => ({
    networkInterfaceId: input.networkInterfaceId,
    assignedPrivateIpAddressesSet: output.assignedIps.map((privateIpAddress) => ({ privateIpAddress })),
    assignedIpv4PrefixSet: output.assignedPrefixes.map((ipv4Prefix) => ({ ipv4Prefix })),
    return: true,
  }),
  CreateSubnetCidrReservation: ({ reservation }, _input, place) => ({
    subnetCidrReservation: reservationItem(reservation, place),
  }),
  GetSubnetCidrReservations: (output, _input, place) => ({
    subnetIpv4CidrReservationSet: output.reservations.map((one) => reservationItem(one, place)),
    subnetIpv6CidrReservationSet: [],
    nextToken: output.nextToken,
  }),
  DeleteSubnetCidrReservation: ({ reservation }, _input, place) => ({
    deletedSubnetCidrReservation: reservationItem(reservation, place),
  }),
  ModifyNetworkInterfaceAttribute: done,
  UnassignPrivateIpAddresses: done,
  DetachNetworkInterface: done,
  DeleteNetworkInterface: done,
  CreateTags: done,
};

/** All that the actions without an answer say. */
function done(): Elements {
  return { return: true };
}

function reservationItem(reservation: CidrReservation, place: Place): Elements {
  return {
    subnetCidrReservationId: reservation.id,
    subnetId: reservation.subnetId,
    cidr: reservation.cidr,
    reservationType: reservation.type,
    ownerId: place.accountId,
    description: reservation.description,
    tagSet: tagItems(reservation.tags),
  };
}

/** Every instance is a launch of its own, so a reservation holds one. */
function reservation(instance: Instance, place: Place): Xml {
  return {
    reservationId: instance.id.replace('i-', 'r-'),
    ownerId: place.accountId,
    groupSet: [],
    instancesSet: [instanceItem(instance, place)],
  };
}

/** Source: EC2 API reference, InstanceState. */
const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** `platform` is absent, which is how EC2 says Linux. A terminated instance has left its subnet: EC2 shows neither
 *  address nor interface of it. */
function instanceItem(instance: Instance, place: Place): Xml {
  const [primary] = instance.enis;
  const gone = instance.state === 'terminated';
  return {
    instanceId: instance.id,
    instanceState: { code: STATE_CODES[instance.state], name: instance.state },
    privateDnsName: gone || primary === undefined ? '' : dnsName(primary.privateIp, place),
    instanceType: instance.type,
    launchTime: date(instance.launchedAtMs, place),
    placement: { availabilityZone: instance.zone, groupName: '', tenancy: 'default' },
    subnetId: gone ? undefined : instance.subnetId,
    vpcId: gone ? undefined : instance.vpcId,
    privateIpAddress: gone ? undefined : primary?.privateIp,
    groupSet: gone ? [] : groupItems(primary?.groups ?? []),
    tagSet: tagItems(instance.tags),
    networkInterfaceSet: instance.enis.map((eni) => ({
      ...interfaceCore(eni, place),
      attachment: eni.attachment && attachmentCore(eni.attachment, place),
    })),
  };
}

function networkInterface(eni: Eni, place: Place): Xml {
  return {
    ...interfaceCore(eni, place),
    availabilityZone: eni.zone,
    requesterManaged: false,
    tagSet: tagItems(eni.tags),
    attachment: eni.attachment && {
      ...attachmentCore(eni.attachment, place),
      instanceId: eni.attachment.instanceId,
      instanceOwnerId: place.accountId,
    },
  };
}

/** What an interface says of itself both alone and inside its instance. */
function interfaceCore(eni: Eni, place: Place): Elements {
  const addresses = [eni.privateIp, ...eni.secondaryIps];
  return {
    networkInterfaceId: eni.id,
    subnetId: eni.subnetId,
    vpcId: eni.vpcId,
    description: eni.description,
    ownerId: place.accountId,
    status: eni.attachment === undefined ? 'available' : 'in-use',
    macAddress: eni.mac,
    privateIpAddress: eni.privateIp,
    privateDnsName: dnsName(eni.privateIp, place),
    sourceDestCheck: true,
    interfaceType: eni.interfaceType,
    groupSet: groupItems(eni.groups),
    privateIpAddressesSet: addresses.map((privateIpAddress) => ({
      privateIpAddress,
      privateDnsName: dnsName(privateIpAddress, place),
      primary: privateIpAddress === eni.privateIp,
    })),
    ipv4PrefixSet: eni.prefixes.map((ipv4Prefix) => ({ ipv4Prefix })),
  };
}

function attachmentCore(attachment: Attachment, place: Place): Elements {
  return {
    attachmentId: attachment.id,
    deviceIndex: attachment.deviceIndex,
    networkCardIndex: attachment.networkCardIndex,
    status: attachment.status,
    attachTime: date(attachment.attachedAtMs, place),
    deleteOnTermination: attachment.deleteOnTermination,
  };
}

/** Network figures only: vCPUs, memory and prices mean nothing to addresses, and the table does not hold them. */
function instanceTypeItem({ id, hypervisor, networkCards, enisPerCard, ipv4PerEni }: InstanceType): Xml {
  return {
    instanceType: id,
    hypervisor,
    bareMetal: hypervisor === undefined,
    networkInfo: {
      maximumNetworkInterfaces: networkCards * enisPerCard,
      maximumNetworkCards: networkCards,
      defaultNetworkCardIndex: 0,
      networkCards: Array.from({ length: networkCards }, (_, networkCardIndex) => ({
        networkCardIndex,
        maximumNetworkInterfaces: enisPerCard,
      })),
      ipv4AddressesPerInterface: ipv4PerEni,
    },
  };
}

function subnetItem(subnet: Subnet, place: Place): Xml {
  return {
    subnetId: subnet.id,
    subnetArn: `arn:aws:ec2:${place.region}:${place.accountId}:subnet/${subnet.id}`,
    state: 'available',
    ownerId: place.accountId,
    vpcId: subnet.vpcId,
    cidrBlock: subnet.cidr,
    availableIpAddressCount: subnet.freeAddresses,
    availabilityZone: subnet.zone,
    defaultForAz: false,
    mapPublicIpOnLaunch: false,
    tagSet: tagItems(subnet.tags),
  };
}

const tagItems = (tags: ReadonlyMap<string, string>): Xml =>
  [...tags].map(([key, value]) => ({ key, value }));
const groupItems = (groups: readonly string[]): Xml => groups.map((id) => ({ groupId: id, groupName: id }));
const dnsName = (ip: string, place: Place): string =>
  `ip-${ip.replaceAll('.', '-')}.${place.region}.compute.internal`;
const date = (atMs: number, place: Place): string => new Date(place.epochMs + atMs).toISOString();
