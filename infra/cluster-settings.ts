/** The clusters of a deployment, each with what is said of it alone. */
import { Token } from 'aws-cdk-lib';
import type { Mode } from '../lambdas/core/policy.ts';
import { isObject } from '../lambdas/core/policy-shapes.ts';
import { matching, unknownFields } from './checks.ts';
import type { ClusterProps } from './props.ts';
import type { Trouble } from './trouble.ts';

export interface ClusterSettings {
  readonly name: string;
  readonly mode: Mode;
  /** Where a cluster is warm and it is not said, the template has a parameter that must be given at deployment. */
  readonly vpcId: string | undefined;
  readonly lens: boolean;
  readonly gate: boolean;
}

/**
 * Clusters that one deployment may have. With names of 100 characters and every option, 12 of them take 3,681 of the 4,096 bytes
 * that a function's environment has (Lambda quotas), 1,801 of them for their list, and 402 of the 500 resources of a stack
 * (CloudFormation quotas). What exceeds the 10,240 characters of a role's own policies (IAM quotas), the CDK moves to policies
 * beside them. Measured in test/infra/several.test.ts.
 */
export const MOST_CLUSTERS = 12;

/** Source: EKS API reference, CreateCluster, `name`. */
const CLUSTER_NAME = /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/;
export const isClusterName = (given: unknown): given is string =>
  typeof given === 'string' && CLUSTER_NAME.test(given);
/** Source: EC2 User Guide, resource ids: 8 hexadecimal digits, or 17 since 2018. */
const VPC_ID = matching(/^vpc-([0-9a-f]{8}|[0-9a-f]{17})$/);
const FIELDS = ['name', 'mode', 'vpcId', 'lens', 'gate', 'nodeGroups'];

const FIND_VPC = 'To find it: aws eks describe-cluster --name NAME --query cluster.resourcesVpcConfig.vpcId';

export interface ClustersRead {
  /** As far as they can be read: only to be used where there is no trouble. */
  readonly clusters: readonly ClusterSettings[];
  readonly troubles: readonly Trouble[];
  /** What is said of node groups, by cluster; part of the policy (policy-setting.ts). */
  readonly nodeGroups: ReadonlyMap<string, unknown>;
}

export function readClusters(given: unknown): ClustersRead {
  const nothing = { clusters: [], nodeGroups: new Map() };
  if (!Array.isArray(given) || given.length === 0)
    return {
      ...nothing,
      troubles: [
        {
          field: 'clusters',
          expected: 'a list such as [{"name": "demo"}]',
          got: given,
          remedy: 'Name one in prewarmer.config.ts or as -c cluster=NAME; it is observed unless you say more',
        },
      ],
    };
  const wrong = given.flatMap((one, index): Trouble[] =>
    isObject(one)
      ? troublesOf(one, `clusters.${index}.`)
      : [
          {
            field: `clusters.${index}`,
            expected: 'an object such as {"name": "demo"}',
            got: one,
            remedy: 'Name a cluster',
          },
        ],
  );
  const said = given.filter(isObject).map((one) => one as unknown as ClusterProps);
  return {
    clusters: said.map(({ name, mode = 'observe', vpcId, lens = false, gate = false }) => ({
      name,
      mode,
      vpcId,
      lens,
      gate,
    })),
    troubles: [...wrong, ...troublesTogether(said)],
    nodeGroups: new Map(
      said.flatMap(({ name, nodeGroups }) => (nodeGroups === undefined ? [] : [[name, nodeGroups]])),
    ),
  };
}

function troublesOf(one: Readonly<Record<string, unknown>>, within: string): Trouble[] {
  const { name, mode, vpcId, lens, gate } = one;
  const troubles: Trouble[] = unknownFields(one, FIELDS, within);
  const wrong = (field: string, expected: string, remedy: string): unknown =>
    troubles.push({ field: `${within}${field}`, expected, got: one[field], remedy });
  if (Token.isUnresolved(name))
    wrong(
      'name',
      'a text that is known at synth',
      'Write the name out: condition keys of IAM are made of it',
    );
  else if (!isClusterName(name))
    wrong('name', 'the name of an EKS cluster', 'To find it: aws eks list-clusters');
  if (mode !== undefined && mode !== 'observe' && mode !== 'warm')
    wrong('mode', '"observe" or "warm"', 'Leave it out to observe, which changes nothing');
  if (vpcId !== undefined && !VPC_ID(vpcId))
    wrong('vpcId', 'the id of the cluster\'s VPC, such as "vpc-0123456789abcdef0"', FIND_VPC);
  for (const [field, on] of Object.entries({ lens, gate }))
    if (on !== undefined && typeof on !== 'boolean')
      wrong(field, 'true or false', 'Leave it out to do without');
  if (gate === true && (lens === false || lens === undefined))
    wrong('gate', 'lens: true beside it', "Gates are nodes' taints: only the lens sees them (docs/lens.md)");
  return troubles;
}

/** What is wrong only where there are several. */
function troublesTogether(said: readonly ClusterProps[]): Trouble[] {
  const troubles: Trouble[] = [];
  if (said.length > MOST_CLUSTERS)
    troubles.push({
      field: 'clusters',
      expected: `at most ${MOST_CLUSTERS} clusters in one deployment`,
      got: said.length,
      remedy: 'Deploy the others as a stack of their own that shares the budgetTable',
    });
  for (const [index, { name, mode, vpcId }] of said.entries()) {
    if (said.findIndex((other) => other.name === name) < index)
      troubles.push({
        field: `clusters.${index}.name`,
        expected: 'each cluster once',
        got: name,
        remedy: 'Leave the second one out',
      });
    if (said.length > 1 && mode === 'warm' && vpcId === undefined)
      troubles.push({
        field: `clusters.${index}.vpcId`,
        expected: 'the id of its VPC, as it is warm and not the only cluster',
        got: vpcId,
        remedy: FIND_VPC.replace('NAME', String(name)),
      });
  }
  return troubles;
}

/** What the functions read in CLUSTERS (lambdas/adapters/env-config.ts). */
export const environmentOf = (clusters: readonly ClusterSettings[]): string =>
  JSON.stringify(
    clusters.map(({ name, mode, lens, gate }) => ({
      name,
      mode,
      ...(lens && { lens }),
      ...(gate && { gate }),
    })),
  );
