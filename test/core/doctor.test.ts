/** The doctor's rules: one perfect cluster, one deviation each; and beside it what is near, and no trap. */
import { expect, test } from 'vitest';
import { examine, RULES } from '../../lambdas/core/doctor/examine.ts';
import { reservationIn } from '../../lambdas/core/doctor/prefixes.ts';
import { type ClusterSeen, PARTS } from '../../lambdas/core/doctor/seen.ts';
import type { Node } from '../../lambdas/core/model.ts';
import { nodes, PREFIXES, perfect, secondary, seenSubnet, withEnv } from './doctor-seen.ts';
import { aCluster, anEni, aPolicy, enisOf, IPAMD_TAG } from './fixtures.ts';

const found = (rule: string, seen: ClusterSeen) => examine(seen).findings.find((each) => each.rule === rule);

test('of the perfect cluster there is nothing to say', () => {
  expect(examine(perfect())).toEqual({ findings: [], notJudged: [] });
});

/** What the finding says, or `undefined`: none. */
interface Case {
  readonly rule: string;
  readonly what: string;
  readonly seen: ClusterSeen;
  readonly says?: {
    readonly severity: string;
    readonly evidence: string;
    readonly consequence?: string;
    readonly command?: string | RegExp;
    readonly price?: object;
  };
}

const addon = (values: string): string =>
  `aws eks update-addon --region eu-central-1 --cluster-name shop --addon-name vpc-cni --resolve-conflicts PRESERVE --configuration-values ${values}`;
const manyNodes = (count: number): Pick<ClusterSeen, 'nodes'> => ({
  nodes: nodes(count, (id) => ({ enis: enisOf(id, [9, 3]) })),
});
/** Four nodes of the defaults, or of `env`, on which somebody counted. */
const counted = (
  count: Node['counted'],
  { env = {}, filling = [9, 9], ...more }: CountedSetup = {},
): ClusterSeen =>
  secondary(env, [], {
    nodes: nodes(4, (id) => ({ enis: enisOf(id, filling), counted: { hostNetworkPods: 2, ...count } })),
    ...more,
  });
type CountedSetup = Partial<ClusterSeen> & {
  readonly env?: Readonly<Record<string, string>>;
  readonly filling?: readonly number[];
};
const mode = (env: Readonly<Record<string, string>>, more: Partial<ClusterSeen> = {}): ClusterSeen =>
  secondary(env, [9, 9], more);

