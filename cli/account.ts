/**
 * Where a command reads: an account through the SDK's own chain of credentials, an embedded AWS by its address (`npm run sim`), or
 * a scenario in this process. Reads alone: a client refuses to send anything else, whatever the credentials would allow.
 */
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { EKSClient, type EKSClientConfig } from '@aws-sdk/client-eks';
import { Ec2Vpc } from '../lambdas/adapters/ec2-vpc.ts';
import { EksClusters } from '../lambdas/adapters/eks-clusters.ts';
import type { Clock, Clusters, Vpc } from '../lambdas/core/ports.ts';
import type { Scenario } from '../sim/scenario/format.ts';
import type { World } from '../sim/world.ts';
import type { AccountOptions } from './account-options.ts';

export interface Account {
  /** Where that is, for a person. */
  readonly where: string;
  readonly region: string;
  /** Refuse to send what is no read. */
  readonly ec2: EC2Client;
  readonly eks: EKSClient;
  readonly vpc: Pick<Vpc, 'read' | 'inventory'>;
  readonly clusters: Clusters;
  readonly clock: Clock;
  /** The world a scenario plays in; absent for an account. */
  readonly simulated?: { readonly scenario: Scenario; readonly world: World };
  /** Reads happen in here: the time of a scenario's world passes meanwhile. */
  ask<T>(reads: () => Promise<T>): Promise<T>;
  close(): void;
}

/** What the embedded AWS needs to be told, and takes whatever it is. */
const LOOPBACK = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'eks-ip-prewarmer', secretAccessKey: 'simulated' },
} as const;

/** The complaint is one line. No call is made yet. */
export async function openAccount(
  options: AccountOptions,
): Promise<Account | { readonly complaint: string }> {
  const { scenario, endpoint, region, profile, at, seed } = options;
  if (scenario !== undefined) {
    if (endpoint !== undefined)
      return { complaint: '--endpoint, --scenario: expected one of them, got both' };
    // Here, because it brings the whole simulator.
    return (await import('./account-scenario.ts')).openScenarioAccount(scenario, {
      atSeconds: at ?? 0,
      seed: seed ?? 1,
    });
  }
  if (at !== undefined || seed !== undefined)
    return { complaint: `--${at === undefined ? 'seed' : 'at'}: expected --scenario with it, got none` };
  const local =
    endpoint !== undefined && ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(endpoint).hostname);
  const known = profile ?? process.env['AWS_PROFILE'] ?? process.env['AWS_ACCESS_KEY_ID'];
  const config = {
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...(endpoint !== undefined && { endpoint }),
    ...(local && known === undefined && { credentials: LOOPBACK.credentials }),
    ...(local && region === undefined && { region: process.env['AWS_REGION'] ?? LOOPBACK.region }),
  };
  const account = accountOf(config, config, { clock: Date.now, ask: (reads) => reads() });
  try {
    const found = await account.ec2.config.region();
    return { ...account, region: found, where: endpoint ?? found };
  } catch (error) {
    if (region !== undefined) return { complaint: `--region: ${(error as Error).message}` };
    return { complaint: 'region: expected --region, AWS_REGION or a profile with one, got nothing' };
  }
}

/** An account reached by clients of these settings. */
export function accountOf(
  ec2Config: EC2ClientConfig,
  eksConfig: EKSClientConfig,
  { clock, ask }: Pick<Account, 'clock' | 'ask'>,
): Omit<Account, 'where' | 'region'> {
  const ec2 = new EC2Client(ec2Config);
  const eks = new EKSClient(eksConfig);
  ec2.middlewareStack.add(readsAlone, FIRST);
  eks.middlewareStack.add(readsAlone, FIRST);
  return {
    ec2,
    eks,
    vpc: new Ec2Vpc(ec2, clock),
    clusters: new EksClusters(eks, clock),
    clock,
    ask,
    close: () => {
      ec2.destroy();
      eks.destroy();
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
