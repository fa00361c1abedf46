/** What the demo says to a person: one table, and what it shows in plain words. */

import type { RollingUpdateRun, Run } from '../sim/scenarios/reported-case.ts';
import { quantileOf } from '../sim/scenarios/statistics.ts';
import { seconds } from './tables.ts';

export type ScaleOutName = 'cni-warm-eni-1' | 'cni-warm-eni-2' | 'prewarmer' | 'prewarmer-late-events';
export type Results = {
  readonly seeds: readonly number[];
  readonly scaleOut: Readonly<Record<ScaleOutName, readonly Run[]>>;
  readonly rollingUpdate: Readonly<Record<'unpaced' | 'paced', readonly RollingUpdateRun[]>>;
};

interface Column {
  readonly title: string;
  readonly of: (runs: readonly Run[]) => string;
}

/** Smallest to largest over the seeds, or the one value they all have. */
const range = (values: readonly number[], show: (value: number) => string = String): string => {
  const [low, high] = [Math.min(...values), Math.max(...values)].map(show);
  return low === high ? `${low}` : `${low} – ${high}`;
};
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0);

const COLUMNS: readonly Column[] = [
  { title: 'failed requests', of: (runs) => range(runs.map((run) => run.failedRequests)) },
  {
    title: 'worst wait s',
    of: (runs) =>
      range(
        runs.map((run) => run.worstWaitMs),
        seconds,
      ),
  },
  {
    title: 'p99 wait s',
    of: (runs) =>
      range(
        runs.map((run) => run.p99WaitMs),
        seconds,
      ),
  },
  { title: 'EC2 calls', of: (runs) => range(runs.map((run) => sum(run.ec2Calls))) },
  { title: 'throttled', of: (runs) => range(runs.map((run) => run.throttled)) },
  { title: 'idle address·s', of: (runs) => range(runs.map((run) => run.addressSecondsIdle)) },
  { title: 'late attaches', of: (runs) => range(runs.map((run) => run.lateAttach)) },
  { title: 'nodes left', of: (runs) => range(runs.map((run) => run.nodesLeft)) },
  { title: 'rollout s', of: (runs) => range(runs.map((run) => run.rolloutSeconds)) },
];

export function table(results: Results): string {
  const { seeds } = results;
  const which =
    seeds.length === 1 ? `Seed ${seeds[0]}` : `Seeds ${seeds[0]} to ${seeds.at(-1)}, least – most`;
  const parts = [
    ['1 scale-out', results.scaleOut],
    ['2 rolling update', results.rollingUpdate],
  ] as const;
  const figures = parts.flatMap(([title, runs]) => [
    [title],
    ...Object.entries(runs).map(([name, all]) => [`  ${name}`, ...COLUMNS.map(({ of }) => of(all))]),
  ]);
  return [
    `Simulated. ${which}.`,
    '',
    ...aligned([['', ...COLUMNS.map(({ title }) => title)], ...figures]),
    '',
    ...aligned(callsByAction({ ...results.scaleOut, ...results.rollingUpdate })),
  ].join('\n');
}

/** Attempts of everybody in the account, ipamd's own included. */
function callsByAction(runs: Readonly<Record<string, readonly Run[]>>): string[][] {
  const actions = new Set(
    Object.values(runs).flatMap((all) => all.flatMap(({ ec2Calls }) => Object.keys(ec2Calls))),
  );
  return [
    ['EC2 calls, everybody’s', ...Object.keys(runs)],
    ...[...actions]
      .sort()
      .map((action) => [
        `  ${action}`,
        ...Object.values(runs).map((all) => range(all.map(({ ec2Calls }) => ec2Calls[action] ?? 0))),
      ]),
  ];
}

/** Columns as wide as their widest cell, the first one to the left; a rule under the head. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(head), '-'.repeat(line(head).length), ...body.map(line)];
}

/** The claims of the demo, judged on the runs that were made. */
export function explain({ seeds, scaleOut, rollingUpdate }: Results): {
  readonly claims: boolean;
  readonly text: string;
} {
  const failing = (runs: readonly Run[]): Run[] => runs.filter(({ failedRequests }) => failedRequests > 0);
  const alone = scaleOut['cni-warm-eni-1'];
  const ours = scaleOut['prewarmer'];
  const late = scaleOut['prewarmer-late-events'];
  const reached = ours.filter(({ nodesLeft }) => nodesLeft === 0);
  const equal = late.filter((run, index) => run.failedRequests === alone[index]?.failedRequests);
  const { paced, unpaced } = rollingUpdate;
  const longer = paced.map((run, index) => run.rolloutSeconds - (unpaced[index]?.rolloutSeconds ?? 0));
  const untouched = [...paced, ...unpaced].every(({ mutatingCalls }) => mutatingCalls === 0);
  const reasons = new Set(paced.flatMap((run) => run.reasons));
  const claims =
    failing(alone).length === seeds.length &&
    failing(reached).length === 0 &&
    equal.length === seeds.length &&
    failing(unpaced).length === seeds.length &&
    failing(paced).length === 0 &&
    untouched;

  const of = `of ${seeds.length} seed${seeds.length === 1 ? '' : 's'}`;
  const middle = quantileOf(longer, 0.5);
  const [pacing] = paced.flatMap((run) => run.pacing ?? []);
  const text = [
    `Part 1: with the CNI alone (WARM_ENI_TARGET=1) requests failed in ${failing(alone).length} ${of}; with the prewarmer in`,
    `${failing(ours).length} (in ${failing(reached).length} of the ${reached.length} in which no node had to be left). When all events came 60 s late it left`,
    `the nodes alone, and as many requests failed as without it in ${equal.length} ${of}.`,
    `Part 2: on full nodes the plan said "${[...reasons].join(', ')}" and ${untouched ? 'changed nothing in EC2' : 'CHANGED SOMETHING IN EC2'}; unpaced, requests failed in`,
    `${failing(unpaced).length} ${of}; paced as the plan says${pacing === undefined ? '' : ` (${pacing.podsPerWave} pods every ${pacing.everyMs / 1000} s)`}, in ${failing(paced).length}. That took ${middle} s longer: pacing`,
    'cured it, prewarming changed nothing.',
    claims
      ? 'In short, simulated: warming nodes before they start cured the scale-out, pacing cured the rolling update.'
      : 'In short, simulated: NOT SHOWN on these seeds, see the figures above.',
  ];
  return { claims, text: text.join('\n') };
}
