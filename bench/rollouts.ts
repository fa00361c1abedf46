/** What batched rollouts are worth and cost: the same pods all at once and in waves, a hundred waves, and the built functions of
 *  a wave on large clusters. */
import { type Audience, playAtOnce, playWaves, type WavesPlayed } from '../cli/rollout-play.ts';
import { priceOf } from '../cli/rollout-text.ts';
import { count } from '../cli/tables.ts';
import { rolloutTemplate } from '../infra/rollout-template.ts';
import { EXECUTION_HISTORY_EVENTS } from '../lambdas/core/rollouts/history.ts';
import type { Figures } from '../sim/scenario/figures.ts';
import { type Case, cases, hundred, type Way } from './rollout-cases.ts';
import { spread, table } from './text.ts';
import { measureWaveFunctions, reportWaveFunctions } from './wave-functions.ts';

const SEEDS = 1;
/** What a hundred waves may cost in state transitions, USD. */
const MOST_USD = 0.05;
/** Who holds a wave lets it go, and nobody looks. */
const AUDIENCE: Audience = { change: () => {}, tick: () => {}, letGo: async () => ({ go: true }) };

type Tell = (what: string) => void;
const QUIETLY: Tell = () => {};

export interface RolloutFigures {
  readonly title: string;
  /** Without us; absent where that is not compared. */
  readonly atOnce?: readonly Figures[];
  /** A run for each seed. */
  readonly ways: readonly { readonly name: string; readonly runs: readonly WavesPlayed[] }[];
}

/** All of it, each part said once it is measured. */
export async function benchRollouts(seeds = SEEDS, say: Tell = QUIETLY, progress: Tell = QUIETLY) {
  const all: RolloutFigures[] = [];
  for (const one of cases()) all.push(await measureCase(one, seeds, progress));
  say(`${reportRollouts(all)}\n`);
  const hundredWaves = await measureWays(hundred(), seeds, progress);
  say(`${reportHundred(hundredWaves)}\n`);
  const functions = await measureWaveFunctions(progress);
  say(reportWaveFunctions(functions));
  return { all, hundredWaves, functions };
}

export async function measureCase(one: Case, seeds: number, tell: Tell = QUIETLY): Promise<RolloutFigures> {
  const [first] = one.ways;
  const atOnce: Figures[] = [];
  for (let seed = 1; first !== undefined && seed <= seeds; seed++) {
    tell(`${one.title}, all at once, seed ${seed}`);
    atOnce.push(await playAtOnce(first.rollout, seed, false));
  }
  const { title, ways } = await measureWays(one, seeds, tell);
  return { title, atOnce, ways };
}

async function measureWays({ title, ways }: Case, seeds: number, tell: Tell): Promise<RolloutFigures> {
  const template = rolloutTemplate();
  const play = async ({ name, rollout, lens }: Way) => {
    const runs: WavesPlayed[] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      tell(`${title}, ${name}, seed ${seed}`);
      runs.push(await playWaves(rollout, seed, template, AUDIENCE, lens));
    }
    return { name, runs };
  };
  const played = [];
  for (const way of ways) played.push(await play(way));
  tell('');
  return { title, ways: played };
}

const HEAD = [
  'failed requests',
  'last address s',
  'pods released',
  'waves',
  'transitions',
  '$',
  'history events',
  'our changes in EC2',
  'our reads',
];

export function reportRollouts(all: readonly RolloutFigures[]): string {
  const seeds = seedsIn(all[0]?.atOnce?.length ?? 0);
  return [
    `Rollouts, simulated, ${seeds}: from the announcement to the last pod's address, on nodes that have stood for 12 minutes. Waves are`,
    '"auto", and nobody holds them. Our reads include those of sweeps meanwhile. $: state transitions, $0.025 per 1,000.',
    '',
    tableOf(all),
    ...all.flatMap(stopsIn),
  ].join('\n');
}

/** The rollout machine itself. */
function reportHundred(hundred: RolloutFigures): string {
  const limit = ['at most', '', '', '', '', '', MOST_USD.toFixed(4), count(EXECUTION_HISTORY_EVENTS), '', ''];
  return [
    `The machine, ${seedsIn(hundred.ways[0]?.runs.length ?? 0)}`,
    '',
    tableOf([hundred], limit),
    ...stopsIn(hundred),
  ].join('\n');
}

const seedsIn = (seeds: number): string => (seeds === 1 ? 'seed 1' : `seeds 1 to ${seeds}, least – most`);

/** One table for all, so that its columns are the same, with a title over the rows of each. */
function tableOf(all: readonly RolloutFigures[], ...more: readonly string[][]): string {
  const rowsOf = ({ atOnce, ways }: RolloutFigures): string[][] => [
    ...(atOnce === undefined ? [] : [['without us', ...failedIn(atOnce), ...HEAD.slice(2).map(() => '')]]),
    ...ways.map(({ name, runs }) => [name, ...wavesIn(runs)]),
  ];
  const rows = all.map(rowsOf);
  const [head = '', rule = '', ...lines] = table([['', ...HEAD], ...rows.flat(), ...more]).split('\n');
  const parts = all.flatMap(({ title }, at) => ['', title, ...lines.splice(0, rows[at]?.length)]);
  return [head, rule, ...parts.slice(1), ...lines].join('\n');
}

const failedIn = (runs: readonly Figures[]): string[] => [
  spread(runs.map(({ failedRequests }) => failedRequests)),
  // Where no pod came there is no last one.
  spread(runs.map(({ pods, rolloutSeconds }) => (pods === 0 ? undefined : rolloutSeconds))),
];

const wavesIn = (runs: readonly WavesPlayed[]): string[] => [
  ...failedIn(runs.map(({ figures }) => figures)),
  ...[
    (run: WavesPlayed) => run.releasedPods,
    (run: WavesPlayed) => run.waves.length,
    (run: WavesPlayed) => run.transitions,
  ].map((read) => spread(runs.map(read))),
  spread(
    runs.map(({ transitions }) => priceOf(transitions)),
    (usd) => usd.toFixed(4),
  ),
  spread(runs.map(({ historyEvents }) => historyEvents)),
  ...[false, true].map((reads) => spread(runs.map((run) => ourCalls(run, reads)))),
];

const ourCalls = ({ figures: { ours } }: WavesPlayed, reads: boolean): number =>
  Object.entries(ours?.calls ?? {}).reduce(
    (sum, [action, count]) => (action.startsWith('Describe') === reads ? sum + count : sum),
    0,
  );

/** Those that did not complete, each with its cause. */
const stopsIn = ({ title, ways }: RolloutFigures): string[] =>
  ways.flatMap(({ name, runs }) =>
    runs.flatMap(({ stop }, at) =>
      stop === undefined ? [] : ['', `Stopped: ${title}, ${name}, seed ${at + 1}: ${stop.cause}.`],
    ),
  );
