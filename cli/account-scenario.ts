/** A scenario's world as an account to read: the real clients, in virtual time. */

import { build } from '../sim/scenario/build.ts';
import type { Scenario } from '../sim/scenario/format.ts';
import { begin, settle, settlesForMs } from '../sim/scenario/play.ts';
import { inProcessDoor, virtualClient } from '../sim/wire/door.ts';
import { kubeDoor } from '../sim/wire/kube-door.ts';
import type { World } from '../sim/world.ts';
import { type Account, accountOf } from './account-clients.ts';
import { findScenario } from './find-scenario.ts';

/** The CNI as the scenario sets it up, and no prewarmer. */
const COLUMN = { name: 'as written', prewarmer: 'off' } as const;
/** Longer than any command reads, virtual ms. */
const ANSWERED_WITHIN_MS = 600_000;

/** The world `atSeconds` after the beginning of its story, its clock at the wall's time. */
export async function openScenarioAccount(
  name: string,
  { atSeconds, seed }: { readonly atSeconds: number; readonly seed: number },
): Promise<Account | { readonly complaint: string }> {
  const found = await findScenario(name);
  if ('complaint' in found) return found;
  const { scenario } = found;
  const built = build(scenario, COLUMN, seed, Date.now() - settlesForMs(scenario) - atSeconds * 1000);
  const { world } = built;
  await settle(scenario, built);
  begin(scenario, COLUMN, built);
  await world.kernel.run(world.kernel.nowMs + atSeconds * 1000);
  const when = atSeconds === 0 ? '' : `, ${atSeconds} s into its story`;
  return worldAccount(world, scenario, `scenario ${scenario.name}, seed ${seed}${when} (simulated)`);
}

export function worldAccount(world: World, scenario: Scenario, where: string): Account {
  const { kernel, region } = world;
  const door = inProcessDoor(world);
  const client = (service: 'ec2' | 'eks' | 'servicequotas') =>
    virtualClient({ door, service, region, callerName: 'eks-ip-prewarmer' });
  const ask = async <T>(reads: () => Promise<T>): Promise<T> => {
    let ended: PromiseSettledResult<T> | undefined;
    kernel.activity(reads, (settled) => {
      ended = settled;
    });
    await kernel.run(kernel.nowMs + ANSWERED_WITHIN_MS, () => ended !== undefined);
    if (ended === undefined) throw new Error('no answer within ten minutes of virtual time');
    if (ended.status === 'rejected') throw ended.reason;
    return ended.value;
  };
  return {
    ...accountOf(
      { ec2: client('ec2'), eks: client('eks'), quotas: client('servicequotas') },
      { clock: () => world.clockMs, ask, kube: kubeDoor(world) },
    ),
    region,
    where,
    simulated: { scenario, world },
  };
}
