/** A slice of the timing matrix; `npm run bench -- --timing` plays all of it. */
import { describe, expect, test } from 'vitest';
import {
  MODE_NAMES,
  TIMING_TYPES,
  type TimingMode,
  type TimingMoment,
  type TimingRow,
  type TimingRun,
  type TimingType,
  TYPE_NAMES,
  timing,
  timingRows,
} from '../../sim/scenarios/timing.ts';
import type { World } from '../../sim/world.ts';
import { replayable } from '../replay.ts';
import { announceGrowth, minutes, seconds, staged } from './stage.ts';

const SEEDS = [1, 3];
/** Too short for a node that runs, and long enough. */
const LEADS_S = [5, 110] as const;
/** Where the README says that a launch is warmed. */
const WARMED_AT_LAUNCH: readonly TimingMode[] = ['W=1', 'W=2', 'disabled', 'custom'];

const momentsOf = (mode: TimingMode): TimingMoment[] => [
  ...new Set(timingRows().flatMap((row) => (row.mode === mode ? [row.moment] : []))),
];

const failed = (runs: readonly TimingRun[]): number =>
  runs.reduce((sum, { failedRequests }) => sum + failedRequests, 0);

async function played(row: TimingRow): Promise<{ ours: TimingRun[]; without: TimingRun[] }> {
  const ours: TimingRun[] = [];
  const without: TimingRun[] = [];
  for (const seed of SEEDS) {
    replayable(seed);
    ours.push(await timing(row, seed, true));
    without.push(await timing(row, seed, false));
  }
  return { ours, without };
}

describe.each(MODE_NAMES)('%s', (mode) => {
  describe.each(momentsOf(mode))('nodes %s', (moment) => {
    test.each(TYPE_NAMES.flatMap((type) => LEADS_S.map((leadS) => ({ type, leadS }))))(
      '$type, announced $leadS s ahead: never more failures than without us',
      async ({ type, leadS }) => {
        const { ours, without } = await played({ mode, moment, type, leadS });
        expect(failed(ours)).toBeLessThanOrEqual(failed(without));
        if (moment !== 'launching' || !WARMED_AT_LAUNCH.includes(mode)) return;
        expect(failed(without)).toBeGreaterThan(0);
        expect(ours).toEqual(
          SEEDS.map(() => expect.objectContaining({ failedRequests: 0, warmed: 2, lateAttach: 0 })),
        );
      },
    );
  });
});

test.each(TYPE_NAMES)(
  'W=1, quiet %s, announced 110 s ahead: fewer failures than without us',
  async (type) => {
    const { ours, without } = await played({ mode: 'W=1', moment: 'quiet', type, leadS: 110 });
    expect(failed(ours)).toBeLessThan(failed(without));
  },
);

describe('W=1, a quiet node whose pods are known: what it has is what its CNI keeps, and no plan could do better', () => {
  const LEAD_MS = 110_000;
  const ANNOUNCED_MS = 660_000;

  /** One node with half an interface of pods, and two and a half interfaces of pods at one instant. */
  async function burst(type: TimingType, podsPerNode: boolean): Promise<{ free: number; failed: number[] }> {
    const { world } = staged({ seed: 7 }, { sweep: true });
    const { kernel } = world;
    const { perEni } = TIMING_TYPES[type];
    const node = world.established(type, [0]);
    const before = Math.floor(perEni / 2);
    const pods = Math.floor(2.5 * perEni);
    kernel.at(seconds(60), () => create(world, 'old', before));
    await kernel.run(ANNOUNCED_MS);
    announceGrowth(world, pods, { inMs: LEAD_MS, ...(podsPerNode && { podsPerNode: before }) });
    await kernel.run(ANNOUNCED_MS + LEAD_MS);
    const { totalIps = 0, assigned = 0 } = node.ipamd.snapshot() ?? {};
    create(world, 'burst', pods);
    await kernel.run(kernel.nowMs + minutes(5));
    const failed = world.pods.filter(({ name }) => name.startsWith('burst'));
    return { free: totalIps - assigned, failed: failed.map(({ failedRequests }) => failedRequests) };
  }

  test.each(TYPE_NAMES)(
    '%s: (W + 1)·M − 1 addresses are free; each pod beyond them is refused once',
    async (type) => {
      const { free, failed } = await burst(type, true);
      const { perEni } = TIMING_TYPES[type];
      expect(free).toBe(2 * perEni - 1);
      const refused = failed.filter((times) => times > 0);
      expect(refused).toHaveLength(failed.length - free);
      expect(new Set(refused)).toEqual(new Set([1]));
      // Told from EC2 alone, at least as many are free as the CNI grows to: W·M.
      const untold = await burst(type, false);
      expect(untold.free).toBeGreaterThanOrEqual(perEni);
      expect(untold.free).toBeLessThanOrEqual(free);
    },
  );
});

function create(world: World, name: string, pods: number): void {
  for (let index = 0; index < pods; index++) world.createPod(`${name}-${index}`);
}
