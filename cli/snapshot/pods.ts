/** How many pods hold an address on a node, where nobody counted: EC2 does not show it. Taken at most, as the plan takes it, so
 *  that too little is promised rather than too much. */
import { type CniSettings, podsOn, readCniSettings, slotsPerEni } from '../../lambdas/core/cni.ts';
import { say } from '../../lambdas/core/complaints.ts';
import { ADDRESSES_PER_PREFIX } from '../../lambdas/core/limits.ts';
import { limitsOf } from '../../lambdas/core/plan/instance-limits.ts';
import { readPolicy } from '../../lambdas/core/policy.ts';
import { HOST_NETWORK_PODS, maxPodsOf, mostPodsOfManaged } from '../../sim/cluster/node.ts';
import { typeLimits } from '../../sim/ec2/instance-types.ts';
import type { CniEnv, Snapshot, SnapshotNode } from './format.ts';

/** The settings the cluster has; the CNI's defaults where they could not be read. */
export function settingsOf(env: CniEnv, takesPrefixes: boolean): CniSettings {
  const addOn = { version: '', configurationValues: JSON.stringify({ env }) };
  const read = readCniSettings(addOn, readPolicy({}).policy, takesPrefixes);
  if ('complaint' in read) throw new Error(say(read.complaint));
  return read.settings;
}

/** Pods that need an address, at most, on a node: max-pods less those on the host's network. */
export function podSlots({ type, launchedBy, maxPods }: SnapshotNode): number {
  const limits = typeLimits(type);
  if (limits === undefined) return 0;
  const formula = maxPodsOf(limits, false);
  const own = launchedBy === 'managed' ? Math.min(formula, mostPodsOfManaged(type)) : formula;
  return Math.max(0, (maxPods ?? own) - HOST_NETWORK_PODS);
}

export function podsOf(node: SnapshotNode, { cluster }: Pick<Snapshot, 'cluster'>): number {
  const limits = limitsOf(node.type);
  if (limits === undefined) return 0;
  const settings = settingsOf(cluster.vpcCni?.env ?? {}, limits.prefixes);
  const forPods = node.enis.filter(
    ({ networkCardIndex = 0, interfaceType = 'efa', unmanaged = false }) =>
      networkCardIndex === 0 && interfaceType === 'efa' && !unmanaged,
  );
  const ips = forPods.reduce((sum, { secondaryIps }) => sum + secondaryIps, 0);
  const prefixed = forPods.reduce((sum, { prefixes }) => sum + prefixes, 0) * ADDRESSES_PER_PREFIX;
  const perEni = slotsPerEni(limits);
  const slots = podSlots(node);
  const total = settings.prefixes ? prefixed : ips;
  const most = Math.min(node.pods ?? mostPods(settings, total, perEni, node), slots, total);
  return Math.max(0, most);
}

/** A node that could grow and does not has what its targets want free. */
function mostPods({ mode, maxEnis }: CniSettings, total: number, perEni: number, node: SnapshotNode): number {
  const enis = Math.min(maxEnis ?? Number.POSITIVE_INFINITY, typeLimits(node.type)?.enisPerCard ?? 0);
  switch (mode.kind) {
    case 'warm-eni':
      return podsOn(total, mode.warmEniTarget, perEni, total < enis * perEni && total < podSlots(node))[1];
    case 'ip-targets':
    case 'prefix-ip-targets':
      return total <= mode.minimumIpTarget
        ? Math.max(0, Math.min(total, mode.minimumIpTarget - mode.warmIpTarget))
        : total - mode.warmIpTarget;
    case 'prefix':
      return total - mode.warmPrefixTarget * ADDRESSES_PER_PREFIX;
    case 'provisioning-disabled':
      return total;
  }
}
