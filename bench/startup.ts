/** How long the command people try first takes to say what it can do: a fresh process each time. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../infra/bundles.ts';
import { bundleCli } from '../scripts/cli-bundle.ts';
import { table } from './text.ts';

const RUNS = 15;
/** Above that a person notices, ms. */
const LIMIT_MS = 300;
const LINES = [['--help'], ...['doctor', 'plan', 'snapshot', 'simulate'].map((name) => [name, '--help'])];

export interface Startup {
  readonly command: string;
  /** From the checkout, whose TypeScript Node strips first. */
  readonly checkout: Times;
  /** As npm installs it: built. */
  readonly packed: Times;
}

interface Times {
  readonly medianMs: number;
  readonly worstMs: number;
}

export async function measureStartup(): Promise<readonly Startup[]> {
  const folder = mkdtempSync(join(tmpdir(), 'startup-'));
  try {
    await bundleCli(ROOT, folder);
    for (const file of ['bin', 'package.json'])
      cpSync(join(ROOT, file), join(folder, file), { recursive: true });
    const nothing = timed(['-e', '0']);
    return [
      { command: 'node, doing nothing', checkout: nothing, packed: nothing },
      ...LINES.map((line) => {
        const [checkout, packed] = [ROOT, folder].map((at) =>
          timed([join(at, 'bin/eks-ip-prewarmer.mjs'), ...line]),
        ) as [Times, Times];
        return { command: `eks-ip-prewarmer ${line.join(' ')}`, checkout, packed };
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function timed(args: readonly string[]): Times {
  const times = Array.from({ length: RUNS }, () => {
    const startedMs = performance.now();
    const { status } = spawnSync(process.execPath, args);
    if (status !== 0) throw new Error(`node ${args.join(' ')}: exit code ${status}`);
    return performance.now() - startedMs;
  }).toSorted((a, b) => a - b);
  const at = (share: number): number => times[Math.ceil(share * RUNS) - 1] ?? Number.NaN;
  return { medianMs: at(0.5), worstMs: at(1) };
}

export const reportStartup = (measured: readonly Startup[]): string =>
  table([
    ['start-up, ms', 'packed, median', 'worst', 'checkout, median', 'worst'],
    ...measured.map(({ command, packed, checkout }) => [
      command,
      ...[packed.medianMs, packed.worstMs, checkout.medianMs, checkout.worstMs].map((ms) => ms.toFixed(0)),
    ]),
    ['at most', String(LIMIT_MS), '', String(LIMIT_MS), ''],
  ]);
