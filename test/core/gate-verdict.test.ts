/** One perfect node behind a closed gate, and small deviations from it. */
import { expect, test } from 'vitest';
import { gatedAttachByMs } from '../../lambdas/core/launches/gate.ts';
import { judgeGate, type Known } from '../../lambdas/core/launches/gate-verdict.ts';
import type { Node } from '../../lambdas/core/model.ts';
import type { NodeRecord } from '../../lambdas/core/records.ts';
import type { Gate } from '../../lambdas/core/signals.ts';
import { aCluster, aNode, anEni, aPolicy, CLUSTER_NAME, IPAMD_TAG, NOW_MS } from './fixtures.ts';

const POLICY = aPolicy();
const OURS = 'eks-ip-prewarmer/node';
const seconds = (count: number): number => count * 1000;

/** Running for a minute, Ready for 20 s; two ENIs of ours that ipamd has adopted. */
const GATE: Gate = { nodeId: 'i-1', runningAtMs: NOW_MS - seconds(60) };
const SEEN = {
  nodeId: 'i-1',
  name: 'node-1',
  closed: true,
  readySinceMs: NOW_MS - seconds(20),
  joinedAtMs: NOW_MS - seconds(30),
} as const;
const RECORD: NodeRecord = {
  nodeId: 'i-1',
  cluster: CLUSTER_NAME,
  nodeGroup: 'workers',
  enis: [],
  outcome: { state: 'attached' },
  expiresAtMs: NOW_MS + seconds(3_600),
};
const nodeWith = (tagged: number, ours = 2): Node =>
  aNode({
    enis: [
      anEni(0, 9, { tags: { [IPAMD_TAG]: 'i-1' } }),
      ...Array.from({ length: ours }, (_, at) =>
        anEni(at + 1, 9, { tags: { [OURS]: 'i-1', ...(at < tagged && { [IPAMD_TAG]: 'i-1' }) } }),
      ),
    ],
  });
const STARTING = aNode({ enis: [anEni(0, 0), anEni(1, 9, { tags: { [OURS]: 'i-1' } })] });

function judged(
  changes: Partial<Known> & { readonly node?: Node; readonly gate?: Partial<Gate> } = {},
): string {
  const { node = nodeWith(2), gate = {}, ...known } = changes;
  const asked = { ...GATE, ...gate };
  const verdict = judgeGate(asked, {
    seen: SEEN,
    aws: { cluster: aCluster(), nodes: new Map([[node.id, node]]) },
    record: RECORD,
    readAtMs: NOW_MS,
    attachByMs: gatedAttachByMs(asked.runningAtMs, POLICY),
    nowMs: NOW_MS,
    policy: POLICY,
    acts: true,
    lessons: new Map(),
    ...known,
  });
  return verdict.do === 'open' ? `open: ${verdict.because}` : verdict.do;
}

const left = (reason: 'too late' | 'over budget' | 'subnet full'): NodeRecord => ({
  ...RECORD,
  outcome: { state: 'left', reason },
});

