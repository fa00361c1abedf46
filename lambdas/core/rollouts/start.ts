/** An announcement that is to go out in waves starts one execution of the state machine, however often it is announced. */
import { settingOf } from '../acting.ts';
import { type Complaint, sayAll } from '../complaints.ts';
import { asDeployed } from '../lens.ts';
import type { ClusterSetting, Ports } from '../ports.ts';
import type { Ignored } from '../signals.ts';
import { MOST_WAVES } from './history.ts';
import { tell } from './phase.ts';
import {
  type BatchedRollout,
  grows,
  podsInAll,
  type RolloutRecord,
  rolloutIdOf,
  waveSize,
} from './record.ts';

/** A rollout is kept for so long after its deadline, for those who ask what became of it, or resume it. */
const KEPT_AFTER_DEADLINE_MS = 14 * 86_400_000;

export interface RolloutStarted {
  readonly rolloutId: string;
  readonly cluster: string;
  readonly pods: number;
  readonly done: 'started' | 'started before' | 'nothing: it was only asked';
}

export async function startRollout(
  announced: BatchedRollout,
  ports: Ports,
  want: 'plan' | 'do' = 'do',
): Promise<RolloutStarted | Ignored> {
  const { clock, rolloutBook, rolloutMachine, journal } = ports;
  const nowMs = clock();
  const setting = settingOf(announced.cluster, ports);
  const rolloutId = rolloutIdOf(announced);
  // What cannot be begun now may well have been, when it was announced first.
  const known = await rolloutBook.find(rolloutId);
  const complaints = known === undefined ? refusals(announced, setting, nowMs) : [];
  if (complaints.length > 0) {
    const why = sayAll(complaints);
    if (want === 'do') {
      const refused = { outcome: 'refused', cause: why };
      await tell('Rollout Finished', freshRecord(announced, nowMs), undefined, refused, ports);
    }
    return { kind: 'ignored', as: setting === undefined ? 'not ours' : 'refused', why };
  }
  const about = { rolloutId, cluster: announced.cluster, pods: podsInAll(announced) };
  if (want === 'plan') return { ...about, done: 'nothing: it was only asked' };
  // First the record: the machine begins by reading it. Whoever dies in between is followed by the message's next delivery.
  if (known === undefined) {
    const deployed = { ...(await asDeployed(announced, ports)), waves: announced.waves };
    await rolloutBook.keep(freshRecord(deployed, nowMs));
  }
  const started = await rolloutMachine.start(rolloutId);
  journal.note('rollout', { ...about, started });
  return { ...about, done: started === 'started' && known === undefined ? 'started' : 'started before' };
}

function freshRecord(announced: BatchedRollout, nowMs: number): RolloutRecord {
  const { deadlineMs } = announced.waves;
  return {
    rolloutId: rolloutIdOf(announced),
    announced,
    startedAtMs: nowMs,
    deadlineMs,
    releasedPods: 0,
    waves: [],
    rounds: 0,
    state: 'running',
    version: 0,
    expiresAtMs: Math.max(nowMs, deadlineMs) + KEPT_AFTER_DEADLINE_MS,
  };
}

/** What keeps a rollout from being begun: all of it, before anything has been. */
export function refusals(
  announced: BatchedRollout,
  setting: ClusterSetting | undefined,
  nowMs: number,
): Complaint[] {
  const { cluster, replicas, strategy, waves, workload } = announced;
  const inAll = podsInAll(announced);
  const complaints: Complaint[] = [];
  const wrong = (field: string, expected: string, got: unknown): void => {
    complaints.push({ field: `detail.${field}`, expected, got });
  };
  if (setting === undefined) wrong('cluster', 'a cluster that is deployed here', cluster);
  else if (setting.mode !== 'warm')
    wrong('cluster', 'a cluster in mode warm: one that is only observed sends no waves', cluster);
  if (replicas.to < replicas.from && strategy.type !== 'blue-green')
    wrong('replicas', 'as many pods as before, or more: fewer need no waves', replicas);
  else if (inAll === 0) wrong('replicas', 'at least one pod', replicas);
  if (strategy.type === 'job' || strategy.type === 'recreate')
    wrong('strategy.type', 'RollingUpdate, BlueGreen or StatefulSet: others cannot be paced', strategy.type);
  if (announced.hostNetwork === true)
    wrong('hostNetwork', 'false: pods on the host’s network need no waves', true);
  if (waves.deadlineMs <= nowMs)
    wrong('waves.deadline', 'a time to come', new Date(waves.deadlineMs).toISOString());
  else if (waves.deadlineMs <= announced.startsAtMs)
    wrong(
      'waves.deadline',
      `a time after its start, ${new Date(announced.startsAtMs).toISOString()}`,
      new Date(waves.deadlineMs).toISOString(),
    );
  const size = waveSize(announced);
  if (size !== undefined && inAll > 0) {
    if (size > inAll) wrong('waves.size', `at most ${inAll}, the pods of the rollout`, waves.size);
    else if (Math.ceil(inAll / size) > MOST_WAVES)
      wrong(
        'waves.size',
        `at most ${MOST_WAVES} waves: ${Math.ceil(inAll / MOST_WAVES)} pods or more`,
        waves.size,
      );
  }
  if (waves.smallestPods > inAll && inAll > 0)
    wrong('waves.smallest', `at most ${inAll}, the pods of the rollout`, waves.smallestPods);
  if (waves.advance === 'scale') {
    if (setting?.lens !== true)
      wrong('waves.advance', '"announce", or the lens for this cluster: we would scale through it', 'scale');
    if (workload.kind !== 'Deployment')
      wrong('waves.advance', '"announce": we scale Deployments only', workload.kind);
    if (!grows(announced))
      wrong('waves.advance', '"announce" where pods are replaced: scaling replaces none', 'scale');
  }
  return complaints;
}
