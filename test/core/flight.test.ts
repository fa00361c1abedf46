import { describe, expect, test } from 'vitest';
import { allowanceOf } from '../../lambdas/core/budget/allowance.ts';
import { spend, UNTOUCHED } from '../../lambdas/core/budget/budget.ts';
import {
  hasRoom,
  type InFlight,
  isTight,
  landed,
  type RoomAsk,
  takenOff,
} from '../../lambdas/core/budget/flight.ts';
import type { SubnetId } from '../../lambdas/core/model.ts';
import { aPolicy, NOW_MS } from './fixtures.ts';

const SUBNET: SubnetId = 'subnet-1';
const ask = (free: number, readAtMs = NOW_MS): RoomAsk => ({
  takes: [{ [SUBNET]: 10 }],
  free: { [SUBNET]: free },
  readAtMs,
  by: 'a run',
});
const taken = (addresses: number, atMs: number, landedMs?: number): InFlight => ({
  [SUBNET]: [{ by: 'another', addresses, atMs, ...(landedMs !== undefined && { landedMs }) }],
});

describe('the last addresses of a subnet', () => {
  test('what another run was granted a moment ago counts as gone, though no read shows it', () => {
    expect(hasRoom(taken(10, NOW_MS - 1_000), { [SUBNET]: 10 }, ask(20))).toBe(true);
    expect(hasRoom(taken(11, NOW_MS - 1_000), { [SUBNET]: 10 }, ask(20))).toBe(false);
  });
  test('what was granted 45 s before the read is in the read', () => {
    expect(hasRoom(taken(11, NOW_MS - 45_001), { [SUBNET]: 10 }, ask(20))).toBe(true);
  });
  test('once its calls are over, a read that begins two seconds later shows what they took', () => {
    const over = taken(11, NOW_MS - 10_000, NOW_MS - 2_000);
    expect(hasRoom(over, { [SUBNET]: 10 }, ask(20, NOW_MS - 1))).toBe(false);
    expect(hasRoom(over, { [SUBNET]: 10 }, ask(20, NOW_MS))).toBe(true);
  });
  test('a run says that its own calls are over, and nobody else’s', () => {
    const both = {
      [SUBNET]: [...(taken(1, NOW_MS)[SUBNET] ?? []), { by: 'mine', addresses: 2, atMs: NOW_MS }],
    };
    const told = landed(both, 'mine', NOW_MS + 5);
    expect(told[SUBNET]?.map(({ landedMs }) => landedMs)).toEqual([undefined, NOW_MS + 5]);
  });
  test('where there is plenty nobody counts', () => {
    expect(isTight({ [SUBNET]: 10 }, { [SUBNET]: 8_193 })).toBe(false);
    expect(takenOff({}, { [SUBNET]: 10 }, ask(8_193), NOW_MS)).toEqual({});
    expect(hasRoom(taken(8_190, NOW_MS), { [SUBNET]: 10 }, ask(8_193))).toBe(true);
  });
  test('another subnet does not mind', () => {
    expect(hasRoom(taken(20, NOW_MS), { 'subnet-2': 10 }, { ...ask(20), free: { 'subnet-2': 10 } })).toBe(
      true,
    );
  });
  test('a subnet nobody read has none', () => {
    expect(hasRoom({}, { 'subnet-2': 1 }, ask(20))).toBe(false);
  });
});

describe('granted together with the requests', () => {
  const allowance = allowanceOf(aPolicy());
  const create = { CreateNetworkInterface: 1 };
  test('two runs want the last twenty addresses above the reserve, ten each and ten more: two get them, one waits', () => {
    const first = spend(UNTOUCHED, [create], 'launch', allowance, NOW_MS, ask(20));
    const second = spend(first.next ?? UNTOUCHED, [create], 'launch', allowance, NOW_MS, ask(20));
    const third = spend(second.next ?? UNTOUCHED, [create], 'launch', allowance, NOW_MS, ask(20));
    expect([first.granted, second.granted, third.granted]).toEqual([1, 1, 0]);
    expect(third).toMatchObject({ because: 'room taken', waitMs: 2_000 });
  });
  test('what is refused takes nothing', () => {
    const first = spend(UNTOUCHED, [create], 'launch', allowance, NOW_MS, ask(9));
    expect(first).toMatchObject({ granted: 0, because: 'room taken' });
    expect(first.next?.inFlight).toBeUndefined();
  });
});