test.each<[string, Parameters<typeof judged>[0], string | RegExp]>([
  ['seen this moment: not usable yet', {}, 'wait'],
  ['seen 10 s ago', { gate: { seenByMs: NOW_MS - seconds(10) } }, 'open: our addresses were adopted'],
  ['seen 9 s ago', { gate: { seenByMs: NOW_MS - seconds(9) } }, 'wait'],
  [
    'not started at a look 40 s ago: only its start can have adopted them',
    { gate: { notStartedAtMs: NOW_MS - seconds(40) } },
    'open: its ipamd started with our addresses',
  ],
  [
    'not started at a look 50 s ago: a reconcile may have',
    { gate: { notStartedAtMs: NOW_MS - seconds(50) } },
    'wait',
  ],
  ['one of two adopted', { node: nodeWith(1) }, 'wait'],
  ['adopted, but the node is not Ready', { seen: { ...SEEN, readySinceMs: undefined as never } }, 'wait'],
  ['not joined', { seen: undefined }, 'wait'],
  ['open already', { seen: { ...SEEN, closed: false } }, 'nothing'],
  [
    'the deadline has come, adopted or not',
    { node: nodeWith(0), gate: { runningAtMs: NOW_MS - POLICY.gateDeadlineMs } },
    /^open: the deadline/,
  ],
  [
    'the deadline has come and nothing of AWS is known',
    { aws: undefined, gate: { runningAtMs: NOW_MS - POLICY.gateDeadlineMs } },
    /^open: the deadline/,
  ],
  ['nothing of AWS is known before', { aws: undefined }, 'wait'],
  ['we may change nothing', { acts: false }, /^open: nothing is changed in EC2/],
  [
    'its node group is only observed',
    { policy: aPolicy({ clusters: { [CLUSTER_NAME]: { mode: 'observe' } } }) },
    'open: its node group is only observed: the policy says so',
  ],
  [
    'its CNI keeps nothing of ours',
    { aws: { cluster: aCluster({ WARM_IP_TARGET: '5' }), nodes: new Map([['i-1', nodeWith(0, 0)]]) } },
    'open: with IP targets the CNI gives a surplus back within seconds',
  ],
  ['left as too late for the race', { node: nodeWith(0, 0), record: left('too late') }, 'plan again'],
  ['no run ever got to it', { node: nodeWith(0, 0), record: undefined }, 'plan again'],
  [
    'left as too late, and planned again before',
    { node: nodeWith(0, 0), record: left('too late'), gate: { again: true } },
    'wait',
  ],
  [
    'left as too late, and so late that nothing could be adopted before the deadline',
    { node: nodeWith(0, 0), record: left('too late'), gate: { runningAtMs: NOW_MS - seconds(126) } },
    'open: nothing of ours is on its way',
  ],
  [
    'left as too late, and its ipamd has only just started',
    { node: STARTING, record: left('too late'), seen: { ...SEEN, readySinceMs: NOW_MS - seconds(6) } },
    'wait',
  ],
  [
    'left as too late, and the next reconcile is near',
    { node: nodeWith(0, 0), record: left('too late'), seen: { ...SEEN, readySinceMs: NOW_MS - seconds(50) } },
    'wait',
  ],
  [
    'left for want of room',
    { node: nodeWith(0, 0), record: left('subnet full') },
    'open: nothing of ours is on its way',
  ],
  [
    'its attach was sent and is not shown',
    {
      node: nodeWith(0, 0),
      record: {
        ...RECORD,
        enis: [
          {
            eniId: 'eni-9',
            deviceIndex: 2,
            addresses: 9,
            subnetId: 'subnet-1',
            token: 't',
            sinceMs: NOW_MS,
            attachedAtMs: NOW_MS,
          },
        ],
      },
    },
    'wait',
  ],
])('%s', (_what, changes, expected) => {
  expect(judged(changes)).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
});

test('where we are the only allocator no tag tells: the worst case of adoption does', () => {
  const policy = aPolicy({ soleAllocator: true });
  const cluster = aCluster({ DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' });
  const node = nodeWith(0);
  const at = (usableFromMs: number): string =>
    judged({
      policy,
      aws: { cluster, nodes: new Map([[node.id, node]]) },
      record: { ...RECORD, times: { usableFromMs } },
    });
  expect(at(NOW_MS + 1)).toBe('wait');
  expect(at(NOW_MS)).toBe('open: our addresses are presumed usable');
});

test('the deadline leaves room for an event a minute late, and for putting its attach off for a reconcile', () => {
  const attachByMs = gatedAttachByMs(0, POLICY);
  // Deadline less attach (2), metadata (8), reconcile (65) and the wait until what was seen is usable (10).
  expect(attachByMs).toBe(seconds(210 - 85));
  expect(attachByMs).toBeGreaterThan(seconds(60 + 20 + 30));
});
