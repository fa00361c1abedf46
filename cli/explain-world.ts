/** A scenario's world at a moment of its story, with the prewarmer deployed as in the benchmark's column `ours`, and one
 *  question asked in it. */
import { ONLY_ASKED, type Told } from '../lambdas/core/telling.ts';
import type { Answer } from '../lambdas/handlers/on-signal.ts';
import { build } from '../sim/scenario/build.ts';
import type { Column, Scenario } from '../sim/scenario/format.ts';
import { begin, settle, settlesForMs } from '../sim/scenario/play.ts';
import { Stage } from '../sim/stage.ts';
import type { World } from '../sim/world.ts';

const OURS: Column = { name: 'ours', prewarmer: 'warm' };
/** Longer than any function may run, virtual ms. */
const ANSWERED_WITHIN_MS = 60_000;

export interface Opened {
  readonly world: World;
  readonly stage: Stage;
}

/** `atSeconds` after the story's beginning. Its clock then shows when the event happened, as though it came this moment. */
export async function openAt(
  scenario: Scenario,
  event: unknown,
  { atSeconds, seed }: { readonly atSeconds: number; readonly seed: number },
): Promise<Opened> {
  const { plan = event } = (event ?? {}) as { readonly plan?: unknown };
  const { time } = (plan ?? {}) as { readonly time?: unknown };
  const eventMs = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  const epochMs = eventMs - settlesForMs(scenario) - atSeconds * 1000;
  const built = build(scenario, OURS, seed, Number.isFinite(epochMs) ? epochMs : undefined);
  const { world } = built;
  const { policy = {} } = scenario;
  const stage = new Stage(world, { mode: 'warm', policy });
  await settle(scenario, built);
  begin(scenario, OURS, built);
  await world.kernel.run(world.kernel.nowMs + atSeconds * 1000);
  return { world, stage };
}

/** Instances about which a launch event could come now. */
export const launchingIn = ({ world }: Opened): string[] =>
  world.nodes.filter(({ ready, terminated }) => !ready && !terminated).map(({ instanceId }) => instanceId);

export interface Explained {
  readonly answer: Answer;
  /** The journal's lines on it; none when the event was not understood. */
  readonly told: readonly Told[];
}

/** What on-signal answers to `{ "plan": event }`, and what it writes into its journal. */
export async function explainIn({ world, stage }: Opened, event: unknown): Promise<Explained> {
  const question = typeof event === 'object' && event !== null && 'plan' in event ? event : { plan: event };
  const before = stage.journal.length;
  let result: PromiseSettledResult<Answer> | undefined;
  world.kernel.activity(
    () => stage.ask(question),
    (settled) => {
      result = settled;
    },
  );
  await world.kernel.run(world.kernel.nowMs + ANSWERED_WITHIN_MS, () => result !== undefined);
  if (result === undefined) throw new Error('no answer within a minute of virtual time');
  if (result.status === 'rejected') throw result.reason;
  const told = stage.journal
    .slice(before)
    .filter(({ what, facts }) => what === 'signal' && facts['done'] === ONLY_ASKED)
    .map(({ facts }) => facts as unknown as Told);
  return { answer: result.value, told };
}
