/** The arithmetic of the pool: how much is missing, how much is too much. Pure; one answer per loop.
 *  Source: amazon-vpc-cni-k8s v1.23.1, datastoreTargetState and the functions around it. */
import { PREFIX_SIZE, type Settings } from './settings.ts';
import type { Stats } from './store.ts';

export interface Pool extends Stats {
  /** /28s without any pod. */
  readonly freePrefixes: number;
}

/** WARM_IP_TARGET and MINIMUM_IP_TARGET overrule the targets in ENIs and prefixes. */
export const hasIpTargets = (settings: Settings): boolean =>
  settings.warmIps !== 0 || settings.minimumIps !== 0;

const prefixesFor = (ips: number): number => Math.ceil(ips / PREFIX_SIZE);

/** Missing under IP targets: addresses, or prefixes in prefix mode. */
export function missing(settings: Settings, pool: Pool): number {
  const ips = Math.max(settings.warmIps - available(pool), settings.minimumIps - pool.total, 0);
  return settings.prefixes ? prefixesFor(ips) : ips;
}

export function isTooLow(settings: Settings, pool: Pool, maxPods: number): boolean {
  if (pool.total >= maxPods) return false;
  if (hasIpTargets(settings)) return missing(settings, pool) > 0;
  const target = settings.prefixes ? settings.warmPrefixes : settings.warmEnis;
  const unit = settings.prefixes ? PREFIX_SIZE : settings.slotsPerEni;
  return available(pool) < target * unit || (target === 0 && available(pool) === 0);
}

/** Addresses, or prefixes, to unassign; single addresses are never given back under WARM_ENI_TARGET. */
export function surplus(settings: Settings, pool: Pool): number {
  if (!hasIpTargets(settings)) {
    return settings.prefixes ? Math.max(pool.freePrefixes - settings.warmPrefixes, 0) : 0;
  }
  if (!settings.prefixes) {
    return Math.max(Math.min(available(pool) - settings.warmIps, pool.total - settings.minimumIps), 0);
  }
  const unneeded = Math.min(
    pool.freePrefixes,
    pool.prefixes - prefixesFor(pool.assigned + settings.warmIps),
    pool.prefixes - prefixesFor(settings.minimumIps),
  );
  return Math.max(unneeded, 0);
}

/** Whether this loop looks for an ENI to give back. */
export function mayFreeEni(settings: Settings, pool: Pool, hasPodFreeEni: () => boolean): boolean {
  if (hasIpTargets(settings)) return true;
  const unit = settings.prefixes ? settings.slotsPerEni * PREFIX_SIZE : settings.slotsPerEni;
  const target = settings.prefixes ? settings.warmPrefixes : settings.warmEnis;
  return available(pool) >= (target + 1) * unit || (settings.prefixes && hasPodFreeEni());
}

/** Addresses or prefixes one growth step asks for, before the ENI's own room cuts it. */
export function stepSize(settings: Settings, pool: Pool): number {
  if (!settings.prefixes) return hasIpTargets(settings) ? missing(settings, pool) : settings.slotsPerEni;
  const short = hasIpTargets(settings) ? missing(settings, pool) : settings.warmPrefixes - pool.freePrefixes;
  return Math.max(1, short);
}

const available = (pool: Stats): number => pool.total - pool.assigned;
