import { EC2ServiceException } from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AwsAction, failureOf, KIND_OF_CODE } from '../../lambdas/adapters/ec2-failures.ts';
import type { FailureKind } from '../../lambdas/core/failures.ts';

const refusal = (name: string, httpStatusCode = 400): EC2ServiceException =>
  new EC2ServiceException({ name, $fault: 'client', message: `${name}.`, $metadata: { httpStatusCode } });

/** An error as Node's sockets throw it. */
const broken = (code: string): Error => Object.assign(new Error(`socket ${code}`), { code });

const kindOf = (error: unknown, action: AwsAction): FailureKind => failureOf(error, { action }).kind;

const SAFE_TO_REPEAT: readonly AwsAction[] = [
  'DescribeInstances',
  'DescribeSubnets',
  'DescribeNetworkInterfaces',
  'DescribeCluster',
  'DescribeAddon',
  'CreateNetworkInterface',
  'ModifyNetworkInterfaceAttribute',
  'DeleteNetworkInterface',
];
const ONCE: readonly AwsAction[] = ['AttachNetworkInterface', 'AssignPrivateIpAddresses'];

describe('what EC2 refuses, whatever was asked', () => {
  const table: readonly [FailureKind, readonly string[]][] = [
    ['throttled', ['RequestLimitExceeded', 'EC2ThrottledException', 'Throttling', 'ThrottlingException']],
    ['throttled', ['RequestThrottled', 'TooManyRequestsException', 'SlowDown', 'BandwidthLimitExceeded']],
    ['transient', ['RetryableError', 'ConcurrentTagAccess', 'ConcurrentModification', 'ResourceContention']],
    ['subnet-full', ['InsufficientFreeAddressesInSubnet', 'InsufficientAddressCapacity']],
    ['no-prefix-block', ['InsufficientCidrBlocks']],
    ['interface-full', ['PrivateIpAddressLimitExceeded']],
    ['quota', ['NetworkInterfaceLimitExceeded']],
    ['slots-full', ['AttachmentLimitExceeded']],
    ['conflict', ['InvalidNetworkInterface.InUse', 'InvalidAttachmentID.NotFound', 'DependencyViolation']],
    ['conflict', ['Resource.AlreadyAssigned', 'InvalidIPAddress.InUse']],
    ['node-not-ready', ['IncorrectState', 'InvalidState', 'IncorrectInstanceState', 'InvalidInstanceState']],
    ['not-allowed', ['UnauthorizedOperation', 'AuthFailure', 'OptInRequired', 'Blocked', 'AccessDenied']],
    ['not-allowed', ['AccessDeniedException', 'InvalidClientTokenId', 'OperationNotPermitted']],
    [
      'unexpected',
      ['InvalidParameterCombination', 'MissingParameter', 'UnknownParameter', 'ValidationError'],
    ],
    ['unexpected', ['IdempotentParameterMismatch', 'InvalidInterface.IpAddressLimitExceeded']],
    ['unexpected', ['SecurityGroupsPerInterfaceLimitExceeded']],
    ['unexpected', ['TagLimitExceeded', 'FilterLimitExceeded', 'RequestResourceCountExceeded']],
    ['unexpected', ['ResourceCountExceeded', 'Unsupported', 'UnsupportedOperation', 'DryRunOperation']],
  ];
  test.each(table.flatMap(([kind, codes]) => codes.map((code) => [code, kind] as const)))(
    '%s is %s',
    (code, kind) => {
      for (const action of [...SAFE_TO_REPEAT, ...ONCE]) expect(kindOf(refusal(code), action)).toBe(kind);
    },
  );
});

describe('nobody knows whether it happened', () => {
  test.each([
    ['the reply is lost', Object.assign(new Error('no answer'), { name: 'TimeoutError' })],
    ['the connection breaks', broken('ECONNRESET')],
    ['the pipe breaks', broken('EPIPE')],
    ['EC2 fails with a code it documents', refusal('InternalError', 500)],
    ['EC2 is not available', refusal('Unavailable', 503)],
    ['EC2 fails with a code nobody documents', refusal('Hiccup', 502)],
    [
      'the answer cannot be parsed',
      Object.assign(new SyntaxError('<'), { $metadata: { httpStatusCode: 200 } }),
    ],
  ])('%s: attaching and assigning must look first, all else may ask again', (_trouble, error) => {
    for (const action of ONCE) expect(kindOf(error, action)).toBe('uncertain');
    for (const action of SAFE_TO_REPEAT) expect(kindOf(error, action)).toBe('transient');
  });

  test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])(
    '%s: the connection never came about, so nothing happened',
    (code) => {
      for (const action of [...ONCE, ...SAFE_TO_REPEAT])
        expect(kindOf(broken(code), action)).toBe('transient');
    },
  );
});

describe('the same code may mean different things', () => {
  test('an ENI or instance EC2 does not know yet is waited for by an attach, and gone for a fill', () => {
    for (const code of ['InvalidNetworkInterfaceID.NotFound', 'InvalidInstanceID.NotFound']) {
      expect(kindOf(refusal(code), 'AttachNetworkInterface')).toBe('node-not-ready');
      expect(kindOf(refusal(code), 'ModifyNetworkInterfaceAttribute')).toBe('node-not-ready');
      expect(kindOf(refusal(code), 'AssignPrivateIpAddresses')).toBe('node-gone');
    }
  });

  test('a bad value is a taken slot where slots are at stake, and a defect elsewhere', () => {
    const error = refusal('InvalidParameterValue');
    expect(kindOf(error, 'AttachNetworkInterface')).toBe('conflict');
    expect(kindOf(error, 'DeleteNetworkInterface')).toBe('conflict');
    expect(kindOf(error, 'CreateNetworkInterface')).toBe('unexpected');
    expect(kindOf(error, 'DescribeInstances')).toBe('unexpected');
  });
});

test('a refusal nobody documents is unexpected, and keeps its code, message, node and subnet for the journal', () => {
  const context = {
    action: 'AttachNetworkInterface',
    nodeId: 'i-0abcd111122223333',
    subnetId: 'subnet-0aaaaaaaaaaaaaaaa',
  } as const;
  expect(failureOf(refusal('BadMood'), context)).toEqual({
    kind: 'unexpected',
    code: 'BadMood',
    message: 'BadMood.',
    nodeId: 'i-0abcd111122223333',
    subnetId: 'subnet-0aaaaaaaaaaaaaaaa',
  });
  expect(kindOf(refusal('BadMood', 429), 'DescribeInstances')).toBe('throttled');
});

test('whatever is thrown becomes a failure: names of every object, and things that are no errors, too', () => {
  for (const thrown of [undefined, null, 7, 'text', {}, { name: 'toString' }, { name: 7, $metadata: null }])
    expect(kindOf(thrown, 'DescribeInstances')).toBe('unexpected');
  fc.assert(
    fc.property(fc.anything(), fc.constantFrom(...ONCE, ...SAFE_TO_REPEAT), (thrown, action) => {
      expect(typeof failureOf(thrown, { action }).kind).toBe('string');
    }),
    { seed: 1, numRuns: 1_000 },
  );
});

test('every row of the table gives every action a kind', () => {
  for (const code of Object.keys(KIND_OF_CODE))
    for (const action of [...ONCE, ...SAFE_TO_REPEAT])
      expect(failureOf(refusal(code), { action })).toMatchObject({ code, kind: expect.any(String) });
});
