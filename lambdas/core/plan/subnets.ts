/** Which subnet a new ENI goes to: the CNI's own rule, so that its pods get working routes. */

import type { Node, Subnet, SubnetId } from '../model.ts';
import { zoneMark } from './marks.ts';

/** Source: amazon-vpc-cni-k8s v1.23.1, subnet discovery. */
export const SUBNET_ROLE_TAG = 'kubernetes.io/role/cni';
const CLUSTER_TAG_PREFIX = 'cni.networking.k8s.aws/cluster/';

/** Whether the CNI uses the subnet for this node. Source: amazon-vpc-cni-k8s v1.23.1, subnet discovery: tag value `0`
 *  excludes; without the tag only the node's own subnet counts; with it, cluster tags narrow it down. */
function usable(subnet: Subnet, node: Node, cluster: string): boolean {
  if (subnet.vpcId !== node.vpcId || subnet.zone !== node.zone) return false;
  if ((subnet.tags[SUBNET_ROLE_TAG] ?? '') === '') return subnet.id === node.subnetId;
  return !excludes(subnet, cluster);
}

/** Whether its tags keep the cluster's pods away: the CNI then gives none of its addresses, whoever attached the ENI. */
function excludes({ tags }: Subnet, cluster: string): boolean {
  const role = tags[SUBNET_ROLE_TAG] ?? '';
  if (role === '' || role === '0') return role === '0';
  const clusterTags = Object.keys(tags).filter((key) => key.startsWith(CLUSTER_TAG_PREFIX));
  return clusterTags.length > 0 && !clusterTags.includes(CLUSTER_TAG_PREFIX + cluster);
}

/** Room in subnets during one plan: what earlier steps take is gone for later ones, and the reserve is never touched. */
export class Room {
  readonly #shown: readonly Subnet[];
  /** Those that may take new ENIs; one in a marked zone still fills the ENIs it has. */
  readonly #subnets: readonly Subnet[];
  readonly #marked: ReadonlySet<string>;
  readonly #reserveAddresses: number;
  #free: Map<SubnetId, number>;

  /** `marked`: subnets and zones (marks.ts) that are to be left alone. */
  constructor(subnets: readonly Subnet[], reserveAddresses: number, marked: ReadonlySet<string> = new Set()) {
    this.#shown = subnets;
    this.#marked = marked;
    this.#reserveAddresses = reserveAddresses;
    const open = subnets.filter(({ id }) => !marked.has(id));
    this.#subnets = open.filter(({ zone }) => !marked.has(zoneMark(zone)));
    this.#free = new Map(open.map(({ id, freeAddresses }) => [id, freeAddresses]));
  }

  /** The same room, with another reserve: what is taken of one is gone for the other. */
  keeping(reserveAddresses: number): Room {
    if (reserveAddresses === this.#reserveAddresses) return this;
    const other = new Room(this.#shown, reserveAddresses, this.#marked);
    other.#free = this.#free;
    return other;
  }

  /** The subnet with most free addresses that takes a new ENI of the node, or `only` that one; ties go to the lower id. */
  forNewEni(node: Node, cluster: string, addresses: number, only?: SubnetId): SubnetId | undefined {
    const takes = (subnet: Subnet): boolean =>
      only === undefined
        ? usable(subnet, node, cluster)
        : subnet.id === only && this.closed(only, node, cluster) === undefined;
    const fitting = this.#subnets
      .filter((subnet) => takes(subnet) && this.left(subnet.id) >= addresses)
      .sort((a, b) => this.left(b.id) - this.left(a.id) || (a.id < b.id ? -1 : 1));
    return fitting[0]?.id;
  }

  /** Why the subnet that custom networking names takes no ENI of the node, or `undefined` when it does: free addresses are
   *  another question. */
  closed(id: SubnetId, node: Node, cluster: string): string | undefined {
    const subnet = this.#shown.find((each) => each.id === id);
    if (subnet === undefined) return `EC2 shows no ${id} in ${node.vpcId}`;
    if (subnet.vpcId !== node.vpcId) return `${id} is in ${subnet.vpcId}, the node in ${node.vpcId}`;
    if (subnet.zone !== node.zone) return `${id} is in ${subnet.zone}, the node in ${node.zone}`;
    if (excludes(subnet, cluster)) return `its tags close ${id} to the pods of ${cluster}`;
    return undefined;
  }

  left(id: SubnetId): number {
    const free = this.#free.get(id);
    return free === undefined ? 0 : free - this.#reserveAddresses;
  }

  take(id: SubnetId, addresses: number): void {
    this.#free.set(id, (this.#free.get(id) ?? 0) - addresses);
  }
}
