/** Our own delayed messages: did ipamd see what we attached, and how soon do nodes start? */

import { type Answer, grouped, type Handled, handleEach } from '../handling.ts';
import { type GatesLooked, lookAtGates } from '../launches/gate.ts';
import type { Ports } from '../ports.ts';
import type { BootLook, GateLook, Signal, VerifyDue } from '../signals.ts';
import { type Looked, lookAtBoots } from './boots.ts';
import { type Verified, verify } from './verify.ts';

export type Look = Verified | Looked | GatesLooked;

/** Works a batch of looks off; what else is on their queue is not ours. */
export const lookAll = (signals: readonly Signal[], ports: Ports): Promise<readonly Handled<Look>[]> =>
  handleEach(grouped(signals, 'boot-look', 'verify-due', 'gate-look'), (group) => look(group, ports));

export async function look(group: readonly Signal[], ports: Ports): Promise<Answer<Look>> {
  const [first] = group;
  if (first?.kind === 'boot-look')
    return { reports: await lookAtBoots(group as readonly BootLook[], ports), ignored: [] };
  if (first?.kind === 'gate-look')
    return { reports: await lookAtGates(group as readonly GateLook[], ports), ignored: [] };
  if (first?.kind === 'verify-due') {
    const verified = await verify(group as readonly VerifyDue[], ports);
    return { reports: verified.map((one) => noteVerified(one, ports)), ignored: [] };
  }
  const why = `detail.kind: expected "verify-due", "boot-look" or "gate-look" on this queue, got "${first?.kind}"`;
  return { reports: [], ignored: [{ kind: 'ignored', as: 'malformed', why }] };
}

/** A late attach is what we promise not to cause: it is a warning, not a note. */
function noteVerified(verified: Verified, { journal }: Ports): Verified {
  const tell = verified.lateAttach.length > 0 ? journal.warn : journal.note;
  tell.call(journal, 'verified', { ...verified });
  return verified;
}
