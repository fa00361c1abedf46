/** An account to read, through clients that refuse to send anything but reads, whatever the credentials would allow. */
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { EKSClient, type EKSClientConfig } from '@aws-sdk/client-eks';
import { ServiceQuotasClient, type ServiceQuotasClientConfig } from '@aws-sdk/client-service-quotas';
import { Ec2Vpc } from '../lambdas/adapters/ec2-vpc.ts';
import { EksClusters } from '../lambdas/adapters/eks-clusters.ts';
import type { KubeSend } from '../lambdas/adapters/kube-https.ts';
import type { Clock, Clusters, Vpc } from '../lambdas/core/ports.ts';
import type { Scenario } from '../sim/scenario/format.ts';
import type { World } from '../sim/world.ts';
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
  readonly clusters: Clusters;
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
  return {
    ec2,
    eks,
    quotas,
    kube: readsOfKube(kube),
    vpc: new Ec2Vpc(ec2, clock),
    clusters: new EksClusters(eks, clock),
    clock,
    ask,
    close: () => {
      for (const client of [ec2, eks, quotas]) client.destroy();
    },
  };
}

const FIRST = { step: 'initialize', name: 'reads alone' } as const;

/** Before a request is so much as written. */
function readsAlone<I, O>(
  next: (args: I) => Promise<O>,
  { commandName = 'an unnamed request' }: { readonly commandName?: string },
): (args: I) => Promise<O> {
  if (/^(Describe|List|Get)/.test(commandName)) return next;
  return () => Promise.reject(new Error(`${commandName} is no read, and was not sent`));
}
