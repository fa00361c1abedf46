/** What plans came to, in figures: nodes given something, nodes left by reason, and what observing alone kept from being done. */
import { acts, addressesOf, type Step } from './plan/steps.ts';
import type { Ports } from './ports.ts';
import { plannedIn } from './telling.ts';

type Counting = Pick<Ports, 'journal'>;

export function countWarmed(cluster: string, nodes: number, { journal }: Counting): void {
  if (nodes > 0) journal.measure({ NodesWarmed: nodes }, { cluster });
}

export function countLeft(cluster: string, steps: readonly Step[], { journal }: Counting): void {
  for (const [reason, nodes] of Object.entries(plannedIn(steps).shortfalls))
    journal.measure({ NodesLeft: nodes }, { cluster, reason });
}

/** `steps` of nodes that are only observed. What a pending instance is to have is planned once more when it runs. */
export function countWould(cluster: string, steps: readonly Step[], { journal }: Counting): void {
  const doing = steps
    .filter(acts)
    .filter((step) => step.do === 'fill' || (step.do === 'attach' && step.until === 'attached'));
  if (doing.length === 0) return;
  journal.measure(
    {
      WouldWarmNodes: new Set(doing.map(({ nodeId }) => nodeId)).size,
      WouldAttachInterfaces: doing.filter((step) => step.do === 'attach').length,
      WouldTakeAddresses: doing.reduce((sum, step) => sum + addressesOf(step), 0),
    },
    { cluster },
  );
}
