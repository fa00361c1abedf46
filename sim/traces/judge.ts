/** Many runs of many scenarios against their recordings. */
import { compare, type Difference } from './compare.ts';
import type { Scenario } from './recording.ts';
import { replay } from './replay.ts';

export interface Verdict {
  readonly id: string;
  readonly title: string;
  readonly runs: number;
  /** Runs without any difference. */
  readonly runsInside: number;
  /** Each field that left its range, with the number of runs and the first value outside. */
  readonly outside: readonly (Difference & { readonly runs: number; readonly seed: number })[];
  /** Means over the runs beside the recorded ones: they tell a shifted distribution from a stray value. */
  readonly means: { readonly failedAdds: Mean; readonly ec2Calls: Mean };
}

export interface Mean {
  readonly got: number;
  readonly recorded: number | undefined;
}

/** Runs a scenario with seeds `firstSeed`, `firstSeed` + 1, … */
export async function judge(scenario: Scenario, firstSeed: number, runs: number): Promise<Verdict> {
  const outside = new Map<string, Difference & { runs: number; seed: number }>();
  let runsInside = 0;
  let [failedAdds, ec2Calls] = [0, 0];
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const outcome = await replay(scenario, seed);
    const differences = compare(outcome, scenario.then);
    if (differences.length === 0) runsInside++;
    for (const difference of differences) {
      const known = outside.get(difference.field);
      if (known === undefined) outside.set(difference.field, { ...difference, runs: 1, seed });
      else known.runs++;
    }
    failedAdds += outcome.summary.failedAdds;
    ec2Calls += outcome.summary.ec2Calls;
  }
  const { summary } = scenario.then;
  return {
    id: scenario.id,
    title: scenario.title,
    runs,
    runsInside,
    outside: [...outside.values()],
    means: {
      failedAdds: { got: failedAdds / runs, recorded: summary.failedAddsMean },
      ec2Calls: { got: ec2Calls / runs, recorded: summary.ec2CallsMean },
    },
  };
}

export const isInside = (verdict: Verdict): boolean => verdict.outside.length === 0;