const CASES: readonly Case[] = [
  {
    rule: 'minimum-without-warm',
    what: 'ten addresses for up to 27 pods',
    seen: secondary({ MINIMUM_IP_TARGET: '10' }, [9, 1]),
    says: {
      severity: 'red',
      evidence:
        'MINIMUM_IP_TARGET=10 and no WARM_IP_TARGET; pods with an address: m5.large (4 nodes) may run 27',
      command: addon('{"env":{"MINIMUM_IP_TARGET":"10","WARM_IP_TARGET":"5"}}'),
      // 15 pods and free ones on each of 4: five more; a restart is 2 + 2 for each ENI, and a growth step 3.
      price: { calls: 4 * (2 + 4 + 3), addresses: 4 * 5, rolls: 4 },
    },
  },
  { rule: 'minimum-without-warm', what: 'as many as it may run', seen: mode({ MINIMUM_IP_TARGET: '27' }) },
  {
    rule: 'minimum-without-warm',
    what: 'both are set',
    seen: mode({ MINIMUM_IP_TARGET: '10', WARM_IP_TARGET: '1' }),
  },
  {
    rule: 'warm-target-zero',
    what: 'no free ENI wanted',
    seen: secondary({ WARM_ENI_TARGET: '0' }, [9]),
    says: {
      severity: 'red',
      evidence: 'WARM_ENI_TARGET=0',
      command: addon('{"env":{"WARM_ENI_TARGET":"1"}}'),
      // 8 pods at most, so 18 addresses.
      price: { calls: 4 * (2 + 2 + 3), addresses: 4 * 9, rolls: 4 },
    },
  },
  {
    rule: 'warm-target-zero',
    what: 'no free prefix wanted, and no IP target',
    seen: perfect({ cluster: withEnv({ ...PREFIXES, WARM_PREFIX_TARGET: '0' }) }),
    says: { severity: 'red', evidence: 'WARM_PREFIX_TARGET=0', command: '"WARM_PREFIX_TARGET":"1"' },
  },
  {
    rule: 'warm-target-zero',
    what: 'an IP target takes its place',
    seen: mode({ WARM_ENI_TARGET: '0', WARM_IP_TARGET: '3' }),
  },
  {
    rule: 'target-above-one-eni',
    what: 'thirteen wanted of an ENI that holds nine',
    seen: secondary({ MINIMUM_IP_TARGET: '13', WARM_IP_TARGET: '2' }, [9, 4]),
    says: {
      severity: 'yellow',
      evidence: 'm5.large: 9 of 13 (4 nodes)',
      command: 'npx cdk deploy -c cluster=shop -c mode=warm -c vpcId=vpc-1',
    },
  },
  {
    rule: 'target-above-one-eni',
    what: 'two ENIs wanted warm',
    seen: mode({ WARM_ENI_TARGET: '2' }),
    says: { severity: 'yellow', evidence: 'm5.large: 9 of 18 (4 nodes)' },
  },
  {
    rule: 'target-above-one-eni',
    what: 'nine fit on one',
    seen: mode({ MINIMUM_IP_TARGET: '9', WARM_IP_TARGET: '2' }),
  },
  {
    rule: 'ip-target-churn',
    what: 'fifty nodes',
    seen: mode({ MINIMUM_IP_TARGET: '10', WARM_IP_TARGET: '2' }, manyNodes(50)),
    says: {
      severity: 'yellow',
      evidence: 'WARM_IP_TARGET=2, MINIMUM_IP_TARGET=10; 50 nodes that may run more pods than the minimum',
      command: '"MINIMUM_IP_TARGET":"12"',
    },
  },
  {
    rule: 'ip-target-churn',
    what: 'more nodes than the request bucket holds',
    seen: mode({ MINIMUM_IP_TARGET: '10', WARM_IP_TARGET: '2' }, manyNodes(150)),
    says: { severity: 'red', evidence: '150 nodes' },
  },
  { rule: 'ip-target-churn', what: 'forty-nine nodes', seen: mode({ WARM_IP_TARGET: '2' }, manyNodes(49)) },
  {
    rule: 'ip-target-churn',
    what: 'pods counted: the busiest node’s stay as they are',
    seen: counted(
      { pods: 21 },
      {
        env: { MINIMUM_IP_TARGET: '10', WARM_IP_TARGET: '2' },
        filling: [9, 9, 5],
        expected: { churn: { pods: 4, everyMs: 60_000, runsMs: 20_000 } },
      },
    ),
    says: { severity: 'yellow', evidence: '4 pods every 60 s', command: '"MINIMUM_IP_TARGET":"24"' },
  },
  {
    rule: 'ip-target-churn',
    what: 'prefixes by IP targets: one more pod on each of many nodes is hardly a call',
    seen: perfect({
      cluster: withEnv({ ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '2' }),
      ...manyNodes(150),
    }),
  },
  {
    rule: 'ip-target-churn',
    what: 'prefixes by IP targets, with CronJobs whose pods come and go together',
    seen: perfect({
      cluster: withEnv({ ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '2' }),
      expected: { churn: { pods: 40, everyMs: 60_000, runsMs: 20_000 } },
    }),
    says: { severity: 'yellow', evidence: '40 pods every 60 s on 4 nodes', command: 'MINIMUM_IP_TARGET' },
  },
  {
    rule: 'ip-target-churn',
    what: 'CronJobs on four nodes',
    seen: mode(
      { WARM_IP_TARGET: '2' },
      { ...manyNodes(4), expected: { churn: { pods: 40, everyMs: 60_000, runsMs: 20_000 } } },
    ),
    says: {
      severity: 'yellow',
      evidence: '40 pods every 60 s on 4 nodes',
      command: '"MINIMUM_IP_TARGET":"22"',
    },
  },
  {
    rule: 'max-pods-above-addressable',
    what: 'MAX_ENI=2 leaves 18 addresses for 27 pods',
    seen: secondary({ MAX_ENI: '2' }),
    says: {
      severity: 'red',
      evidence: 'm5.large (4 nodes): 27 pods with an address allowed, 18 possible; MAX_ENI=2',
      command: addon('{"env":{}}'),
    },
  },
  {
    rule: 'max-pods-above-addressable',
    what: 'max-pods raised by hand',
    seen: mode({}, { policy: aPolicy({ maxPods: 110 }) }),
    says: { severity: 'red', evidence: '108 pods with an address allowed, 27 possible' },
  },
  { rule: 'max-pods-above-addressable', what: 'the CNI’s own formula', seen: mode({}) },
  {
    rule: 'max-pods-above-addressable',
    what: 'counted: one kubelet of Karpenter’s says more, four pods on its host’s network included',
    seen: mode(
      {},
      {
        nodes: [
          ...nodes(3, (id) => ({ enis: enisOf(id, [9, 9]), counted: { maxPods: 29 } })),
          ...nodes(1, () => ({
            id: 'i-9',
            tags: { 'karpenter.sh/nodepool': 'spot' },
            enis: enisOf('i-9', [9, 9]),
            counted: { maxPods: 110, hostNetworkPods: 4 },
          })),
        ],
      },
    ),
    says: {
      severity: 'red',
      evidence: 'm5.large (1 node): 106 pods with an address allowed, 27 possible',
      command: 'kubectl patch ec2nodeclass NAME --type merge --patch {"spec":{"kubelet":{"maxPods":31}}}',
    },
  },
  {
    rule: 'max-pods-above-addressable',
    what: 'counted: of 33 pods six are on the host’s network',
    seen: counted({ maxPods: 33, hostNetworkPods: 6 }),
  },
  {
    rule: 'max-pods-above-addressable',
    what: 'counted, whatever the policy takes for granted',
    seen: counted({ maxPods: 29 }, { policy: aPolicy({ maxPods: 110 }) }),
  },
  {
    rule: 'burst-beyond-addresses',
    what: 'counted: five pods on each of 4 nodes leave 13 addresses for 22 slots',
    seen: counted({ pods: 5 }, { expected: { burst: { pods: 53, overMs: 0 } } }),
    says: {
      severity: 'red',
      evidence: '88 free pod slots on 4 nodes, of which 52 have an address. Spread over them, 52 pods',
    },
  },
  {
    rule: 'burst-beyond-addresses',
    what: 'counted: 52 pods',
    seen: counted({ pods: 5 }, { expected: { burst: { pods: 52, overMs: 0 } } }),
  },
  {
    rule: 'burst-beyond-addresses',
    what: '36 pods at once meet 9 free addresses on each of 4 nodes, spread over 18 slots each; the 37th finds none',
    seen: mode({}, { expected: { burst: { pods: 37, overMs: 0 } } }),
    says: { severity: 'red', evidence: '72 free pod slots on 4 nodes, of which 36 surely have an address' },
  },
  {
    rule: 'burst-beyond-addresses',
    what: '36 pods',
    seen: mode({}, { expected: { burst: { pods: 36, overMs: 0 } } }),
  },
  {
    rule: 'burst-beyond-addresses',
    what: 'slower than the CNI grows',
    seen: mode({}, { expected: { burst: { pods: 60, overMs: 60_000 } } }),
  },
  {
    rule: 'burst-beyond-addresses',
    what: 'with IP targets the CNI would trim what is brought: a setting',
    seen: mode(
      { WARM_IP_TARGET: '2', MINIMUM_IP_TARGET: '10' },
      { expected: { burst: { pods: 12, overMs: 0 } } },
    ),
    says: {
      severity: 'red',
      evidence: '44 free pod slots on 4 nodes, of which 8 surely have an address',
      command: addon('{"env":{"WARM_IP_TARGET":"3","MINIMUM_IP_TARGET":"10"}}'),
      price: { rolls: 4 },
    },
  },
  {
    rule: 'burst-beyond-addresses',
    what: 'with prefixes it would, too',
    seen: perfect({
      cluster: withEnv({ ...PREFIXES, WARM_PREFIX_TARGET: '1' }),
      policy: aPolicy({ maxPods: 110 }),
      expected: { burst: { pods: 100, overMs: 0 } },
    }),
    says: { severity: 'red', evidence: 'of which 64 surely', command: '"WARM_PREFIX_TARGET":"2"' },
  },
  {
    rule: 'cold-launches',
    what: 'more pods than slots: new nodes',
    seen: mode({}, { expected: { burst: { pods: 72 + 54, overMs: 0 } } }),
    says: {
      severity: 'red',
      evidence: '126 pods expected, 72 free slots on 4 nodes',
      command: 'npx cdk deploy -c cluster=shop -c mode=warm',
      // Two nodes get two ENIs more each.
      price: { calls: 2 * 2 * 3, addresses: 2 * 2 * 10, rolls: 0 },
    },
  },
  ...[
    {
      what: 'IP targets: one ENI by itself, the others by us, and kept up to the target',
      env: { MINIMUM_IP_TARGET: '5', WARM_IP_TARGET: '2' },
      command: /"MINIMUM_IP_TARGET":"27".*\n.*mode=warm/,
    },
    {
      what: 'prefixes: a setting alone',
      env: { ...PREFIXES, WARM_PREFIX_TARGET: '1' },
      command: /"WARM_PREFIX_TARGET":"2"/,
    },
    {
      what: 'prefixes by IP targets: a setting alone',
      env: { ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '2' },
      command: /"MINIMUM_IP_TARGET":"27"/,
    },
  ].map(({ what, env, command }) => ({
    rule: 'cold-launches',
    what,
    seen: perfect({
      cluster: withEnv(env),
      nodes: perfect().nodes.map((node) => ({ ...node, counted: { pods: 27, maxPods: 29 } })),
      expected: { burst: { pods: 27, overMs: 0 } },
    }),
    says: { severity: 'red', evidence: '27 pods expected, 0 free slots on 4 nodes', command },
  })),
  {
    rule: 'cold-launches',
    what: 'as many as an ENI has addresses',
    seen: mode({}, { expected: { burst: { pods: 72 + 9, overMs: 0 } } }),
  },
  {
    rule: 'rollout-beyond-addresses',
    what: 'a surge of 25 % of 100',
    seen: mode(
      {},
      {
        expected: {
          rollout: {
            replicas: 100,
            strategy: { type: 'rolling-update', maxSurge: '25%', maxUnavailable: '25%' },
          },
        },
      },
    ),
    says: {
      severity: 'red',
      evidence: '100 replicas, maxSurge 25%',
      command: 'kubectl patch deployment NAME --patch {"spec":{"minReadySeconds":61',
    },
  },
  {
    rule: 'rollout-beyond-addresses',
    what: 'one pod at a time',
    seen: mode(
      {},
      {
        expected: {
          rollout: { replicas: 4, strategy: { type: 'rolling-update', maxSurge: 1, maxUnavailable: 0 } },
        },
      },
    ),
  },
  {
    rule: 'nodes-full',
    what: 'three full ENIs',
    seen: secondary({}, [9, 9, 9]),
    says: {
      severity: 'yellow',
      evidence: 'workers: 4 nodes, for example i-1',
      command: '"minReadySeconds":61',
    },
  },
  {
    rule: 'nodes-full',
    what: 'three full ENIs, pods counted',
    seen: counted({ pods: 25 }, { filling: [9, 9, 9] }),
    says: { severity: 'yellow', evidence: 'for example i-1; 100 of their 108 addresses have a pod' },
  },
  { rule: 'nodes-full', what: 'room for one address', seen: secondary({}, [9, 9, 8]) },
  {
    rule: 'prefix-fragmented-subnet',
    what: 'four thousand addresses and one block',
    seen: perfect({ subnets: [seenSubnet(1)] }),
    says: {
      severity: 'red',
      evidence: 'subnet-1: 4000 free addresses, 1 free block of 8 its nodes ask for next',
      command:
        'aws ec2 create-subnet-cidr-reservation --region eu-central-1 --subnet-id subnet-1 --reservation-type prefix --cidr 10.0.1.0/28',
    },
  },
  {
    rule: 'prefix-fragmented-subnet',
    what: 'two for each node',
    seen: perfect({ subnets: [seenSubnet(8)] }),
  },
  {
    rule: 'prefix-fragmented-subnet',
    what: 'what was reserved is used up: another subnet of the zone',
    seen: perfect({
      subnets: [
        seenSubnet(1, { prefixReservations: ['10.0.4.0/22'] }),
        seenSubnet(200, { id: 'subnet-2', freeAddresses: 3_000 }),
      ],
    }),
    says: {
      severity: 'red',
      evidence: 'subnet-1: 4000 free addresses, 1 free block of 8',
      command: 'aws ec2 create-tags --region eu-central-1 --resources subnet-2',
      price: { calls: 1 },
    },
  },
  {
    rule: 'prefix-unused',
    what: 'the CNI’s defaults',
    seen: mode({ WARM_ENI_TARGET: '1', WARM_IP_TARGET: '' }),
    says: {
      severity: 'info',
      evidence:
        'A node of type m5.large that starts has 9 addresses when it is Ready; 27 pods may come at once, as many as it may run. With WARM_PREFIX_TARGET=2 it has 32. The nodes’ subnets have 200 free /28 blocks; 4 nodes full of pods would take 8.',
      command: '{"env":{"WARM_ENI_TARGET":"1","ENABLE_PREFIX_DELEGATION":"true","WARM_PREFIX_TARGET":"2"}}',
    },
  },
  {
    rule: 'prefix-unused',
    what: 'twelve pods at once on a node: warming is not needed with one prefix',
    seen: mode({}, { expected: { burst: { pods: 48, overMs: 0 } } }),
    says: {
      severity: 'yellow',
      evidence: '12 pods may come at once. With WARM_PREFIX_TARGET=1 it has 16.',
      consequence:
        'the prewarmer is not needed for launches, nor for such a burst on nodes that run, which keep as many free',
      command: '{"env":{"ENABLE_PREFIX_DELEGATION":"true","WARM_PREFIX_TARGET":"1"}}',
    },
  },
  {
    rule: 'prefix-unused',
    what: 'most pods of the burst come to one node: the others are full',
    seen: mode(
      {},
      {
        nodes: [
          ...nodes(3, (id) => ({ enis: enisOf(id, [9, 9, 9]), counted: { pods: 27, maxPods: 29 } })),
          ...nodes(1, () => ({ id: 'i-9', enis: enisOf('i-9', [9, 9]), counted: { pods: 2 } })),
        ],
        expected: { burst: { pods: 20, overMs: 0 } },
      },
    ),
    says: { severity: 'yellow', evidence: '20 pods may come at once. With WARM_PREFIX_TARGET=2 it has 32.' },
  },
  {
    rule: 'prefix-unused',
    what: 'pods that fit nowhere: new nodes get as many as they may run',
    seen: mode({}, { expected: { burst: { pods: 72 + 54, overMs: 0 } } }),
    says: { severity: 'yellow', evidence: '27 pods may come at once. With WARM_PREFIX_TARGET=2 it has 32.' },
  },
  {
    rule: 'prefix-unused',
    what: 'as many as an ENI has addresses',
    seen: mode({}, { expected: { burst: { pods: 36, overMs: 0 } } }),
  },
  {
    rule: 'prefix-unused',
    what: 'IP targets: a node that starts has what they want',
    seen: mode({ MINIMUM_IP_TARGET: '5', WARM_IP_TARGET: '2' }),
    says: {
      severity: 'info',
      evidence: 'A node of type m5.large that starts has 5 addresses when it is Ready; 27 pods',
    },
  },
  {
    rule: 'prefix-unused',
    what: 'a cluster without nodes: what its group would launch',
    seen: mode({}, { nodes: [] }),
    says: {
      severity: 'info',
      evidence: 'With WARM_PREFIX_TARGET=2 it has 32.',
      command: '"WARM_PREFIX_TARGET":"2"',
      price: { calls: 0, addresses: 0, rolls: 0, also: 'max-pods as it is unless you raise it' },
    },
  },
  {
    rule: 'prefix-unused',
    what: 'a type that takes none',
    seen: mode(
      {},
      { nodeGroups: [], nodes: nodes(4, (id) => ({ type: 'm4.large', enis: enisOf(id, [9]) })) },
    ),
  },
  {
    rule: 'mixed-kinds',
    what: 'single addresses where prefixes are given',
    seen: perfect({
      nodes: nodes(2, (id) => ({ enis: [anEni(0, 3, { tags: { [IPAMD_TAG]: id }, prefixes: 2 })] })),
    }),
    says: { severity: 'yellow', evidence: '6 single addresses on i-1, i-2' },
  },
  {
    rule: 'subnet-exhausted',
    what: 'fifteen addresses left',
    seen: perfect({ subnets: [seenSubnet(200, { freeAddresses: 15 })] }),
    says: {
      severity: 'red',
      evidence: 'subnet-1 (eu-central-1a, 4 nodes): 15 free',
      command: 'associate-vpc-cidr-block',
    },
  },
  {
    rule: 'subnet-exhausted',
    what: 'empty in twenty days',
    seen: perfect({ expected: { growthPerDay: 200 } }),
    says: { severity: 'red', evidence: 'empty on 2027-02-04' },
  },
  {
    rule: 'subnet-exhausted',
    what: 'empty in a hundred days',
    seen: perfect({ expected: { growthPerDay: 40 } }),
    says: { severity: 'yellow', evidence: 'empty on 2027-04-25' },
  },
  { rule: 'subnet-exhausted', what: 'empty in 200 days', seen: perfect({ expected: { growthPerDay: 20 } }) },
  {
    rule: 'subnets-untagged',
    what: 'one of the zone with room, where the nodes may want more than is left',
    seen: mode(
      {},
      {
        subnets: [seenSubnet(2, { freeAddresses: 35 }), seenSubnet(200, { id: 'subnet-2' })],
      },
    ),
    says: {
      severity: 'yellow',
      evidence:
        'subnet-2 (eu-central-1a): 4000 free; not tagged kubernetes.io/role/cni. The nodes’ own: subnet-1: 35 free of 36 that may be wanted',
      command:
        'aws ec2 create-tags --region eu-central-1 --resources subnet-2 --tags Key=kubernetes.io/role/cni,Value=1',
    },
  },
  ...[
    { what: 'it is tagged', other: { tags: { 'kubernetes.io/role/cni': '1' } } },
    { what: 'it is in another zone', other: { zone: 'eu-central-1b' } },
  ].map(({ what, other }) => ({
    rule: 'subnets-untagged',
    what,
    seen: mode(
      {},
      { subnets: [seenSubnet(2, { freeAddresses: 35 }), seenSubnet(200, { id: 'subnet-2', ...other })] },
    ),
  })),
  {
    rule: 'cooldown-churn',
    what: 'twelve pods a node every 40 s, nine addresses free',
    seen: mode({}, { expected: { churn: { pods: 48, everyMs: 40_000, runsMs: 30_000 } } }),
    says: {
      severity: 'red',
      evidence: '12 a node and run, and those of 1 run before cool for 30 s; m5.large keeps 9 free',
      command: '"WARM_ENI_TARGET":"3"',
    },
  },
  {
    rule: 'cooldown-churn',
    what: 'nine pods a node, and none cool any more',
    seen: mode({}, { expected: { churn: { pods: 36, everyMs: 90_000, runsMs: 30_000 } } }),
  },
  {
    rule: 'cooldown-long',
    what: 'a minute',
    seen: perfect({ cluster: withEnv({ ...PREFIXES, IP_COOLDOWN_PERIOD: '60' }) }),
    says: {
      severity: 'yellow',
      evidence: 'IP_COOLDOWN_PERIOD=60',
      command: addon(JSON.stringify({ env: PREFIXES })),
    },
  },
  {
    rule: 'cni-version',
    what: 'the one that locks itself up',
    seen: perfect({ cluster: withEnv(PREFIXES, 'v1.16.3-eksbuild.2') }),
    says: { severity: 'red', evidence: 'vpc-cni v1.16.3-eksbuild.2', command: '--kubernetes-version 1.34' },
  },
  {
    rule: 'cni-version',
    what: 'one without discovery',
    seen: perfect({ cluster: withEnv(PREFIXES, 'v1.17.1-eksbuild.1') }),
    says: { severity: 'yellow', evidence: 'v1.17.1', consequence: 'own subnet alone' },
  },
  {
    rule: 'cni-version',
    what: 'one with discovery and its defect',
    seen: perfect({ cluster: withEnv(PREFIXES, 'v1.23.1-eksbuild.1') }),
    says: {
      severity: 'info',
      evidence: 'v1.23.1',
      command: addon(JSON.stringify({ env: { ...PREFIXES, ENABLE_SUBNET_DISCOVERY: 'false' } })),
      // 2 + 2 for the one ENI of each.
      price: { calls: 4 * 4, addresses: 0, rolls: 4 },
    },
  },
  {
    rule: 'cni-version',
    what: 'one with discovery, which finds another subnet',
    seen: perfect({
      cluster: withEnv(PREFIXES, 'v1.23.1-eksbuild.1'),
      subnets: [seenSubnet(), seenSubnet(9, { id: 'subnet-2', tags: { 'kubernetes.io/role/cni': '1' } })],
    }),
    says: { severity: 'info', evidence: 'v1.23.1', price: { calls: 0, addresses: 0, rolls: 0 } },
  },
  {
    rule: 'cni-version',
    what: 'the same with discovery off',
    seen: perfect({
      cluster: withEnv({ ...PREFIXES, ENABLE_SUBNET_DISCOVERY: 'false' }, 'v1.23.1-eksbuild.1'),
    }),
  },
  {
    rule: 'policy-unlike-nodes',
    what: 'counted: kubelets run more pods than the type’s own formula says',
    seen: perfect({
      nodes: nodes(4, (id) => ({
        enis: [anEni(0, 0, { tags: { [IPAMD_TAG]: id }, prefixes: 2 })],
        counted: { maxPods: 110, hostNetworkPods: 4 },
      })),
    }),
    says: {
      severity: 'yellow',
      evidence:
        'workers (4 nodes): 27 pods with an address assumed, 106 by the kubelet (max-pods 110, 4 on the host’s network)',
      command: '{"clusters":{"shop":{"nodeGroups":{"workers":{"maxPods":110,"hostNetworkPods":4}}}}}',
    },
  },
  {
    rule: 'policy-unlike-nodes',
    what: 'counted: kubelets run fewer',
    seen: counted({ maxPods: 20 }),
    says: { severity: 'info', evidence: '27 pods with an address assumed, 18 by the kubelet' },
  },
  { rule: 'policy-unlike-nodes', what: 'counted: just as assumed', seen: counted({ maxPods: 29 }) },
  {
    rule: 'policy-unlike-nodes',
    what: 'counted: as the policy says of the node group',
    seen: counted(
      { maxPods: 20 },
      { policy: aPolicy({ clusters: { shop: { nodeGroups: { workers: { maxPods: 20 } } } } }) },
    ),
  },
  {
    rule: 'policy-unlike-nodes',
    what: 'nobody counted',
    seen: perfect({ policy: aPolicy({ maxPods: 20 }) }),
  },
  {
    rule: 'settings-unknown',
    what: 'a CNI that is no add-on',
    seen: perfect({ cluster: aCluster({}, { vpcCni: undefined }), parts: without('settings') }),
    says: {
      severity: 'yellow',
      evidence: 'policy.cniEnv: expected the vpc-cni EKS add-on',
      command: 'kubectl -n kube-system set env daemonset/aws-node --list',
    },
  },
  {
    rule: 'eni-quota',
    what: 'four thousand of five',
    seen: perfect({ enisByZone: new Map([['eu-central-1a', 4_000]]) }),
    says: {
      severity: 'red',
      evidence: 'eu-central-1a: 4000 ENIs in the VPC now',
      command: '--desired-value',
    },
  },
  {
    rule: 'eni-quota',
    what: 'within reach of the node groups',
    // 4 nodes with 3 ENIs each, of which 4 are there, and as many nodes again: 4 + 8 + 12.
    seen: perfect({ eniQuota: { enis: 23, from: 'account' } }),
    says: {
      severity: 'yellow',
      evidence: 'eu-central-1a: 4 ENIs in the VPC now, 24 with every node group at its largest',
    },
  },
  {
    rule: 'eni-quota',
    what: 'assumed: the quota in force is to be looked up first',
    seen: perfect({ eniQuota: { enis: 5, from: 'assumed' } }),
    says: {
      severity: 'red',
      evidence: 'quota 5 (AWS’s default, assumed: Service Quotas did not say',
      command: 'aws service-quotas get-service-quota --region eu-central-1',
    },
  },
  { rule: 'eni-quota', what: 'just enough', seen: perfect({ eniQuota: { enis: 24, from: 'account' } }) },
  {
    rule: 'enis-outlive-nodes',
    what: 'one without DeleteOnTermination',
    seen: secondary({}, [], {
      nodes: nodes(1, (id) => ({
        enis: [
          ...enisOf(id, [9]),
          anEni(1, 9, { id: 'eni-left', deleteOnTermination: false, tags: { [IPAMD_TAG]: id } }),
        ],
      })),
    }),
    says: {
      severity: 'yellow',
      evidence: 'eni-left',
      command:
        'aws ec2 modify-network-interface-attribute --region eu-central-1 --network-interface-id eni-left --attachment AttachmentId=eni-attach-1,DeleteOnTermination=true',
    },
  },
  {
    rule: 'left-alone',
    what: 'nodes of Auto Mode',
    seen: perfect({
      cluster: aCluster(PREFIXES, { autoMode: true, vpcCni: withEnv(PREFIXES).vpcCni }),
      nodes: nodes(2, () => ({ operatedBy: 'eks.amazonaws.com' }) satisfies Partial<Node>),
    }),
    says: {
      severity: 'info',
      evidence: '2 nodes: Auto Mode (eks.amazonaws.com operates this instance and its addresses)',
    },
  },
  {
    rule: 'left-alone',
    what: 'Windows',
    seen: perfect({ nodes: [...perfect().nodes, ...nodes(1, () => ({ id: 'i-9', platform: 'windows' }))] }),
    says: { severity: 'info', evidence: '1 node: Windows' },
  },
];

