/** docs/cost.md says what was counted and what that comes to; what was counted is what the code asks for today, on the small fleet, and
 *  what the stack has. The large fleet is counted by `npm run cost` alone. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Counts, countFleet, STORIES } from '../../bench/cost-fleet.ts';
import { priceOf } from '../../cli/rollout-text.ts';
import recorded from '../../scripts/cost-counted.json' with { type: 'json' };
import { fleetMonths } from '../../scripts/cost-figures.ts';
import {
  type Counted,
  FLEETS,
  ITEMS,
  isPriced,
  MEMORY_GB,
  monthOf,
  PRICES,
  RESOURCES,
  timesOf,
  totalOf,
  usdOf,
} from '../../scripts/cost-month.ts';
import { costPage } from '../../scripts/cost-page.ts';
import { DEPLOYED } from '../../sim/deployed.ts';
import { EVERYTHING, templateOf, WARM } from './synthesized.ts';

const counted: Counted = recorded;
const resources = (context: Record<string, unknown>): readonly { Type: string; Properties: object }[] =>
  Object.values(templateOf(context).toJSON()['Resources']);

test('docs/cost.md says what the counts come to, to the letter (npm run cost)', () => {
  const page = readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8');
  expect(page).toBe(costPage(counted));
});

test('the fleets that were counted are those that are stated', () => {
  const stated = FLEETS.map(({ nodes, burstNodes }) => ({ nodes, burstNodes }));
  expect(counted.fleets.map(({ fleet }) => fleet)).toEqual(stated);
});

/** Chance falls otherwise wherever the code asks for something more: seconds vary by it, the rest hardly. */
const near = (name: string, was: number): number =>
  name === 'waitMs' ? Math.max(1_000, was * 0.6) : Math.max(3, was * 0.25);

test('100 nodes ask for what they asked for when the page was written; where not, npm run cost writes it anew', async () => {
  const [before] = counted.fleets;
  if (before === undefined) throw new Error('nobody counted a fleet');
  const { counts } = await countFleet(before.fleet);
  for (const story of STORIES)
    for (const [name, is] of Object.entries(counts[story])) {
      const was = before.counts[story][name as keyof Counts];
      expect(Math.abs(is - was), `${story}: ${name} ${was} → ${is}`).toBeLessThanOrEqual(near(name, was));
    }
});

test('the stack has what was counted, and every kind of resource has its price or its reason for none', () => {
  const types = resources(WARM).flatMap(({ Type }) => (isPriced(Type) ? [Type] : []));
  expect(
    Object.fromEntries([...Map.groupBy(types, (type) => type)].map(([type, all]) => [type, all.length])),
  ).toEqual(counted.stack);
  const { alarmTopicArn: _, ...others } = EVERYTHING;
  const all = [EVERYTHING, { ...others, alarmEmail: 'platform@example.com' }].flatMap(resources);
  for (const { Type } of all) expect(Object.keys(RESOURCES)).toContain(Type);
  const priced = Object.values(RESOURCES).flatMap((cost) => (typeof cost === 'string' ? [] : cost));
  expect(new Set(priced)).toEqual(new Set(ITEMS));
});

test('a transition costs the same wherever it is priced, and the README says what the page says', () => {
  expect(priceOf(PRICES.transitions.per)).toBe(PRICES.transitions.usd);
  const [few, many] = fleetMonths(counted).map(({ usd }) => Math.round(totalOf(usd)));
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(`about $${few} for 100 nodes and $${many} for 5,000`);
});

test('functions have the memory and the processor that are paid for; as many queues are asked as idle ones cost', () => {
  const of = (type: string) => resources(EVERYTHING).filter(({ Type }) => Type === type);
  for (const { Properties } of of('AWS::Lambda::Function'))
    expect(Properties).toMatchObject({ MemorySize: MEMORY_GB * 1_024, Architectures: ['arm64'] });
  expect(of('AWS::Lambda::EventSourceMapping')).toHaveLength(Object.keys(DEPLOYED.queues).length);
});

test('each story made the functions do something beyond a sweep', () => {
  for (const { counts } of counted.fleets) {
    expect(counts.sweep.invocations).toBe(1);
    for (const story of ['burst', 'announced', 'waves'] as const) {
      expect(counts[story].invocations).toBeGreaterThan(1);
      expect(counts[story].tableWrites).toBeGreaterThan(10);
      expect(counts[story].logBytes).toBeGreaterThan(counts.sweep.logBytes);
    }
    expect(counts.waves.transitions).toBeGreaterThan(10);
    expect(STORIES.filter((story) => counts[story].transitions > 0)).toEqual(['waves']);
  }
});

test('fifty times the nodes cost more, and less than fifty times as much; where nothing happens, next to nothing is added', () => {
  const [few, many] = fleetMonths(counted);
  if (few === undefined || many === undefined) throw new Error('two fleets are counted');
  expect(totalOf(many.usd)).toBeGreaterThan(totalOf(few.usd));
  expect(totalOf(many.usd)).toBeLessThan(50 * totalOf(few.usd));
  const { sweep } = timesOf(few.stated);
  const times = { sweep, burst: 0, announced: 0, waves: 0 };
  const still = monthOf(few.counts, { stated: few.stated, stack: counted.stack, times });
  expect(still).toMatchObject({ transitions: 0, events: 0, lambdaRequests: sweep });
  expect(totalOf(usdOf(still))).toBeLessThan(totalOf(few.usd));
});
