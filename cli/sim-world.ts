/** The worlds `npm run sim` serves: three quiet nodes, or a scenario whose clusters have stood for a while. */
import { build } from '../sim/scenario/build.ts';
import type { Column, Scenario } from '../sim/scenario/format.ts';
import { begin, settle, settlesForMs } from '../sim/scenario/play.ts';
import { World } from '../sim/world.ts';
import { findScenario } from './find-scenario.ts';

export interface Opened {
  /** Its clock shows what the wall's does. */
  readonly world: World;
  /** The prewarmer's policy document, for its environment. */
  readonly policy?: Scenario['policy'];
  /** Lets the story begin. */
  readonly begin: () => void;
}

const SEED = 1;

/** One cluster in three zones, with three nodes that have been there for long. */
export function openDefault(): Opened {
  const subnets = ['a', 'b', 'c'].map((letter, index) => ({
    id: `subnet-0de300000000000${letter}${index}`,
    vpcId: 'vpc-0de30000000000001',
    zone: `eu-central-1${letter}`,
    cidr: `10.0.${index * 4}.0/22`,
  }));
  const world = new World({ seed: SEED, cluster: 'shop', subnets, epochMs: Date.now() });
  // What the CNI's defaults leave on an m5.large without pods: nine addresses on its primary interface, and it stays so.
  for (let node = 0; node < 3; node++) world.established('m5.large', [9]);
  return { world, begin: () => {} };
}

/** The CNI as the scenario sets it up, and no prewarmer but the one that callers run. */
const COLUMN: Column = { name: 'as written', prewarmer: 'off' };

/** Settles the clusters in virtual time first. The complaint is one line. */
export async function openScenario(name: string): Promise<Opened | { readonly complaint: string }> {
  const found = await findScenario(name);
  if ('complaint' in found) return found;
  const { scenario } = found;
  const startedAtMs = Date.now();
  const built = build(scenario, COLUMN, SEED, startedAtMs - settlesForMs(scenario));
  const { world } = built;
  await settle(scenario, built);
  // What settling took of real time passes here too.
  await world.kernel.run(world.kernel.nowMs + Date.now() - world.clockMs);
  return {
    world,
    ...(scenario.policy !== undefined && { policy: scenario.policy }),
    begin: () => begin(scenario, COLUMN, built),
  };
}