function without(...parts: readonly string[]): ClusterSeen['parts'] {
  return new Set(PARTS.filter((part) => !parts.includes(part)));
}

test.each(CASES.filter(({ says }) => says !== undefined))('$rule: $what', ({ rule, seen, says }) => {
  const finding = found(rule, seen);
  expect(finding?.severity, JSON.stringify(examine(seen).findings.map((each) => each.rule))).toBe(
    says?.severity,
  );
  expect(finding?.evidence).toContain(says?.evidence);
  expect(finding?.consequence).toContain(says?.consequence ?? '');
  const commands = finding?.remedy.commands.map((words) => words.join(' ')).join('\n');
  if (typeof says?.command === 'string') expect(commands).toContain(says.command);
  else if (says?.command !== undefined) expect(commands).toMatch(says.command);
  if (says?.price !== undefined) expect(finding?.price).toMatchObject(says.price);
});

test.each(CASES.filter(({ says }) => says === undefined))('no $rule: $what', ({ rule, seen }) => {
  expect(found(rule, seen)).toBeUndefined();
});

test.each(CASES.filter(({ says }) => says !== undefined))(
  '$rule says all that is to be said: $what',
  ({ rule, seen }) => {
    const { title, evidence, consequence, remedy, price, source } = found(rule, seen) ?? {};
    for (const text of [title, evidence, consequence, remedy?.says, source]) expect(text).toMatch(/\S/);
    expect(title).not.toMatch(/\.$/);
    for (const number of [price?.calls, price?.addresses, price?.rolls])
      expect(number).toEqual(expect.any(Number));
    if (!NOTHING_TO_PASTE.has(rule)) expect(remedy?.commands.flat()).not.toEqual([]);
  },
);

