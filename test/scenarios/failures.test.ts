/** Every code of AWS that we may meet, injected one by one: what we do about it is seen in the world. */
import { describe, expect, test } from 'vitest';
import { KIND_OF_CODE } from '../../lambdas/adapters/ec2-failures.ts';
import type { FailureKind } from '../../lambdas/core/failures.ts';
import type { MutatingAction } from '../../lambdas/core/limits.ts';
import type { Node } from '../../sim/cluster/node.ts';
import { ApiError } from '../../sim/ec2/api.ts';
import type { Stage } from '../../sim/stage.ts';
import type { World } from '../../sim/world.ts';
import {
  announceGrowth,
  beforeOurs,
  CLUSTER,
  changes,
  launchFor,
  minutes,
  notesOf,
  SUBNET,
  seconds,
  staged,
} from './stage.ts';

/** How often the same call is sent for one node while it is refused for twenty minutes, by what the refusal means to us.
 *  A full subnet is asked again after 2, 3 and 10 minutes. */
const SENT: Readonly<Partial<Record<FailureKind, number>>> = {
  throttled: 9,
  uncertain: 6,
  transient: 6,
  'node-not-ready': 6,
  'interface-full': 3,
  'subnet-full': 4,
  'no-prefix-block': 4,
  conflict: 2,
  'not-allowed': 2,
  quota: 1,
  'slots-full': 1,
  'node-gone': 1,
  unexpected: 1,
};

const CREATE = 'CreateNetworkInterface';
const ATTACH = 'AttachNetworkInterface';
const MODIFY = 'ModifyNetworkInterfaceAttribute';
const ASSIGN = 'AssignPrivateIpAddresses';

/** AWS's codes (EC2 Developer Guide, error codes), each at an action that may meet it. */
const CODES: readonly [
  action: MutatingAction,
  kind: FailureKind,
  status: number,
  codes: readonly string[],
][] = [
  [ATTACH, 'throttled', 503, ['RequestLimitExceeded', 'EC2ThrottledException', 'BandwidthLimitExceeded']],
  [CREATE, 'throttled', 400, ['Throttling', 'ThrottlingException', 'ThrottledException', 'SlowDown']],
  [ASSIGN, 'throttled', 400, ['RequestThrottled', 'RequestThrottledException', 'TooManyRequestsException']],
  [CREATE, 'transient', 500, ['InternalError', 'InternalFailure', 'ServerInternal']],
  [ATTACH, 'uncertain', 503, ['ServiceUnavailable', 'Unavailable', 'InternalError']],
  [ASSIGN, 'uncertain', 500, ['InternalError', 'RequestTimeout']],
  [CREATE, 'transient', 400, ['RetryableError', 'ConcurrentTagAccess', 'ConcurrentModification']],
  [CREATE, 'transient', 400, ['RequestExpired', 'ExpiredToken', 'ResourceContention']],
  [CREATE, 'subnet-full', 400, ['InsufficientFreeAddressesInSubnet']],
  [CREATE, 'subnet-full', 500, ['InsufficientAddressCapacity']],
  [ASSIGN, 'subnet-full', 400, ['InsufficientFreeAddressesInSubnet']],
  [CREATE, 'no-prefix-block', 400, ['InsufficientCidrBlocks']],
  [ASSIGN, 'interface-full', 400, ['PrivateIpAddressLimitExceeded']],
  [CREATE, 'quota', 400, ['NetworkInterfaceLimitExceeded']],
  [ATTACH, 'slots-full', 400, ['AttachmentLimitExceeded']],
  [ATTACH, 'node-not-ready', 400, ['InvalidNetworkInterfaceID.NotFound', 'InvalidInstanceID.NotFound']],
  [ATTACH, 'node-not-ready', 400, ['IncorrectState', 'InvalidState']],
  [ATTACH, 'node-not-ready', 400, ['IncorrectInstanceState', 'InvalidInstanceState']],
  [ASSIGN, 'node-gone', 400, ['InvalidNetworkInterfaceID.NotFound']],
  [ATTACH, 'conflict', 400, ['InvalidNetworkInterface.InUse', 'InvalidParameterValue']],
  [CREATE, 'conflict', 400, ['Resource.AlreadyAssigned', 'InvalidIPAddress.InUse', 'DependencyViolation']],
  [CREATE, 'not-allowed', 403, ['UnauthorizedOperation', 'AccessDenied', 'AccessDeniedException']],
  [ATTACH, 'not-allowed', 401, ['AuthFailure', 'OptInRequired', 'Blocked', 'OperationNotPermitted']],
  [CREATE, 'not-allowed', 400, ['InvalidClientTokenId', 'UnrecognizedClientException']],
  [CREATE, 'unexpected', 400, ['InvalidParameterCombination', 'MissingParameter', 'UnknownParameter']],
  [CREATE, 'unexpected', 400, ['ValidationError', 'IdempotentParameterMismatch', 'TagLimitExceeded']],
  [CREATE, 'unexpected', 400, ['SecurityGroupsPerInterfaceLimitExceeded', 'InvalidParameterValue']],
  [CREATE, 'unexpected', 400, ['InvalidInterface.IpAddressLimitExceeded', 'ResourceCountExceeded']],
  [CREATE, 'unexpected', 400, ['FilterLimitExceeded', 'RequestResourceCountExceeded']],
  [CREATE, 'unexpected', 400, ['Unsupported', 'UnsupportedOperation', 'SomethingNobodyDocumented']],
  [CREATE, 'unexpected', 412, ['DryRunOperation']],
];

