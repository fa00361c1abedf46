import { describe, expect, test } from 'vitest';
import { type Done, tokenOf } from '../../lambdas/core/calls/doing.ts';
import {
  asPromised,
  cameAbout,
  honour,
  intend,
  keep,
  settled,
  unheardAgain,
} from '../../lambdas/core/calls/promises.ts';
import type { FailureKind } from '../../lambdas/core/failures.ts';
import type { EniId, NodeId } from '../../lambdas/core/model.ts';
import type { AttachStep, FillStep } from '../../lambdas/core/plan/steps.ts';
import { freshRecord, type NodeRecord } from '../../lambdas/core/records.ts';
import { aNode, anEni, NOW_MS } from './fixtures.ts';

const NODE: NodeId = 'i-1';
const ENI: EniId = 'eni-new';
/** EC2 shows by then what it was asked before: the wait is written again here, not imported. */
const CONSISTENT_MS = 15_000;

const attach = (changes: Partial<AttachStep> = {}): AttachStep => ({
  do: 'attach',
  nodeId: NODE,
  subnetId: 'subnet-1',
  deviceIndex: 2,
  addresses: 9,
  shape: 'full',
  groupIds: ['sg-nodes'],
  until: 'attached',
  finish: 'later',
  because: 'a test',
  ...changes,
});
const fill: FillStep = {
  do: 'fill',
  nodeId: NODE,
  eniId: 'eni-0',
  subnetId: 'subnet-1',
  addresses: 4,
  because: 'a test',
};
const fresh = freshRecord({ nodeId: NODE, cluster: 'shop', nodeGroup: 'workers' }, NOW_MS);
const node = aNode({ id: NODE, enis: [anEni(0, 5)] });

const done = (token: string, way: { eniId?: EniId; attached?: boolean; failed?: FailureKind }): Done => ({
  enis: new Map([[token, { attached: false, ...way }]]),
  fills: new Map(),
  failures: [],
  late: 0,
});
const intended = (step: AttachStep = attach()): NodeRecord => intend(fresh, node, [step], NOW_MS);

describe('written down before the call', () => {
  test('an attach: token, slot, size, subnet, and when it was sent', () => {
    expect(intended().enis).toEqual([
      {
        token: tokenOf(attach()),
        deviceIndex: 2,
        addresses: 9,
        subnetId: 'subnet-1',
        sinceMs: NOW_MS,
        attachedAtMs: NOW_MS,
        unheard: true,
      },
    ]);
  });

  test('a create while the instance is pending is no attach yet', () => {
    expect(intended(attach({ until: 'created' })).enis[0]).not.toHaveProperty('attachedAtMs');
  });

  test('a fill: how many addresses the ENI has after it', () => {
    expect(intend(fresh, node, [fill], NOW_MS).fills).toEqual([{ eniId: 'eni-0', to: 9, atMs: NOW_MS }]);
  });
});

describe('a run died when it had written down an attach: whoever holds the lease then', () => {
  const made = attach({ eniId: ENI, token: 'made', paid: true });
  const left = unheardAgain(intended(made));

  test('asks for it again at once, of the budget, too', () => {
    const { steps } = honour([attach()], left, NOW_MS + 5_000);
    expect(steps).toEqual([expect.objectContaining({ eniId: ENI, token: 'made' })]);
    expect(left.enis[0]).not.toHaveProperty('paid');
    expect(asPromised(node, left, NOW_MS + 5_000)).toEqual(node);
  });

  test('sees that it came about', () => {
    expect(cameAbout(left, node)).toBe(false);
    const enis = [...node.enis, { ...anEni(2, 9), id: ENI }];
    expect(cameAbout(left, { ...node, enis })).toBe(true);
  });

  test('waits for one that was answered', () => {
    const answered = unheardAgain(keep(intended(made), done('made', { eniId: ENI, attached: true })));
    expect(honour([attach()], answered, NOW_MS + 5_000)).toEqual({ steps: [], unsettled: 1 });
    const shown = { ...node, enis: [...node.enis, { ...anEni(2, 9), id: ENI }] };
    expect(cameAbout(answered, shown)).toBe(false);
  });
});

describe('the same request has the same token, and another one has another', () => {
  const changes: readonly Partial<AttachStep>[] = [
    { deviceIndex: 1 },
    { addresses: 8 },
    { subnetId: 'subnet-2' },
    { groupIds: ['sg-other'] },
    { demandId: 'release-7' },
    { nodeId: 'i-2' },
  ];
  test.each(changes)('%j', (change) => {
    expect(tokenOf(attach(change))).not.toBe(tokenOf(attach()));
  });
  test('the reason and the moment do not matter', () => {
    expect(tokenOf(attach({ because: 'else', attachByMs: NOW_MS, until: 'created' }))).toBe(
      tokenOf(attach()),
    );
  });
  test('64 ASCII characters at most, with ids of full length', () => {
    const longest = attach({
      nodeId: `i-${'a'.repeat(17)}`,
      subnetId: `subnet-${'b'.repeat(17)}`,
      addresses: 49,
    });
    expect(tokenOf(longest)).toMatch(/^[\x21-\x7e]{1,64}$/);
  });
});

