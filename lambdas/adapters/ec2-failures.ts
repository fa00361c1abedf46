/**
 * AWS's error codes as kinds of failure: the only place that knows a code. Codes and their meaning: EC2 Developer Guide,
 * error codes for the EC2 API. Classified by code first, because AWS promises no more of the status than 4xx or 5xx.
 */
import type { Failure, FailureKind } from '../core/failures.ts';
import type { Ec2Action, MutatingAction } from '../core/limits.ts';
import type { NodeId, SubnetId } from '../core/model.ts';

/** Reads of EKS share the table: its codes differ in spelling only. */
export type AwsAction = Ec2Action | 'DescribeCluster' | 'DescribeAddon';

export interface Context {
  readonly action: AwsAction;
  readonly nodeId?: NodeId;
  readonly subnetId?: SubnetId;
}

/** What a second identical request does. `once`: it would take effect a second time, or be refused for the first one. */
const REPEATED: Readonly<Record<MutatingAction, 'harmless' | 'once'>> = {
  // Its client token makes the second answer the first one's.
  CreateNetworkInterface: 'harmless',
  AttachNetworkInterface: 'once',
  ModifyNetworkInterfaceAttribute: 'harmless',
  AssignPrivateIpAddresses: 'once',
  DeleteNetworkInterface: 'harmless',
};

type Verdict = FailureKind | ((action: AwsAction, message: string) => FailureKind);

/** AWS failed, or nobody heard it answer: whether the request took effect is unknown, and matters to some actions. */
const maybeDone = (action: AwsAction): FailureKind =>
  action in REPEATED && REPEATED[action as MutatingAction] === 'once' ? 'uncertain' : 'transient';

/** What we name was read or made a moment ago, so EC2 not knowing it yet is likelier than its end (EC2 Developer Guide,
 *  eventual consistency). The next try reads again, and does not ask for what is gone. */
const notKnown = (action: AwsAction): FailureKind =>
  action === 'AttachNetworkInterface' || action === 'ModifyNetworkInterfaceAttribute'
    ? 'node-not-ready'
    : 'node-gone';

/** EC2 says this of a taken device index, of an ENI in use, of a full subnet (seen in the field beside the code of its own;
 *  only the message tells), and of plain nonsense too. */
const invalidValue = (action: AwsAction, message: string): FailureKind => {
  if (action === 'AttachNetworkInterface' || action === 'DeleteNetworkInterface') return 'conflict';
  const takesRoom = action === 'CreateNetworkInterface' || action === 'AssignPrivateIpAddresses';
  return takesRoom && /sufficient free .*addresses/i.test(message) ? 'subnet-full' : 'unexpected';
};

