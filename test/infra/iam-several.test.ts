/** Rights where one deployment has several clusters, and where its functions are in a VPC. */
import { describe, expect, test } from 'vitest';
import { OUR_CLUSTER_TAG } from '../../lambdas/core/model.ts';
import { type Asked, allowed, arn, BY_CODE, Deployed } from './deployed-policies.ts';
import {
  attachEni,
  createEni,
  deleteEni,
  type Eni,
  fillEni,
  finishEni,
  type Instance,
  MUTATIONS,
  OTHER_VPC,
  OUR_TAGS,
} from './ec2-requests.ts';
import { judge, may, mayNot, type Row } from './iam-rows.ts';
import { templateWith, VPC_ID } from './synthesized.ts';

/** Warm, warm, and observed. */
const VPCS = { shop: VPC_ID, batch: OTHER_VPC, watched: 'vpc-00000000000000000' };
type Name = keyof typeof VPCS;

const oursOf = (name: Name): Eni => ({ vpcId: VPCS[name], tags: { [OUR_CLUSTER_TAG]: name } });
const primaryOf = (name: Name): Eni => ({ vpcId: VPCS[name], tags: {} });
const ofTheCniOf = (name: Name, vpcId: string): Eni => ({
  vpcId,
  tags: { 'cluster.k8s.amazonaws.com/name': name },
});
const nodeOf = (name: Name): Instance => ({ tags: { [`kubernetes.io/cluster/${name}`]: 'owned' } });
const createFor = (name: Name, vpcId: string): Asked[] =>
  createEni({ tags: { ...OUR_TAGS, [OUR_CLUSTER_TAG]: name }, subnetVpcId: vpcId, groupVpcIds: [vpcId] });

const ofWarm = (['shop', 'batch'] as const).flatMap((name): Row[] => [
  may('sweep', `create an interface for ${name} in its VPC`, createFor(name, VPCS[name])),
  may('sweep', `attach it to a node of ${name}`, attachEni(oursOf(name), nodeOf(name))),
  may('sweep', `fill a primary of ${name}`, fillEni(primaryOf(name))),
  may('sweep', `fill an interface that the CNI of ${name} made`, fillEni(ofTheCniOf(name, VPCS[name]))),
  may('sweep', `delete ours of ${name}`, deleteEni(oursOf(name))),
  may('look-again', `tell ours of ${name} to go with its node`, finishEni(oursOf(name), nodeOf(name))),
]);
const ofObserved: readonly Row[] = [
  mayNot('sweep', 'create an interface in the name of watched', createFor('watched', VPCS.shop)),
  mayNot('sweep', 'create one in the VPC of watched', createFor('shop', VPCS.watched)),
  mayNot('sweep', 'attach ours of shop to a node of watched', attachEni(oursOf('shop'), nodeOf('watched'))),
  mayNot('sweep', 'attach an interface of watched', attachEni(oursOf('watched'), nodeOf('shop'))),
  mayNot('sweep', 'fill a primary of watched', fillEni(primaryOf('watched'))),
  mayNot(
    'sweep',
    'fill one that the CNI of watched made, were it in the VPC of shop',
    fillEni(ofTheCniOf('watched', VPCS.shop)),
  ),
  mayNot('sweep', 'delete an interface of watched', deleteEni(oursOf('watched'))),
  mayNot(
    'look-again',
    'tell one of watched to go with its node',
    finishEni(oursOf('watched'), nodeOf('watched')),
  ),
];

describe('of three clusters, two warm and one observed', () => {
  const three = new Deployed(
    templateWith({
      clusters: [
        { name: 'shop', mode: 'warm', vpcId: VPCS.shop },
        { name: 'watched', vpcId: VPCS.watched },
        { name: 'batch', mode: 'warm', vpcId: VPCS.batch },
      ],
    }),
  );
  judge(three, [...ofWarm, ...ofObserved]);

  test('IAM judges resources one by one, so among warm clusters of one deployment it holds nothing apart: the code does', async () => {
    const sweep = three.policiesOf('sweep');
    expect(await allowed(sweep, createFor('shop', VPCS.batch))).toBe(true);
    expect(await allowed(sweep, attachEni(oursOf('shop'), nodeOf('batch')))).toBe(true);
  });
});

describe('of functions in a VPC that observe', () => {
  const inside = new Deployed(
    templateWith({
      clusters: [{ name: 'demo' }],
      vpc: { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] },
    }),
  );
  const byCode = (asked: readonly Asked[]): Asked[] =>
    asked.map((one) => ({
      ...one,
      context: { ...one.context, [BY_CODE]: arn('lambda', 'function:sweep') },
    }));

  judge(
    inside,
    inside
      .functions()
      .flatMap((who) =>
        Object.entries(MUTATIONS).map(([what, asked]) =>
          mayNot(who, `${what} by its own code`, byCode(asked)),
        ),
      ),
  );

  test('Lambda may make and remove the interfaces through which a function is in the VPC', async () => {
    const inVpc: Eni = { vpcId: VPC_ID, tags: {} };
    for (const asked of [createEni({ tags: {} }), deleteEni(inVpc)])
      expect(await allowed(inside.policiesOf('sweep'), asked)).toBe(true);
  });
});
