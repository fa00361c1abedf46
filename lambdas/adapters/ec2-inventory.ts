/** The sweep's one look at everything. Each page is reduced as it comes, because thousands of nodes with all their
 *  addresses would not fit into a function's memory: of the addresses only their /28 blocks are kept. */
import type { EC2Client, NetworkInterface } from '@aws-sdk/client-ec2';
import { blockOf, freeBlocks } from '../core/blocks.ts';
import type { Answer } from '../core/failures.ts';
import type { Subnet, SubnetId } from '../core/model.ts';
import type { Clock, Inventory, OwnEni, Vpc } from '../core/ports.ts';
import { eachEni, eachInstance, eachSubnet, inChunks, nodesOfCluster, reading } from './ec2-pages.ts';
import { NodesRead, readOwnEni, readSubnet } from './ec2-reading.ts';

/** Instances, ENIs and subnets are read side by side, ENIs of the whole VPC. A node whose ENI went away in between, or is
 *  not in `vpcIds`, is incomplete. */
export function readInventory(
  client: EC2Client,
  clock: Clock,
  { cluster, vpcIds }: Parameters<Vpc['inventory']>[0],
): Promise<Answer<Inventory>> {
  // The time the reads began: what they show is at least as new.
  const readAtMs = clock();
  return reading(async () => {
    const read = new NodesRead();
    const own: OwnEni[] = [];
    const blocks = new UsedBlocks();
    let interfaces = 0;
    const subnets: Subnet[] = [];
    const cidrs = new Map<SubnetId, string>();
    await Promise.all([
      eachInstance(client, nodesOfCluster(cluster), (instance) => read.add(instance)),
      inChunks('vpc-id', vpcIds, (filters) =>
        eachEni(client, { filters, hiddenToo: true }, (eni) => {
          interfaces++;
          read.addEni(eni);
          blocks.add(eni);
          const ours = readOwnEni(eni);
          if (ours?.cluster === cluster) own.push(ours);
        }),
      ),
      inChunks('vpc-id', vpcIds, (filters) =>
        eachSubnet(client, filters, (answer) => {
          const subnet = readSubnet(answer);
          if (subnet === undefined) return;
          subnets.push(subnet);
          if (answer.CidrBlock !== undefined) cidrs.set(subnet.id, answer.CidrBlock);
        }),
      ),
    ]);
    return { world: { readAtMs, ...read.whole(), subnets }, own, freeBlocks: blocks.free(cidrs), interfaces };
  });
}

/** The /28 blocks in which somebody holds an address or a prefix: a few thousand numbers a subnet, however many ENIs. */
export class UsedBlocks {
  readonly #of = new Map<string, Set<number>>();

  add({ SubnetId: subnetId, PrivateIpAddresses = [], Ipv4Prefixes = [] }: NetworkInterface): void {
    if (subnetId === undefined) return;
    let used = this.#of.get(subnetId);
    if (used === undefined) {
      used = new Set();
      this.#of.set(subnetId, used);
    }
    for (const { PrivateIpAddress } of PrivateIpAddresses) hold(used, PrivateIpAddress);
    for (const { Ipv4Prefix } of Ipv4Prefixes) hold(used, Ipv4Prefix);
  }

  in(subnetId: string): ReadonlySet<number> {
    return this.#of.get(subnetId) ?? new Set();
  }

  /** A subnet without a readable range is left out. */
  free(cidrs: ReadonlyMap<SubnetId, string>): ReadonlyMap<SubnetId, number> {
    const free = new Map<SubnetId, number>();
    for (const [id, cidr] of cidrs) {
      const blocks = freeBlocks(cidr, this.in(id));
      if (blocks !== undefined) free.set(id, blocks);
    }
    return free;
  }
}

function hold(used: Set<number>, addressOrPrefix: string | undefined): void {
  const block = addressOrPrefix === undefined ? undefined : blockOf(addressOrPrefix);
  if (block !== undefined) used.add(block);
}
