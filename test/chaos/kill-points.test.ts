import { describe, expect, test } from 'vitest';
import { killsText } from '../../cli/chaos-kills.ts';
import { type KilledAt, killedEverywhere, killedTwice, undisturbed } from '../../sim/chaos/kill-points.ts';
import { KILL_STORIES, seeded } from '../../sim/chaos/kill-stories.ts';
import { replayable } from '../replay.ts';

/** Random pairs of deaths for each story. */
const DOUBLE_FAULTS = 15;

const STORIES = KILL_STORIES.map((one, nth) => ({ ...one, story: seeded(one, 71 + nth) }));

const broken = ({ after, played }: KilledAt): string[] =>
  played.violation === undefined
    ? []
    : [
        `killed after call ${after.join(' and ')} (${played.deaths}): ${played.violation.invariant}, ${played.violation.what}`,
      ];

describe('the stories themselves', () => {
  test.each(STORIES)('$name: undisturbed it brings what was planned', async ({ story, brings }) => {
    const { played, brought } = await undisturbed(story);
    expect(played.violation).toBeUndefined();
    expect(played.changes).toBeGreaterThan(0);
    expect(brought).toBe(brings);
  });
});

describe.each(STORIES)('$name', ({ story, brings }) => {
  test('the function dies after any one call: nothing leaks, nothing goes beyond the plan, and the plan is completed', async () => {
    replayable(story.history.seed);
    let points = 0;
    const wrong: string[] = [];
    const undone: string[] = [];
    for await (const killed of killedEverywhere(story)) {
      points++;
      expect(killed.played.deaths).toHaveLength(1);
      wrong.push(...broken(killed));
      if (killed.brought !== brings) undone.push(...killed.played.deaths);
    }
    expect(wrong).toEqual([]);
    expect(undone).toEqual([]);
    expect(points).toBeGreaterThan(20);
  });

  test('two functions die at random points: the same holds', async () => {
    replayable(story.history.seed);
    const wrong: string[] = [];
    for await (const killed of killedTwice(story, DOUBLE_FAULTS)) wrong.push(...broken(killed));
    expect(wrong).toEqual([]);
  });
});

test('what is printed names each death that broke something, or left a node undone', () => {
  const death = 'on-signal after ledger.intend';
  const one = { story: 'a launch', deaths: 3, undone: [{ seed: 4, death }] };
  const text = killsText([{ ...one, broken: [{ seed: 5, death, invariant: 'no-leak' }] }], {
    seed: 4,
    seeds: 2,
  });
  expect(text).toContain('(simulated), seeds 4 to 5');
  expect(text).toMatch(/^a launch +3 +1 +1$/m);
  expect(text).toContain(
    `  seed 5, ${death}: broke no-leak (a launch)\n  seed 4, ${death}: left undone (a launch)`,
  );
});