/** What their remedy says is done in a launch template or in workloads, or there is nothing to be done. */
const NOTHING_TO_PASTE = new Set(['max-pods-above-addressable', 'left-alone', 'cni-version']);

test('every rule has a deviation here, a source, and a name of its own', () => {
  const names = RULES.map(({ name }) => name);
  expect(new Set(CASES.filter(({ says }) => says !== undefined).map(({ rule }) => rule))).toEqual(
    new Set(names),
  );
  expect(new Set(names).size).toBe(names.length);
  expect(RULES.filter(({ source, looksFor }) => source === '' || looksFor === '')).toEqual([]);
});

test('the most severe comes first, and rules that lack a part are named, not guessed', () => {
  const seen = secondary({ MINIMUM_IP_TARGET: '10' }, [9, 1], { parts: without('subnets', 'node groups') });
  const { findings, notJudged } = examine(seen);
  expect(findings.map(({ severity }) => severity)).toEqual(['red', 'yellow', 'info']);
  expect(notJudged.map(({ rule, lacks }) => [rule, ...lacks])).toEqual([
    ['prefix-fragmented-subnet', 'subnets'],
    ['prefix-unused', 'subnets'],
    ['subnet-exhausted', 'subnets'],
    ['subnets-untagged', 'subnets'],
    ['eni-quota', 'subnets'],
  ]);
});