/** Pods on the node whose slots are all taken. */
const PODS = 5;

interface Told {
  readonly world: World;
  readonly stage: Stage;
  readonly node: Node;
}

/** A quiet node that an announcement wants one more ENI on, with the eight addresses the CNI keeps; or, for assigns, one
 *  whose slots are all taken, and whose last ENI wants the four that the CNI keeps. */
async function quiet(seed: number, action: MutatingAction): Promise<Told> {
  const { world, stage } = staged({ seed }, { sweep: true });
  const node = world.established('m5.large', action === ASSIGN ? [9, 9, 0] : [9]);
  if (action === ASSIGN) for (let pod = 0; pod < PODS; pod++) world.createPod(`there-${pod}`);
  await world.kernel.run(minutes(11));
  return { world, stage, node };
}

/** Announced so far ahead that every try fits before the pods. */
function announce(world: World, action: MutatingAction): void {
  announceGrowth(world, action === ASSIGN ? 20 : 10, {
    inMs: minutes(40),
    ...(action === ASSIGN && { podsPerNode: PODS }),
  });
}

const refusal = (action: string, code: string, httpStatus: number) =>
  ({ kind: 'refuse', action, caller: 'prewarmer', code, httpStatus }) as const;

function refuse(world: World, action: string, code: string, httpStatus: number, forMs: number): void {
  const fromMs = world.kernel.nowMs;
  world.account.addFault({ ...refusal(action, code, httpStatus), fromMs, toMs: fromMs + forMs });
}

const onNode = (node: Node): number =>
  node.instance.enis.reduce((sum, { secondaryIps }) => sum + secondaryIps.length, 0);

describe('refused for twenty minutes: asked again as often as it may help, then the node is left', () => {
  const all = CODES.flatMap(([action, kind, status, codes]) =>
    codes.map((code) => [code, action, kind, status] as const),
  );
  test.each(all)('%s to %s: %s', async (code, action, kind, status) => {
    const { world, stage, node } = await quiet(71, action);
    const before = onNode(node);
    const sentBefore = changes(world)[action] ?? 0;
    refuse(world, action, code, status, minutes(20));
    announce(world, action);
    await world.kernel.run(world.kernel.nowMs + minutes(19));
    const [first] = notesOf(stage, 'call failed');
    expect(first?.facts).toMatchObject({ action, kind, code, nodeId: node.instanceId });
    expect((changes(world)[action] ?? 0) - sentBefore).toBe(SENT[kind]);
    expect(onNode(node)).toBe(before);
  });

  test('every code we know of is here, or never comes as an answer to such a call', () => {
    const here = new Set(CODES.flatMap(([, , , codes]) => codes));
    // Sockets and SDK: played as lost replies and in the adapter's own tests. Only Auto Scaling sends the Fault form.
    const elsewhere = [
      'TimeoutError AbortError ECONNRESET EPIPE ETIMEDOUT ECONNREFUSED EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN',
      'CredentialsProviderError ExpiredTokenException ConcurrentModificationException ResourceContentionFault',
      // A fine answer to a ModifyNetworkInterfaceAttribute: there is nothing to go away any more.
      'InvalidAttachmentID.NotFound',
    ].flatMap((line) => line.split(' '));
    expect(Object.keys(KIND_OF_CODE).filter((code) => !here.has(code) && !elsewhere.includes(code))).toEqual(
      [],
    );
  });
});

