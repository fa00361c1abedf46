/** Open demand that nodes claimed and never served goes back to the nodes to come. */

import type { NodeId } from '../model.ts';
import type { OpenDemand } from './launches.ts';

/** The demand with the shares of `gone` nodes given back; `undefined` when they claimed nothing of it. */
export function givenBack(demand: OpenDemand, gone: ReadonlySet<NodeId>): OpenDemand | undefined {
  const claims = Object.entries(demand.claims) as [NodeId, number][];
  const back = claims.filter(([nodeId]) => gone.has(nodeId));
  if (back.length === 0) return undefined;
  return {
    ...demand,
    podsLeft: back.reduce((sum, [, pods]) => sum + pods, demand.podsLeft),
    claims: Object.fromEntries(claims.filter(([nodeId]) => !gone.has(nodeId))),
    version: demand.version + 1,
  };
}
