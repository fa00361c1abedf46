/** One volley's requests: what the budget grants of it, in which order, and beside whom. */

import { isTight, type RoomAsk, type Takes } from '../budget/flight.ts';
import { inLanes } from '../budget/lanes.ts';
import { type Calls, sumOf } from '../budget/metered.ts';
import type { SubnetId, World } from '../model.ts';
import { type ActStep, addressesOf, callsOf, sumCalls } from '../plan/steps.ts';
import type { CallClass, Granted, Ports } from '../ports.ts';
import { grant } from './volley.ts';

interface Asking {
  readonly calls: Calls;
  readonly takes: Takes;
}

export interface Wanted<W> extends Asking {
  /** Free addresses that its node group leaves in a subnet; the policy's unless said. */
  readonly reserve?: number;
  /** Lanes of the budget that its requests are in (budget/lanes.ts); none unless said. */
  readonly lanes?: readonly string[];
  readonly work: W;
}

export interface Shared<W> {
  readonly granted: readonly Wanted<W>[];
  readonly refused: readonly (Pick<Granted, 'waitMs' | 'because'> & { readonly work: W })[];
  /** Requests granted in all. */
  readonly calls: number;
  /** The run took the last addresses of a subnet, and must say when it is done. */
  readonly tookLast: boolean;
}

/** What a node's steps ask for. A create that is asked for again takes nothing: its ENI is there, or its addresses were
 *  counted when it was asked for first. */
export function askOf(steps: readonly ActStep[]): Asking {
  const takes: Record<SubnetId, number> = {};
  for (const step of steps)
    if (step.do !== 'finish' && !(step.do === 'attach' && step.token !== undefined))
      takes[step.subnetId] = (takes[step.subnetId] ?? 0) + addressesOf(step);
  return { calls: sumCalls(steps.map(callsOf)), takes };
}

/** One conditional write for everything that has plenty of room, attaches already paid for first. A subnet that is nearly full (by
 *  each reserve to be kept in it) and a lane get a write each, so that nobody queues behind a subnet or a lane that he does not use. */
export async function share<W>(
  wanted: readonly Wanted<W>[],
  as: CallClass,
  { world, by }: { readonly world: Pick<World, 'subnets' | 'readAtMs' | 'subnetsAtMs'>; readonly by: string },
  ports: Ports,
): Promise<Shared<W>> {
  const { subnetReserveAddresses } = ports.settings.policy;
  const reserveOf = ({ reserve = subnetReserveAddresses }: Wanted<W>): number => reserve;
  const freeAbove = (reserve: number): Takes =>
    Object.fromEntries(world.subnets.map(({ id, freeAddresses }) => [id, freeAddresses - reserve]));
  const paidFirst = wanted.toSorted((a, b) => Number(makesEnis(a.calls)) - Number(makesEnis(b.calls)));
  const tightFor = (one: Wanted<W>): boolean => isTight(one.takes, freeAbove(reserveOf(one)));
  const groups = Map.groupBy(paidFirst, (one) => {
    const subnets = tightFor(one) ? [...Object.keys(one.takes).sort(), reserveOf(one)] : [];
    return [...subnets, ...(one.lanes ?? [])].join(' ');
  });
  const granted: Wanted<W>[] = [];
  const refused: Shared<W>['refused'][number][] = [];
  let tookLast = false;
  for (const [, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // Where nothing is tight nobody counts, whatever the reserve.
    const tight = group.some(tightFor);
    const free = freeAbove(tight ? Math.max(...group.map(reserveOf)) : 0);
    const { subnetsAtMs: readAtMs = world.readAtMs } = world;
    const room: RoomAsk = { takes: group.map(({ takes }) => takes), free, readAtMs, by };
    const answer = await grant(
      group.map(({ calls, lanes = [] }) => inLanes(calls, lanes)),
      as,
      ports,
      room,
    );
    granted.push(...group.slice(0, answer.granted));
    for (const { work } of group.slice(answer.granted)) refused.push({ ...answer, work });
    if (tight && answer.granted > 0) tookLast = true;
  }
  return { granted, refused, calls: granted.reduce((sum, { calls }) => sum + sumOf(calls), 0), tookLast };
}

const makesEnis = ({ CreateNetworkInterface = 0, AttachNetworkInterface = 0 }: Calls): boolean =>
  CreateNetworkInterface + AttachNetworkInterface > 0;
