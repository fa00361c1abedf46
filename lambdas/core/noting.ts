/** Plans in the journal: the totals, and every step with its reason. */

import type { Plan } from './plan/steps.ts';
import type { Ports } from './ports.ts';

/** Steps of one line: some 300 bytes each, of the 256 KB that a log event may have (CloudWatch Logs quotas). */
const STEPS_PER_LINE = 400;

export function notePlan({ cluster, steps, totals, ...rest }: Plan, { journal, settings }: Ports): void {
  const mode = settings.clusters.find(({ name }) => name === cluster)?.mode;
  for (let from = 0; from === 0 || from < steps.length; from += STEPS_PER_LINE) {
    const some = steps.slice(from, from + STEPS_PER_LINE);
    if (from === 0) journal.note('plan', { cluster, mode, totals, steps: some, ...rest });
    else journal.note('plan', { cluster, mode, steps: some, from });
  }
}
