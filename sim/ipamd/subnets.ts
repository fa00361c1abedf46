/** Which subnets of its zone ipamd sees and uses. Source: amazon-vpc-cni-k8s v1.23.1, GetVpcSubnets, IsSubnetExcluded,
 *  isSubnetValidForENICreation. */
import type { Subnet } from '../ec2/api.ts';
import type { Process } from '../kernel.ts';
import type { Daemon } from './daemon.ts';

const SUBNET_TAG = 'kubernetes.io/role/cni';
const SUBNET_CLUSTER_TAG = 'cni.networking.k8s.aws/cluster/';

/** Those of the node's VPC and zone, most free addresses first. */
export function* zoneSubnets(d: Daemon): Process<Subnet[]> {
  const { subnets } = yield* d.sdk.send('DescribeSubnets', {
    filters: [
      { name: 'vpc-id', values: [d.host.vpcId] },
      { name: 'availability-zone', values: [d.host.zone] },
    ],
  });
  return subnets.sort((a, b) => b.freeAddresses - a.freeAddresses);
}

/** Whether pods may not get addresses from ENIs in this subnet. */
export function* isExcluded(d: Daemon, subnetId: string): Process<boolean> {
  const subnets = yield* zoneSubnets(d);
  const subnet = subnets.find(({ id }) => id === subnetId);
  const role = subnet?.tags.get(SUBNET_TAG) ?? '';
  if (subnet === undefined || role === '') return false;
  return role === '0' || !suitsCluster(d, subnet);
}

/** Without the tag only the node's own subnet is used. */
export function isUsable(d: Daemon, subnet: Subnet): boolean {
  const role = subnet.tags.get(SUBNET_TAG) ?? '';
  if (role === '0') return false;
  return role === '' ? subnet.id === d.host.subnetId : suitsCluster(d, subnet);
}

function suitsCluster(d: Daemon, subnet: Subnet): boolean {
  const { clusterName } = d.settings;
  if (clusterName === '') return true;
  const clusters = [...subnet.tags.keys()].filter((key) => key.startsWith(SUBNET_CLUSTER_TAG));
  return clusters.length === 0 || clusters.includes(SUBNET_CLUSTER_TAG + clusterName);
}
