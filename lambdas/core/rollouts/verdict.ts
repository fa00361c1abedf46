/** Whether a wave may go, from one look at it and the one before. */
import { ASSIGN_CALL_MS, IPAMD_LOOP_MS } from '../limits.ts';
import type { Addressable } from './addressable.ts';
import type { RolloutRecord, Stop, WaveRecord } from './record.ts';
import { LOOK_EVERY_MS, podsThatFit } from './room-now.ts';
import { capacityStop, permanentStop } from './trouble.ts';

/** A wave of a set size is made smaller once it has waited for so long: a minute covers the growth of the CNI's own pools. */
const SHRUNK_AFTER_MS = 60_000;
/** A node that is about to grow has by then, or asked EC2 for an ENI. */
const GROWS_WITHIN_MS = IPAMD_LOOP_MS + ASSIGN_CALL_MS;
const GROWTH = 'the pools of the nodes to grow';

export type Verdict =
  | { readonly do: 'go'; readonly pods: number }
  /** `enough`: the addresses are there and ipamd may not have set all of them up. */
  | {
      readonly do: 'wait';
      readonly waitsFor: string;
      readonly waitMs: number;
      readonly enough: boolean;
      readonly pods: number;
    }
  | { readonly do: 'stop'; readonly stop: Stop; readonly pods: number };

export interface Seen {
  readonly can: Addressable;
  /** Nodes on which something of ours is not presumed usable yet. */
  readonly coming: number;
  /** Some of it is addresses on ENIs that were there: EC2 shows them at once, and nothing shows when ipamd does. */
  readonly filled: boolean;
  /** When ENIs that the nodes' own growth brought count too. */
  readonly countsFromMs?: number;
  readonly margin: number;
  readonly nowMs: number;
}

export function judge(
  record: RolloutRecord,
  wave: WaveRecord,
  { can, coming, filled, countsFromMs, margin, nowMs }: Seen,
): Verdict {
  const { size, smallestPods, longestPauseMs } = record.announced.waves;
  const { wantedPods, sinceMs, freeAddresses = -1, enoughSinceMs } = wave;
  const pods = Math.min(wantedPods, podsThatFit(can, margin));
  const { growing = 0 } = can;
  const waitedMs = nowMs - sinceMs;
  const wait = (waitsFor: string, waitMs = LOOK_EVERY_MS, enough = false): Verdict => ({
    do: 'wait',
    ...{ waitsFor, waitMs, enough, pods },
  });
  if (pods >= wantedPods) {
    const seenTwice = !filled && nowMs - (enoughSinceMs ?? nowMs) >= LOOK_EVERY_MS;
    const settled = coming === 0 || seenTwice;
    return settled
      ? { do: 'go', pods }
      : wait('addresses that were just attached to be set up', LOOK_EVERY_MS, true);
  }
  if (waitedMs < longestPauseMs) {
    if (coming > 0) return wait(`${coming} nodes to take in what was attached to them`);
    // Pools at rest are what they are. Those that grow are waited for: what is there already until it counts, and what is still to
    // come as long as each look shows more than the one before, because something may keep a node from growing.
    if (countsFromMs !== undefined) return wait(GROWTH, countsFromMs - nowMs);
    if (growing > 0 && can.freeAddresses > freeAddresses) return wait(GROWTH, GROWS_WITHIN_MS);
  }
  const permanent = permanentStop(record, wave);
  if (permanent !== undefined) return { do: 'stop', stop: permanent, pods };
  if (pods >= smallestPods && (size === 'auto' || waitedMs >= Math.min(SHRUNK_AFTER_MS, longestPauseMs)))
    return { do: 'go', pods };
  if (waitedMs < longestPauseMs) return wait(`addresses for ${wantedPods} pods, ${pods} have one`);
  return { do: 'stop', stop: capacityStop(record, wave, pods, waitedMs), pods };
}
