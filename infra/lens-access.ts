import { CfnAccessEntry } from 'aws-cdk-lib/aws-eks';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/** Groups that the cluster's own RBAC gives rights to (docs/lens.md): EKS says who we are, Kubernetes what we may. Names may
 *  not begin with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`. Source: EKS User Guide, access entries. */
export const LENS_GROUP = 'eks-ip-prewarmer-lens';
export const GATE_GROUP = 'eks-ip-prewarmer-gate';
export const SCALE_GROUP = 'eks-ip-prewarmer-scale';

export interface LensAccessProps {
  readonly cluster: string;
  /** Functions that ask the API server, by name, each with the groups it needs. */
  readonly enter: Readonly<Record<string, { readonly as: LambdaFunction; readonly groups: string[] }>>;
}

/**
 * The functions' roles become known to the cluster: whoever plans reads pods, whoever opens gates patches nodes, whoever
 * advances waves scales Deployments. No access policy of EKS is attached: the smallest that shows nodes shows Secrets too. The
 * cluster's authentication mode must be API or API_AND_CONFIG_MAP.
 */
export class LensAccess extends Construct {
  constructor(scope: Construct, id: string, { cluster, enter }: LensAccessProps) {
    super(scope, id);
    for (const [name, { as, groups }] of Object.entries(enter)) {
      if (as.role === undefined) throw new Error(`${name} has no role`);
      new CfnAccessEntry(this, name, {
        clusterName: cluster,
        principalArn: as.role.roleArn,
        type: 'STANDARD',
        kubernetesGroups: groups,
      });
    }
  }
}
