/** An announcement from a file becomes a rollout that a scenario can play, or one line with what does not fit. */
import { readAnnouncement } from '../lambdas/adapters/announcements.ts';
import { type Complaint, sayAll } from '../lambdas/core/complaints.ts';
import { isObject } from '../lambdas/core/policy-shapes.ts';
import { type BatchedRollout, grows, replaces } from '../lambdas/core/rollouts/record.ts';
import { refusals } from '../lambdas/core/rollouts/start.ts';
import type { Scenario, Step, Workload } from '../sim/scenario/format.ts';
import { settlesForMs } from '../sim/scenario/play.ts';

/** Where all workloads of this world are. */
const NAMESPACE = 'default';
const ANY_TIME_MS = Date.UTC(2026, 0, 1);

export interface Rollout {
  /** Without the steps of its story that change or announce this workload: the rollout comes in their place. Where its pods do
   *  not simply become more, with a second Deployment, `fresh`, for the new ones. */
  readonly scenario: Scenario;
  readonly leftOut: readonly Step[];
  /** What is put on the bus. */
  readonly detail: Readonly<Record<string, unknown>> & { readonly announcementId: string };
  /** What that means. */
  readonly announced: BatchedRollout;
  /** Whether the file said nothing of waves. */
  readonly wavesAssumed: boolean;
  /** Names of the Deployment that grows, and of the one that shrinks as it does. */
  readonly fresh: string;
  readonly old?: string;
  /** When the story begins and the announcement comes, in Unix time: now where the file names a time, else always the same. */
  readonly nowMs: number;
}

export function rolloutIn(
  file: unknown,
  scenario: Scenario,
  clockMs: number,
): Rollout | { readonly complaint: string } {
  const given = isObject(file) ? file : {};
  const wavesAssumed = given['waves'] === undefined;
  const waves = wavesAssumed ? { size: 'auto' } : given['waves'];
  const deadline = isObject(waves) ? waves['deadline'] : undefined;
  const nowMs = given['startsAt'] === undefined && deadline === undefined ? ANY_TIME_MS : clockMs;
  const about = { id: 'rollout', atMs: nowMs, field: 'detail' };
  const read = readAnnouncement(given === file ? { ...given, waves } : file, about);
  if (read.kind === 'ignored') return { complaint: read.why };
  if (read.waves === undefined) throw new Error('an announcement with waves was read as one without');
  const announced: BatchedRollout = { ...read, waves: read.waves };
  const complaints = [...misfits(announced, scenario), ...refused(announced, nowMs)];
  if (complaints.length > 0) return { complaint: sayAll(complaints) };
  const { name } = announced.workload;
  const { announcementId } = announced;
  return {
    ...played(announced, scenario),
    leftOut: scenario.story.filter((step) => isOf(step, name)),
    detail: { ...given, waves, announcementId },
    ...{ announced, wavesAssumed, nowMs },
  };
}

/** Virtual time 0 of its world, in Unix time. */
export const epochOf = ({ nowMs, scenario }: Rollout): number => nowMs - settlesForMs(scenario);

const isOf = (step: Step, workload: string): boolean => 'workload' in step && step.workload === workload;

/** What has to be as it is in the scenario. */
function misfits(announced: BatchedRollout, scenario: Scenario): Complaint[] {
  const { cluster, workload, replicas } = announced;
  const wrong = (field: string, expected: string, got: unknown): Complaint[] => [
    { field: `detail.${field}`, expected, got },
  ];
  const where = scenario.clusters.find(({ name }) => name === cluster);
  if (where === undefined)
    return wrong('cluster', `a cluster of ${scenario.name}: ${words(scenario.clusters)}`, cluster);
  const scalable = where.workloads.filter(({ kind }) => kind !== 'CronJob');
  const there = scalable.find(({ name }) => name === workload.name);
  if (there === undefined || there.kind === 'CronJob') {
    const expected =
      scalable.length === 0
        ? `a scenario with a Deployment or StatefulSet in ${cluster}; ${scenario.name} has none`
        : `a Deployment or StatefulSet of ${scenario.name}: ${words(scalable)}`;
    return wrong('workload.name', expected, workload.name);
  }
  if (there.kind !== workload.kind)
    return wrong('workload.kind', `${there.kind}, as ${there.name} is in ${scenario.name}`, workload.kind);
  if (workload.namespace !== NAMESPACE)
    return wrong('workload.namespace', `"${NAMESPACE}", where all of a scenario is`, workload.namespace);
  if (there.replicas !== replicas.from)
    return wrong(
      'replicas.from',
      `${there.replicas}, the pods of ${there.name} when the story of ${scenario.name} begins`,
      replicas.from,
    );
  const set = there.kind === 'StatefulSet';
  if (set && !grows(announced))
    return wrong(
      'workload.kind',
      'a Deployment: of a StatefulSet only growing is played here',
      workload.kind,
    );
  return [];
}

/** What the product would refuse to begin. */
const refused = (announced: BatchedRollout, nowMs: number): Complaint[] =>
  refusals(
    announced,
    { name: announced.cluster, mode: 'warm', ...(needsLens(announced) && { lens: true }) },
    nowMs,
  );

/** We scale through the Kubernetes API. */
export const needsLens = ({ waves, workload }: BatchedRollout): boolean =>
  waves.advance === 'scale' && workload.kind === 'Deployment';

function played(announced: BatchedRollout, scenario: Scenario): Pick<Rollout, 'scenario' | 'fresh' | 'old'> {
  const { cluster, workload } = announced;
  const { name } = workload;
  const story = scenario.story.filter((step) => !isOf(step, name));
  if (grows(announced)) return { scenario: { ...scenario, story }, fresh: name };
  const fresh = `${name}-next`;
  const beside = (one: Workload): Workload[] =>
    one.name === name && one.kind === 'Deployment' ? [one, { ...one, name: fresh, replicas: 0 }] : [one];
  const clusters = scenario.clusters.map((one) =>
    one.name === cluster ? { ...one, workloads: one.workloads.flatMap(beside) } : one,
  );
  return { scenario: { ...scenario, story, clusters }, fresh, ...(replaces(announced) && { old: name }) };
}

const words = (all: readonly { readonly name: string }[]): string =>
  all.map(({ name }) => `"${name}"`).join(', ');
