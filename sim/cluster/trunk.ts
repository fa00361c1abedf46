/**
 * The control plane's VPC resource controller, as far as trunks go: with ENABLE_POD_ENI it gives each node a trunk ENI once
 * the node's ipamd serves and has a slot for it. A node without a free slot stays without, and is looked at again.
 * Source: amazon-vpc-resource-controller-k8s, pkg/provider/branch/trunk, InitTrunk; amazon-vpc-cni-k8s v1.23.1,
 * tryEnableSecurityGroupsForPods.
 */
import type { Stream } from '../chance.ts';
import { ApiError, type Ec2, type Ec2Action, type Ec2Actions, ReplyLost } from '../ec2/api.ts';
import type { TypeLimits } from '../ec2/instance-types.ts';
import type { Kernel, Process } from '../kernel.ts';
import { SERVING_TO_TRUNK, TRUNK_RETRY_MS } from '../latencies.ts';

const CALLER = { name: 'vpc-resource-controller' };

export interface TrunkWorld {
  readonly kernel: Kernel;
  readonly ec2: Ec2;
  readonly stream: Stream;
  readonly instanceId: string;
  readonly limits: TypeLimits;
  readonly gone: () => boolean;
}

export function* giveTrunk(world: TrunkWorld): Process {
  yield* world.kernel.sleep(world.stream.from(SERVING_TO_TRUNK));
  while (!world.gone() && !(yield* tryOnce(world))) yield* world.kernel.sleep(TRUNK_RETRY_MS);
}

/** True when the node has a trunk. */
function* tryOnce(world: TrunkWorld): Process<boolean> {
  const { instanceId, limits } = world;
  const seen = yield* ask(world, 'DescribeInstances', { instanceIds: [instanceId] });
  const [instance] = seen?.instances ?? [];
  if (instance === undefined) return false;
  if (instance.enis.some(({ interfaceType }) => interfaceType === 'trunk')) return true;
  const taken = instance.enis
    .filter(({ attachment }) => attachment?.networkCardIndex === 0)
    .map(({ attachment }) => attachment?.deviceIndex);
  if (taken.length >= limits.enisPerCard) return false;
  let deviceIndex = 0;
  while (taken.includes(deviceIndex)) deviceIndex++;
  const made = yield* ask(world, 'CreateNetworkInterface', {
    subnetId: instance.subnetId,
    groups: instance.enis[0]?.groups ?? [],
    description: 'aws-k8s-trunk-eni',
    interfaceType: 'trunk',
  });
  if (made === undefined) return false;
  const networkInterfaceId = made.networkInterface.id;
  const attached = yield* ask(world, 'AttachNetworkInterface', {
    networkInterfaceId,
    instanceId,
    deviceIndex,
  });
  if (attached === undefined) {
    yield* ask(world, 'DeleteNetworkInterface', { networkInterfaceId });
    return false;
  }
  yield* ask(world, 'ModifyNetworkInterfaceAttribute', {
    networkInterfaceId,
    attachment: { attachmentId: attached.attachmentId, deleteOnTermination: true },
  });
  return true;
}

function* ask<A extends Ec2Action>(
  { ec2 }: TrunkWorld,
  action: A,
  input: Ec2Actions[A]['input'],
): Process<Ec2Actions[A]['output'] | undefined> {
  try {
    return yield* ec2.call(CALLER, action, input);
  } catch (error) {
    if (error instanceof ApiError || error instanceof ReplyLost) return undefined;
    throw error;
  }
}
