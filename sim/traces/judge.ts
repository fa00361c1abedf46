/**
 * Many runs of many scenarios against their recordings. A recorded range is what 300 runs happened to show, so a run of
 * the real thing leaves the range of a continuous value about twice in 300 times: one value outside in one run says
 * little. Such a value is looked at again in further runs and counts when it stays outside more often than chance
 * explains; a value of the summary gets less grace than a moment of one call.
 */
import { compare, type Difference } from './compare.ts';
import type { Scenario } from './recording.ts';
import { replay } from './replay.ts';

/** Further runs for a scenario with a value outside. */
const SECOND_LOOK_RUNS = 100;
/** A value whose true share outside were this large would have widened its recorded range in all but 5 of a million
 *  recordings (0.96^300), and in all but 5 of a hundred (0.99^300). */
const EXPLAINED_SHARE = { summary: 0.01, others: 0.04 } as const;

export interface Departure extends Difference {
  /** Runs in which the field was outside; `recorded` and `got` are of the first. */
  readonly runs: number;
  readonly seed: number;
}

export interface Mean {
  readonly got: number;
  readonly recorded: number | undefined;
}

export interface Verdict {
  readonly id: string;
  readonly title: string;
  /** All runs, those of a second look included. */
  readonly runs: number;
  readonly runsInside: number;
  readonly outside: readonly Departure[];
  /** Outside in so few runs that chance explains it. */
  readonly strays: readonly Departure[];
  /** Means over the runs: they tell a shifted distribution from a stray value. */
  readonly means: { readonly failedAdds: Mean; readonly ec2Calls: Mean };
}

export const isInside = (verdict: Verdict): boolean => verdict.outside.length === 0;

/** Runs a scenario with seeds `firstSeed`, `firstSeed` + 1, … */
export async function judge(scenario: Scenario, firstSeed: number, runs: number): Promise<Verdict> {
  const tally = new Tally(scenario);
  await tally.run(firstSeed, runs);
  if (tally.departures().length > 0) await tally.run(firstSeed + runs, SECOND_LOOK_RUNS);
  return tally.verdict();
}

class Tally {
  readonly #scenario: Scenario;
  readonly #departures = new Map<string, Departure>();
  #runs = 0;
  #runsInside = 0;
  #failedAdds = 0;
  #ec2Calls = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  get runs(): number {
    return this.#runs;
  }

  departures(): Departure[] {
    return [...this.#departures.values()];
  }

  async run(firstSeed: number, runs: number): Promise<void> {
    for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
      const outcome = await replay(this.#scenario, seed);
      const differences = compare(outcome, this.#scenario.then);
      this.#runs++;
      if (differences.length === 0) this.#runsInside++;
      for (const difference of differences) {
        const known = this.#departures.get(difference.field);
        const departure = known ? { ...known, runs: known.runs + 1 } : { ...difference, runs: 1, seed };
        this.#departures.set(difference.field, departure);
      }
      this.#failedAdds += outcome.summary.failedAdds;
      this.#ec2Calls += outcome.summary.ec2Calls;
    }
  }

  verdict(): Verdict {
    const isExplained = ({ field, runs }: Departure): boolean =>
      runs <= this.#runs * EXPLAINED_SHARE[field.startsWith('summary.') ? 'summary' : 'others'];
    const { id, title } = this.#scenario;
    const { failedAddsMean, ec2CallsMean } = this.#scenario.then.summary;
    return {
      id,
      title,
      runs: this.#runs,
      runsInside: this.#runsInside,
      outside: this.departures().filter((departure) => !isExplained(departure)),
      strays: this.departures().filter(isExplained),
      means: {
        failedAdds: { got: this.#failedAdds / this.#runs, recorded: failedAddsMean },
        ec2Calls: { got: this.#ec2Calls / this.#runs, recorded: ec2CallsMean },
      },
    };
  }
}
