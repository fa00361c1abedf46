/** The whole story in a page: a signal arrives, the core decides, an adapter does, the ledger remembers. */
import { type Looked, lookAtBoots } from './boots.ts';
import { notePlan } from './noting.ts';
import type { Ports } from './ports.ts';
import type { BootLook, Ignored, NodeLaunching, RolloutAnnounced, Signal } from './signals.ts';
import type { Plan } from './steps.ts';
import { type Verified, verify } from './verify.ts';
import { warmLaunches } from './warm-launches.ts';
import { type RolloutReport, warmRollout } from './warm-rollout.ts';

export type Report = Plan | RolloutReport | Verified | Looked;

/** What became of the signals that were handled together. An error leaves them all on the queue. */
export interface Handled {
  readonly signals: readonly Signal[];
  readonly reports: readonly Report[];
  /** Signals about what is not ours, or not there: why nothing was decided. */
  readonly ignored: readonly Ignored[];
  readonly error?: unknown;
}

/** Handles a batch: all launches share one read of the world, and so do all looks at boots; every other signal is a decision of its own, and one that
 *  fails does not keep the others. */
export async function prewarm(signals: readonly Signal[], ports: Ports): Promise<readonly Handled[]> {
  const launches = signals.filter((signal): signal is NodeLaunching => signal.kind === 'node-launching');
  const looks = signals.filter((signal) => signal.kind === 'boot-look');
  const others = signals.filter((signal) => signal.kind !== 'node-launching' && signal.kind !== 'boot-look');
  const groups: (readonly Signal[])[] = [launches, looks, ...others.map((one) => [one])].filter(
    (group) => group.length > 0,
  );
  const handled: Handled[] = [];
  // One group after the other: they share the budget, the read cache and the account's buckets.
  for (const group of groups) {
    try {
      handled.push({ signals: group, ...(await handle(group, ports)) });
    } catch (error) {
      handled.push({ signals: group, reports: [], ignored: [], error });
    }
  }
  return handled;
}

type Answer = Pick<Handled, 'reports' | 'ignored'>;

async function handle(group: readonly Signal[], ports: Ports): Promise<Answer> {
  const [first] = group;
  if (first === undefined) return { reports: [], ignored: [] };
  switch (first.kind) {
    case 'node-launching':
      return launches(group as readonly NodeLaunching[], 'do', ports);
    case 'rollout-announced':
      return rollout(first, 'do', ports);
    case 'boot-look':
      return { reports: await lookAtBoots(group as readonly BootLook[], ports), ignored: [] };
    case 'verify-due':
      return { reports: [noteVerified(await verify(first, ports), ports)], ignored: [] };
    case 'asked': {
      const { about, want } = first;
      return about.kind === 'node-launching' ? launches([about], want, ports) : rollout(about, want, ports);
    }
  }
}

async function launches(
  signals: readonly NodeLaunching[],
  want: 'plan' | 'do',
  ports: Ports,
): Promise<Answer> {
  const { plans, ignored } = await warmLaunches(signals, ports, { want });
  if (want === 'do') for (const plan of plans) notePlan(plan, ports);
  return { reports: plans, ignored };
}

async function rollout(signal: RolloutAnnounced, want: 'plan' | 'do', ports: Ports): Promise<Answer> {
  const report = await warmRollout(signal, ports, want);
  if ('kind' in report) return { reports: [], ignored: [report] };
  if (want === 'do') notePlan(report, ports);
  return { reports: [report], ignored: [] };
}

/** A late attach is what we promise not to cause: it is a warning, not a note. */
function noteVerified(verified: Verified, { journal }: Ports): Verified {
  const tell = verified.lateAttach.length > 0 ? journal.warn : journal.note;
  tell.call(journal, 'verified', { ...verified });
  return verified;
}
