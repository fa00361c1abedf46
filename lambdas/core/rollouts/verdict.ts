/** Whether a wave may go, from one look at it and the one before. */
import type { Addressable } from './addressable.ts';
import type { RolloutRecord, Stop, WaveRecord } from './record.ts';
import { podsThatFit } from './room-now.ts';
import { capacityStop, permanentStop } from './trouble.ts';

/** Between two looks: a pool that grew in between may grow further. */
export const LOOK_EVERY_MS = 10_000;
/** A wave of a set size is made smaller once it has waited for so long: a minute covers the growth of the CNI's own pools. */
const SHRUNK_AFTER_MS = 60_000;

export type Verdict =
  | { readonly do: 'go'; readonly pods: number }
  /** `enough`: the addresses are there and ipamd may not have set all of them up. */
  | { readonly do: 'wait'; readonly waitsFor: string; readonly enough: boolean; readonly pods: number }
  | { readonly do: 'stop'; readonly stop: Stop; readonly pods: number };

export interface Seen {
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