export const KIND_OF_CODE: Readonly<Record<string, Verdict>> = {
  RequestLimitExceeded: 'throttled',
  EC2ThrottledException: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  ThrottledException: 'throttled',
  RequestThrottled: 'throttled',
  RequestThrottledException: 'throttled',
  TooManyRequestsException: 'throttled',
  SlowDown: 'throttled',
  BandwidthLimitExceeded: 'throttled',

  InternalError: maybeDone,
  InternalFailure: maybeDone,
  ServerInternal: maybeDone,
  ServiceUnavailable: maybeDone,
  Unavailable: maybeDone,
  RequestTimeout: maybeDone,
  TimeoutError: maybeDone,
  AbortError: maybeDone,
  ECONNRESET: maybeDone,
  EPIPE: maybeDone,
  ETIMEDOUT: maybeDone,

  // The connection never came about: nothing was sent.
  ECONNREFUSED: 'transient',
  EHOSTUNREACH: 'transient',
  ENETUNREACH: 'transient',
  ENOTFOUND: 'transient',
  EAI_AGAIN: 'transient',
  RetryableError: 'transient',
  ConcurrentTagAccess: 'transient',
  ConcurrentModification: 'transient',
  ConcurrentModificationException: 'transient',
  ResourceContention: 'transient',
  ResourceContentionFault: 'transient',
  // Refused before it did anything; the next try is signed anew.
  RequestExpired: 'transient',
  ExpiredToken: 'transient',
  ExpiredTokenException: 'transient',

  InsufficientFreeAddressesInSubnet: 'subnet-full',
  InsufficientAddressCapacity: 'subnet-full',
  InsufficientCidrBlocks: 'no-prefix-block',
  PrivateIpAddressLimitExceeded: 'interface-full',
  AttachmentLimitExceeded: 'slots-full',
  NetworkInterfaceLimitExceeded: 'quota',

  'InvalidNetworkInterfaceID.NotFound': notKnown,
  'InvalidInstanceID.NotFound': notKnown,
  IncorrectState: 'node-not-ready',
  InvalidState: 'node-not-ready',
  IncorrectInstanceState: 'node-not-ready',
  InvalidInstanceState: 'node-not-ready',

  'InvalidAttachmentID.NotFound': 'conflict',
  'InvalidNetworkInterface.InUse': 'conflict',
  'Resource.AlreadyAssigned': 'conflict',
  'InvalidIPAddress.InUse': 'conflict',
  DependencyViolation: 'conflict',
  InvalidParameterValue: invalidValue,

  UnauthorizedOperation: 'not-allowed',
  AccessDenied: 'not-allowed',
  AccessDeniedException: 'not-allowed',
  AuthFailure: 'not-allowed',
  OptInRequired: 'not-allowed',
  Blocked: 'not-allowed',
  InvalidClientTokenId: 'not-allowed',
  UnrecognizedClientException: 'not-allowed',
  CredentialsProviderError: 'not-allowed',
  OperationNotPermitted: 'not-allowed',

  // Defects of ours or of the settings: asking again cannot help.
  InvalidParameterCombination: 'unexpected',
  MissingParameter: 'unexpected',
  UnknownParameter: 'unexpected',
  ValidationError: 'unexpected',
  IdempotentParameterMismatch: 'unexpected',
  // More addresses than the type can hold.
  'InvalidInterface.IpAddressLimitExceeded': 'unexpected',
  SecurityGroupsPerInterfaceLimitExceeded: 'unexpected',
  TagLimitExceeded: 'unexpected',
  FilterLimitExceeded: 'unexpected',
  RequestResourceCountExceeded: 'unexpected',
  ResourceCountExceeded: 'unexpected',
  Unsupported: 'unexpected',
  UnsupportedOperation: 'unexpected',
  DryRunOperation: 'unexpected',
};

/** A thrown SDK error as a failure. Whatever was thrown, this does not throw. */
export function failureOf(error: unknown, { action, nodeId, subnetId }: Context): Failure {
  const { codes, status, message } = describe(error);
  const code = codes.find((name) => Object.hasOwn(KIND_OF_CODE, name));
  const verdict = code === undefined ? byStatus(status) : (KIND_OF_CODE[code] ?? 'unexpected');
  return {
    kind: typeof verdict === 'string' ? verdict : verdict(action, message),
    code: code ?? codes[0] ?? 'Unknown',
    message,
    ...(nodeId !== undefined && { nodeId }),
    ...(subnetId !== undefined && { subnetId }),
  };
}

/** AWS answered well, but not with what we asked for. A call that changed something may have done so. */
export const unreadable = (what: string, context: Context): Failure => ({
  ...failureOf(undefined, context),
  kind: maybeDone(context.action) === 'uncertain' ? 'uncertain' : 'unexpected',
  code: 'UnreadableAnswer',
  message: `${context.action} answered without ${what}`,
});

function byStatus(status: number | undefined): Verdict {
  if (status === 429) return 'throttled';
  if (status === undefined) return 'unexpected';
  // An answer of success that the SDK could not read is as good as none.
  return status >= 500 || (status >= 200 && status < 300) ? maybeDone : 'unexpected';
}

interface Described {
  /** Names it goes by, the most telling first: EC2's code or Node's. */
  readonly codes: readonly string[];
  readonly status: number | undefined;
  readonly message: string;
}

function describe(error: unknown): Described {
  if (typeof error !== 'object' || error === null)
    return { codes: [], status: undefined, message: typeof error === 'string' ? error : 'no reason given' };
  const { name, code, message, $metadata } = error as Readonly<Record<string, unknown>>;
  const status = ($metadata as { httpStatusCode?: unknown } | null | undefined)?.httpStatusCode;
  return {
    codes: [name, code].filter((text): text is string => typeof text === 'string' && text !== ''),
    status: typeof status === 'number' ? status : undefined,
    message: typeof message === 'string' ? message : '',
  };
}