describe('the trouble passes after half a minute: what passes by itself is made up for', () => {
  test.each([
    ['RequestLimitExceeded', CREATE, 503],
    ['RequestLimitExceeded', ATTACH, 503],
    ['InternalError', CREATE, 500],
    ['Unavailable', ATTACH, 503],
    ['InternalError', ASSIGN, 500],
    ['IncorrectState', ATTACH, 400],
    ['InsufficientFreeAddressesInSubnet', CREATE, 400],
    ['InsufficientFreeAddressesInSubnet', ASSIGN, 400],
  ] as const)('%s to %s', async (code, action, status) => {
    const { world, node } = await quiet(72, action);
    const before = onNode(node);
    refuse(world, action, code, status, seconds(30));
    announce(world, action);
    await world.kernel.run(world.kernel.nowMs + minutes(10));
    expect(onNode(node) - before).toBe(action === ASSIGN ? 4 : 8);
    expect(world.account.enis().filter(({ attachment }) => attachment === undefined)).toEqual([]);
  });
});

test.each(['InternalError', 'Unavailable', 'InvalidNetworkInterfaceID.NotFound'])(
  '%s to ModifyNetworkInterfaceAttribute for six minutes: the interface still learns to go away with its node',
  async (code) => {
    const { world, node } = await quiet(76, MODIFY);
    refuse(world, MODIFY, code, 500, minutes(6));
    announce(world, MODIFY);
    await world.kernel.run(world.kernel.nowMs + minutes(12));
    const ours = node.instance.enis.filter(({ tags }) => tags.has('eks-ip-prewarmer/node'));
    expect(ours.map(({ attachment }) => attachment?.deleteOnTermination)).toEqual([true]);
  },
);

