/** A rollout as a person reads it: what it is, how it goes, what came of it. */
import { podsInAll, type WaveRecord } from '../lambdas/core/rollouts/record.ts';
import type { Figures } from '../sim/scenario/figures.ts';
import type { Step } from '../sim/scenario/format.ts';
import type { Rollout } from './rollout-input.ts';
import type { Frame, WavesPlayed } from './rollout-play.ts';
import type { WaveSeen } from './rollout-watch.ts';
import { aligned, count, seconds } from './tables.ts';

/** Standard workflows, eu-central-1, after the free tier. Source: AWS Step Functions pricing. */
const USD_PER_MILLION_TRANSITIONS = 25;
const BAR_WIDTH = 30;

export const priceOf = (transitions: number): number =>
  (transitions * USD_PER_MILLION_TRANSITIONS) / 1_000_000;

/** What is about to be played, and what was made of the input. */
export function introduction(
  { announced, scenario, leftOut, wavesAssumed, old }: Rollout,
  seed: number,
): string {
  const { cluster, workload, replicas, waves } = announced;
  const { kind, namespace, name } = workload;
  const { size, gate, advance } = waves;
  const how = old === undefined ? '' : ', in place of the old ones';
  const who =
    advance === 'scale'
      ? 'The prewarmer scales it, with the lens.'
      : `A deploy tool follows "Wave Advanced"${old === undefined ? '' : ' with two Deployments, as a canary does'}.`;
  return [
    `Simulated: ${scenario.name}, seed ${seed}. ${count(podsInAll(announced))} pods of ${kind} ${namespace}/${name} in ${cluster}, ` +
      `${count(replicas.from)} → ${count(replicas.to)} replicas${how}, in waves of size ${size}, gate ${gate}. ${who}`,
    ...(wavesAssumed ? ['The announcement says nothing of waves: {"size":"auto"} is assumed.'] : []),
    ...(leftOut.length > 0
      ? [
          `Left out of the story, because the rollout comes in their place: ${leftOut.map(stepIn).join(', ')}.`,
        ]
      : []),
  ].join('\n');
}

const stepIn = (step: Step): string => `${step.do} at ${step.atSeconds} s`;

/** One line for each change, in a pipe. */
export const changeLine = (what: string, atMs: number, failedRequests: number): string =>
  `${seconds(atMs).padStart(8)} s  ${count(failedRequests).padStart(6)} failed  ${what}`;

/** What is redrawn on a terminal. */
export function frameLines({ atMs, watch, failedRequests }: Frame): string[] {
  const { record } = watch;
  if (record === undefined) return [`virtual time ${seconds(atMs)} s   the announcement is on its way`];
  const wave = record.waves.at(-1);
  const pods = podsInAll(record.announced);
  const filled = Math.round((BAR_WIDTH * record.releasedPods) / pods);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
  return [
    `wave ${wave?.wave ?? 0}  ${bar}  ${count(record.releasedPods)} of ${count(pods)} pods released`,
    `free addresses ${wave?.freeAddresses === undefined ? 'not known yet' : count(wave.freeAddresses)}   ` +
      `failed requests ${count(failedRequests)}   virtual time ${seconds(atMs)} s`,
    waitingLine(record.state, wave),
  ];
}

function waitingLine(state: string, wave: WaveRecord | undefined): string {
  if (state !== 'running') return state;
  if (wave === undefined) return 'plans';
  if (wave.settledAtMs !== undefined) return 'lets the pools settle';
  if (wave.releasedAtMs !== undefined) return 'its pods may come';
  if (wave.readyAtMs !== undefined) return 'its addresses are ready';
  return wave.waitsFor === undefined ? 'warms' : `waits for ${wave.waitsFor}`;
}

/** Ways to play the same pods, with the figures of each. */
export type Compared = readonly (readonly [way: string, figures: Figures])[];

