/** A world simple enough to trust: steps change it as EC2 would, and it checks what no step may do. */
import type { Eni, EniId, Node, NodeId, Subnet } from '../../lambdas/core/model.ts';
import type { ActStep, Step } from '../../lambdas/core/plan/steps.ts';
import { anEni } from './fixtures.ts';

export interface ModelWorld {
  readonly nodes: readonly Node[];
  readonly subnets: readonly Subnet[];
  /** ENIs made for a node and not attached yet. */
  readonly made: readonly Eni[];
}

const OUR_CLUSTER_TAG = 'eks-ip-prewarmer/cluster';
const OUR_NODE_TAG = 'eks-ip-prewarmer/node';
const OUR_DEMAND_TAG = 'eks-ip-prewarmer/demand';

export const isAct = (step: Step): step is ActStep => step.do !== 'leave' && step.do !== 'advise';

/** The world after the steps, or an error where EC2 would refuse one. */
export function carriedOut(world: ModelWorld, steps: readonly Step[]): ModelWorld {
  return steps.filter(isAct).reduce(carryOutOne, world);
}

function carryOutOne(world: ModelWorld, step: ActStep): ModelWorld {
  switch (step.do) {
    case 'finish':
      return changeEni(world, step.nodeId, step.eniId, () => ({ deleteOnTermination: true }));
    case 'fill':
      return changeEni(take(world, step.subnetId, step.addresses), step.nodeId, step.eniId, (eni) => {
        if (eni.subnetId !== step.subnetId) throw new Error('an ENI takes addresses from its own subnet');
        return { secondaryIps: eni.secondaryIps + step.addresses };
      });
    case 'attach': {
      const waiting = world.made.find(({ id }) => id === step.eniId);
      if (step.eniId !== undefined && waiting === undefined) throw new Error(`${step.eniId} does not exist`);
      const eni: Eni = waiting
        ? { ...waiting, deviceIndex: step.deviceIndex }
        : anEni(step.deviceIndex, step.addresses, {
            id: `eni-ours-${step.nodeId}-${step.deviceIndex}`,
            subnetId: step.subnetId,
            groupIds: step.groupIds,
            tags: {
              [OUR_CLUSTER_TAG]: 'shop',
              [OUR_NODE_TAG]: step.nodeId,
              ...(step.demandId !== undefined && { [OUR_DEMAND_TAG]: step.demandId }),
            },
          });
      const paid = waiting ? world : take(world, step.subnetId, step.addresses + 1);
      const made = paid.made.filter(({ id }) => id !== eni.id);
      if (step.until === 'created') return { ...paid, made: [...made, eni] };
      return {
        ...paid,
        made,
        nodes: paid.nodes.map((node) => (node.id === step.nodeId ? plug(node, eni) : node)),
      };
    }
  }
}

function plug(node: Node, eni: Eni): Node {
  const clash = node.enis.some(
    (other) => other.networkCardIndex === 0 && other.deviceIndex === eni.deviceIndex,
  );
  if (clash) throw new Error(`device index ${eni.deviceIndex} of ${node.id} is taken`);
  if (node.state !== 'running') throw new Error(`${node.id} is ${node.state}: it cannot take an ENI yet`);
  return { ...node, enis: [...node.enis, eni] };
}

function changeEni(
  world: ModelWorld,
  nodeId: NodeId,
  eniId: EniId,
  change: (eni: Eni) => Partial<Eni>,
): ModelWorld {
  const node = world.nodes.find(({ id }) => id === nodeId);
  if (!node?.enis.some(({ id }) => id === eniId)) throw new Error(`${eniId} is not on ${nodeId}`);
  const enis = node.enis.map((eni) => (eni.id === eniId ? { ...eni, ...change(eni) } : eni));
  return { ...world, nodes: world.nodes.map((one) => (one === node ? { ...one, enis } : one)) };
}

function take(world: ModelWorld, subnetId: string, addresses: number): ModelWorld {
  if (!world.subnets.some(({ id }) => id === subnetId)) throw new Error(`${subnetId} does not exist`);
  return {
    ...world,
    subnets: world.subnets.map((subnet) => {
      if (subnet.id !== subnetId) return subnet;
      if (subnet.freeAddresses < addresses) throw new Error(`${subnetId} is full`);
      return { ...subnet, freeAddresses: subnet.freeAddresses - addresses };
    }),
  };
}

export const addressesOn = (node: Node): number => node.enis.reduce((sum, eni) => sum + eni.secondaryIps, 0);

/** The same node in another world. */
export function same(world: ModelWorld, node: Node): Node {
  const found = world.nodes.find(({ id }) => id === node.id);
  if (found === undefined) throw new Error(`${node.id} is gone`);
  return found;
}

/** Subnets from which something was taken although less than the reserve was to be left. */
export function reserveTouched(before: ModelWorld, after: ModelWorld, reserve: number): string[] {
  return after.subnets
    .filter(({ freeAddresses }, index) => {
      const had = before.subnets[index]?.freeAddresses ?? 0;
      return freeAddresses < had && freeAddresses < reserve;
    })
    .map(({ id, freeAddresses }) => `${id} has ${freeAddresses} left`);
}
