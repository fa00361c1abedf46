/** Report: what became of a rollout, told once, whatever it was. */
import { lensOf } from '../lens.ts';
import type { Ports } from '../ports.ts';
import { RolloutStopped } from './errors.ts';
import { goingOn, keep, type Next, type Phase, readRollout, tell, waveOf } from './phase.ts';
import { podsInAll, type RolloutRecord, replicasAt, type Stop } from './record.ts';

export interface ReportPhase extends Phase {
  /** How often the execution was redriven. */
  readonly redrives: number;
  /** Where the machine came from: a phase that stopped it, or Step Functions' words on one that failed. */
  readonly last: Next | { readonly Error?: string; readonly Cause?: string };
}

/** A stopped rollout ends as an error, so that its execution has failed and can be redriven: then it goes on with the wave it
 *  stood at, with as much time as at first. */
export async function reportRollout({ redrives, last, ...phase }: ReportPhase, ports: Ports): Promise<Next> {
  const record = await readRollout(phase, ports);
  const { stoppedAtRedrive = -1, state } = record;
  // One that ended without its report, by hand say, comes here only when it was redriven.
  if (state === 'stopped' && redrives > stoppedAtRedrive) return resume(record, ports);
  const said = 'go' in last ? (last as { readonly stop?: Stop }).stop : unforeseen(last, record);
  const stop = said ?? shortOf(record);
  if (stop === undefined) {
    const done = await keep({ ...record, state: 'completed' }, ports);
    await finish(done, { outcome: 'completed' }, ports);
    return { go: 'done' };
  }
  const stopped = await keep(
    { ...record, state: 'stopped', stopped: stop, stoppedAtRedrive: redrives },
    ports,
  );
  await finish(stopped, { outcome: 'stopped', ...stop }, ports);
  throw new RolloutStopped(sentence(stop));
}

export const sentence = ({ cause, remedy }: Stop): string => `The rollout was stopped: ${cause}. ${remedy}`;

async function resume(record: RolloutRecord, ports: Ports): Promise<Next> {
  const nowMs = ports.clock();
  const { startedAtMs, announced, deadlineMs, waves } = record;
  await keep(
    {
      ...goingOn(record),
      // Somebody took the trouble: it gets as long as at first, and so does its wave, with as many looks. Of those the execution's
      // history holds several times as many; one that is full cannot be redriven.
      deadlineMs: Math.max(deadlineMs, nowMs + announced.waves.deadlineMs - startedAtMs),
      rounds: 0,
      waves: waves.map((wave) =>
        wave.settledAtMs === undefined ? { ...wave, sinceMs: nowMs, resumed: (wave.resumed ?? 0) + 1 } : wave,
      ),
    },
    ports,
  );
  ports.journal.note('rollout resumed', { rolloutId: record.rolloutId });
  return { go: 'plan' };
}

/** Errors of the service's own. Whatever else a state failed with was thrown by a function, or sent by who held a wave. */
const OF_SERVICE = /^(States|Lambda|Sandbox)\./;

/** What nobody here foresaw, and a gate that was refused or not opened in time. */
function unforeseen(
  { Error: error = '', Cause: cause = '' }: { readonly Error?: string; readonly Cause?: string },
  record: RolloutRecord,
): Stop {
  if (error === 'States.Timeout')
    return {
      cause: 'nobody let its wave go before the deadline',
      remedy: 'Announce the rest with a later deadline, or redrive the execution and open the gate.',
    };
  const thrown = messageOf(cause);
  const words = [error, thrown ?? cause].filter((word) => word !== '').join(': ') || 'no reason was given';
  const remedy = 'What runs keeps running. Redrive the execution once that is mended.';
  if (thrown !== undefined || OF_SERVICE.test(error)) return { cause: words, remedy };
  return { cause: `whoever held it refused to let wave ${waveOf(record)?.wave} go: ${words}`, remedy };
}

/** Sent here with nothing said and pods left: a defect, and no success. */
const shortOf = ({ announced, releasedPods }: RolloutRecord): Stop | undefined =>
  releasedPods >= podsInAll(announced)
    ? undefined
    : {
        cause: `the machine came to its end with ${releasedPods} of ${podsInAll(announced)} pods released`,
        remedy: 'This is a defect of the prewarmer: please report it. Redrive the execution to go on.',
      };

/** What a function threw: Lambda puts that into JSON, with the error's name and its trace. */
function messageOf(cause: string): string | undefined {
  try {
    const thrown: unknown = JSON.parse(cause);
    if (typeof thrown !== 'object' || thrown === null || !('errorType' in thrown)) return undefined;
    return 'errorMessage' in thrown ? String(thrown.errorMessage) : '';
  } catch {
    return undefined;
  }
}

/** Its end, from outside: it was aborted by hand, timed out, or failed without a report. Nothing is done about it but to say
 *  where it stands. */
export async function reportEnd(
  { rolloutId, status }: { readonly rolloutId: string; readonly status: 'ABORTED' | 'TIMED_OUT' | 'FAILED' },
  ports: Ports,
): Promise<void> {
  const record = await ports.rolloutBook.find(rolloutId);
  if (record === undefined || record.state !== 'running') return;
  const stop: Stop = {
    cause: status === 'ABORTED' ? 'its execution was aborted by hand' : `its execution ended as ${status}`,
    remedy: 'What is warm stays warm and what runs keeps running. Redrive the execution to go on.',
  };
  const stopped = await keep({ ...record, state: 'stopped', stopped: stop }, ports);
  await finish(stopped, { outcome: 'stopped', ...stop }, ports);
}

async function finish(
  record: RolloutRecord,
  facts: { readonly outcome: 'completed' | 'stopped' } & Partial<Stop>,
  ports: Ports,
): Promise<void> {
  const { announced, releasedPods, waves, startedAtMs } = record;
  const stands = await standsAt(record, ports);
  const told = {
    ...facts,
    waves: waves.length,
    seconds: Math.round((ports.clock() - startedAtMs) / 1000),
    ...(stands !== undefined && { stands }),
  };
  const { outcome } = facts;
  ports.journal[outcome === 'completed' ? 'note' : 'warn']('rollout finished', {
    rolloutId: record.rolloutId,
    releasedPods,
    of: podsInAll(announced),
    ...told,
  });
  ports.journal.measure(outcome === 'completed' ? { RolloutsCompleted: 1 } : { RolloutsStopped: 1 }, {
    cluster: announced.cluster,
  });
  await tell('Rollout Finished', record, undefined, told, ports);
}

/** Where the workload stands, asked of Kubernetes where we may. */
async function standsAt(
  { announced, releasedPods }: RolloutRecord,
  ports: Ports,
): Promise<string | undefined> {
  const { cluster, workload } = announced;
  const lens = lensOf(cluster, ports);
  if (lens === undefined || workload.kind !== 'Deployment') return undefined;
  const asked = `${replicasAt(announced, releasedPods)} replicas were released`;
  const answer = await lens.deployment(cluster, workload);
  if (!answer.ok || answer.value === undefined)
    return `${asked}; Kubernetes could not be asked what there is`;
  const { replicas, readyReplicas } = answer.value;
  return `${asked}; the Deployment wants ${replicas}, ${readyReplicas} are ready`;
}
