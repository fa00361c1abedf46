import { expect, test } from 'vitest';
import {
  type AttachStep,
  acts,
  addressesOf,
  callsOf,
  type FillStep,
  type FinishStep,
  type LeaveStep,
  sumCalls,
  totalsOf,
} from '../../lambdas/core/plan/steps.ts';

const attach: AttachStep = {
  do: 'attach',
  nodeId: 'i-1',
  subnetId: 'subnet-1',
  deviceIndex: 2,
  addresses: 9,
  shape: 'full',
  groupIds: ['sg-1'],
  until: 'attached',
  finish: 'at once',
  because: '',
};
const create: AttachStep = { ...attach, nodeId: 'i-2', until: 'created' };
const attachMade: AttachStep = { ...attach, eniId: 'eni-7' };
const fill: FillStep = {
  do: 'fill',
  nodeId: 'i-1',
  eniId: 'eni-1',
  subnetId: 'subnet-1',
  addresses: 4,
  because: '',
};
const finish: FinishStep = { do: 'finish', nodeId: 'i-3', eniId: 'eni-1', attachmentId: 'a-1', because: '' };
const leave: LeaveStep = { do: 'leave', nodeId: 'i-4', reason: 'too late', because: '' };

test('an ENI costs three mutating calls, a fill one, and what is half done only the rest', () => {
  const [CreateNetworkInterface, AttachNetworkInterface, ModifyNetworkInterfaceAttribute] = [1, 1, 1];
  expect(callsOf(attach)).toEqual({
    CreateNetworkInterface,
    AttachNetworkInterface,
    ModifyNetworkInterfaceAttribute,
  });
  expect(callsOf(create)).toEqual(callsOf(attach));
  expect(callsOf(attachMade)).toEqual({ AttachNetworkInterface, ModifyNetworkInterfaceAttribute });
  expect(callsOf({ ...create, eniId: 'eni-7' })).toEqual({});
  expect(callsOf(fill)).toEqual({ AssignPrivateIpAddresses: 1 });
  expect(callsOf(finish)).toEqual({ ModifyNetworkInterfaceAttribute: 1 });
});

test('creating first and attaching later costs no call more than at once', () => {
  expect(sumCalls([callsOf(create), callsOf({ ...attachMade, paid: true })])).toEqual(callsOf(attach));
});

test('an ENI takes one address more than it brings, for itself, and only when it is made', () => {
  expect([attach, create, attachMade, fill, finish].map(addressesOf)).toEqual([10, 10, 0, 4, 0]);
});

test('advice and nodes left alone do nothing', () => {
  expect(acts(leave)).toBe(false);
  expect(acts({ do: 'advise', setting: 'WARM_PREFIX_TARGET', because: '' })).toBe(false);
});

test('totals count calls by action, addresses, each node once, and nodes left by reason', () => {
  const other: LeaveStep = { ...leave, nodeId: 'i-5' };
  const full: LeaveStep = { ...leave, nodeId: 'i-6', reason: 'no slots' };
  expect(totalsOf([attach, fill, create, finish, leave, other, full])).toEqual({
    calls: {
      CreateNetworkInterface: 2,
      AttachNetworkInterface: 2,
      ModifyNetworkInterfaceAttribute: 3,
      AssignPrivateIpAddresses: 1,
    },
    addresses: 24,
    nodesWarmed: 3,
    nodesLeft: { 'too late': 2, 'no slots': 1 },
  });
  expect(totalsOf([])).toEqual({ calls: {}, addresses: 0, nodesWarmed: 0, nodesLeft: {} });
});
