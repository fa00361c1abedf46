/** `npm run chaos -- --kill-points`: each function of a story killed after each of its calls to the outside, one after the other. */
import { killedEverywhere, undisturbed } from '../sim/chaos/kill-points.ts';
import { KILL_STORIES, seeded } from '../sim/chaos/kill-stories.ts';
import { aligned, count } from './tables.ts';

/** What became of one story's deaths. */
export interface Killed {
  readonly story: string;
  /** Deaths that were played, one in each play. */
  readonly deaths: number;
  /** Deaths after which an invariant broke. */
  readonly broken: readonly KilledAt[];
  /** Deaths after which the nodes did not get all that they get undisturbed. */
  readonly undone: readonly KilledAt[];
}

interface KilledAt {
  readonly seed: number;
  /** The function, and the call it died after: `on-signal after ledger.intend`. */
  readonly death: string;
  /** The invariant that broke. */
  readonly invariant?: string;
}

export async function killAll(
  { seed: from, seeds }: { readonly seed: number; readonly seeds: number },
  progress: (what: string) => void,
): Promise<readonly Killed[]> {
  const all: Killed[] = [];
  for (const one of KILL_STORIES) {
    const broken: KilledAt[] = [];
    const undone: KilledAt[] = [];
    let deaths = 0;
    for (let seed = from; seed < from + seeds; seed++) {
      const story = seeded(one, seed);
      const { brought: planned } = await undisturbed(story);
      for await (const { played, brought } of killedEverywhere(story)) {
        progress(`${one.name}, seed ${seed}: ${++deaths} deaths`);
        const death = played.deaths.join(', ');
        const { violation } = played;
        if (violation !== undefined) broken.push({ seed, death, invariant: violation.invariant });
        else if (brought !== planned) undone.push({ seed, death });
      }
    }
    all.push({ story: one.name, deaths, broken, undone });
  }
  return all;
}

export function killsText(all: readonly Killed[], { seed, seeds }: { seed: number; seeds: number }): string {
  const rows = all.map(({ story, deaths, broken, undone }) => [
    story,
    count(deaths),
    count(broken.length),
    count(undone.length),
  ]);
  const each = all.flatMap(({ story, broken, undone }) =>
    [...broken, ...undone].map(
      ({ seed: of, death, invariant }) =>
        `  seed ${of}, ${death}: ${invariant === undefined ? 'left undone' : `broke ${invariant}`} (${story})`,
    ),
  );
  return [
    `Each function killed after each of its calls to the outside in turn (simulated), seed${seeds === 1 ? ` ${seed}` : `s ${seed} to ${seed + seeds - 1}`}`,
    '',
    ...aligned([['story', 'deaths', 'broke an invariant', 'left undone'], ...rows]),
    ...(each.length === 0 ? [] : ['', ...each]),
  ].join('\n');
}
