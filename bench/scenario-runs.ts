/** Plays scenario files in all their columns, and says what came of it. */

import { seconds } from '../cli/tables.ts';
import { type AttachStep, callsOf, type FillStep } from '../lambdas/core/plan/steps.ts';
import { columnsOf } from '../sim/scenario/columns.ts';
import type { Scenario } from '../sim/scenario/format.ts';
import { type Played, play } from '../sim/scenario/play.ts';
import { progress, spread, table } from './text.ts';

export interface ScenarioRuns {
  readonly name: string;
  readonly title: string;
  readonly source: string | undefined;
  readonly columns: readonly { readonly name: string; readonly runs: readonly Played[] }[];
}

export async function runScenario(scenario: Scenario, seeds: number | undefined): Promise<ScenarioRuns> {
  const { name, title, source } = scenario;
  const columns = [];
  for (const column of columnsOf(scenario)) {
    const runs: Played[] = [];
    for (let seed = 1; seed <= (seeds ?? scenario.seeds); seed++) {
      progress(`${name}, ${column.name}, seed ${seed}`);
      runs.push(await play(scenario, column, seed));
    }
    columns.push({ name: column.name, runs });
  }
  progress('');
  return { name, title, source, columns };
}

type Show = (runs: readonly Played[]) => string;
const figure =
  (read: (run: Played) => number | undefined, show?: (value: number) => string): Show =>
  (runs) =>
    spread(runs.map(read), show);

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const FIGURES: readonly (readonly [title: string, show: Show])[] = [
  ['failed requests', figure((run) => run.failedRequests)],
  ['pods refused', figure((run) => run.podsRefused)],
  ['never', figure((run) => run.withoutAddress)],
  ['worst wait s', figure((run) => run.worstWaitMs, seconds)],
  ['p99 s', figure((run) => run.p99WaitMs, seconds)],
  ['p99 to Running s', figure((run) => run.p99RunningMs, seconds)],
  ['rollout s', figure((run) => run.rolloutSeconds)],
  ['EC2 calls', figure((run) => total(run.ec2Calls))],
  ['throttled', figure((run) => run.throttled)],
  ['idle address·s', figure((run) => run.addressSecondsIdle)],
  ['late attaches', figure((run) => run.lateAttach)],
  ['gate s', figure((run) => run.gateHeldMs, seconds)],
];

/** What an interface and a fill cost at least: the calls of one step, as the plan counts them. */
const NODE = { nodeId: 'i-0', subnetId: 'subnet-0', addresses: 1, because: '' } as const;
const ATTACH: AttachStep = {
  ...NODE,
  do: 'attach',
  deviceIndex: 1,
  shape: 'full',
  groupIds: [],
  until: 'attached',
  finish: 'at once',
};
const FILL: FillStep = { ...NODE, do: 'fill', eniId: 'eni-0' };
export const FLOORS = {
  callsPerInterface: total(callsOf(ATTACH)),
  callsPerFill: total(callsOf(FILL)),
} as const;

export function reportScenario({ name, title, source, columns }: ScenarioRuns): string {
  const seeds = columns[0]?.runs.length ?? 0;
  const rows = columns.map(({ name: column, runs }) => [column, ...FIGURES.map(([, show]) => show(runs))]);
  return [
    `${name}: ${title}.`,
    `Simulated; ${seeds === 1 ? 'seed 1' : `seeds 1 to ${seeds}, least – most`}. Source: ${source ?? 'none given'}`,
    '',
    table([['', ...FIGURES.map(([column]) => column)], ...rows]),
    '',
    ...columns.map(({ name: column, runs }) => `EC2 calls, ${column}: ${byAction(runs)}`),
    ...columns.flatMap(({ name: column, runs }) => oursIn(column, runs)),
  ].join('\n');
}

const byAction = (runs: readonly Played[]): string => counts(runs.map((run) => run.ec2Calls)) || 'none';

/** `name 1 – 2, other 3` of what was counted in each run; nought where a run has none. */
function counts(all: readonly Readonly<Record<string, number>>[]): string {
  const names = [...new Set(all.flatMap((each) => Object.keys(each)))].sort();
  return names.map((name) => `${name} ${spread(all.map((each) => each[name] ?? 0))}`).join(', ');
}

/** What the prewarmer did itself, beside the floors. */
function oursIn(column: string, runs: readonly Played[]): string[] {
  const ours = runs.flatMap((run) => run.ours ?? []);
  if (ours.length === 0) return [];
  const tenth = (value: number): string => value.toFixed(1);
  const left = counts(runs.map((run) => run.nodesLeft));
  const warmed = [
    `${column}: nodes launched ${spread(runs.map((run) => run.launched))}, nodes warmed ${spread(ours.map((each) => each.nodesWarmed))}; ` +
      `nodes left: ${left === '' ? 'none' : left}`,
  ];
  if (ours.every(({ interfaces, fills }) => interfaces + fills === 0)) return warmed;
  return [
    ...warmed,
    `${column}: ${spread(ours.map((each) => each.interfaces))} interfaces at ` +
      `${spread(
        ours.map((each) => each.callsPerInterface),
        (value) => value.toFixed(2),
      )} changes each (floor ${FLOORS.callsPerInterface}), ` +
      `${spread(ours.map((each) => each.fills))} fills at ${spread(
        ours.map((each) => each.callsPerFill),
        (value) => value.toFixed(2),
      )} (floor ${FLOORS.callsPerFill}); ` +
      `last attach after ${spread(
        ours.map((each) => each.warmSeconds),
        tenth,
      )} s ` +
      `(floor, from when each node runs, of our share of the request bucket: ${spread(
        ours.map((each) => each.warmFloorSeconds),
        tenth,
      )} s; ${spread(
        ours.map(({ warmSeconds, warmFloorSeconds }) =>
          warmSeconds === undefined || warmFloorSeconds === undefined
            ? undefined
            : warmSeconds / warmFloorSeconds,
        ),
        (value) => value.toFixed(2),
      )} times that); ${spread(ours.map((each) => each.throttled))} of our requests throttled`,
  ];
}
