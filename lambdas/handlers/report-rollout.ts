import type { Ports } from '../core/ports.ts';
import type { Next } from '../core/rollouts/phase.ts';
import { type ReportPhase, reportRollout as report } from '../core/rollouts/report.ts';
import { followers, start } from './wiring.ts';

/** What became of the rollout. Throws RolloutStopped when it was stopped, so that its execution fails and can be redriven. */
export const reportRollout =
  (ports: Ports) =>
  (phase: ReportPhase): Promise<Next> =>
    report(phase, ports);

export const handler = start(reportRollout, followers);
