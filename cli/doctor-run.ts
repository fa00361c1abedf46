/** The doctor from options to findings. */

import { type Examined, examine } from '../lambdas/core/doctor/examine.ts';
import { typesOf } from '../lambdas/core/doctor/seen.ts';
import type { Policy } from '../lambdas/core/policy.ts';
import type { Account } from './account-clients.ts';
import type { AccountOptions } from './account-options.ts';
import { type Look, look } from './doctor-read.ts';
import { tooManyPerNode } from './pods-per-node.ts';
import { policyGiven } from './policy-given.ts';
import type { toBurst, toChurn, toRollout } from './quantities.ts';

export interface DoctorOptions extends AccountOptions {
  readonly cluster: string;
  readonly json?: true;
  readonly burst?: ReturnType<typeof toBurst>;
  readonly rollout?: ReturnType<typeof toRollout>;
  readonly cronjobs?: ReturnType<typeof toChurn>;
  readonly growth?: number;
  readonly podsPerNode?: number;
  readonly policy?: string;
  readonly cniEnv?: Readonly<Record<string, string>>;
  readonly maxPods?: number;
  readonly eniQuota?: number;
}

export interface Diagnosed {
  readonly look: Look;
  readonly examined: Examined;
}

export async function diagnose(
  account: Account,
  options: DoctorOptions,
  said: (progress: string) => void,
): Promise<Diagnosed | { readonly complaint: string }> {
  const policy = await policyOf(account, options);
  if ('complaint' in policy) return policy;
  const { cluster, burst, rollout, cronjobs: churn, growth, podsPerNode, eniQuota } = options;
  const expected = {
    ...(burst !== undefined && { burst }),
    ...(rollout !== undefined && { rollout }),
    ...(churn !== undefined && { churn }),
    ...(growth !== undefined && { growthPerDay: growth }),
  };
  const asked = {
    ...{ cluster, policy, expected },
    kubernetes: options.kubernetes ?? false,
    maxPodsSaid: options.maxPods !== undefined,
    ...(podsPerNode !== undefined && { podsPerNode }),
    ...(eniQuota !== undefined && { eniQuota }),
  };
  const looked = await account.ask(() => look(account, asked, said));
  if ('complaint' in looked) return looked;
  const rooms = typesOf(looked.seen).filter(({ nodes }) => nodes.length > 0);
  const wrong = tooManyPerNode(
    podsPerNode,
    rooms.map(({ type, podCap }) => ({ type, pods: podCap })),
    '--max-pods or --kubernetes says so',
  );
  if (wrong !== undefined) return { complaint: wrong };
  return { look: looked, examined: examine(looked.seen) };
}

/** With what the command line says itself. */
async function policyOf(
  account: Account,
  { policy: file, cniEnv, maxPods }: DoctorOptions,
): Promise<Policy | { readonly complaint: string }> {
  const given = await policyGiven(account, file);
  if ('complaint' in given) return given;
  return {
    ...given.policy,
    ...(cniEnv !== undefined && { cniEnv }),
    ...(maxPods !== undefined && { maxPods }),
  };
}
