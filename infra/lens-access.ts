import { CfnAccessEntry } from 'aws-cdk-lib/aws-eks';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Rollouts } from './rollouts.ts';
import type { Settings } from './settings.ts';

/** Groups that the cluster's own RBAC gives rights to (docs/lens.md): EKS says who we are, Kubernetes what we may. Names may
 *  not begin with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`. Source: EKS User Guide, access entries. */
export const LENS_GROUP = 'eks-ip-prewarmer-lens';
export const GATE_GROUP = 'eks-ip-prewarmer-gate';
export const SCALE_GROUP = 'eks-ip-prewarmer-scale';

export interface Admitted {
  readonly deployment: string;
  readonly clusters: Settings['clusters'];
  readonly onSignal: LambdaFunction;
  readonly lookAgain: LambdaFunction;
  readonly sweep: LambdaFunction;
  readonly rollouts: Rollouts | undefined;
}

/** Each cluster that has the lens gets to know the functions that ask its API server, each with the groups it needs. */
export function admit(scope: Construct, { deployment, clusters, rollouts, ...functions }: Admitted): void {
  for (const { name: cluster, mode, lens, gate } of clusters) {
    if (!lens) continue;
    new LensAccess(scope, cluster === deployment ? 'Lens' : `Lens-${cluster}`, {
      cluster,
      enter: {
        OnSignal: { as: functions.onSignal, groups: [LENS_GROUP] },
        Sweep: { as: functions.sweep, groups: [LENS_GROUP, ...(gate ? [GATE_GROUP] : [])] },
        ...(gate && { LookAgain: { as: functions.lookAgain, groups: [GATE_GROUP] } }),
        ...(rollouts !== undefined &&
          mode === 'warm' && {
            WarmWave: { as: rollouts.warmWave, groups: [LENS_GROUP] },
            VerifyWave: { as: rollouts.verifyWave, groups: [LENS_GROUP] },
            AdvanceWave: { as: rollouts.advanceWave, groups: [LENS_GROUP, SCALE_GROUP] },
            ReportRollout: { as: rollouts.reportRollout, groups: [LENS_GROUP] },
          }),
      },
    });
  }
}

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
