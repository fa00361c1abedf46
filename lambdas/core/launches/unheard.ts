/** Attaches whose run died before it could tell anybody of them, found when it is too late to do more for their nodes. */
import type { Running } from '../looks/boots.ts';
import { untilMoment, VERIFY_EVERY_MS } from '../moments.ts';
import type { Delayed, Ports } from '../ports.ts';

/** Looks at what became of them: each may have lost its race, which must be known. */
export async function looksAtUnheard(out: readonly Running[], ports: Ports): Promise<Delayed[]> {
  if (out.length === 0) return [];
  const records = await ports.ledger.nodes(out.map(({ node }) => node.id));
  const left = out.filter(({ node }) => records.get(node.id)?.enis.some(({ unheard }) => unheard) === true);
  const { verifyAfterMs } = ports.settings.policy;
  return [...Map.groupBy(left, ({ cluster }) => cluster)].map(([cluster, some]) => ({
    signal: { kind: 'verify-due', cluster, nodeIds: some.map(({ node }) => node.id), attempt: 0 },
    delayMs: untilMoment(verifyAfterMs, ports.clock(), VERIFY_EVERY_MS),
  }));
}
