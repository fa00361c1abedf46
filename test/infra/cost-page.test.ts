/** docs/cost.md says what was counted and what it comes to; what was counted is what is counted today, on the small fleet. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { countFleet, type FleetCounts } from '../../bench/cost-fleet.ts';
import counted from '../../scripts/cost-counted.json' with { type: 'json' };
import { costPage, FLEETS, fleetIn, monthOf, type Stated, totalOf, usdOf } from '../../scripts/cost-page.ts';

const all: readonly FleetCounts[] = counted;
const [small, large] = FLEETS as readonly [Stated, Stated];
const [ofSmall, ofLarge] = all as readonly [FleetCounts, FleetCounts];

test('docs/cost.md says what the counts come to, to the letter', () => {
  const page = readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8');
  expect(page).toBe(costPage(all));
});

test('the fleets that were counted are those that are stated', () => {
  expect(all.map(({ fleet }) => fleet)).toEqual(FLEETS.map(fleetIn));
});

test('100 nodes are counted as they were: what differs makes the page untrue (npm run cost)', async () => {
  expect(await countFleet(fleetIn(small))).toEqual(ofSmall);
}, 120_000);

test('each story made the functions do something, and more than a sweep', () => {
  for (const { sweep, burst, announced, waves } of all) {
    expect(sweep.invocations).toBe(1);
    for (const story of [burst, announced, waves]) {
      expect(story.invocations).toBeGreaterThan(1);
      expect(story.writes).toBeGreaterThan(sweep.writes / 2);
      expect(story.logBytes).toBeGreaterThan(sweep.logBytes);
    }
    expect(waves.transitions).toBeGreaterThan(20);
    expect([sweep, burst, announced].map(({ transitions }) => transitions)).toEqual([0, 0, 0]);
  }
});

test('fifty times the nodes cost more, and less than fifty times as much; idle costs are the same', () => {
  const [few, many] = [usdOf(monthOf(ofSmall, small)), usdOf(monthOf(ofLarge, large))];
  expect(totalOf(many)).toBeGreaterThan(totalOf(few));
  expect(totalOf(many)).toBeLessThan(50 * totalOf(few));
  const idle = { ...small, burstsADay: 0, announcedADay: 0, wavesADay: 0 };
  const still = monthOf(ofSmall, idle);
  expect(still).toMatchObject({ transitions: 0, events: 0, lambdaRequests: 8_640 });
  expect(totalOf(usdOf(still))).toBeLessThan(totalOf(few));
});
