/** How long the command people try first takes to say what it can do: a fresh process each time. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { table } from './text.ts';

const BIN = join(import.meta.dirname, '../bin/eks-ip-prewarmer.mjs');
const RUNS = 15;
/** Above that a person notices, ms. */
const LIMIT_MS = 300;
const LINES = [['--help'], ...['doctor', 'plan', 'snapshot', 'simulate'].map((name) => [name, '--help'])];

export interface Startup {
  readonly command: string;
  readonly medianMs: number;
  readonly worstMs: number;
}

export function measureStartup(): readonly Startup[] {
  return LINES.map((args) => {
    const times = Array.from({ length: RUNS }, () => {
      const startedMs = performance.now();
      const { status } = spawnSync(process.execPath, [BIN, ...args]);
      if (status !== 0) throw new Error(`eks-ip-prewarmer ${args.join(' ')}: exit code ${status}`);
      return performance.now() - startedMs;
    }).toSorted((a, b) => a - b);
    const at = (share: number): number => times[Math.ceil(share * RUNS) - 1] ?? Number.NaN;
    return { command: `eks-ip-prewarmer ${args.join(' ')}`, medianMs: at(0.5), worstMs: at(1) };
  });
}

export const reportStartup = (measured: readonly Startup[]): string =>
  table([
    ['start-up', 'median ms', 'worst ms', 'limit ms'],
    ...measured.map(({ command, medianMs, worstMs }) => [
      command,
      medianMs.toFixed(0),
      worstMs.toFixed(0),
      String(LIMIT_MS),
    ]),
  ]);
