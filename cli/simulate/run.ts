/** All ways played on one snapshot, the same burst and seed. */
import type { RolloutReport } from '../../lambdas/core/decide-rollout.ts';
import type { CniEnv, Snapshot } from '../snapshot/format.ts';
import type { Burst } from './burst.ts';
import { type Outcome, playWay } from './play.ts';
import { alone, IN_WAVES, PATCHED, PRESENT, presentEnv, type Way, WITH_US } from './ways.ts';

export interface RunOptions {
  readonly seed: number;
  /** One more way: these settings beside the present ones. */
  readonly settings?: CniEnv;
  /** Only the present settings and what we and the patch make of them. */
  readonly brief?: boolean;
  /** The plan that was made of the cluster itself; its patch is played instead of the one its simulation would be given. */
  readonly planned?: RolloutReport;
  /** The stack's policy document; its defaults unless said. */
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly progress: (what: string) => void;
}

export interface Comparison {
  readonly outcomes: readonly Outcome[];
  /** What the stack would plan there for the burst. */
  readonly report: RolloutReport | undefined;
}

export async function compare(snapshot: Snapshot, burst: Burst, options: RunOptions): Promise<Comparison> {
  const { seed, settings, brief = false, planned, policy = {}, progress } = options;
  const env = presentEnv(snapshot);
  const outcomes: Outcome[] = [];
  const ways = alone(snapshot, burst, settings).filter(({ name }) => !brief || name === PRESENT);
  // Here, because it brings the CDK, for which nobody should wait who mistyped something.
  const { rolloutTemplate } = await import('../../infra/rollout-template.ts');
  const template = rolloutTemplate();
  const play = async (way: Way): Promise<Outcome> => {
    progress(way.name);
    const outcome = await playWay(snapshot, burst, way, { seed, template, policy });
    outcomes.push(outcome);
    return outcome;
  };
  for (const way of ways) await play(way);
  const { report } = await play({ name: WITH_US, env, us: 'warm' });
  const { selfPaced } = planned ?? report ?? {};
  if (selfPaced !== undefined) await play({ name: PATCHED, env, us: 'nothing', selfPaced });
  await play({ name: IN_WAVES, env, us: 'waves' });
  return { outcomes, report };
}
