/** Snapshots for tests: a small cluster as a scenario leaves it, and one written by hand. */
import { openAccount } from '../../cli/account.ts';
import type { Snapshot, SnapshotNode } from '../../cli/snapshot/format.ts';
import { FORMAT, VERSION } from '../../cli/snapshot/format.ts';
import { takeSnapshot } from '../../cli/snapshot/take.ts';

export async function taken(scenario: string, cluster = 'shop'): Promise<Snapshot> {
  const account = await openAccount({ scenario });
  if ('complaint' in account) throw new Error(account.complaint);
  const answer = await account.ask(() => takeSnapshot(cluster, account));
  account.close();
  if (!('snapshot' in answer)) throw new Error(JSON.stringify(answer));
  return answer.snapshot;
}

const SUBNET = 'subnet-0123456789abcdef0';

/** An m5.large with so many secondary addresses on each of its ENIs. */
export const node = (
  nth: number,
  addresses: readonly number[],
  more: Partial<SnapshotNode> = {},
): SnapshotNode => ({
  id: `i-0abc${nth.toString(16).padStart(13, '0')}`,
  type: 'm5.large',
  subnetId: SUBNET,
  nodeGroup: 'blue',
  launchedBy: 'managed',
  enis: addresses.map((secondaryIps, deviceIndex) => ({
    subnetId: SUBNET,
    deviceIndex,
    secondaryIps,
    prefixes: 0,
  })),
  ...more,
});

/** Three quiet nodes with the CNI's defaults, and room for sixty more pods. */
export const SMALL: Snapshot = {
  format: FORMAT,
  version: VERSION,
  takenAt: '2026-11-05T10:00:00.000Z',
  region: 'eu-west-1',
  anonymised: false,
  notes: [],
  cluster: {
    name: 'web-prod',
    vpcId: 'vpc-0123456789abcdef0',
    ipFamily: 'ipv4',
    autoMode: false,
    vpcCni: { version: 'v1.23.1-eksbuild.1', env: { WARM_ENI_TARGET: '1' } },
  },
  subnets: [
    {
      id: SUBNET,
      zone: 'eu-west-1b',
      cidr: '172.16.4.0/22',
      freeAddresses: 700,
      freeBlocks: 20,
      tags: { 'kubernetes.io/role/cni': '1', 'kubernetes.io/cluster/web-prod': 'shared' },
    },
  ],
  nodes: [node(1, [9, 9]), node(2, [9, 9]), node(3, [9, 9], { nodeGroup: 'green' })],
};
