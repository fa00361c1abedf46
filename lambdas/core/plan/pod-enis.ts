/** The ENIs of a node that pods' addresses come from. With custom networking the primary gives none, and new ones go to the
 *  subnet and groups of the zone's ENIConfig. Source: amazon-vpc-cni-k8s v1.23.1, GetENINeedsIP, createENI. */

import { type Eni, managedEnis, primaryEni } from '../model.ts';
import type { Candidate } from './eligibility.ts';

type Where = Pick<Candidate, 'node' | 'eniConfig'>;

export const podEnis = ({ node, eniConfig }: Where): readonly Eni[] =>
  managedEnis(node).filter(({ deviceIndex }) => eniConfig === undefined || deviceIndex !== 0);

/** Addresses pods can have on the node: the T of cni.ts. */
export const podAddresses = (candidate: Where): number =>
  podEnis(candidate).reduce((sum, { secondaryIps }) => sum + secondaryIps, 0);

/** Security groups a new ENI gets. */
export function groupsOf({ node, eniConfig }: Where): readonly string[] {
  const own = eniConfig?.securityGroupIds ?? [];
  return own.length > 0 ? own : (primaryEni(node)?.groupIds ?? []);
}

/** ENIs we may add addresses to. With custom networking only those that are exactly where, and as, the ENIConfig says: a pod
 *  on another one would have the wrong subnet's routes or the wrong groups. */
export function fillableEnis(candidate: Where): readonly Eni[] {
  const { eniConfig } = candidate;
  if (eniConfig === undefined) return podEnis(candidate);
  const groups = groupsOf(candidate).toSorted().join();
  return podEnis(candidate).filter(
    ({ subnetId, groupIds }) => subnetId === eniConfig.subnetId && groupIds.toSorted().join() === groups,
  );
}
