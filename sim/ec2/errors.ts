/** EC2's refusals in EC2's words. Codes: EC2 Developer Guide, error codes. The wording follows what the service sends;
 *  callers go by the code. */
import { ApiError } from './api.ts';

export const refused = {
  throttled: () => new ApiError('RequestLimitExceeded', 'Request limit exceeded.', 503),
  notFound: (
    kind: 'InstanceID' | 'NetworkInterfaceID' | 'AttachmentID' | 'SubnetID' | 'SubnetCidrReservationID',
    ids: readonly string[],
  ) => new ApiError(`Invalid${kind}.NotFound`, notFoundText(kind, ids)),
  invalidValue: (message: string) => new ApiError('InvalidParameterValue', message),
  invalidCombination: (message: string) => new ApiError('InvalidParameterCombination', message),
  missing: (name: string) =>
    new ApiError('MissingParameter', `The request must contain the parameter ${name}`),
  subnetFull: (subnetId: string) =>
    new ApiError(
      'InsufficientFreeAddressesInSubnet',
      `The specified subnet does not have enough free addresses to satisfy the request: ${subnetId}`,
    ),
  noBlocks: (subnetId: string) =>
    new ApiError(
      'InsufficientCidrBlocks',
      `The specified subnet does not have enough free cidr blocks to satisfy the request: ${subnetId}`,
    ),
  interfaceFull: (eniId: string, slots: number) =>
    new ApiError(
      'PrivateIpAddressLimitExceeded',
      `Number of private addresses will exceed limit of ${slots} for network interface ${eniId}.`,
    ),
  slotsFull: (instanceId: string, card: number, slots: number) =>
    new ApiError(
      'AttachmentLimitExceeded',
      `Interface count exceeds the limit of ${slots} for network card ${card} of instance ${instanceId}`,
    ),
  deviceTaken: (instanceId: string, index: number) =>
    new ApiError(
      'InvalidParameterValue',
      `Instance '${instanceId}' already has an interface attached at device index '${index}'.`,
    ),
  wrongState: (message: string) => new ApiError('IncorrectState', message),
  inUse: (eniId: string) => new ApiError('InvalidNetworkInterface.InUse', `Interface: [${eniId}] in use.`),
  addressTaken: (address: string) => new ApiError('InvalidIPAddress.InUse', `Address ${address} is in use.`),
  notReassigned: (address: string) =>
    new ApiError(
      'InvalidParameterValue',
      `${address} is assigned to another network interface, and may be moved only when AllowReassignment is true.`,
    ),
  outsideSubnet: (address: string) =>
    new ApiError(
      'InvalidParameterValue',
      `Address ${address} does not fall within the subnet's address range`,
    ),
  keptByAws: (address: string) =>
    new ApiError('InvalidParameterValue', `Address ${address} is in subnet's reserved address range`),
  unknownTypes: (types: readonly string[]) =>
    new ApiError(
      'InvalidInstanceType',
      `The following supplied instance types do not exist: [${types.join(', ')}]`,
    ),
  stillAttached: (eniId: string) =>
    new ApiError('InvalidParameterValue', `Network interface '${eniId}' is currently in use.`),
  reservationOutside: (cidr: string, subnetId: string) =>
    new ApiError('InvalidParameterValue', `CIDR ${cidr} is not a valid range of subnet ${subnetId}.`),
  reservationTooSmall: (cidr: string) =>
    new ApiError('InvalidParameterValue', `CIDR ${cidr} is too small for prefixes, which are /28.`),
  reservationOverlaps: (cidr: string, other: string) =>
    new ApiError(
      'InvalidSubnetCidrReservation.Conflict',
      `CIDR ${cidr} overlaps with the subnet CIDR reservation ${other}.`,
    ),
  quota: (limit: number) =>
    new ApiError(
      'NetworkInterfaceLimitExceeded',
      `You have exceeded the limit of ${limit} network interfaces.`,
    ),
  tokenReused: () =>
    new ApiError(
      'IdempotentParameterMismatch',
      'The request uses the same client token as a previous, but non-identical request.',
    ),
  notPermitted: (message: string) => new ApiError('OperationNotPermitted', message),
  unsupported: (message: string) => new ApiError('UnsupportedOperation', message),
  tooManyTags: () => new ApiError('TagLimitExceeded', 'The maximum number of tags for a resource is 50.'),
  badPage: () => new ApiError('InvalidParameterValue', 'Invalid value for parameter nextToken.'),
} as const;

function notFoundText(kind: string, ids: readonly string[]): string {
  const quoted = ids.map((id) => `'${id}'`).join(', ');
  switch (kind) {
    case 'InstanceID':
      return ids.length === 1
        ? `The instance ID ${quoted} does not exist`
        : `The instance IDs ${quoted} do not exist`;
    case 'AttachmentID':
      return `The attachment ID ${quoted} does not exist`;
    case 'SubnetCidrReservationID':
      return `The subnet CIDR reservation ID ${quoted} does not exist`;
    case 'SubnetID':
      return `The subnet ID ${quoted} does not exist`;
    default:
      return `The networkInterface ID ${quoted} does not exist`;
  }
}
