/** A cluster that is not there, as one line: with what there is instead, where that may be asked. */
import type { EKSClient } from '@aws-sdk/client-eks';
import { clusterNames } from '../infra/eks-names.ts';
import { thereIs } from '../lambdas/core/complaints.ts';
import { type Tried, tried } from './tried.ts';

export async function noSuchCluster(
  { eks, region }: { readonly eks: EKSClient; readonly region: string },
  name: string,
): Promise<string> {
  const listed = await tried('eks:ListClusters', () => clusterNames(eks));
  return `--cluster: no EKS cluster "${name}" in ${region}${instead(listed)}`;
}

function instead(listed: Tried<string[]>): string {
  if ('trouble' in listed) return ': check the name, --region and --profile';
  return listed.value.length === 0
    ? ', nor any other: check --region and --profile'
    : `; ${thereIs(listed.value)}`;
}
