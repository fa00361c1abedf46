/** Advance wave: its pods may come now. Whoever announced them is told, or their Deployment is scaled; where we can see
 *  them, they are waited for. */
import type { DeploymentSettings } from '../kubernetes.ts';
import { lensOf } from '../lens.ts';
import { IPAMD_LOOP_MS } from '../limits.ts';
import type { Ports } from '../ports.ts';
import { leaveOpen } from '../warm-rollout.ts';
import { eventOf, keepWave, type Next, type Phase, readRollout, stopFor, waitFor, waveOf } from './phase.ts';
import {
  grows,
  openDemandIdOf,
  podsInAll,
  type RolloutRecord,
  replicasAt,
  type WaveRecord,
} from './record.ts';
import { LOOK_EVERY_MS } from './room-now.ts';

/** Pods get their addresses within seconds of being scheduled. */
const PODS_AGAIN_MS = 5_000;

export async function advanceWave(phase: Phase, ports: Ports): Promise<Next> {
  const record = await readRollout(phase, ports);
  const wave = waveOf(record);
  if (wave === undefined) return { go: 'plan' };
  if (wave.readyPods === undefined) return { go: 'verify' };
  if (wave.releasedAtMs !== undefined) return arrive(record, wave, ports);
  return release(record, wave, wave.readyPods, ports);
}

async function release(record: RolloutRecord, wave: WaveRecord, pods: number, ports: Ports): Promise<Next> {
  const { clock, bus, journal } = ports;
  const { announced } = record;
  const nowMs = clock();
  const released = { ...record, releasedPods: record.releasedPods + pods };
  const going = { ...wave, releasedAtMs: nowMs, sinceMs: nowMs };
  // Told before it is written: a run that dies in between tells it again, which changes nothing for who hears it. Scaled after
  // it is written: whatever happens then, the report knows where it may stand.
  if (announced.waves.advance === 'announce') {
    await awaitNodes(record, wave, ports);
    await bus.put('Wave Advanced', eventOf(released, going, { wavePods: pods }));
  }
  const kept = await keepWave(released, going, ports);
  journal.note('wave advanced', {
    rolloutId: record.rolloutId,
    wave: wave.wave,
    pods,
    replicas: replicasAt(announced, released.releasedPods),
  });
  journal.measure({ PodsReleased: pods }, { cluster: announced.cluster });
  return arrive(kept, going, ports);
}

/** Its pods are on their way. */
async function arrive(record: RolloutRecord, wave: WaveRecord, ports: Ports): Promise<Next> {
  const { announced, releasedPods } = record;
  const { workload, cluster, waves } = announced;
  const lens = lensOf(cluster, ports);
  const seen = lens !== undefined && workload.kind === 'Deployment' && grows(announced);
  if (!seen) return settle(record, wave, ports);
  const target = replicasAt(announced, releasedPods);
  const look = await lens.deployment(cluster, workload);
  const scales = waves.advance === 'scale' && look.ok && isBelow(target, look.value);
  if (scales) await awaitNodes(record, wave, ports);
  const scaled = scales ? await lens.scale(cluster, workload, target) : undefined;
  const failure = !look.ok ? look.failure : scaled?.ok === false ? scaled.failure : undefined;
  const waitedMs = ports.clock() - wave.sinceMs;
  if (failure !== undefined) {
    if (failure.kind === 'not-allowed' && waves.advance === 'scale')
      return stopFor(
        `the Deployment may not be scaled: ${failure.message}`,
        'Grant it as docs/lens.md says and redrive the execution, or announce the rest with advance "announce".',
      );
    if (waves.advance === 'announce') return settle(record, wave, ports);
    if (waitedMs < waves.longestPauseMs)
      return waitFor(`an answer of the Kubernetes API (${failure.code})`, LOOK_EVERY_MS, record, wave, ports);
    return stopFor(
      `the Kubernetes API did not answer for ${Math.round(waitedMs / 1000)} s (${failure.code}: ${failure.message})`,
      'Redrive the execution once it does; what runs keeps running.',
    );
  }
  const settings = look.ok ? look.value : undefined;
  if (settings === undefined)
    return stopFor(
      `there is no Deployment ${workload.namespace}/${workload.name} in ${cluster}`,
      'Announce it under the name it has.',
    );
  // They have theirs: no more than one loop of ipamd's is to be waited for.
  if (settings.readyReplicas >= target) return settle(record, { ...wave, settlesMs: IPAMD_LOOP_MS }, ports);
  if (waitedMs < waves.longestPauseMs)
    return waitFor(`${target} replicas to be ready`, PODS_AGAIN_MS, record, wave, ports);
  return stopFor(
    `${settings.readyReplicas} of ${target} replicas are ready ${Math.round(waitedMs / 1000)} s after they were released`,
    `See what keeps them: kubectl -n ${workload.namespace} get pods; then redrive the execution.`,
  );
}

/** Never down: somebody else, an autoscaler say, may have wanted more. */
const isBelow = (target: number, now: DeploymentSettings | undefined): boolean =>
  now !== undefined && now.replicas < target;

/** Pods without a slot make an autoscaler launch nodes, and those have to find them announced: so before anybody makes the pods. Not
 *  sooner, because a wave may go out smaller than planned, and nodes that launch before its pods give back what nobody takes. */
const awaitNodes = (record: RolloutRecord, wave: WaveRecord, ports: Ports): Promise<void> =>
  leaveOpen(
    {
      ...record.announced,
      announcementId: openDemandIdOf(record, wave),
      startsAtMs: ports.clock(),
      overMs: 0,
    },
    wave.openPods ?? 0,
    ports,
  );

async function settle(record: RolloutRecord, wave: WaveRecord, ports: Ports): Promise<Next> {
  await keepWave(record, { ...wave, settledAtMs: ports.clock() }, ports);
  const { settlesMs: waitMs = 0 } = wave;
  return record.releasedPods >= podsInAll(record.announced) ? { go: 'plan' } : { go: 'settle', waitMs };
}
