/** Random histories of calls to EC2: several callers at once, each with its own list of intentions, aimed at whatever
 *  exists when their turn comes. */
import fc from 'fast-check';
import type { Account } from '../../sim/ec2/account.ts';
import type { Ec2Action, Ec2Actions } from '../../sim/ec2/api.ts';

export const SUBNETS = [
  { id: 'subnet-a', vpcId: 'vpc-1', zone: 'z', cidr: '10.0.0.0/26' },
  { id: 'subnet-b', vpcId: 'vpc-1', zone: 'z', cidr: '10.0.0.64/27' },
] as const;
/** 3 ENIs of 6 addresses; 2 of 10 without prefixes; 2 cards with 8 ENIs of 50. */
const TYPES = ['t3.medium', 'm4.large', 'c6in.32xlarge'] as const;
const RESERVATIONS = ['10.0.0.32/28', '10.0.0.48/28', '10.0.0.40/29', '10.0.0.80/28', '10.0.0.0/28'] as const;

const KINDS = [
  'launch',
  'change state',
  'terminate',
  'create',
  'attach',
  'keep or delete',
  'assign',
  'assign by name',
  'unassign',
  'detach',
  'delete',
  'reserve',
  'unreserve',
  'look',
] as const;

export interface Intention {
  readonly kind: (typeof KINDS)[number];
  readonly waitMs: number;
  /** Which of the things there are, and how many or which way. */
  readonly which: number;
  readonly how: number;
}

const intention = fc.record({
  kind: fc.constantFrom(...KINDS),
  waitMs: fc.nat(2_000),
  which: fc.nat(1_000),
  how: fc.nat(1_000),
});

/** What each of the callers intends. */
export const histories = fc.array(fc.array(intention, { minLength: 5, maxLength: 25 }), {
  minLength: 2,
  maxLength: 4,
});

const pick = <T>(items: readonly T[], n: number): T | undefined => items[n % Math.max(items.length, 1)];

export type Request = { [A in Ec2Action]: readonly [A, Ec2Actions[A]['input']] }[Ec2Action];

/** The call an intention comes to, here and now; `undefined` when there is nothing to aim at. */
export function requestFor(account: Account, { kind, which, how }: Intention): Request | undefined {
  const subnetId = pick(SUBNETS, which)?.id ?? '';
  const eni = pick(account.enis(), which);
  const instance = pick(account.instances(), how);
  switch (kind) {
    case 'launch':
    case 'change state':
    case 'terminate':
      return undefined;
    case 'create': {
      const clientToken = how % 3 === 0 ? `token-${which % 4}` : undefined;
      const size = how % 2 === 0 ? { secondaryPrivateIpAddressCount: how % 7 } : { ipv4PrefixCount: how % 3 };
      return ['CreateNetworkInterface', { subnetId, ...size, ...(clientToken && { clientToken }) }];
    }
    case 'attach':
      return (
        eni &&
        instance && [
          'AttachNetworkInterface',
          {
            networkInterfaceId: eni.id,
            instanceId: instance.id,
            deviceIndex: which % 9,
            networkCardIndex: how % 4 === 0 ? 1 : 0,
          },
        ]
      );
    case 'keep or delete':
      return (
        eni?.attachment && [
          'ModifyNetworkInterfaceAttribute',
          {
            networkInterfaceId: eni.id,
            attachment: { attachmentId: eni.attachment.id, deleteOnTermination: how % 2 === 0 },
          },
        ]
      );
    case 'assign': {
      const size = how % 2 === 0 ? { secondaryPrivateIpAddressCount: how % 9 } : { ipv4PrefixCount: how % 4 };
      return eni && ['AssignPrivateIpAddresses', { networkInterfaceId: eni.id, ...size }];
    }
    case 'assign by name': {
      const named =
        how % 3 === 0
          ? { ipv4Prefixes: [`10.0.0.${(how % 6) * 16}/28`] }
          : { privateIpAddresses: [`10.0.0.${how % 96}`, `10.0.0.${which % 96}`] };
      const allowReassignment = how % 2 === 0;
      return eni && ['AssignPrivateIpAddresses', { networkInterfaceId: eni.id, ...named, allowReassignment }];
    }
    case 'unassign': {
      const [ip, prefix] = [pick(eni?.secondaryIps ?? [], how), pick(eni?.prefixes ?? [], how)];
      const which =
        prefix !== undefined
          ? { ipv4Prefixes: [prefix] }
          : ip !== undefined
            ? { privateIpAddresses: [ip] }
            : {};
      return eni && ['UnassignPrivateIpAddresses', { networkInterfaceId: eni.id, ...which }];
    }
    case 'detach':
      return eni?.attachment && ['DetachNetworkInterface', { attachmentId: eni.attachment.id }];
    case 'delete':
      return eni && ['DeleteNetworkInterface', { networkInterfaceId: eni.id }];
    case 'reserve': {
      const cidr = pick(RESERVATIONS, how) ?? '';
      const reservationType = which % 3 === 0 ? 'explicit' : 'prefix';
      return ['CreateSubnetCidrReservation', { subnetId, cidr, reservationType }];
    }
    case 'unreserve': {
      const known = account.perform('GetSubnetCidrReservations', { subnetId }).reservations;
      const id = pick(known, how)?.id;
      return id === undefined ? undefined : ['DeleteSubnetCidrReservation', { subnetCidrReservationId: id }];
    }
    case 'look':
      return how % 2 === 0
        ? ['DescribeNetworkInterfaces', {}]
        : ['DescribeNetworkInterfaces', { filters: [{ name: 'subnet-id', values: [subnetId] }] }];
  }
}

const NEXT_STATE = {
  pending: 'running',
  running: 'stopping',
  stopping: 'stopped',
  stopped: 'pending',
} as const;

/** What happens to instances without a call of ours. */
export function happen(account: Account, { kind, which, how }: Intention): void {
  const instance = pick(account.instances(), which);
  if (kind === 'launch') {
    const full = account.subnet(SUBNETS[0].id).freeAddresses < 20;
    const type = pick(TYPES, how);
    if (!full && type !== undefined) {
      const { id } = account.launch({ type, subnetId: SUBNETS[0].id });
      account.setState(id, 'running');
    }
  } else if (kind === 'terminate') {
    if (instance !== undefined) account.terminate(instance.id);
  } else if (kind === 'change state' && instance !== undefined) {
    if (instance.state !== 'shutting-down' && instance.state !== 'terminated') {
      account.setState(instance.id, NEXT_STATE[instance.state]);
    }
  }
}
