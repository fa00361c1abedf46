/** Verify wave: how many of a wave's pods can get an address now, and whether to let them, to wait, or to stop. */
import { lensOf } from '../lens.ts';
import type { Ports } from '../ports.ts';
import type { PresentNodes } from '../present-nodes.ts';
import type { NodeRecord } from '../records.ts';
import { keepWave, type Next, type Phase, readRollout, stopFor, tell, waitFor, waveOf } from './phase.ts';
import { tooLate } from './plan-wave.ts';
import { demandIdOf, type RolloutRecord, replicasAt, type WaveRecord } from './record.ts';
import { addressableNow, countsFromMs, settlesForMs, withoutSlot } from './room-now.ts';
import { judge, type Verdict } from './verdict.ts';
import { presentFor } from './warm.ts';

export interface VerifyPhase extends Phase {
  /** Whoever holds the wave back has let it go. */
  readonly opened?: boolean;
}

export async function verifyWave({ opened = false, ...phase }: VerifyPhase, ports: Ports): Promise<Next> {
  const { clock, ledger } = ports;
  const record = await readRollout(phase, ports);
  const under = waveOf(record);
  if (under === undefined) return { go: 'plan' };
  if (under.releasedAtMs !== undefined) return { go: 'advance' };
  const wave = opened && under.readyPods !== undefined ? letGo(under, clock()) : under;
  if (clock() >= record.deadlineMs) return tooLate(record);
  if (await areThere(record, wave, ports))
    return ready(
      record,
      { ...wave, readyPods: wave.wantedPods, openPods: 0, readyAtMs: clock() },
      opened,
      ports,
    );
  const present = await presentFor(record, wave, ports);
  if ('go' in present) return present;
  const records = await ledger.nodes(present.candidates.map(({ node }) => node.id));
  const can = addressableNow(record.announced, record.releasedPods, present);
  const demandId = demandIdOf(record, wave);
  const { nowMs } = present;
  const coming = [...records.values()].filter((one) => comesFor(demandId, one, nowMs));
  const settledAtMs = countsFromMs(record, wave, present);
  const verdict = judge(record, wave, {
    can,
    ...(settledAtMs !== undefined && { countsFromMs: settledAtMs }),
    coming: coming.length,
    filled: coming.some(wasFilled),
    margin: present.policy.margin,
    nowMs,
  });
  const looked = {
    ...wave,
    freeAddresses: can.freeAddresses,
    ...(verdict.do === 'wait' && verdict.enough && { enoughSinceMs: wave.enoughSinceMs ?? nowMs }),
  };
  await sayReadiness(record, looked, verdict, present, ports);
  switch (verdict.do) {
    case 'wait':
      return waitFor(verdict.waitsFor, verdict.waitMs, record, looked, ports);
    case 'stop':
      return stopFor(verdict.stop.cause, verdict.stop.remedy);
    case 'go':
      if (nowMs < record.announced.startsAtMs)
        return waitFor(
          `its time, ${new Date(record.announced.startsAtMs).toISOString()}`,
          record.announced.startsAtMs - nowMs,
          record,
          { ...looked, sinceMs: record.announced.startsAtMs },
          ports,
        );
      return ready(
        record,
        {
          ...looked,
          readyPods: verdict.pods,
          openPods: withoutSlot(record.announced, verdict.pods, can, present),
          readyAtMs: nowMs,
          settlesMs: settlesForMs(record.announced, present),
        },
        opened,
        ports,
      );
  }
}

/** Whoever held it may have taken hours: what it waits for now, it waits for from now on. */
const letGo = (
  { readyPods: _, readyAtMs: __, enoughSinceMs: ___, ...wave }: WaveRecord,
  nowMs: number,
): WaveRecord => ({ ...wave, sinceMs: nowMs });

/** Somebody else, an autoscaler say, has made the wave's pods already: they ask for no address any more. */
async function areThere(
  { announced, releasedPods }: RolloutRecord,
  { wantedPods }: WaveRecord,
  ports: Ports,
): Promise<boolean> {
  const { cluster, workload, waves } = announced;
  const lens = waves.advance === 'scale' ? lensOf(cluster, ports) : undefined;
  const look = await lens?.deployment(cluster, workload);
  return look?.ok === true && (look.value?.replicas ?? 0) >= replicasAt(announced, releasedPods + wantedPods);
}

/** Addresses are there: who is to let it go? */
async function ready(record: RolloutRecord, wave: WaveRecord, opened: boolean, ports: Ports): Promise<Next> {
  const { gate } = record.announced.waves;
  const kept = await keepWave(record, wave, ports);
  ports.journal.note('wave ready', { rolloutId: record.rolloutId, ...wave });
  if (gate === 'event') await tell('Wave Ready', kept, wave, readyFacts(wave, gate), ports);
  if (gate === 'none' || gate === 'event' || opened) return { go: 'advance' };
  return { go: 'hold', holdSeconds: Math.max(1, Math.ceil((record.deadlineMs - ports.clock()) / 1000)) };
}

export const readyFacts = (
  { readyPods, freeAddresses }: WaveRecord,
  gate: string,
): Readonly<Record<string, unknown>> => ({ gate, readyPods, freeAddresses });

const wasFilled = ({ fills = [], outcome }: NodeRecord): boolean =>
  fills.length > 0 || outcome.state === 'filled';

/** Attached or filled for this wave, and not presumed usable. */
const comesFor = (demandId: string, { enis, times, outcome }: NodeRecord, nowMs: number): boolean =>
  (times?.usableFromMs ?? 0) > nowMs &&
  outcome.state !== 'left' &&
  (enis.some((eni) => eni.demandId === demandId) ||
    outcome.state === 'attached' ||
    outcome.state === 'filled');

async function sayReadiness(
  { announced, deadlineMs }: RolloutRecord,
  { wave, wantedPods }: WaveRecord,
  verdict: Verdict,
  { nowMs }: PresentNodes,
  { rolloutBook }: Ports,
): Promise<void> {
  const { cluster, workload, announcementId } = announced;
  await rolloutBook.say({
    ...{ cluster, namespace: workload.namespace, name: workload.name, announcementId, wave },
    pods: wantedPods,
    readyPods: verdict.pods,
    ...(verdict.do === 'go' && { readyFromMs: nowMs }),
    reasons:
      verdict.do === 'wait'
        ? [`waits for ${verdict.waitsFor}`]
        : verdict.do === 'stop'
          ? [verdict.stop.cause]
          : [],
    saidAtMs: nowMs,
    expiresAtMs: deadlineMs,
  });
}
