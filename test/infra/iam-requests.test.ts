/**
 * What each function's role lets it do in EC2, asked request by request of the policies as they are deployed. A row reads as
 * a sentence. What is allowed though one might wish it were not stands apart, with the reason; docs/security.md repeats it
 * for operators.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allowed } from './deployed-policies.ts';
import {
  attachEni,
  createEni,
  createTags,
  deleteEni,
  deleteTags,
  describe as describes,
  detachEni,
  emptyEni,
  enis,
  fillEni,
  finishEni,
  instances,
  MUTATIONS,
  OTHER_VPC,
  OUR_TAGS,
  redescribeEni,
  regroupEni,
  terminate,
} from './ec2-requests.ts';
import { heldByConditions, judge, may, mayNot, observe, type Row, warm } from './iam-rows.ts';
import { VPC_ID } from './synthesized.ts';

/** Those that warm nodes. What one of them may, the others may too: permissions.test.ts compares their statements. */
const WARMING: readonly Row[] = [
  may('on-signal', 'read instances', describes('DescribeInstances')),
  may('on-signal', 'read interfaces', describes('DescribeNetworkInterfaces')),
  may('on-signal', 'read subnets', describes('DescribeSubnets')),
  mayNot('on-signal', 'read what it has no use for', describes('DescribeVpcs')),

  may('on-signal', 'create an interface with our tags in a subnet and a group of the VPC', createEni()),
  may('on-signal', 'create one with two groups of the VPC', createEni({ groupVpcIds: [VPC_ID, VPC_ID] })),
  mayNot('on-signal', 'create one in a subnet of another VPC', createEni({ subnetVpcId: OTHER_VPC })),
  mayNot('on-signal', 'create one with a group of another VPC', createEni({ groupVpcIds: [OTHER_VPC] })),
  mayNot(
    'on-signal',
    'create one with one group of many in another VPC',
    createEni({ groupVpcIds: [VPC_ID, OTHER_VPC] }),
  ),
  mayNot('on-signal', 'create one without tags', createEni({ tags: {} })),
  mayNot('on-signal', 'create one with tags, but not ours', createEni({ tags: { Name: 'mine' } })),
  mayNot(
    'on-signal',
    "create one in another cluster's name",
    createEni({ tags: { ...OUR_TAGS, 'eks-ip-prewarmer/cluster': 'billing' } }),
  ),
  mayNot(
    'on-signal',
    "create one that carries the CNI's tags beside ours, as if ipamd had made it",
    createEni({ tags: { ...OUR_TAGS, 'node.k8s.amazonaws.com/instance_id': 'i-0a' } }),
  ),
  mayNot('on-signal', 'tag an interface that is there', createTags(OUR_TAGS, { on: enis.primary })),
  mayNot('on-signal', 'tag one of ours that is there', createTags(OUR_TAGS, { on: enis.ours })),
  mayNot('on-signal', 'tag what another action creates', createTags(OUR_TAGS, { as: 'RunInstances' })),
  mayNot('on-signal', 'take tags off', deleteTags(enis.ours)),

  may('on-signal', "attach ours to the cluster's node", attachEni(enis.ours, instances.node)),
  mayNot('on-signal', "attach ours to another cluster's node", attachEni(enis.ours, instances.nodeOfAnother)),
  mayNot('on-signal', 'attach ours to an instance that is no node', attachEni(enis.ours, instances.noNode)),
  mayNot(
    'on-signal',
    'attach ours to an instance that the cluster shares but does not own',
    attachEni(enis.ours, instances.shared),
  ),
  mayNot('on-signal', 'attach ours to an Auto Mode node', attachEni(enis.ours, instances.autoModeNode)),
  mayNot('on-signal', "attach an interface of Auto Mode's", attachEni(enis.oursOnAutoMode, instances.node)),
  mayNot('on-signal', "attach ipamd's interface", attachEni(enis.ofTheCni, instances.node)),
  mayNot('on-signal', 'attach an interface without tags', attachEni(enis.primary, instances.node)),
  mayNot(
    'on-signal',
    "attach another cluster's interface",
    attachEni(enis.ofAnotherPrewarmer, instances.node),
  ),

  may('on-signal', 'tell ours to go away with its node', finishEni(enis.ours, instances.node)),
  mayNot('on-signal', "tell ipamd's to go away with its node", finishEni(enis.ofTheCni, instances.node)),
  mayNot('on-signal', 'tell a primary to go away with its node', finishEni(enis.primary, instances.node)),
  mayNot(
    'on-signal',
    "tell ours to go away with another cluster's node",
    finishEni(enis.ours, instances.nodeOfAnother),
  ),
  mayNot(
    'on-signal',
    "tell another cluster's to go away with its node",
    finishEni(enis.ofAnotherPrewarmer, instances.nodeOfAnother),
  ),
  mayNot('on-signal', 'change the security groups of ours', regroupEni(enis.ours)),
  mayNot('on-signal', 'change the security groups of a primary', regroupEni(enis.primary)),

  may('on-signal', 'fill ours', fillEni(enis.ours)),
  may('on-signal', "fill ipamd's", fillEni(enis.ofTheCni)),
  may('on-signal', "fill ipamd's that does not know its cluster's name", fillEni(enis.ofTheCniWithoutName)),
  may('on-signal', 'fill a primary, which carries no tag', fillEni(enis.primary)),
  mayNot('on-signal', 'fill an interface of another VPC', fillEni(enis.elsewhere)),
  mayNot('on-signal', 'fill one of another VPC by our tag', fillEni(enis.oursElsewhere)),
  mayNot('on-signal', "fill one that another cluster's ipamd made in the VPC", fillEni(enis.ofAnotherCni)),
  mayNot('on-signal', "fill one of another cluster's prewarmer in the VPC", fillEni(enis.ofAnotherPrewarmer)),
  mayNot('on-signal', 'fill one of Auto Mode', fillEni(enis.ofAutoMode)),

  mayNot('on-signal', 'take an address from ours', emptyEni(enis.ours)),
  mayNot('on-signal', "take an address from ipamd's", emptyEni(enis.ofTheCni)),
  mayNot('on-signal', 'detach ours', detachEni(enis.ours, instances.node)),
  mayNot('on-signal', 'delete ours', deleteEni(enis.ours)),
  mayNot('on-signal', 'terminate a node', terminate(instances.node)),
];

