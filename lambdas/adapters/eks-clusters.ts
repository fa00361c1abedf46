/** What EKS says of a cluster and of its VPC CNI add-on, remembered for a minute. */
import {
  type Addon,
  type Cluster as ClusterAnswer,
  DescribeAddonCommand,
  DescribeClusterCommand,
  type EKSClient,
} from '@aws-sdk/client-eks';
import { type Answer, failed, succeeded } from '../core/failures.ts';
import type { Cluster } from '../core/model.ts';
import type { Clock, Clusters } from '../core/ports.ts';
import { type Context, failureOf, unreadable } from './ec2-failures.ts';

/** How long an answer is used again. Settings of the CNI change by hand, and take minutes to roll out. */
const KEEP_MS = 60_000;
export const VPC_CNI = 'vpc-cni';
/** EKS's word for a cluster or an add-on it does not have. */
export const NOT_FOUND = 'ResourceNotFoundException';

export class EksClusters implements Clusters {
  readonly #client: EKSClient;
  readonly #clock: Clock;
  readonly #known = new Map<
    string,
    { readonly atMs: number; readonly answer: Promise<Answer<Cluster | undefined>> }
  >();

  constructor(client: EKSClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async describe(name: string): Promise<Answer<Cluster | undefined>> {
    const known = this.#known.get(name);
    if (known !== undefined && this.#clock() - known.atMs < KEEP_MS) return known.answer;
    // Those who ask while the answer is on its way share it.
    const asked = { atMs: this.#clock(), answer: this.#ask(name) };
    this.#known.set(name, asked);
    const answer = await asked.answer;
    if (!answer.ok && this.#known.get(name) === asked) this.#known.delete(name);
    return answer;
  }

  async #ask(name: string): Promise<Answer<Cluster | undefined>> {
    const [described, addon] = await Promise.all([
      orUndefined('DescribeCluster', () => this.#client.send(new DescribeClusterCommand({ name }))),
      orUndefined('DescribeAddon', () =>
        this.#client.send(new DescribeAddonCommand({ clusterName: name, addonName: VPC_CNI })),
      ),
    ]);
    if (!described.ok) return described;
    if (described.value === undefined) return succeeded(undefined);
    if (!addon.ok) return addon;
    const cluster = described.value.cluster;
    const vpcId = cluster?.resourcesVpcConfig?.vpcId;
    if (vpcId === undefined) return failed(unreadable('the VPC', { action: 'DescribeCluster' }));
    return succeeded(readCluster({ name, vpcId }, cluster, addon.value && (addon.value.addon ?? {})));
  }
}

/** Of EKS's answers; without an add-on where there is none. */
export const readCluster = (
  known: Pick<Cluster, 'name' | 'vpcId'>,
  cluster: ClusterAnswer | undefined,
  addon: Addon | undefined,
): Cluster => ({
  ...known,
  ipFamily: cluster?.kubernetesNetworkConfig?.ipFamily === 'ipv6' ? 'ipv6' : 'ipv4',
  autoMode: cluster?.computeConfig?.enabled === true,
  vpcCni: addon && {
    version: addon.addonVersion ?? 'unknown',
    ...(addon.configurationValues !== undefined && { configurationValues: addon.configurationValues }),
  },
});

/** `undefined`: EKS does not know it. */
async function orUndefined<T>(
  action: Context['action'],
  send: () => Promise<T>,
): Promise<Answer<T | undefined>> {
  try {
    return succeeded(await send());
  } catch (error) {
    const failure = failureOf(error, { action });
    return failure.code === NOT_FOUND ? succeeded(undefined) : failed(failure);
  }
}
