/** The doctor from options to findings. */

import { sayAll } from '../lambdas/core/complaints.ts';
import { type Examined, examine } from '../lambdas/core/doctor/examine.ts';
import { type Policy, readPolicy } from '../lambdas/core/policy.ts';
import type { Account } from './account-clients.ts';
import type { AccountOptions } from './account-options.ts';
import { type Look, look } from './doctor-read.ts';
import type { toBurst, toChurn, toRollout } from './quantities.ts';
import { readEvent } from './read-event.ts';

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
  return 'complaint' in looked ? looked : { look: looked, examined: examine(looked.seen) };
}

/** As the prewarmer has it: of the file, or of the scenario; with what the command line says itself. */
async function policyOf(
  { simulated }: Account,
  { policy: file, cniEnv, maxPods }: DoctorOptions,
): Promise<Policy | { readonly complaint: string }> {
  let given: unknown = simulated?.scenario.policy;
  if (file !== undefined) {
    const read = await readEvent(file);
    if ('complaint' in read) return { complaint: `${file}: ${read.complaint}` };
    given = read.event;
  }
  const { policy, complaints } = readPolicy(given);
  if (complaints.length > 0) return { complaint: `${file ?? 'policy'}: ${sayAll(complaints)}` };
  return { ...policy, ...(cniEnv !== undefined && { cniEnv }), ...(maxPods !== undefined && { maxPods }) };
}
