/** A node group that late attaches have put back to observe is told where it happens, and at each sweep until somebody acts. */
import { settingOf } from '../acting.ts';
import { actingIn, policyFor } from '../node-group-policy.ts';
import type { Ports } from '../ports.ts';
import type { Lesson } from './lessons.ts';

export function tellObserved(
  cluster: string,
  lessons: ReadonlyMap<string, Lesson>,
  { journal, settings, clock }: Ports,
): void {
  const deployed = settingOf(cluster, { settings })?.mode ?? 'observe';
  for (const [nodeGroup, lesson] of lessons) {
    const { late, because } = actingIn(
      policyFor(settings.policy, cluster, nodeGroup),
      deployed,
      lesson,
      clock(),
    );
    if (late === undefined) continue;
    journal.warn('node group observed', { cluster, nodeGroup, late, why: because });
    journal.measure({ NodeGroupsObserved: 1 }, { cluster, nodeGroup });
  }
}
