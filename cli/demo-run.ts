/** The demo's runs: every policy of both parts on every seed. */
import { rollingUpdate, type ScaleOutPolicy, scaleOut } from '../sim/scenarios/reported-case.ts';
import type { Results, ScaleOutName } from './demo-text.ts';

const POLICIES: Readonly<Record<ScaleOutName, ScaleOutPolicy>> = {
  'cni-warm-eni-1': { warmEniTarget: 1, prewarmer: false },
  'cni-warm-eni-2': { warmEniTarget: 2, prewarmer: false },
  prewarmer: { warmEniTarget: 1, prewarmer: true },
  'prewarmer-late-events': { warmEniTarget: 1, prewarmer: true, eventsLateByMs: 60_000 },
};

export async function runAll(
  seeds: readonly number[],
  progress: (text: string) => void = () => {},
): Promise<Results> {
  const scaleOuts: { -readonly [K in keyof Results['scaleOut']]: Results['scaleOut'][K][number][] } = {
    'cni-warm-eni-1': [],
    'cni-warm-eni-2': [],
    prewarmer: [],
    'prewarmer-late-events': [],
  };
  const updates: { -readonly [K in keyof Results['rollingUpdate']]: Results['rollingUpdate'][K][number][] } =
    {
      unpaced: [],
      paced: [],
    };
  for (const [index, seed] of seeds.entries()) {
    progress(`seed ${seed} (${index + 1} of ${seeds.length})`);
    for (const name of Object.keys(POLICIES) as ScaleOutName[])
      scaleOuts[name].push(await scaleOut(seed, POLICIES[name]));
    updates.unpaced.push(await rollingUpdate(seed, false));
    updates.paced.push(await rollingUpdate(seed, true));
  }
  progress('');
  return { seeds, scaleOut: scaleOuts, rollingUpdate: updates };
}

export const seedsFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index);
