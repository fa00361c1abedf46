/** An account to read, through clients that refuse to send anything but reads, whatever the credentials would allow. */
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { DescribeClusterCommand, EKSClient, type EKSClientConfig } from '@aws-sdk/client-eks';
import { ServiceQuotasClient, type ServiceQuotasClientConfig } from '@aws-sdk/client-service-quotas';
import { Ec2Vpc } from '../lambdas/adapters/ec2-vpc.ts';
import { EksClusters, readCluster } from '../lambdas/adapters/eks-clusters.ts';
import type { KubeSend } from '../lambdas/adapters/kube-https.ts';
import { succeeded } from '../lambdas/core/failures.ts';
import type { Clock, Clusters, Vpc } from '../lambdas/core/ports.ts';
import type { Scenario } from '../sim/scenario/format.ts';
import type { World } from '../sim/world.ts';
import { FailedCalls } from './failed-calls.ts';
import { readsOfKube } from './kube-send.ts';

export interface Account {
  /** Where that is, for a person. */
  readonly where: string;
  readonly region: string;
  /** Refuse to send what is no read. */
  readonly ec2: EC2Client;
  readonly eks: EKSClient;
  readonly quotas: ServiceQuotasClient;
  /** To the API servers of its clusters. */
  readonly kube: KubeSend;
  readonly vpc: Pick<Vpc, 'read' | 'inventory'>;
  /** A cluster whose add-on may not be asked for is one without. */
  readonly clusters: Clusters;
  readonly failed: FailedCalls;
  readonly clock: Clock;
  /** The world a scenario plays in; absent for an account. */
  readonly simulated?: { readonly scenario: Scenario; readonly world: World };
  /** Reads happen in here: the time of a scenario's world passes meanwhile. */
  ask<T>(reads: () => Promise<T>): Promise<T>;
  close(): void;
}

/** An account reached by clients of these settings. */
export function accountOf(
  settings: {
    readonly ec2: EC2ClientConfig;
    readonly eks: EKSClientConfig;
    readonly quotas: ServiceQuotasClientConfig;
  },
  { clock, ask, kube }: Pick<Account, 'clock' | 'ask' | 'kube'>,
): Omit<Account, 'where' | 'region'> {
  const ec2 = new EC2Client(settings.ec2);
  const eks = new EKSClient(settings.eks);
  const quotas = new ServiceQuotasClient(settings.quotas);
  ec2.middlewareStack.add(readsAlone, FIRST);
  eks.middlewareStack.add(readsAlone, FIRST);
  quotas.middlewareStack.add(readsAlone, FIRST);
  const failed = new FailedCalls();
  ec2.middlewareStack.add(failed.heardOf('ec2'), { ...FIRST, name: 'failed calls' });
  eks.middlewareStack.add(failed.heardOf('eks'), { ...FIRST, name: 'failed calls' });
  return {
    ec2,
    eks,
    quotas,
    kube: readsOfKube(kube),
    vpc: new Ec2Vpc(ec2, clock),
    clusters: withoutAddOn(new EksClusters(eks, clock), eks),
    failed,
    clock,
    ask,
    close: () => {
      for (const client of [ec2, eks, quotas]) client.destroy();
    },
  };
}

/** Without the right to ask for the add-on its settings are not known; everything else is. */
const withoutAddOn = (clusters: Clusters, eks: EKSClient): Clusters => ({
  describe: async (name) => {
    const answer = await clusters.describe(name);
    if (answer.ok || answer.failure.kind !== 'not-allowed') return answer;
    try {
      const { cluster } = await eks.send(new DescribeClusterCommand({ name }));
      const vpcId = cluster?.resourcesVpcConfig?.vpcId;
      return vpcId === undefined ? answer : succeeded(readCluster({ name, vpcId }, cluster, undefined));
    } catch {
      return answer;
    }
  },
});

const FIRST = { step: 'initialize', name: 'reads alone' } as const;

/** Before a request is so much as written. */
function readsAlone<I, O>(
  next: (args: I) => Promise<O>,
  { commandName = 'an unnamed request' }: { readonly commandName?: string },
): (args: I) => Promise<O> {
  if (/^(Describe|List|Get)/.test(commandName)) return next;
  return () => Promise.reject(new Error(`${commandName} is no read, and was not sent`));
}
