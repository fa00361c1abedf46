/** Scenarios that files cannot tell: the paced half of S1, the retention matrix S7, the deaths of S8. */

import { seconds } from '../cli/tables.ts';
import { bound, readCniSettings } from '../lambdas/core/cni.ts';
import { DEFAULT_POLICY } from '../lambdas/core/policy.ts';
import { type Killed, launchWithKill } from '../sim/scenarios/kills.ts';
import { type RollingUpdateRun, rollingUpdate } from '../sim/scenarios/reported-case.ts';
import {
  RETENTION_MODES,
  RETENTION_PODS,
  RETENTION_SHAPES,
  RETENTION_TYPES,
  type Retained,
  type RetentionMode,
  retention,
} from '../sim/scenarios/retention.ts';
import { progress, spread, table } from './text.ts';

/** One told scenario: its figures as data, and as text. */
export interface Told {
  readonly name: string;
  readonly data: unknown;
  readonly text: string;
}

const seedsUpTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Part two of the reported case, unpaced and as the plan paces it. */
export async function rollingUpdates(seeds = 5): Promise<Told> {
  const data: { unpaced: RollingUpdateRun[]; paced: RollingUpdateRun[] } = { unpaced: [], paced: [] };
  for (const seed of seedsUpTo(seeds)) {
    progress(`S1, part 2, seed ${seed}`);
    data.unpaced.push(await rollingUpdate(seed, false));
    data.paced.push(await rollingUpdate(seed, true));
  }
  progress('');
  const rows = Object.entries(data).map(([name, runs]) => [
    name,
    spread(runs.map((each) => each.failedRequests)),
    spread(
      runs.map((each) => each.worstWaitMs),
      seconds,
    ),
    spread(runs.map((each) => each.rolloutSeconds)),
    spread(runs.map((each) => each.mutatingCalls)),
  ]);
  const head = ['', 'failed requests', 'worst wait s', 'rollout s', 'our changes in EC2'];
  const text = `S1, part 2: 100 pods are replaced on nodes whose interfaces are all full: only pacing helps.\n\n${table([head, ...rows])}`;
  return { name: 'S1', data, text };
}

/** What ipamd keeps, beside the bound that plans are made by. */
export async function retentionMatrix(): Promise<Told> {
  const data: Retained[] = [];
  const rows: string[][] = [];
  for (const mode of Object.keys(RETENTION_MODES) as RetentionMode[])
    for (const pods of RETENTION_PODS) {
      progress(`S7, ${mode}, ${pods} pods`);
      const cells: string[] = [];
      let before = 0;
      for (const shape of RETENTION_SHAPES) {
        const kept = await retention(1, mode, pods, shape);
        data.push(kept);
        before = kept.before;
        cells.push(kept.attached === 0 ? 'no slot' : `${kept.after} (${kept.kept} of ${kept.attached})`);
      }
      rows.push([`${mode}, ${pods} pods`, String(before), boundOf(mode, pods), ...cells]);
    }
  progress('');
  const head = ['m5.large', 'before', 'bound', ...RETENTION_SHAPES.map((shape) => `+${shape.join('+')}`)];
  const text = [
    'S7: what ipamd keeps of interfaces attached from outside to a quiet node: addresses after five minutes, and how many of',
    'ours are still attached. Columns: addresses (in the P modes: /28 blocks) on each interface. `bound` is what plans count on.',
    '',
    table([head, ...rows]),
  ].join('\n');
  return { name: 'S7', data, text };
}

function boundOf(mode: RetentionMode, pods: number): string {
  const env = RETENTION_MODES[mode];
  const read = readCniSettings({ version: '', configurationValues: JSON.stringify({ env }) }, DEFAULT_POLICY);
  const most = 'settings' in read ? bound(read.settings.mode, pods, RETENTION_TYPES['m5.large'].perEni) : 0;
  return Number.isFinite(most) ? String(most) : 'all';
}

/** One run for each call that changes something, and in each the functions die after another one. */
export async function deaths(seeds = 1): Promise<Told> {
  const data: { seed: number; alone: Killed; unharmed: Killed; killed: Killed[] }[] = [];
  for (const seed of seedsUpTo(seeds)) {
    const alone = await launchWithKill(seed, { prewarmer: false, killAfter: 0 });
    const unharmed = await launchWithKill(seed, { prewarmer: true, killAfter: 0 });
    const killed: Killed[] = [];
    for (let killAfter = 1; killAfter <= unharmed.changes; killAfter++) {
      progress(`S8, seed ${seed}, dead after call ${killAfter}`);
      killed.push(await launchWithKill(seed, { prewarmer: true, killAfter }));
    }
    data.push({ seed, alone, unharmed, killed });
  }
  progress('');
  const row = (name: string, runs: readonly Killed[]): string[] => [
    name,
    ...[
      (run: Killed) => run.failedRequests,
      (run: Killed) => run.withoutAddress,
      (run: Killed) => run.changes,
      (run: Killed) => run.lateAttach,
      (run: Killed) => run.orphans,
      (run: Killed) => run.outliving,
      (run: Killed) => run.tooMany,
    ].map((read) => spread(runs.map(read))),
  ];
  const head = [
    '',
    'failed requests',
    'never',
    'our changes',
    'late attaches',
    'orphans',
    'outliving their node',
    'too many',
  ];
  const dead = data.flatMap(({ killed }) => killed);
  const text = [
    `S8: our functions die after each of their calls in turn (${dead.length} runs), events come twice and in any order, three nodes launch.`,
    '',
    table([
      head,
      row(
        'without us',
        data.map(({ alone }) => alone),
      ),
      row(
        'nobody dies',
        data.map(({ unharmed }) => unharmed),
      ),
      row('dead once', dead),
    ]),
  ].join('\n');
  return { name: 'S8', data, text };
}
