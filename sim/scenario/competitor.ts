/** A third party in the account: Terraform, a controller, a script. It asks EC2 at an even pace about things that are not
 *  there, so it changes nothing and spends the request buckets all the same. */
import { ApiError, type Ec2Actions } from '../ec2/api.ts';
import type { Process } from '../kernel.ts';
import type { World } from '../world.ts';
import type { Fault } from './format.ts';

type Action = Extract<Fault, { kind: 'competitor' }>['action'];

const NOBODY = 'eni-00000000000000bad';
const NOWHERE = 'subnet-00000000000000bad';
const CALLER = { name: 'third-party' };

/** Of each action, a request that EC2 refuses once it has paid for it. */
const REQUESTS: { readonly [A in Action]: Ec2Actions[A]['input'] } = {
  DescribeInstances: { filters: [{ name: 'instance-id', values: ['i-00000000000000bad'] }] },
  DescribeSubnets: { subnetIds: [NOWHERE] },
  DescribeNetworkInterfaces: {
    networkInterfaceIds: [NOBODY],
    filters: [{ name: 'status', values: ['none'] }],
  },
  CreateNetworkInterface: { subnetId: NOWHERE },
  AttachNetworkInterface: { networkInterfaceId: NOBODY, instanceId: 'i-00000000000000bad', deviceIndex: 1 },
  ModifyNetworkInterfaceAttribute: { networkInterfaceId: NOBODY, groups: [] },
  AssignPrivateIpAddresses: { networkInterfaceId: NOBODY, secondaryPrivateIpAddressCount: 1 },
  UnassignPrivateIpAddresses: { networkInterfaceId: NOBODY, privateIpAddresses: ['10.0.0.4'] },
  DetachNetworkInterface: { attachmentId: 'eni-attach-00000000000000bad' },
  DeleteNetworkInterface: { networkInterfaceId: NOBODY },
  CreateTags: { resources: [NOBODY], tags: { none: 'none' } },
};

export interface Competitor {
  readonly action: Action;
  readonly perSecond: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export function compete({ kernel, account }: World, { action, perSecond, fromMs, toMs }: Competitor): void {
  function* ask(): Process {
    try {
      yield* account.call(CALLER, action, REQUESTS[action]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
  const count = Math.ceil(((toMs - fromMs) / 1000) * perSecond);
  for (let index = 0; index < count; index++)
    kernel.at(fromMs + Math.round((index * 1000) / perSecond), () => kernel.spawn(ask()));
}
