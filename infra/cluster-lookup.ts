/**
 * Asks AWS about the clusters that settings name, before a synth: reads alone, and few. What is not answered is told in a line,
 * and nobody is held up by it.
 */
import { type Cluster, DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { failureOf } from '../lambdas/adapters/ec2-failures.ts';
import { NOT_FOUND, readCluster } from '../lambdas/adapters/eks-clusters.ts';
import { nodeGroupOf } from '../lambdas/core/model.ts';
import { inParallel } from '../lambdas/core/parallel.ts';
import type { Asked, ClusterSeen, NodeGroupsSeen, Seen } from './clusters-seen.ts';
import { clusterNames, nodeGroupNames } from './eks-names.ts';

/** Where the CDK deploys to. */
export interface Home {
  readonly account: string;
  readonly region: string;
}

/** As IAM writes it: the call, and the permission it takes. */
type Call = `${'eks' | 'ec2' | 'sts'}:${string}`;

/** Clusters asked about at a time. */
const AT_ONCE = 4;
/** EKS answers within a second. Nobody waits long for a synth. */
const REQUEST_HANDLER = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
const MAX_ATTEMPTS = 2;

/** `undefined`: nothing was answered. `missed` has a line for each kind of call that was not. */
export async function lookUp(
  { account, region }: Home,
  asked: readonly Asked[],
): Promise<{ readonly seen: Seen | undefined; readonly missed: readonly string[] }> {
  const config = { region, maxAttempts: MAX_ATTEMPTS, requestHandler: REQUEST_HANDLER };
  const missed = new Set<string>();
  const tried = async <T>(call: Call, ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      missed.add(`${call}: ${whyNot(call, error)}`);
      return undefined;
    }
  };

  // The CDK's CLI keeps the profile it was given to itself: our own credentials may be another account's.
  const sts = new STSClient(config);
  const who = await tried('sts:GetCallerIdentity', () => sts.send(new GetCallerIdentityCommand({})));
  if (who !== undefined && who.Account !== account)
    missed.add(
      `the credentials of this environment are of account ${who.Account}, and the CDK deploys to ${account}: name the profile as AWS_PROFILE, since the CDK keeps --profile to itself`,
    );
  if (who?.Account !== account) return { seen: undefined, missed: [...missed] };

  const eks = new EKSClient(config);
  const clusters = new Map<string, ClusterSeen | 'none'>();
  await inParallel(asked, AT_ONCE, async ({ name, nodeGroups }) => {
    const found = await tried('eks:DescribeCluster', () => describe(eks, name));
    if (found === undefined || found === 'none') {
      if (found !== undefined) clusters.set(name, found);
      return;
    }
    const groups = nodeGroups.length === 0 ? undefined : await groupsOf(name, nodeGroups);
    clusters.set(name, { ...seenOf(name, found), ...(groups && { nodeGroups: groups }) });
  });
  const names = [...clusters.values()].includes('none')
    ? await clusterNames(eks).catch(() => undefined)
    : undefined;
  return { seen: { account, region, clusters, names }, missed: [...missed] };

  async function groupsOf(
    clusterName: string,
    wanted: readonly string[],
  ): Promise<NodeGroupsSeen | undefined> {
    const managed = await tried('eks:ListNodegroups', () => nodeGroupNames(eks, clusterName));
    if (managed === undefined || wanted.every((name) => managed.includes(name)))
      return managed && { managed };
    const ofNodes = await tried('ec2:DescribeInstances', () => groupsOfNodes(clusterName, config));
    return { managed, ...(ofNodes && { ofNodes }) };
  }
}

async function describe(eks: EKSClient, name: string): Promise<Cluster | 'none'> {
  try {
    return (await eks.send(new DescribeClusterCommand({ name }))).cluster ?? {};
  } catch (error) {
    if ((error as Error).name === NOT_FOUND) return 'none';
    throw error;
  }
}

function seenOf(name: string, cluster: Cluster): ClusterSeen {
  const vpcId = cluster.resourcesVpcConfig?.vpcId;
  const { ipFamily, autoMode } = readCluster({ name, vpcId: vpcId ?? '' }, cluster, undefined);
  return { status: cluster.status ?? 'ACTIVE', vpcId, ipFamily, autoMode };
}

/** As a sweep tells them, by the tags of instances. */
async function groupsOfNodes(
  cluster: string,
  config: ConstructorParameters<typeof EKSClient>[0],
): Promise<string[]> {
  // Here, because few synths need EC2.
  const { EC2Client } = await import('@aws-sdk/client-ec2');
  const { eachInstance, nodesOfCluster, reading } = await import('../lambdas/adapters/ec2-pages.ts');
  const { readTags } = await import('../lambdas/adapters/ec2-reading.ts');
  const groups = new Set<string>();
  const answer = await reading(() =>
    eachInstance(new EC2Client(config ?? {}), nodesOfCluster(cluster), ({ Tags }) =>
      groups.add(nodeGroupOf(readTags(Tags))),
    ),
  );
  if (!answer.ok) throw Object.assign(new Error(answer.failure.message), { code: answer.failure.code });
  return [...groups];
}

function whyNot(call: Call, error: unknown): string {
  const { kind, code, message } = failureOf(error, { action: 'DescribeCluster' });
  const line = message.replaceAll(/\s+/g, ' ').replace(/\.$/, '');
  if (/^(AccessDenied|AccessDeniedException|UnauthorizedOperation)$/.test(code))
    return `denied: grant the permission ${call}`;
  if (/expired/i.test(`${code} ${line}`))
    return 'the credentials have expired: sign in again (aws sso login)';
  if (code === 'CredentialsProviderError')
    return 'no credentials found: name the profile as AWS_PROFILE, since the CDK keeps --profile to itself';
  if (kind === 'transient') return `no usable answer (${code}): look at the network, a proxy or a VPN`;
  return `${code}: ${line || 'no reason given'}`;
}
