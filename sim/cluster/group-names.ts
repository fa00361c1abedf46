/** What a node group is called in AWS: its Auto Scaling group's names, and the tags on its instances. Sources: EKS User
 *  Guide, managed and self-managed nodes, tagging; Karpenter, NodeClass reference, tags. */
import type { LaunchedBy } from './node-group.ts';

export interface NamedGroup {
  readonly cluster: string;
  readonly group: string;
  readonly launchedBy: LaunchedBy;
}

/** An Auto Scaling group's name and ARN. */
export interface ScalingNames {
  readonly name: string;
  readonly arn: string;
}

/** `undefined` for Karpenter, which launches without an Auto Scaling group. */
export function scalingNames(
  { cluster, group, launchedBy }: NamedGroup,
  id: string,
  place: { readonly region: string; readonly accountId: string },
): ScalingNames | undefined {
  if (launchedBy === 'karpenter') return undefined;
  const name = launchedBy === 'managed' ? `eks-${group}-${id}` : `${cluster}-${group}-${id}`;
  const { region, accountId } = place;
  const arn = `arn:aws:autoscaling:${region}:${accountId}:autoScalingGroup:${id}:autoScalingGroupName/${name}`;
  return { name, arn };
}

/** Tags of the group, which its instances get too. */
export function groupTags({ cluster, group, launchedBy }: NamedGroup): Record<string, string> {
  const owned = { [`kubernetes.io/cluster/${cluster}`]: 'owned' };
  switch (launchedBy) {
    case 'managed':
      return { ...owned, 'eks:cluster-name': cluster, 'eks:nodegroup-name': group };
    case 'self-managed':
      return { ...owned, Name: `${cluster}-${group}-Node` };
    case 'karpenter':
      return {
        ...owned,
        'eks:eks-cluster-name': cluster,
        'karpenter.sh/nodepool': group,
        'karpenter.k8s.aws/ec2nodeclass': 'default',
      };
  }
}

/** Tags of one instance; `id` tells it from the others of its group. */
export function instanceTags(
  named: NamedGroup,
  scaling: ScalingNames | undefined,
  id: string,
): Record<string, string> {
  return {
    ...groupTags(named),
    ...(scaling === undefined
      ? { 'karpenter.sh/nodeclaim': `${named.group}-${id}` }
      : { 'aws:autoscaling:groupName': scaling.name }),
  };
}
