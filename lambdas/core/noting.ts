/** Plans in the journal: the totals, and every step with its reason; and each signal in one line. */

import { settingOf } from './acting.ts';
import { countLeft } from './counting.ts';
import type { RolloutReport } from './decide-rollout.ts';
import type { Launched } from './launches/warm-launches.ts';
import type { Plan } from './plan/steps.ts';
import type { Ports } from './ports.ts';
import type { RolloutAnnounced, ScaleOutComing } from './signals.ts';
import { cameOf, ONLY_ASKED, plannedIn, type Told } from './telling.ts';

/** Steps of one line: some 300 bytes each, of the 256 KB that a log event may have (CloudWatch Logs quotas). */
const STEPS_PER_LINE = 400;

export function notePlan({ cluster, steps, totals, ...rest }: Plan, ports: Ports): void {
  const { journal } = ports;
  countLeft(cluster, steps, ports);
  const mode = settingOf(cluster, ports)?.mode;
  for (let from = 0; from === 0 || from < steps.length; from += STEPS_PER_LINE) {
    const some = steps.slice(from, from + STEPS_PER_LINE);
    if (from === 0) journal.note('plan', { cluster, mode, totals, steps: some, ...rest });
    else journal.note('plan', { cluster, mode, steps: some, from });
  }
}

export function noteLaunches({ plans, stories }: Launched, ports: Ports): void {
  const steps = plans.flatMap((plan) => plan.steps);
  const byNode = Map.groupBy(steps, (step) => ('nodeId' in step ? step.nodeId : undefined));
  for (const { signal, meant, done } of stories)
    note({ came: cameOf(signal), meant, planned: plannedIn(byNode.get(signal.nodeId) ?? []), done }, ports);
}

export function noteRollout(
  signal: RolloutAnnounced | ScaleOutComing,
  report: RolloutReport,
  ports: Ports,
): void {
  const { demand, pods, steps, openDemand, pacing, done = ONLY_ASKED } = report;
  const { margin } = ports.settings.policy;
  const paced =
    pacing === undefined ? '' : `; where nothing can be warmed, ${pacing.podsPerWave} pods a wave`;
  note(
    {
      came: cameOf(signal),
      meant: `${demand}: ${pods} addresses with a margin of ${margin}${paced}`,
      planned: { ...plannedIn(steps), openDemand },
      done,
    },
    ports,
  );
}

const note = (told: Told, { journal }: Ports): void => journal.note('signal', { ...told });
