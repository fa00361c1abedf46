/** One perfect cluster, of which the doctor has nothing to say: nodes with prefixes for all pods they may run, in a subnet with
 *  room. An m5.large has 3 ENIs of 9 addresses (or prefixes) beside their own, and runs 29 pods, 2 of them on the host's network. */
import { type ClusterSeen, PARTS, type SubnetSeen } from '../../lambdas/core/doctor/seen.ts';
import type { Node } from '../../lambdas/core/model.ts';
import { aCluster, aNode, anEni, aPolicy, aSubnet, enisOf, IPAMD_TAG, NOW_MS } from './fixtures.ts';

export const PREFIXES = { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '2' };
/** The CNI's defaults but for its discovery of subnets, of which a defect is known. */
export const DEFAULTS = {};
const VERSION = 'v1.21.2-eksbuild.1';

export function perfect(changes: Partial<ClusterSeen> = {}): ClusterSeen {
  return {
    nowMs: NOW_MS,
    region: 'eu-central-1',
    parts: new Set(PARTS),
    cluster: withEnv(PREFIXES),
    kubernetesVersion: '1.34',
    policy: aPolicy(),
    nodeGroups: [{ name: 'workers', types: ['m5.large'], desired: 4, most: 8 }],
    nodes: nodes(4, (id) => ({ enis: [anEni(0, 0, { tags: { [IPAMD_TAG]: id }, prefixes: 2 })] })),
    subnets: [seenSubnet()],
    enisByZone: new Map([['eu-central-1a', 4]]),
    eniQuota: { enis: 5_000, from: 'account' },
    expected: {},
    ...changes,
  };
}

/** The perfect cluster, but that its nodes give single addresses as `env` has it and hold so many of them, ENI by ENI. */
export const secondary = (
  env: Readonly<Record<string, string>>,
  filling: readonly number[] = [9, 9],
  changes: Partial<ClusterSeen> = {},
): ClusterSeen =>
  perfect({ cluster: withEnv(env), nodes: nodes(4, (id) => ({ enis: enisOf(id, filling) })), ...changes });

export const withEnv = (env: Readonly<Record<string, string>>, version = VERSION) =>
  aCluster({}, { vpcCni: { version, configurationValues: JSON.stringify({ env }) } });

export const nodes = (count: number, changes: (id: Node['id']) => Partial<Node>): Node[] =>
  Array.from({ length: count }, (_, nth) => {
    const id: Node['id'] = `i-${nth + 1}`;
    return aNode({ id, tags: { 'eks:nodegroup-name': 'workers' }, ...changes(id) });
  });

/** A /20 with as many free blocks in a row, from 10.0.1.0 on. */
export const seenSubnet = (freeBlocks = 200, changes: Partial<SubnetSeen> = {}): SubnetSeen => ({
  ...aSubnet(4_000),
  cidr: '10.0.0.0/20',
  // 10.0.1.0 is block number 10·2^20 + 16.
  freeBlocks: Array.from({ length: freeBlocks }, (_, nth) => 10 * 2 ** 20 + 16 + nth),
  prefixReservations: [],
  ...changes,
});
