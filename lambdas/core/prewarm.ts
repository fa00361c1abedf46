/** The whole story in a page: a signal arrives, the core decides, an adapter does, the ledger remembers. */

import type { RolloutReport } from './decide-rollout.ts';
import { displacedRollouts } from './displaced.ts';
import { type Answer, grouped, type Handled, handleEach } from './handling.ts';
import { warmLaunches } from './launches/warm-launches.ts';
import { type Look, look } from './looks/looks.ts';
import { noteLaunches, notePlan, noteRollout } from './noting.ts';
import type { Plan } from './plan/steps.ts';
import type { Ports } from './ports.ts';
import { approveWave, type WaveOpened } from './rollouts/approve.ts';
import type { BatchedRollout } from './rollouts/record.ts';
import { reportEnd } from './rollouts/report.ts';
import { type RolloutStarted, startRollout } from './rollouts/start.ts';
import { scaleOut } from './scale-out.ts';
import type {
  Asks,
  Ignored,
  NodeLaunching,
  PodsDisplaced,
  RolloutAnnounced,
  ScaleOutComing,
  Signal,
} from './signals.ts';
import { warmRollout } from './warm-rollout.ts';

export type Report = Plan | RolloutReport | RolloutStarted | WaveOpened | Look;

/** Handles a batch: all launches share one read of the world, and so do all nodes that go and all looks at boots; every
 *  other signal is a decision of its own. */
export const prewarm = (signals: readonly Signal[], ports: Ports): Promise<readonly Handled<Report>[]> =>
  handleEach(
    grouped(signals, 'node-launching', 'pods-displaced', 'boot-look', 'verify-due', 'gate-look'),
    (group) => handle(group, ports),
  );

async function handle(group: readonly Signal[], ports: Ports): Promise<Answer<Report>> {
  const [first] = group;
  if (first === undefined) return { reports: [], ignored: [] };
  switch (first.kind) {
    case 'boot-look':
    case 'gate-look':
    case 'verify-due':
      return look(group, ports);
    case 'asked':
      return answer([first.about], first.want, ports);
    case 'wave-approved':
      return one(await approveWave(first, ports));
    case 'rollout-ended':
      await reportEnd(first, ports);
      return { reports: [], ignored: [] };
    case 'node-launching':
    case 'rollout-announced':
    case 'pods-displaced':
    case 'scale-out-coming':
      return answer(group as readonly Asks[], 'do', ports);
  }
}

/** Signals of one kind. */
async function answer(group: readonly Asks[], want: 'plan' | 'do', ports: Ports): Promise<Answer<Report>> {
  const [first] = group;
  switch (first?.kind) {
    case undefined:
      return { reports: [], ignored: [] };
    case 'node-launching':
      return launches(group as readonly NodeLaunching[], want, ports);
    case 'rollout-announced':
      return rollout(first, want, ports);
    case 'scale-out-coming':
      return told(first, await scaleOut(first, ports, want), want, ports);
    case 'pods-displaced':
      return displaced(group as readonly PodsDisplaced[], want, ports);
  }
}

const one = <R extends object>(answered: R | Ignored): Answer<R> =>
  'kind' in answered ? { reports: [], ignored: [answered] } : { reports: [answered], ignored: [] };

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

/** One rollout after the other: each plans in view of what the one before it took. */
async function displaced(
  signals: readonly PodsDisplaced[],
  want: 'plan' | 'do',
  ports: Ports,
): Promise<Answer<Report>> {
  const answers: Answer<Report>[] = [];
  for (const each of await displacedRollouts(signals, ports, want))
    answers.push(each.kind === 'ignored' ? one<Report>(each) : await rollout(each, want, ports));
  return {
    reports: answers.flatMap(({ reports }) => reports),
    ignored: answers.flatMap(({ ignored }) => ignored),
  };
}

async function rollout(signal: RolloutAnnounced, want: 'plan' | 'do', ports: Ports): Promise<Answer<Report>> {
  if (goesInWaves(signal)) return inWaves(signal, want, ports);
  return told(signal, await warmRollout(signal, ports, want), want, ports);
}

const goesInWaves = (signal: RolloutAnnounced): signal is BatchedRollout => signal.waves !== undefined;

/** The state machine takes it from here. Who only asks is told what all of its pods at once would need, too. */
async function inWaves(signal: BatchedRollout, want: 'plan' | 'do', ports: Ports): Promise<Answer<Report>> {
  const started = one<Report>(await startRollout(signal, ports, want));
  if (want === 'do' || started.ignored.length > 0) return started;
  const { waves: _, ...atOnce } = signal;
  const { reports } = await rollout(atOnce, want, ports);
  return { reports: [...started.reports, ...reports], ignored: [] };
}

function told(
  signal: RolloutAnnounced | ScaleOutComing,
  answered: RolloutReport | Ignored,
  want: 'plan' | 'do',
  ports: Ports,
): Answer<Report> {
  if (!('kind' in answered)) {
    noteRollout(signal, answered, ports);
    if (want === 'do') notePlan(answered, ports);
  }
  return one<Report>(answered);
}