describe('kept after the calls', () => {
  const token = tokenOf(attach());
  test('attached: the ENI is known, and reads may not show it yet', () => {
    const { enis } = keep(intended(), done(token, { eniId: ENI, attached: true }));
    expect(enis).toMatchObject([{ eniId: ENI, attachedAtMs: NOW_MS }]);
  });
  test.each(['subnet-full', 'quota', 'unexpected', 'conflict', 'throttled', 'not-allowed'] as const)(
    'its create was refused (%s): forgotten, so that another plan is free',
    (failed) => {
      expect(keep(intended(), done(token, { failed })).enis).toEqual([]);
    },
  );
  test.each(['transient', 'uncertain'] as const)(
    'its create may have come about (%s): kept with its token',
    (failed) => {
      expect(keep(intended(), done(token, { failed })).enis).toMatchObject([{ token }]);
    },
  );
  test('made, and its attach refused: it waits for another try, and counts as sent no more', () => {
    const { enis } = keep(intended(), done(token, { eniId: ENI, failed: 'conflict' }));
    expect(enis).toMatchObject([{ eniId: ENI }]);
    expect(enis[0]).not.toHaveProperty('attachedAtMs');
  });
  test('its attach was not answered: it may be on its way', () => {
    const { enis } = keep(intended(), done(token, { eniId: ENI, failed: 'uncertain' }));
    expect(enis).toMatchObject([{ eniId: ENI, attachedAtMs: NOW_MS }]);
  });
  test.each([
    ['refused', 'throttled', 0],
    ['not answered', 'uncertain', 1],
  ] as const)('a fill that was %s', (_, kind, left) => {
    const result: Done = { enis: new Map(), fills: new Map([['eni-0', kind]]), failures: [], late: 0 };
    expect(keep(intend(fresh, node, [fill], NOW_MS), result).fills ?? []).toHaveLength(left);
  });
});

describe('what a later run makes of it', () => {
  const sent = keep(intended(), done(tokenOf(attach()), { eniId: ENI, attached: true }));

  test('a read that lags does not show the ENI: it counts as attached all the same, until reads must show it', () => {
    expect(asPromised(node, sent, NOW_MS + CONSISTENT_MS - 1).enis.map(({ id }) => id)).toEqual([
      'eni-0',
      ENI,
    ]);
    expect(asPromised(node, sent, NOW_MS + CONSISTENT_MS).enis).toHaveLength(1);
  });
  test('a read that shows it shows it once', () => {
    const there = aNode({ id: NODE, enis: [anEni(0, 5), anEni(2, 9, { id: ENI })] });
    expect(asPromised(there, sent, NOW_MS)).toBe(there);
  });

  test('the same step again, a moment later: it is not sent again', () => {
    expect(honour([attach()], sent, NOW_MS + 1_000)).toEqual({ steps: [], unsettled: 1 });
  });
  test('the same step once reads must show it, and do not: the ENI that was made is attached', () => {
    const { steps } = honour([attach()], sent, NOW_MS + CONSISTENT_MS);
    expect(steps).toMatchObject([{ eniId: ENI, token: tokenOf(attach()) }]);
  });
  test('another subnet looks better now: the promise is kept where it was made, by its token', () => {
    const left = keep(intended(), done(tokenOf(attach()), { failed: 'transient' }));
    const { steps } = honour([attach({ subnetId: 'subnet-2' })], left, NOW_MS + 1_000);
    expect(steps).toMatchObject([{ subnetId: 'subnet-1', token: tokenOf(attach()) }]);
  });
  test('another demand is another promise', () => {
    const { steps } = honour([attach({ demandId: 'release-7' })], sent, NOW_MS + 1_000);
    expect(steps).toEqual([attach({ demandId: 'release-7' })]);
  });
  test('a fill that was sent a moment ago is not sent again before reads must show it', () => {
    const record = intend(fresh, node, [fill], NOW_MS);
    expect(honour([fill], record, NOW_MS + CONSISTENT_MS - 1)).toEqual({ steps: [], unsettled: 1 });
    expect(honour([fill], record, NOW_MS + CONSISTENT_MS)).toEqual({ steps: [fill], unsettled: 0 });
  });

  test('once a read shows it, nothing is left to remember', () => {
    const there = aNode({ id: NODE, enis: [anEni(0, 5), anEni(2, 9, { id: ENI })] });
    expect(settled(sent, there, NOW_MS + CONSISTENT_MS)).toEqual(fresh);
  });
});