test('of a cluster nothing but its settings is known: what they say is said, and nothing fails', () => {
  const seen = secondary({ MINIMUM_IP_TARGET: '10' }, [], {
    ...{ nodes: [], nodeGroups: [], subnets: [], enisByZone: new Map() },
    parts: new Set(['settings']),
  });
  expect(examine(seen).findings.map(({ rule }) => rule)).toEqual(['minimum-without-warm']);
});

test('a CNI by hand gets kubectl commands', () => {
  const seen = secondary({}, [9, 1], {
    cluster: aCluster({}, { vpcCni: undefined }),
    policy: aPolicy({ cniEnv: { MINIMUM_IP_TARGET: '10' } }),
  });
  expect(found('minimum-without-warm', seen)?.remedy.commands).toEqual([
    ['kubectl', '-n', 'kube-system', 'set', 'env', 'daemonset/aws-node', 'WARM_IP_TARGET=5'],
  ]);
});

test.each([
  // Blocks 16 to 215 of the /20: the longest aligned run is 64 to 127.
  [seenSubnet(), '10.0.4.0/22', 1_024],
  [seenSubnet(3), '10.0.1.0/27', 32],
  [seenSubnet(1), '10.0.1.0/28', 16],
])('a reservation is the largest aligned range that is wholly free', (subnet, cidr, addresses) => {
  expect(reservationIn(subnet)).toEqual({ subnetId: 'subnet-1', cidr, addresses });
});

test('no reservation is proposed where one is, or nothing is whole', () => {
  expect(reservationIn(seenSubnet(200, { prefixReservations: ['10.0.4.0/22'] }))).toBeUndefined();
  expect(reservationIn(seenSubnet(0))).toBeUndefined();
});
