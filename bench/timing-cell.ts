/** What came of one row of the timing matrix over its seeds. */
import { NODES_OF_A_ROW, type TimingRow } from '../sim/scenarios/timing.ts';
import type { TimingPlayed } from './timing-worker.ts';

export interface TimingCell extends TimingRow {
  readonly seeds: number;
  /** Failed address requests over all seeds. */
  readonly failedRequests: number;
  readonly failedWithoutUs: number;
  /** Seeds in which more requests failed than without us. */
  readonly worseSeeds: readonly number[];
  readonly lateAttaches: number;
  readonly nodesWarmed: number;
  /** Calls that filled interfaces that were there. */
  readonly fills: number;
  /** Seeds in which every node got interfaces and no attach came late, and the failed requests of those. */
  readonly wonSeeds: number;
  readonly failedInWon: number;
  readonly nodesLeft: Readonly<Record<string, number>>;
}

export function cellOf({ row, ours, without }: TimingPlayed): TimingCell {
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  const nodesLeft: Record<string, number> = {};
  for (const { left } of ours)
    for (const [reason, nodes] of Object.entries(left)) nodesLeft[reason] = (nodesLeft[reason] ?? 0) + nodes;
  const won = ours.filter(({ warmed, lateAttach }) => warmed === NODES_OF_A_ROW && lateAttach === 0);
  return {
    ...row,
    seeds: ours.length,
    failedRequests: sum(ours.map(({ failedRequests }) => failedRequests)),
    failedWithoutUs: sum(without.map(({ failedRequests }) => failedRequests)),
    worseSeeds: ours.flatMap((run, index) =>
      run.failedRequests > (without[index]?.failedRequests ?? 0) ? [index + 1] : [],
    ),
    lateAttaches: sum(ours.map(({ lateAttach }) => lateAttach)),
    nodesWarmed: sum(ours.map(({ warmed }) => warmed)),
    fills: sum(ours.map(({ fills }) => fills)),
    wonSeeds: won.length,
    failedInWon: sum(won.map(({ failedRequests }) => failedRequests)),
    nodesLeft,
  };
}
