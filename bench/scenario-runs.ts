/** Plays scenario files in all their columns, and says what came of it. */

import { seconds } from '../cli/tables.ts';
import { type AttachStep, callsOf, type FillStep } from '../lambdas/core/plan/steps.ts';
import type { Warming } from '../sim/scenario/attaches.ts';
import { columnsOf } from '../sim/scenario/columns.ts';
import type { Ours } from '../sim/scenario/figures.ts';
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
  const left = counts(runs.map((run) => run.nodesLeft));
  const warmed = [
    `${column}: nodes launched ${spread(runs.map((run) => run.launched))}, nodes warmed ${spread(ours.map((each) => each.nodesWarmed))}; ` +
      `nodes left: ${left === '' ? 'none' : left}`,
  ];
  const twoDigits = (read: (each: Ours) => number | undefined): string =>
    spread(ours.map(read), (value) => value.toFixed(2));
  const { callsPerInterface, callsPerFill } = FLOORS;
  const interfaces = `${spread(ours.map((each) => each.interfaces))} interfaces at ${twoDigits((each) => each.callsPerInterface)} changes each (floor ${callsPerInterface})`;
  const fills = `${spread(ours.map((each) => each.fills))} fills at ${twoDigits((each) => each.callsPerFill)} (floor ${callsPerFill})`;
  // What was done in no run has no figures.
  const done = [
    ...(ours.some((each) => each.interfaces > 0) ? [interfaces] : []),
    ...(ours.some((each) => each.fills > 0) ? [fills] : []),
  ];
  if (done.length === 0) return warmed;
  return [
    ...warmed,
    `${column}: ${done.join(', ')}; ${spread(ours.map((each) => each.throttled))} of our requests throttled`,
    ...(ours.some(({ warmSeconds }) => warmSeconds !== undefined) ? [lastAttach(column, ours)] : []),
  ];
}

/** How long it took, beside two floors; and whose the seconds between are. */
function lastAttach(column: string, ours: readonly Ours[]): string {
  const seconds = (read: (each: Ours) => number | undefined): string =>
    spread(ours.map(read), (value) => value.toFixed(1));
  const between = (to: keyof Warming, from: keyof Warming): string =>
    seconds((each) => difference(each[to], each[from]));
  const times = (floor: keyof Warming): string =>
    spread(
      ours.map(({ warmSeconds, [floor]: least }) =>
        warmSeconds === undefined || least === undefined ? undefined : warmSeconds / least,
      ),
      (value) => value.toFixed(2),
    );
  return (
    `${column}: last attach after ${seconds((each) => each.warmSeconds)} s, ${times('warmFloorSeconds')} times the floor, from when each ` +
    `node runs, of our share of the request bucket (${seconds((each) => each.warmFloorSeconds)} s). Above it: until EventBridge had ` +
    `told us ${between('warmFloorTold', 'warmFloorSeconds')} s, EC2's answers ${between('warmFloorAnswered', 'warmFloorTold')} s, ` +
    `our own ${between('warmSeconds', 'warmFloorAnswered')} s: ${times('warmFloorAnswered')} times a floor that has the first two in it`
  );
}

const difference = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a - b;
