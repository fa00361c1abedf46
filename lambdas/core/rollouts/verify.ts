/** Verify wave: how many of a wave's pods can get an address now, and whether to let them, to wait, or to stop. */
import { lensOf } from '../lens.ts';
import type { NodeRecord, Ports } from '../ports.ts';
import { type PresentNodes, seePresent } from '../present-nodes.ts';
import type { Addressable } from './addressable.ts';
import { keepWave, type Next, type Phase, readRollout, stopFor, tell, waitFor, waveOf } from './phase.ts';
import { tooLate } from './plan-wave.ts';
import { type RolloutRecord, replicasAt, type Stop, type WaveRecord } from './record.ts';
import { addressableNow, podsThatFit, settlesForMs } from './room-now.ts';
import { capacityStop, permanentStop } from './trouble.ts';
import { isUnseen, lookLater, waveSignal } from './warm.ts';

/** Between two looks: a pool that grew in between may grow further. */
export const LOOK_EVERY_MS = 10_000;
/** A wave of a set size is made smaller once it has waited for so long: a minute covers the growth of the CNI's own pools. */
const SHRUNK_AFTER_MS = 60_000;

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
    return ready(record, { ...wave, readyPods: wave.wantedPods, readyAtMs: clock() }, opened, ports);
  const present = await seePresent(record.announced, ports);
  if (isUnseen(present)) return lookLater(present, record, wave, ports);
  const records = await ledger.nodes(present.candidates.map(({ node }) => node.id));
  const can = addressableNow(record.announced, record.releasedPods, present);
  const purpose = waveSignal(record, wave, present).announcementId;
  const { nowMs } = present;
  const coming = [...records.values()].filter((one) => comesFor(purpose, one, nowMs));
  const verdict = judge(record, wave, {
    can,
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
      return waitFor(verdict.waitsFor, LOOK_EVERY_MS, record, looked, ports);
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

type Verdict =
  | { readonly do: 'go'; readonly pods: number }
  /** `enough`: the addresses are there and ipamd may not have set all of them up. */
  | { readonly do: 'wait'; readonly waitsFor: string; readonly enough: boolean; readonly pods: number }
  | { readonly do: 'stop'; readonly stop: Stop; readonly pods: number };

interface Seen {
  readonly can: Addressable;
  /** Nodes on which something of ours is not presumed usable yet. */
  readonly coming: number;
  /** Some of it is addresses on ENIs that were there: EC2 shows them at once, and nothing shows when ipamd does. */
  readonly filled: boolean;
  readonly margin: number;
  readonly nowMs: number;
}

export function judge(
  record: RolloutRecord,
  wave: WaveRecord,
  { can, coming, filled, margin, nowMs }: Seen,
): Verdict {
  const { size, smallestPods, longestPauseMs } = record.announced.waves;
  const { wantedPods, sinceMs, freeAddresses = -1, enoughSinceMs } = wave;
  const pods = Math.min(wantedPods, podsThatFit(can, margin));
  const waitedMs = nowMs - sinceMs;
  const wait = (waitsFor: string, enough = false): Verdict => ({ do: 'wait', waitsFor, enough, pods });
  if (pods >= wantedPods) {
    const seenTwice = !filled && nowMs - (enoughSinceMs ?? nowMs) >= LOOK_EVERY_MS;
    const settled = coming === 0 || seenTwice;
    return settled ? { do: 'go', pods } : wait('addresses that were just attached to be set up', true);
  }
  if (waitedMs < longestPauseMs) {
    if (coming > 0) return wait(`${coming} nodes to take in what was attached to them`);
    // The CNI's own pools are still growing.
    if (can.freeAddresses > freeAddresses) return wait('the pools of the nodes to grow');
  }
  const permanent = permanentStop(record, wave);
  if (permanent !== undefined) return { do: 'stop', stop: permanent, pods };
  if (pods >= smallestPods && (size === 'auto' || waitedMs >= Math.min(SHRUNK_AFTER_MS, longestPauseMs)))
    return { do: 'go', pods };
  if (waitedMs < longestPauseMs) return wait(`addresses for ${wantedPods} pods, ${pods} have one`);
  return { do: 'stop', stop: capacityStop(record, wave, pods, waitedMs), pods };
}

const wasFilled = ({ fills = [], outcome }: NodeRecord): boolean =>
  fills.length > 0 || outcome.state === 'filled';

/** Attached or filled for this wave, and not presumed usable. */
const comesFor = (purpose: string, { enis, times, outcome }: NodeRecord, nowMs: number): boolean =>
  (times?.usableFromMs ?? 0) > nowMs &&
  outcome.state !== 'left' &&
  (enis.some(({ demandId }) => demandId === purpose) ||
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
