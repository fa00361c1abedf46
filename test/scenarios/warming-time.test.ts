/** How long quiet nodes take to warm, beside what our share of the request bucket needs in any case. */
import { expect, test } from 'vitest';
import { measureWarming } from '../../bench/warming.ts';
import { replayable } from '../replay.ts';

/** Beyond the floor: rounds that pause while requests fall due. */
const MOST = 1.05;

test.each([
  [100, 1],
  [100, 3],
  [100, 4],
  [200, 1],
])(
  'an announcement wants an interface on each of %i quiet nodes (seed %i): the last request leaves when the budget brings it',
  async (nodes, seed) => {
    replayable(seed);
    const { interfaces, sentSeconds, seconds, floorSeconds, callsPerInterface, throttled } =
      await measureWarming(nodes, seed);
    expect(interfaces).toBe(nodes);
    expect(sentSeconds / floorSeconds).toBeLessThanOrEqual(MOST);
    // EC2 takes up to four seconds for an attach (sim/latencies.ts), the first one as well as the last.
    expect(seconds - sentSeconds).toBeLessThan(4);
    expect(callsPerInterface).toBe(3);
    expect(throttled).toBe(0);
  },
);