describe('what concerns others', () => {
  test('a throttle is published, once for the wave that met it', async () => {
    const { world, stage } = await quiet(73, CREATE);
    refuse(world, CREATE, 'RequestLimitExceeded', 503, seconds(20));
    announce(world, CREATE);
    await world.kernel.run(world.kernel.nowMs + minutes(5));
    const throttles = stage.figures.filter(({ figures }) => figures.Throttled !== undefined);
    const refused = notesOf(stage, 'call failed').filter(({ facts }) => facts['kind'] === 'throttled');
    expect(throttles.map(({ of }) => of)).toEqual(refused.map(() => ({ cluster: CLUSTER, action: CREATE })));
    expect(throttles.length).toBeGreaterThan(0);
  });

  test('a subnet is full: it is left alone for two minutes by every launch, and another one is used at once', async () => {
    const other = { ...SUBNET, id: 'subnet-0b1b2c3d4e5f60718', cidr: '10.1.0.0/22' };
    const tags = { 'kubernetes.io/role/cni': '1' };
    const { world, stage } = staged({
      seed: 74,
      subnets: [
        { ...SUBNET, tags },
        { ...other, tags, free: { addresses: 500, prefixes: 0 } },
      ],
    });
    const full = {
      ...refusal(CREATE, 'InsufficientFreeAddressesInSubnet', 400),
      fromMs: 0,
      toMs: minutes(1),
    };
    world.account.addFault(full);
    for (let pod = 0; pod < 27; pod++) world.createPod(`waiting-${pod}`);
    const node = world.launch('m5.large');
    await world.kernel.run(minutes(1), () => notesOf(stage, 'left alone').length > 0);
    // The other create of the wave is under way.
    full.toMs = world.kernel.nowMs + 500;
    await world.kernel.run(minutes(2));
    const ours = node.instance.enis.filter(({ tags }) => tags.has('eks-ip-prewarmer/node'));
    expect(ours.map(({ subnetId }) => subnetId)).toEqual([other.id, other.id]);
    expect(notesOf(stage, 'left alone')[0]?.facts).toMatchObject({ what: SUBNET.id, times: 1 });
  });

  test('something unexpected befalls one node: it is left, and its neighbour is warmed all the same', async () => {
    const { world, stage } = staged({ seed: 77 }, { sweep: true });
    for (const _ of [1, 2]) world.established('m5.large', [9]);
    await world.kernel.run(minutes(11));
    let first = true;
    beforeOurs(world, CREATE, () => {
      const refused = first;
      first = false;
      if (refused) throw new ApiError('TagLimitExceeded', 'The maximum number of tags for a resource is 50.');
    });
    announceGrowth(world, 20, { inMs: minutes(20) });
    await world.kernel.run(world.kernel.nowMs + minutes(8));
    expect(world.nodes.map(onNode).sort((a, b) => a - b)).toEqual([9, 17]);
    expect(notesOf(stage, 'call failed')).toHaveLength(1);
  });

  test('seventy nodes, the first sixty of which have no slot left: the others are warmed, and nobody asks for ever', async () => {
    const { world, stage } = staged(
      { seed: 79, subnets: [{ ...SUBNET, cidr: '10.0.0.0/20' }] },
      { sweep: true },
    );
    const established = { nodes: 70, addresses: [9] };
    world.addNodeGroup({ name: 'old', type: 'm5.large', launchedBy: 'managed', established });
    await world.kernel.run(minutes(11));
    const ids = world.nodes.map(({ instanceId }) => instanceId).sort();
    const crowded = new Set(ids.slice(0, 60));
    beforeOurs(world, ATTACH, ({ instanceId }) => {
      if (crowded.has(String(instanceId)))
        throw new ApiError('AttachmentLimitExceeded', 'Interface count exceeds the limit.', 400);
    });
    announceGrowth(world, 700, { inMs: minutes(40) });
    await world.kernel.run(world.kernel.nowMs + minutes(30));
    const warm = world.nodes.filter(({ instanceId }) => !crowded.has(instanceId));
    expect(warm.map(onNode)).toEqual(warm.map(() => 17));
    const waits = notesOf(stage, 'announcement waits').length;
    await world.kernel.run(world.kernel.nowMs + minutes(5));
    expect(notesOf(stage, 'announcement waits')).toHaveLength(waits);
  });

  test('somebody takes the device index a moment before us: the other one is tried, once, and nothing is left over', async () => {
    const { world, stage } = staged({ seed: 78 }, { sweep: true });
    const node = launchFor(world, 27);
    let first = true;
    beforeOurs(world, ATTACH, ({ deviceIndex }) => {
      if (first)
        world.account.attachedAtStart(node.instanceId, { deviceIndex: Number(deviceIndex), secondaryIps: 9 });
      first = false;
    });
    await world.kernel.run(minutes(3));
    const { enis } = node.instance;
    expect(enis).toHaveLength(3);
    expect(enis.filter(({ tags }) => tags.has('eks-ip-prewarmer/node'))).toHaveLength(1);
    expect(notesOf(stage, 'call failed').map(({ facts }) => facts['action'])).toEqual([ATTACH]);
    await world.kernel.run(minutes(16));
    expect(world.account.enis().filter(({ attachment }) => attachment === undefined)).toEqual([]);
  });

  test('a right is missing: two tries on one node, and the figure an alarm watches', async () => {
    const { world, stage } = await quiet(75, CREATE);
    refuse(world, CREATE, 'UnauthorizedOperation', 403, minutes(20));
    announce(world, CREATE);
    await world.kernel.run(world.kernel.nowMs + minutes(5));
    const told = stage.figures.filter(({ figures }) => figures.NotAllowed !== undefined);
    expect(told.map(({ of }) => of)).toEqual([
      { cluster: CLUSTER, action: CREATE },
      { cluster: CLUSTER, action: CREATE },
    ]);
  });
});
