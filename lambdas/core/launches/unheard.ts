/** Attaches whose run died before it could tell anybody of them, found when it is too late to do more for their nodes. */
import { firstLook } from '../calls/launch-calls.ts';
import type { Running } from '../looks/boots.ts';
import type { Delayed, Ports } from '../ports.ts';

/** Looks at what became of them: each may have lost its race, which must be known. */
export async function looksAtUnheard(out: readonly Running[], ports: Ports): Promise<Delayed[]> {
  if (out.length === 0) return [];
  const records = await ports.ledger.nodes(out.map(({ node }) => node.id));
  const left = out.filter(({ node }) => records.get(node.id)?.enis.some(({ unheard }) => unheard) === true);
  return [...Map.groupBy(left, ({ cluster }) => cluster)].map(([cluster, some]) =>
    firstLook(
      cluster,
      some.map(({ node }) => node.id),
      ports,
    ),
  );
}
