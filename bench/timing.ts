/** Timing is never harmful: each mode, moment, type and lead over many seeds, ours beside the CNI alone. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import {
  TIMING_LEADS_S,
  TIMING_MODES,
  TIMING_MOMENTS,
  TIMING_TYPES,
  type TimingMode,
  type TimingMoment,
  type TimingRow,
  type TimingType,
} from '../sim/scenarios/timing.ts';
import { progress, table } from './text.ts';
import type { TimingPlayed, TimingShare } from './timing-worker.ts';

export interface TimingCell extends TimingRow {
  readonly seeds: number;
  /** Failed address requests over all seeds. */
  readonly failedRequests: number;
  readonly failedWithoutUs: number;
  /** Seeds in which more requests failed than without us. */
  readonly worseSeeds: readonly number[];
  readonly lateAttaches: number;
  readonly nodesWarmed: number;
  readonly nodesLeft: Readonly<Record<string, number>>;
}

const MODES = Object.keys(TIMING_MODES) as TimingMode[];
const TYPES = Object.keys(TIMING_TYPES) as TimingType[];

export const timingRows = (): TimingRow[] =>
  MODES.flatMap((mode) =>
    TIMING_MOMENTS.flatMap((moment) =>
      TYPES.flatMap((type) => TIMING_LEADS_S.map((leadS) => ({ mode, moment, type, leadS }))),
    ),
  );

export async function measureTiming(seeds: number): Promise<TimingCell[]> {
  const rows = timingRows();
  const workers = Math.min(availableParallelism(), rows.length);
  const cells = new Map<string, TimingCell>();
  const keyOf = (row: TimingRow): string => [row.mode, row.moment, row.type, row.leadS].join('|');
  await Promise.all(
    Array.from(
      { length: workers },
      (_, nth) =>
        new Promise<void>((resolve, reject) => {
          const share: TimingShare = { rows: rows.filter((_, index) => index % workers === nth), seeds };
          const worker = new Worker(new URL('./timing-worker.ts', import.meta.url), { workerData: share });
          worker.on('message', (played: TimingPlayed) => {
            cells.set(keyOf(played.row), cellOf(played));
            progress(`timing, row ${cells.size} of ${rows.length}`);
          });
          worker.once('error', reject);
          worker.once('exit', () => resolve());
        }),
    ),
  );
  progress('');
  return rows.flatMap((row) => cells.get(keyOf(row)) ?? []);
}

function cellOf({ row, ours, without }: TimingPlayed): TimingCell {
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  const nodesLeft: Record<string, number> = {};
  for (const { left } of ours)
    for (const [reason, nodes] of Object.entries(left)) nodesLeft[reason] = (nodesLeft[reason] ?? 0) + nodes;
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
    nodesLeft,
  };
}

export function reportTiming(cells: readonly TimingCell[]): string {
  const seeds = cells[0]?.seeds ?? 0;
  const parts = TIMING_MOMENTS.map((moment) => momentTable(moment, cells));
  const worse = cells.filter(({ failedRequests, failedWithoutUs }) => failedRequests > failedWithoutUs);
  const late = cells.reduce((sum, { lateAttaches }) => sum + lateAttaches, 0);
  return [
    `Timing, simulated, ${seeds} seeds a cell: failed address requests with us / without us, by seconds from the announcement to the`,
    'pods; two nodes, one to two and a half interfaces of pods each at one instant. `=`: as many with us.',
    ...parts,
    '',
    `Rows with more failed requests than without us: ${worse.length === 0 ? 'none' : worse.map(nameOf).join('; ')}.`,
    `Late attaches: ${late}.`,
    '',
    leftTable(cells),
  ].join('\n');
}

const nameOf = ({ mode, moment, type, leadS, failedRequests, failedWithoutUs }: TimingCell): string =>
  `${mode}, ${moment}, ${type}, ${leadS} s: ${failedRequests} / ${failedWithoutUs}`;

function momentTable(moment: TimingMoment, cells: readonly TimingCell[]): string {
  const rows = MODES.flatMap((mode) =>
    TYPES.map((type) => [
      `${mode}, ${type}`,
      ...TIMING_LEADS_S.map((leadS) => {
        const cell = cells.find(
          (one) => one.mode === mode && one.type === type && one.moment === moment && one.leadS === leadS,
        );
        if (cell === undefined) return '';
        const { failedRequests, failedWithoutUs } = cell;
        return failedRequests === failedWithoutUs
          ? `= ${failedWithoutUs}`
          : `${failedRequests} / ${failedWithoutUs}`;
      }),
    ]),
  );
  return `\nNodes ${moment}\n\n${table([['', ...TIMING_LEADS_S.map((leadS) => `${leadS} s`)], ...rows])}`;
}

/** That leaving everything is never harmful is no merit: how many nodes were left, and why. */
function leftTable(cells: readonly TimingCell[]): string {
  const rows = MODES.flatMap((mode) =>
    TIMING_MOMENTS.map((moment) => {
      const these = cells.filter((cell) => cell.mode === mode && cell.moment === moment);
      const warmed = these.reduce((sum, { nodesWarmed }) => sum + nodesWarmed, 0);
      const left = new Map<string, number>();
      for (const { nodesLeft } of these)
        for (const [reason, nodes] of Object.entries(nodesLeft))
          left.set(reason, (left.get(reason) ?? 0) + nodes);
      const all = these.reduce((sum, { seeds }) => sum + 2 * seeds, 0);
      const share = (nodes: number): string => `${((100 * nodes) / all).toFixed(0)} %`;
      const reasons = [...left]
        .sort(([, a], [, b]) => b - a)
        .map(([reason, nodes]) => `${reason} ${share(nodes)}`);
      return [`${mode}, ${moment}`, share(warmed), reasons.join(', ') || 'none'];
    }),
  );
  return table([['', 'nodes warmed', 'nodes left']].concat(rows));
}
