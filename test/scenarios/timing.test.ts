/** A slice of the timing matrix; `npm run bench -- --timing` plays all of it. */
import { describe, expect, test } from 'vitest';
import {
  TIMING_MODES,
  TIMING_MOMENTS,
  TIMING_TYPES,
  type TimingMode,
  type TimingRow,
  type TimingRun,
  type TimingType,
  timing,
} from '../../sim/scenarios/timing.ts';
import { replayable } from '../replay.ts';

const SEEDS = [1, 3];
/** Too short for a node that runs, and long enough. */
const LEADS_S = [5, 110] as const;
const modes = Object.keys(TIMING_MODES) as TimingMode[];
const types = Object.keys(TIMING_TYPES) as TimingType[];
/** Where design and README say that a launch is warmed. */
const WARMED_AT_LAUNCH: readonly TimingMode[] = ['W=1', 'W=2', 'disabled', 'custom'];

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

describe.each(modes)('%s', (mode) => {
  describe.each(TIMING_MOMENTS)('nodes %s', (moment) => {
    test.each(types.flatMap((type) => LEADS_S.map((leadS) => ({ type, leadS }))))(
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

test.each(types)('W=1, quiet %s, announced 110 s ahead: fewer failures than without us', async (type) => {
  const { ours, without } = await played({ mode: 'W=1', moment: 'quiet', type, leadS: 110 });
  expect(failed(ours)).toBeLessThan(failed(without));
});
