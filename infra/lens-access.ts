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
  readonly gate: boolean;
  readonly onSignal: LambdaFunction;
  readonly verifyWave: LambdaFunction;
  readonly sweep: LambdaFunction;
}

/**
 * The functions' roles become known to the cluster, each with the groups it needs: whoever plans reads pods, whoever opens
 * gates patches nodes. No access policy of EKS is attached: the smallest that shows nodes shows Secrets too. The cluster's
 * authentication mode must be API or API_AND_CONFIG_MAP.
 */
export class LensAccess extends Construct {
  constructor(scope: Construct, id: string, { cluster, gate, onSignal, verifyWave, sweep }: LensAccessProps) {
    super(scope, id);
    const enter = (name: string, { role }: LambdaFunction, kubernetesGroups: string[]): void => {
      if (role === undefined) throw new Error(`${name} has no role`);
      new CfnAccessEntry(this, name, {
        clusterName: cluster,
        principalArn: role.roleArn,
        type: 'STANDARD',
        kubernetesGroups,
      });
    };
    enter('OnSignal', onSignal, [LENS_GROUP]);
    enter('Sweep', sweep, [LENS_GROUP, ...(gate ? [GATE_GROUP] : [])]);
    if (gate) enter('VerifyWave', verifyWave, [GATE_GROUP]);
  }
}
