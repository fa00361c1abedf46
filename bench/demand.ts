/** How near the demand formulas come to what workloads use, and how many pods land where placement expects them. */
import { demandOf } from '../lambdas/core/plan/demand.ts';
import type { Placement } from '../sim/cluster/scheduler.ts';
import { announcementOf, playRandom } from '../sim/scenarios/address-use.ts';
import { FORMULAS, type Formula } from '../sim/scenarios/random-workloads.ts';
import { quantileOf } from '../sim/scenarios/statistics.ts';
import { playLanding } from './landing.ts';
import { table } from './text.ts';

export interface FormulaFigures {
  readonly formula: Formula;
  readonly workloads: number;
  /** Demands below the peak: of workloads of which what is announced is true, and of those whose pace is not even. */
  readonly belowPeak: { readonly even: number; readonly uneven: number };
  /** Of the workloads of which enough is announced, and of the others. */
  readonly enough: Nearness;
  readonly others: Nearness;
}

/** Demand over peak, peaks of 0 taken as 1. */
interface Nearness {
  readonly workloads: number;
  /** Demands that are the peak, to the address. */
  readonly exact: number;
  readonly median: number;
  readonly most: number;
}

export interface LandingFigures {
  readonly scheduler: Placement;
  readonly of: 'free before' | 'pods announced' | 'pods told from addresses';
  /** Share of a scale-out's pods that landed on such an address: over the seeds. */
  readonly least: number;
  readonly tenth: number;
  readonly median: number;
}

export interface DemandFigures {
  readonly formulas: readonly FormulaFigures[];
  readonly landing: readonly LandingFigures[];
}

const WORKLOADS = 200;
const CLUSTERS = 200;

export async function measureDemand(
  seeds: number | undefined,
  progress: (what: string) => void,
): Promise<DemandFigures> {
  const formulas: FormulaFigures[] = [];
  for (const formula of FORMULAS) {
    progress(`demand, ${formula}`);
    formulas.push(await measureFormula(formula, seeds ?? WORKLOADS));
  }
  const landing: LandingFigures[] = [];
  for (const scheduler of ['spread', 'default', 'pack'] as const) {
    progress(`placement, ${scheduler}`);
    landing.push(...(await measureLanding(scheduler, seeds ?? CLUSTERS)));
  }
  progress('');
  return { formulas, landing };
}

async function measureFormula(formula: Formula, workloads: number): Promise<FormulaFigures> {
  const enough: number[] = [];
  const others: number[] = [];
  const belowPeak = { even: 0, uneven: 0 };
  for (let seed = 1; seed <= workloads; seed++) {
    const played = await playRandom(formula, seed);
    const { addresses } = demandOf(announcementOf(played));
    const { tellsPace, alike, tellsEnough } = played.workload;
    if (addresses < played.peak) belowPeak[tellsPace && !alike ? 'uneven' : 'even']++;
    (tellsEnough && alike ? enough : others).push(addresses / Math.max(1, played.peak));
  }
  return { formula, workloads, belowPeak, enough: nearness(enough), others: nearness(others) };
}

const nearness = (ratios: readonly number[]): Nearness => ({
  workloads: ratios.length,
  exact: ratios.filter((ratio) => ratio === 1).length,
  median: quantileOf(ratios, 0.5),
  most: quantileOf(ratios, 1),
});

async function measureLanding(scheduler: Placement, seeds: number): Promise<LandingFigures[]> {
  const shares = { 'free before': [], 'pods announced': [], 'pods told from addresses': [] } as {
    readonly [of in LandingFigures['of']]: number[];
  };
  for (let seed = 1; seed <= seeds; seed++) {
    const { landed, onFree, onWarmed } = await playLanding(seed, scheduler);
    shares['free before'].push(onFree / landed);
    shares['pods announced'].push(onWarmed.podsKnown / landed);
    shares['pods told from addresses'].push(onWarmed.podsTold / landed);
  }
  return (Object.entries(shares) as [LandingFigures['of'], number[]][]).map(([of, all]) => ({
    scheduler,
    of,
    least: quantileOf(all, 0),
    tenth: quantileOf(all, 0.1),
    median: quantileOf(all, 0.5),
  }));
}

export function reportDemand({ formulas, landing }: DemandFigures): string {
  const ratio = (value: number): string => value.toFixed(2);
  const near = ({ workloads, exact, median, most }: Nearness): string[] =>
    workloads === 0 ? ['–', '–', '–'] : [`${exact} of ${workloads}`, ratio(median), ratio(most)];
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return [
    table([
      [
        'demand over peak',
        'below',
        'at an uneven pace',
        'enough told: exact',
        'median',
        'most',
        'less told: exact',
        'median',
        'most',
      ],
      ...formulas.map((each) => [
        each.formula,
        `${each.belowPeak.even} of ${each.workloads}`,
        String(each.belowPeak.uneven),
        ...near(each.enough),
        ...near(each.others),
      ]),
    ]),
    table([
      ['pods that landed on an address', 'least', 'tenth', 'median'],
      ...landing.map((each) => [
        `${each.scheduler}: ${each.of === 'free before' ? each.of : `free or planned, ${each.of}`}`,
        percent(each.least),
        percent(each.tenth),
        percent(each.median),
      ]),
    ]),
  ].join('\n\n');
}
