/**
 * Where a command reads: an account through the SDK's own chain of credentials, an embedded AWS by its address (`npm run sim`), or
 * a scenario in this process.
 */
import { type Account, accountOf } from './account-clients.ts';
import type { AccountOptions } from './account-options.ts';
import { kubeSend } from './kube-send.ts';

/** What the embedded AWS needs to be told, and takes whatever it is. */
const LOOPBACK = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'eks-ip-prewarmer', secretAccessKey: 'simulated' },
} as const;

/** A person waits at most a minute to hear that nobody answers: the SDK tries three times. A page of 1,000 ENIs takes seconds. */
const PATIENCE = {
  connectionTimeout: 5_000,
  requestTimeout: 20_000,
  socketTimeout: 20_000,
  throwOnRequestTimeout: true,
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
    requestHandler: PATIENCE,
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...(endpoint !== undefined && { endpoint }),
    ...(local && known === undefined && { credentials: LOOPBACK.credentials }),
    ...(local && region === undefined && { region: process.env['AWS_REGION'] ?? LOOPBACK.region }),
  };
  const account = accountOf(
    { ec2: config, eks: config, quotas: config },
    { clock: Date.now, ask: (reads) => reads(), kube: kubeSend(local ? endpoint : undefined) },
  );
  try {
    const found = await account.ec2.config.region();
    return { ...account, region: found, where: endpoint ?? found };
  } catch (error) {
    if (region !== undefined) return { complaint: `--region: ${(error as Error).message}` };
    return { complaint: 'region: expected --region, AWS_REGION or a profile with one, got nothing' };
  }
}
