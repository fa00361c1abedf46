/** The prewarmer's policy as a command is given it: of a file, or of the scenario it plays in. */
import { sayAll } from '../lambdas/core/complaints.ts';
import { type Policy, readPolicy } from '../lambdas/core/policy.ts';
import type { Account } from './account-clients.ts';
import { readEvent } from './read-event.ts';

export interface PolicyGiven {
  readonly policy: Policy;
  /** As it was written. */
  readonly document: Readonly<Record<string, unknown>>;
}

export async function policyGiven(
  { simulated }: Account,
  file: string | undefined,
): Promise<PolicyGiven | { readonly complaint: string }> {
  let document: unknown = simulated?.scenario.policy ?? {};
  if (file !== undefined) {
    const read = await readEvent(file);
    if ('complaint' in read) return { complaint: `${file}: ${read.complaint}` };
    document = read.event;
  }
  const { policy, complaints } = readPolicy(document);
  if (complaints.length > 0) return { complaint: `${file ?? 'policy'}: ${sayAll(complaints)}` };
  return { policy, document: document as PolicyGiven['document'] };
}
