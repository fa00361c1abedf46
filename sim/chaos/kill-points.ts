/** Every point at which a function can die, one after the other: after each call to the outside of a whole story. */
import { Chance } from '../chance.ts';
import type { Book } from './book.ts';
import type { History, Stimulus } from './history.ts';
import { type Played, play } from './play.ts';

/** A story without trouble, in which functions will die. */
export interface Story {
  readonly name: string;
  readonly history: History;
  /** What the plan was to bring, as the undisturbed story ends with it. */
  readonly brought: (book: Book) => string;
}

export interface KilledAt {
  /** Calls to the outside after which a function died, from 1. */
  readonly after: readonly number[];
  readonly played: Played;
  readonly brought: string;
}

export async function undisturbed(story: Story): Promise<KilledAt> {
  return killed(story, []);
}

/** The story once for each call to the outside, with the function that made it dying right after it. */
export async function* killedEverywhere(story: Story): AsyncGenerator<KilledAt> {
  const { played } = await undisturbed(story);
  for (let after = 1; after <= played.outsideCalls; after++) yield await killed(story, [after]);
}

/** The story with two deaths at random points, `times` times. */
export async function* killedTwice(story: Story, times: number): AsyncGenerator<KilledAt> {
  const { played } = await undisturbed(story);
  const chance = new Chance(story.history.seed).stream('double kills');
  const point = (): number => 1 + Math.floor(chance.between(0, played.outsideCalls));
  for (let nth = 0; nth < times; nth++) yield await killed(story, [point(), point()]);
}

async function killed({ history, brought }: Story, after: readonly number[]): Promise<KilledAt> {
  const kills = after.map((calls): Stimulus => ({ kind: 'kill', atMs: 0, after: calls }));
  let what = '';
  const played = await play(
    { seed: history.seed, stimuli: [...kills, ...history.stimuli] },
    {
      after: (book) => {
        what = brought(book);
      },
    },
  );
  return { after, played, brought: what };
}