const SWEEPING: readonly Row[] = [
  may('sweep', 'create an interface with our tags in the VPC', createEni()),
  may('sweep', "attach ours to the cluster's node", attachEni(enis.ours, instances.node)),
  may('sweep', 'fill a primary', fillEni(enis.primary)),
  may('sweep', 'delete ours', deleteEni(enis.ours)),
  mayNot('sweep', "delete ipamd's", deleteEni(enis.ofTheCni)),
  mayNot('sweep', 'delete an interface without tags', deleteEni(enis.primary)),
  mayNot('sweep', "delete another cluster's", deleteEni(enis.ofAnotherPrewarmer)),
  mayNot('sweep', 'take an address from ours', emptyEni(enis.ours)),
  mayNot('sweep', 'detach ours', detachEni(enis.ours, instances.node)),

  may('warm-wave', 'create an interface with our tags in the VPC', createEni()),
  may('warm-wave', 'fill a primary', fillEni(enis.primary)),
  mayNot('warm-wave', "fill one that another cluster's ipamd made in the VPC", fillEni(enis.ofAnotherCni)),
  mayNot('warm-wave', 'delete ours', deleteEni(enis.ours)),

  may('look-again', 'tell ours to go away with its node', finishEni(enis.ours, instances.node)),
  mayNot('look-again', "tell ipamd's to go away with its node", finishEni(enis.ofTheCni, instances.node)),
  mayNot(
    'look-again',
    "tell ours to go away with another cluster's node",
    finishEni(enis.ours, instances.nodeOfAnother),
  ),
  mayNot('look-again', 'create an interface', createEni()),
  mayNot('look-again', 'attach ours', attachEni(enis.ours, instances.node)),
  mayNot('look-again', 'fill ours', fillEni(enis.ours)),
  mayNot('look-again', 'delete ours', deleteEni(enis.ours)),

  may('verify-wave', 'read interfaces', describes('DescribeNetworkInterfaces')),
  mayNot('plan-rollout', 'read instances', describes('DescribeInstances')),
  mayNot('answer-gate', 'read instances', describes('DescribeInstances')),
];

/** These change nothing in EC2, in warm mode either. */
const STILL = [
  'plan-rollout',
  'verify-wave',
  'hold-wave',
  'advance-wave',
  'report-rollout',
  'answer-gate',
  'the rollout machine',
  'a schedule',
];

/** Allowed, though the cluster has no need of it: what IAM's conditions cannot tell apart. */
const NOT_BOUNDED: readonly (Row & { readonly because: string })[] = [
  {
    ...may('on-signal', "fill another cluster's primary in the same VPC", fillEni(enis.primaryOfAnother)),
    because:
      'EC2 asks for the interface alone, and a primary carries no tag that says whose it is: the VPC is the narrowest bound. ' +
      "The code fills interfaces of instances with the cluster's tag alone. Clusters in VPCs of their own are apart by IAM too.",
  },
  {
    ...may(
      'on-signal',
      "fill one that another cluster's ipamd made without knowing its cluster's name",
      fillEni(enis.ofTheCniWithoutName),
    ),
    because:
      'Without CLUSTER_NAME the CNI tags its interfaces with the instance alone, which says nothing of the cluster.',
  },
  {
    ...may('on-signal', 'rewrite the description of ours', redescribeEni(enis.ours)),
    because:
      'ec2:Attribute could narrow it to attachments, but its values are not documented, and a wrong one would leave interfaces behind.',
  },
  {
    ...may('sweep', 'ask to delete ours while it is attached', deleteEni(enis.ours)),
    because: 'IAM knows no condition for it; EC2 itself refuses to delete an interface that is in use.',
  },
  {
    ...may('look-again', 'read instances of every cluster', describes('DescribeInstances')),
    because: "EC2's Describe actions know no resource and no tag.",
  },
];

const nothing = (who: string): Row[] =>
  Object.entries(MUTATIONS).map(([what, asked]) => mayNot(who, what, asked));

describe('in warm mode', () => {
  judge(warm, [...WARMING, ...SWEEPING, ...STILL.flatMap(nothing)]);

  test('the rows can fail: conditions alone hold back half of what may not be', async () => {
    const held = await heldByConditions(warm, [...WARMING, ...SWEEPING]);
    expect(held.length).toBeGreaterThan(30);
  });
});

describe('in warm mode, though nobody needs it', () => {
  test.each(NOT_BOUNDED.map((row) => [row.title, row.because, row] as const))(
    '%s: %s',
    async (...[, , row]) => {
      const { who, asked } = row;
      expect(await allowed(warm.policiesOf(who), asked)).toBe(true);
    },
  );
});

test('docs/security.md tells operators what is not bounded', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/security.md'), 'utf8').replaceAll(
    /\s+/g,
    ' ',
  );
  for (const { title } of NOT_BOUNDED) expect(page).toContain(`- ${title}`);
});

describe('in observe mode', () => {
  judge(observe, observe.functions().flatMap(nothing));
  judge(
    observe,
    ['on-signal', 'sweep', 'look-again'].map((who) => may(who, 'look', describes('DescribeInstances'))),
  );
});
