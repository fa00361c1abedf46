import { describe, expect, test } from 'vitest';
import { allowanceOf } from '../../lambdas/core/budget/allowance.ts';
import { type BudgetState, spend, UNTOUCHED } from '../../lambdas/core/budget/budget.ts';
import type { Takes } from '../../lambdas/core/budget/flight.ts';
import { lanesOf } from '../../lambdas/core/budget/lanes.ts';
import type { Calls } from '../../lambdas/core/budget/metered.ts';
import { share } from '../../lambdas/core/calls/granting.ts';
import type { Ports } from '../../lambdas/core/ports.ts';
import { aPolicy, aSubnet, NOW_MS } from './fixtures.ts';

const ENI = { CreateNetworkInterface: 1, AttachNetworkInterface: 1, ModifyNetworkInterfaceAttribute: 1 };
const POLICY = aPolicy({ subnetReserveAddresses: 16 });

/** A budget in a variable, and a journal nobody reads. */
function portsWith(state: BudgetState, policy = POLICY): Ports {
  let now = state;
  const budget: Ports['budget'] = {
    spend: async (asks, as, room) => {
      const { next, ...answer } = spend(now, asks, as, allowanceOf(policy), NOW_MS, room);
      now = next ?? now;
      return answer;
    },
    report: async () => {},
    standing: async () => ({ circuitOpen: false, actions: {} }),
  };
  const journal = { note: () => {}, warn: () => {}, measure: () => {} };
  return { budget, journal, settings: { clusters: [], policy } } as unknown as Ports;
}

const wanted = (work: string, calls: Calls, takes: Takes = {}) => ({ work, calls, takes });
const world = {
  readAtMs: NOW_MS,
  subnets: [aSubnet(46), aSubnet(4_000, { id: 'subnet-2' })],
};
const names = (all: readonly { readonly work: string }[]): string[] => all.map(({ work }) => work);

describe('who waits for whom', () => {
  test('the last addresses of one subnet are in flight: its nodes wait, and nobody else does', async () => {
    const busy = {
      ...UNTOUCHED,
      inFlight: { 'subnet-1': [{ by: 'another', addresses: 30, atMs: NOW_MS }] },
    };
    const { granted, refused } = await share(
      [
        wanted('a', ENI, { 'subnet-1': 10 }),
        wanted('b', ENI, { 'subnet-2': 10 }),
        wanted('c', ENI, { 'subnet-2': 10 }),
      ],
      'launch',
      { world, by: 'mine' },
      portsWith(busy),
    );
    expect(names(granted)).toEqual(['b', 'c']);
    expect(refused).toMatchObject([{ work: 'a', because: 'room taken' }]);
  });

  test('a subnet’s room was read before the instances: what landed in between is taken off', async () => {
    const takings = [{ by: 'another', addresses: 30, atMs: NOW_MS - 9_000, landedMs: NOW_MS - 8_000 }];
    const busy = { ...UNTOUCHED, inFlight: { 'subnet-1': takings } };
    const ask = [wanted('a', ENI, { 'subnet-1': 10 })];
    const known = { ...world, subnetsAtMs: NOW_MS - 10_000 };
    expect((await share(ask, 'launch', { world: known, by: 'mine' }, portsWith(busy))).granted).toEqual([]);
    expect(names((await share(ask, 'launch', { world, by: 'mine' }, portsWith(busy))).granted)).toEqual([
      'a',
    ]);
  });

  test('a node group that leaves more of a subnet free waits sooner than the others', async () => {
    const { granted, refused } = await share(
      [
        { ...wanted('careful', ENI, { 'subnet-1': 10 }), reserve: 40 },
        wanted('as all', ENI, { 'subnet-1': 10 }),
        { ...wanted('bold', ENI, { 'subnet-1': 20 }), reserve: 0 },
      ],
      'launch',
      { world, by: 'mine' },
      portsWith(UNTOUCHED),
    );
    expect(names(granted)).toEqual(['bold', 'as all']);
    expect(refused).toMatchObject([{ work: 'careful', because: 'room taken' }]);
  });

  test('a node group whose own share is spent waits, and holds up nobody', async () => {
    const policy = aPolicy({ clusters: { shop: { nodeGroups: { batch: { budgetShare: 0.01 } } } } });
    const lanes = lanesOf(policy, 'shop', 'batch');
    const narrow = { 'CreateNetworkInterface@shop/batch': { tokens: 0, atMs: NOW_MS, pace: 1 } };
    const { granted, refused, calls } = await share(
      [{ ...wanted('batch', ENI), lanes }, wanted('web', ENI), wanted('web too', ENI)],
      'launch',
      { world, by: 'mine' },
      portsWith({ ...UNTOUCHED, buckets: narrow }, policy),
    );
    expect(names(granted)).toEqual(['web', 'web too']);
    expect(calls).toBe(6);
    expect(names(refused)).toEqual(['batch']);
  });

  test('no attach is to be had: those whose attaches are paid for go all the same', async () => {
    const empty = { ...UNTOUCHED, buckets: { AttachNetworkInterface: { tokens: 0, atMs: NOW_MS, pace: 1 } } };
    const { granted, refused } = await share(
      [wanted('late', ENI), wanted('paid', {}), wanted('paid, with a fill', { AssignPrivateIpAddresses: 1 })],
      'launch',
      { world, by: 'mine' },
      portsWith(empty),
    );
    expect(names(granted)).toEqual(['paid', 'paid, with a fill']);
    expect(names(refused)).toEqual(['late']);
  });

  test('the run that took the last of a subnet is told so, to say when it is done', async () => {
    const ports = portsWith(UNTOUCHED);
    const one = (takes: Takes) => share([wanted('a', ENI, takes)], 'launch', { world, by: 'mine' }, ports);
    expect((await one({ 'subnet-1': 10 })).tookLast).toBe(true);
    expect((await one({ 'subnet-2': 10 })).tookLast).toBe(false);
    expect((await one({ 'subnet-1': 10 })).calls).toBe(3);
  });
});
