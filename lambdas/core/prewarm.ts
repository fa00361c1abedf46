/** The whole story in a page: a signal arrives, the core decides, an adapter does, the ledger remembers. */
import type { Ports } from './ports.ts';
import type { NodeLaunching, Signal } from './signals.ts';
import type { Plan } from './steps.ts';
import { type Verified, verify } from './verify.ts';
import { warmLaunches } from './warm-launches.ts';
import { type RolloutReport, warmRollout } from './warm-rollout.ts';

export type Report = Plan | RolloutReport | Verified;

/** What became of the signals that were handled together. An error leaves them all on the queue. */
export interface Handled {
  readonly signals: readonly Signal[];
  readonly reports: readonly Report[];
  readonly error?: unknown;
}

/** Handles a batch: all launches share one read of the world; every other signal is a decision of its own, and one that
 *  fails does not keep the others. */
export async function prewarm(signals: readonly Signal[], ports: Ports): Promise<readonly Handled[]> {
  const launches = signals.filter((signal): signal is NodeLaunching => signal.kind === 'node-launching');
  const others = signals.filter((signal) => signal.kind !== 'node-launching');
  const groups: (readonly Signal[])[] = [
    ...(launches.length > 0 ? [launches] : []),
    ...others.map((one) => [one]),
  ];
  const handled: Handled[] = [];
  // One group after the other: they share the budget, the read cache and the account's buckets.
  for (const group of groups) {
    try {
      handled.push({ signals: group, reports: await handle(group, ports) });
    } catch (error) {
      handled.push({ signals: group, reports: [], error });
    }
  }
  return handled;
}

async function handle(group: readonly Signal[], ports: Ports): Promise<readonly Report[]> {
  const [first] = group;
  if (first === undefined) return [];
  switch (first.kind) {
    case 'node-launching':
      return note(await warmLaunches(group as readonly NodeLaunching[], ports), ports);
    case 'rollout-announced':
      return note(listed(await warmRollout(first, ports)), ports);
    case 'verify-due':
      return [noteVerified(await verify(first, ports), ports)];
    case 'asked': {
      const { about, want } = first;
      return about.kind === 'node-launching'
        ? warmLaunches([about], ports, want)
        : listed(await warmRollout(about, ports, want));
    }
  }
}

const listed = <T>(one: T | undefined): T[] => (one === undefined ? [] : [one]);

/** A late attach is what we promise not to cause: it is a warning, not a note. */
function noteVerified(verified: Verified, { journal }: Ports): Verified {
  const tell = verified.lateAttach.length > 0 ? journal.warn : journal.note;
  tell.call(journal, 'verified', { ...verified });
  return verified;
}

/** The journal keeps the totals and every step with its reason. */
function note<P extends Plan>(plans: readonly P[], { journal, settings }: Ports): readonly P[] {
  for (const { cluster, steps, totals, ...rest } of plans) {
    const mode = settings.clusters.find(({ name }) => name === cluster)?.mode;
    journal.note('plan', { cluster, mode, totals, steps, ...rest });
  }
  return plans;
}
