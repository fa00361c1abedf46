/** The whole story in a page: a signal arrives, the core decides, an adapter does, the ledger remembers. */
import { type Answer, grouped, type Handled, handleEach } from './handling.ts';
import { type Look, look } from './looks/looks.ts';
import { noteLaunches, notePlan, noteRollout } from './noting.ts';
import type { Plan } from './plan/steps.ts';
import type { Ports } from './ports.ts';
import type { NodeLaunching, RolloutAnnounced, Signal } from './signals.ts';
import { warmLaunches } from './warm-launches.ts';
import { type RolloutReport, warmRollout } from './warm-rollout.ts';

export type Report = Plan | RolloutReport | Look;

/** Handles a batch: all launches share one read of the world, and so do all looks at boots; every other signal is a
 *  decision of its own. */
export const prewarm = (signals: readonly Signal[], ports: Ports): Promise<readonly Handled<Report>[]> =>
  handleEach(grouped(signals, 'node-launching', 'boot-look', 'gate-look'), (group) => handle(group, ports));

async function handle(group: readonly Signal[], ports: Ports): Promise<Answer<Report>> {
  const [first] = group;
  if (first === undefined) return { reports: [], ignored: [] };
  switch (first.kind) {
    case 'node-launching':
      return launches(group as readonly NodeLaunching[], 'do', ports);
    case 'rollout-announced':
      return rollout(first, 'do', ports);
    case 'boot-look':
    case 'gate-look':
    case 'verify-due':
      return look(group, ports);
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
): Promise<Answer<Report>> {
  const launched = await warmLaunches(signals, ports, { want });
  const { plans, ignored } = launched;
  noteLaunches(launched, ports);
  if (want === 'do') for (const plan of plans) notePlan(plan, ports);
  return { reports: plans, ignored };
}

async function rollout(signal: RolloutAnnounced, want: 'plan' | 'do', ports: Ports): Promise<Answer<Report>> {
  const report = await warmRollout(signal, ports, want);
  if ('kind' in report) return { reports: [], ignored: [report] };
  noteRollout(signal, report, ports);
  if (want === 'do') notePlan(report, ports);
  return { reports: [report], ignored: [] };
}