/** What the ways without waves are called. */
export function atOnce({ announced, old }: Rollout): string {
  if (old !== undefined) return 'rolling update';
  return announced.overMs === 0 ? 'all at once' : `over ${announced.overMs / 1000} s`;
}

export function report({ announced }: Rollout, played: WavesPlayed, compared: Compared): string {
  const { outcome, stop, releasedPods, waves, transitions } = played;
  const all = count(podsInAll(announced));
  const calls = ({ ec2Calls }: Figures): number => Object.values(ec2Calls).reduce((sum, one) => sum + one, 0);
  return [
    ...aligned(
      [
        ['wave', 'pods wanted', 'ready', 'waited s', 'released at s', 'waited for'],
        ...waves.flatMap(waveRows),
      ],
      'words',
    ),
    '',
    ...aligned([
      ['', 'failed requests', 'pods refused', 'no address', 'last address s', 'EC2 calls', 'throttled'],
      ...compared.map(([way, figures]) => [
        way,
        ...[figures.failedRequests, figures.podsRefused, figures.withoutAddress].map(count),
        figures.rolloutSeconds === undefined ? '–' : count(figures.rolloutSeconds),
        ...[calls(figures), figures.throttled].map(count),
      ]),
    ]),
    '',
    `${count(releasedPods)} of ${all} pods released in ${waves.length === 1 ? '1 wave' : `${waves.length} waves`} and ${played.seconds.toFixed(1)} virtual seconds; ` +
      `${count(transitions)} state transitions, $${priceOf(transitions).toFixed(4)} at $${priceOf(1_000)} per 1,000.`,
    ...(stop === undefined
      ? []
      : [
          `Stopped: ${stop.cause}.`,
          `Remedy: ${stop.remedy}`,
          'Not compared with all pods at once: they did not all come.',
        ]),
    ...(outcome === 'completed' ? ['Completed.'] : []),
  ].join('\n');
}

/** What it waited for stands line by line, so that the table stays as narrow as a terminal. */
const waveRows = ({
  wave,
  wantedPods,
  readyPods,
  plannedAtMs,
  readyAtMs,
  releasedAtMs,
  waitedFor,
}: WaveSeen): string[][] => {
  const [first = 'nothing', ...more] = waitedFor;
  return [
    [
      String(wave),
      count(wantedPods),
      readyPods === undefined ? '–' : count(readyPods),
      readyAtMs === undefined ? '–' : seconds(readyAtMs - plannedAtMs),
      releasedAtMs === undefined ? '–' : seconds(releasedAtMs),
      first,
    ],
    ...more.map((reason) => ['', '', '', '', '', reason]),
  ];
};

/** The same as one JSON document. Times in virtual seconds since the announcement. */
export function document(rollout: Rollout, seed: number, played: WavesPlayed, compared: Compared): unknown {
  const { scenario, detail, wavesAssumed, leftOut } = rollout;
  const { outcome, stop, releasedPods, waves, transitions } = played;
  const inSeconds = (ms: number | undefined): number | null => (ms === undefined ? null : ms / 1000);
  return {
    simulated: true,
    ...{ scenario: scenario.name, seed, announcement: detail, wavesAssumed, leftOut },
    outcome,
    ...(stop !== undefined && { stop }),
    pods: { released: releasedPods, of: podsInAll(rollout.announced) },
    waves: waves.map(({ wave, wantedPods, readyPods, plannedAtMs, readyAtMs, releasedAtMs, waitedFor }) => ({
      ...{ wave, wantedPods, readyPods: readyPods ?? null },
      plannedAtSeconds: inSeconds(plannedAtMs),
      waitedSeconds: inSeconds(readyAtMs === undefined ? undefined : readyAtMs - plannedAtMs),
      releasedAtSeconds: inSeconds(releasedAtMs),
      waitedFor,
    })),
    seconds: played.seconds,
    transitions,
    usd: priceOf(transitions),
    ways: compared.map(([way, figures]) => ({ way, ...figures })),
  };
}
