/** Timing is never harmful: each mode, moment, type and lead over many seeds, ours beside the CNI alone. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import {
  MODE_NAMES,
  MOMENT_NAMES,
  NODES_OF_A_ROW,
  TIMING_LEADS_S,
  type TimingMoment,
  type TimingRow,
  TYPE_NAMES,
  timingRows,
  worldOf,
} from '../sim/scenarios/timing.ts';
import { progress, table } from './text.ts';
import { cellOf, type TimingCell } from './timing-cell.ts';
import { verdicts } from './timing-verdicts.ts';
import type { TimingPlayed, TimingShare } from './timing-worker.ts';

export async function measureTiming(seeds: number): Promise<TimingCell[]> {
  const rows = timingRows();
  // Rows of one world go to one worker, which plays it without us once.
  const worlds = [...Map.groupBy(rows, worldOf).values()];
  const workers = Math.min(availableParallelism(), worlds.length);
  const cells = new Map<string, TimingCell>();
  const keyOf = (row: TimingRow): string => [row.mode, row.moment, row.type, row.leadS].join('|');
  await Promise.all(
    Array.from(
      { length: workers },
      (_, nth) =>
        new Promise<void>((resolve, reject) => {
          const share: TimingShare = {
            rows: worlds.filter((_, index) => index % workers === nth).flat(),
            seeds,
          };
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

export function reportTiming(cells: readonly TimingCell[]): string {
  const seeds = cells[0]?.seeds ?? 0;
  const parts = MOMENT_NAMES.map((moment) => momentTable(moment, cells));
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
    verdicts(cells),
    '',
    leftTable(cells),
  ].join('\n');
}

const nameOf = ({ mode, moment, type, leadS, failedRequests, failedWithoutUs }: TimingCell): string =>
  `${mode}, ${moment}, ${type}, ${leadS} s: ${failedRequests} / ${failedWithoutUs}`;

function momentTable(moment: TimingMoment, cells: readonly TimingCell[]): string {
  const these = cells.filter((cell) => cell.moment === moment);
  const rows = MODE_NAMES.filter((mode) => these.some((cell) => cell.mode === mode)).flatMap((mode) =>
    TYPE_NAMES.map((type) => [
      `${mode}, ${type}`,
      ...TIMING_LEADS_S.map((leadS) => {
        const cell = these.find((one) => one.mode === mode && one.type === type && one.leadS === leadS);
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
  const rows = MODE_NAMES.flatMap((mode) =>
    MOMENT_NAMES.flatMap((moment) => {
      const these = cells.filter((cell) => cell.mode === mode && cell.moment === moment);
      if (these.length === 0) return [];
      const warmed = these.reduce((sum, { nodesWarmed }) => sum + nodesWarmed, 0);
      const left = new Map<string, number>();
      for (const { nodesLeft } of these)
        for (const [reason, nodes] of Object.entries(nodesLeft))
          left.set(reason, (left.get(reason) ?? 0) + nodes);
      const all = these.reduce((sum, { seeds }) => sum + NODES_OF_A_ROW * seeds, 0);
      const share = (nodes: number): string => `${((100 * nodes) / all).toFixed(0)} %`;
      const reasons = [...left]
        .sort(([, a], [, b]) => b - a)
        .map(([reason, nodes]) => `${reason} ${share(nodes)}`);
      return [[`${mode}, ${moment}`, share(warmed), reasons.join(', ') || 'none']];
    }),
  );
  return table([['', 'nodes warmed', 'nodes left']].concat(rows));
}
