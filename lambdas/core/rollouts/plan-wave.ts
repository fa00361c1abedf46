/** Plan rollout: which wave is next, and for how many pods at most. */
import type { Ports } from '../ports.ts';
import { MOST_WAVES } from './history.ts';
import { keep, type Next, type Phase, readRollout, stopFor, waveOf } from './phase.ts';
import { podsInAll, type RolloutRecord, replicasAt, waveSize } from './record.ts';

/** Asked twice for the same wave, because a run died or an execution was resumed, it goes on where that wave stands. */
export async function planWave(phase: Phase, ports: Ports): Promise<Next> {
  const { clock, journal } = ports;
  const record = await readRollout(phase, ports);
  const { announced, waves, releasedPods, deadlineMs } = record;
  const under = waveOf(record);
  if (under !== undefined) return { go: under.releasedAtMs === undefined ? 'warm' : 'advance' };
  const leftPods = podsInAll(announced) - releasedPods;
  if (leftPods <= 0) return { go: 'report' };
  const nowMs = clock();
  if (nowMs >= deadlineMs) return tooLate(record);
  if (waves.length >= MOST_WAVES)
    return stopFor(
      `${MOST_WAVES} waves went out and ${leftPods} pods are left`,
      `Announce the rest, from ${replicasAt(announced, releasedPods)} replicas on, with larger waves or more free addresses.`,
    );
  const wave = waves.length + 1;
  const wantedPods = Math.min(leftPods, waveSize(announced) ?? leftPods);
  await keep({ ...record, state: 'running', waves: [...waves, { wave, wantedPods, sinceMs: nowMs }] }, ports);
  journal.note('wave planned', { rolloutId: record.rolloutId, wave, wantedPods, leftPods });
  return { go: 'warm' };
}

export function tooLate(record: RolloutRecord): Next {
  const { deadlineMs, announced, releasedPods } = record;
  const { wave, waitsFor } = waveOf(record) ?? {};
  const waited = waitsFor === undefined ? '' : `; wave ${wave} waited for ${waitsFor}`;
  return stopFor(
    `its deadline, ${new Date(deadlineMs).toISOString()}, passed with ${releasedPods} of ${podsInAll(announced)} pods released${waited}`,
    'Announce the rest with a later deadline, or redrive the execution: it then gets as long as at first.',
  );
}
