import { describe, expect, test } from 'vitest';
import { Chance } from '../../sim/chance.ts';
import { Account, type AccountOptions } from '../../sim/ec2/account.ts';
import { typeLimits } from '../../sim/ec2/instance-types.ts';
import { Ipamd, type IpamdOptions } from '../../sim/ipamd/ipamd.ts';
import { Kernel } from '../../sim/kernel.ts';

/** An m5.large (3 ENIs of 9 addresses) with ipamd started at 0 ms; calls take 300 ms, attaches 1 s. */
function node({
  env = {},
  options = {},
  secondaryIps = 0,
  prefixes = 0,
  prepare = () => {},
  eniConfig,
}: {
  env?: Record<string, string>;
  options?: Partial<AccountOptions>;
  secondaryIps?: number;
  prefixes?: number;
  prepare?: (account: Account, instanceId: string) => void;
  eniConfig?: NonNullable<IpamdOptions['eniConfig']>;
} = {}) {
  const kernel = new Kernel();
  const chance = new Chance(11);
  const account = new Account({
    kernel,
    chance,
    region: 'eu-central-1',
    accountId: '111122223333',
    subnets: [{ id: 'subnet-a', vpcId: 'vpc-1', zone: 'z', cidr: '10.0.0.0/22' }],
    latencies: { default: 300, AttachNetworkInterface: 1_000 },
    metadataLags: { eniToImds: 4_000, ipToImds: 2_000 },
    throttling: false,
    keepsLog: true,
    ...options,
  });
  const { id } = account.launch({ type: 'm5.large', subnetId: 'subnet-a', secondaryIps, prefixes });
  account.setState(id, 'running');
  prepare(account, id);
  const limits = typeLimits('m5.large');
  if (limits === undefined) throw new Error('m5.large is missing');
  const primaryEniId = account.instance(id).enis[0]?.id ?? '';
  const ipamd = new Ipamd({
    kernel,
    chance,
    ec2: account,
    metadata: account.metadata(id),
    instanceId: id,
    primaryEniId,
    subnetId: 'subnet-a',
    vpcId: 'vpc-1',
    zone: 'z',
    limits,
    env: { CLUSTER_NAME: 'blue', DISABLE_LEAKED_ENI_CLEANUP: 'true', ...env },
    maxPods: 29,
    containerRestartMs: 10_000,
    ...(eniConfig && { eniConfig }),
  });
  const ready: number[] = [];
  ipamd.onServing(() => ready.push(kernel.nowMs));
  ipamd.start();
  const calls = (action: string) => account.calls.log.filter((call) => call.action === action);
  const attach = (ips: number, tags: Record<string, string> = {}) => {
    const eni = account.perform('CreateNetworkInterface', {
      subnetId: 'subnet-a',
      secondaryPrivateIpAddressCount: ips,
      tags,
    }).networkInterface;
    const deviceIndex = account.instance(id).enis.length;
    account.perform('AttachNetworkInterface', { networkInterfaceId: eni.id, instanceId: id, deviceIndex });
    return eni.id;
  };
  const addPods = (count: number, name = 'pod') =>
    Array.from({ length: count }, (_, n) => ipamd.addPod(`${name}-${n}`)).filter(({ ok }) => ok).length;
  return { kernel, account, ipamd, id, primaryEniId, ready, calls, attach, addPods };
}

const throttled = (action: string, fromMs: number, toMs: number): Partial<AccountOptions> => ({
  faults: [{ kind: 'throttle', action, fromMs, toMs }],
});

describe('start', () => {
  test('a plain node is ready after five calls with one ENI full', async () => {
    const { kernel, account, ipamd, ready } = node();
    await kernel.run(60_000);
    expect(ready).toEqual([1_500]);
    expect(account.calls.log.map(({ action }) => action)).toEqual([
      'DescribeNetworkInterfaces',
      'CreateTags',
      'DescribeSubnets',
      'ModifyNetworkInterfaceAttribute',
      'AssignPrivateIpAddresses',
    ]);
    expect(ipamd.snapshot()).toEqual({ enis: 1, totalIps: 9, prefixes: 0, assigned: 0, cooling: 0 });
  });

  test('while tagging is throttled the process ends and starts again, and each start asks for everything anew', async () => {
    const { kernel, ipamd, ready, calls } = node({ options: throttled('CreateTags', 0, 60_000) });
    await kernel.run(55_000);
    expect(ready).toEqual([]);
    expect(ipamd.addPod('early')).toEqual({ ok: false });
    await kernel.run(180_000);
    expect(ipamd.failedStarts).toBeGreaterThan(0);
    expect(calls('DescribeNetworkInterfaces').length).toBe(ipamd.failedStarts + 1);
    expect(ready).toHaveLength(1);
  });

  test('a full subnet does not keep a node from starting: it serves with nothing to give', async () => {
    const { kernel, ipamd, ready, addPods } = node({
      options: { faults: [{ kind: 'subnetExhausted', fromMs: 0, toMs: 1_000_000 }] },
    });
    await kernel.run(60_000);
    expect(ready).toHaveLength(1);
    expect(ipamd.snapshot()?.totalIps).toBe(0);
    expect(addPods(1)).toBe(0);
  });

  test('prefixes on a node that hands out single addresses are given back at start', async () => {
    const { kernel, account, calls, primaryEniId } = node({ prefixes: 2 });
    await kernel.run(60_000);
    expect(account.eni(primaryEniId)?.prefixes).toEqual([]);
    expect(account.eni(primaryEniId)?.secondaryIps).toHaveLength(9);
    expect(calls('UnassignPrivateIpAddresses')).toHaveLength(1);
  });

  test('an ENI marked no_manage is left alone and takes a slot for ever', async () => {
    const { kernel, account, ipamd, id, addPods } = node({
      prepare: (account, id) =>
        account.attachedAtStart(id, {
          tags: { 'node.k8s.amazonaws.com/no_manage': 'true' },
          secondaryIps: 5,
        }),
    });
    await kernel.run(30_000);
    addPods(9);
    await kernel.run(200_000);
    expect(ipamd.snapshot()).toMatchObject({ enis: 2, totalIps: 18 });
    expect(account.instance(id).enis).toHaveLength(3);
  });

  test('with MANAGE_UNTAGGED_ENI off an ENI of unknown origin is not touched', async () => {
    const { kernel, account, ipamd, attach } = node({ env: { MANAGE_UNTAGGED_ENI: 'false' } });
    await kernel.run(10_000);
    const foreign = attach(4);
    await kernel.run(200_000);
    expect(ipamd.holds(foreign)).toBe(false);
    expect(account.eni(foreign)?.tags.size).toBe(0);
  });
});

describe('pods and addresses', () => {
  test('an address rests for 30 s: a node can refuse pods while its pool looks half empty', async () => {
    const { kernel, ipamd, addPods } = node({ env: { MAX_ENI: '1' } });
    await kernel.run(60_000);
    expect(addPods(9)).toBe(9);
    for (let n = 0; n < 5; n++) ipamd.deletePod(`pod-${n}`);
    await kernel.run(90_000);
    expect(ipamd.snapshot()).toMatchObject({ totalIps: 9, assigned: 4, cooling: 5 });
    expect(addPods(1, 'new')).toBe(0);
    await kernel.run(90_001);
    expect(addPods(5, 'new')).toBe(5);
  });

  test('no two pods ever hold one address', async () => {
    const { kernel, ipamd } = node({ env: { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' } });
    await kernel.run(60_000);
    const held = new Map<string, string>();
    for (let n = 0; n < 40; n++) {
      const added = ipamd.addPod(`pod-${n}`);
      if (added.ok) held.set(`pod-${n}`, added.ip);
      if (n % 3 === 0) {
        ipamd.deletePod(`pod-${n}`);
        held.delete(`pod-${n}`);
      }
      await kernel.run(kernel.nowMs + 2_000);
    }
    expect(held.size).toBeGreaterThan(20);
    expect(new Set(held.values()).size).toBe(held.size);
  });

  test('pods keep their addresses over a restart, cooldowns are forgotten', async () => {
    const { kernel, ipamd, addPods } = node();
    await kernel.run(60_000);
    addPods(6);
    ipamd.deletePod('pod-0');
    ipamd.restart(5_000);
    expect(addPods(1, 'meanwhile')).toBe(0);
    await kernel.run(90_000);
    expect(ipamd.snapshot()).toMatchObject({ assigned: 5, cooling: 0 });
  });

  test('an ENI detached from outside takes its pods along, without a word to EC2', async () => {
    const { kernel, account, ipamd, id, addPods } = node({ secondaryIps: 9 });
    await kernel.run(30_000);
    addPods(9);
    await kernel.run(60_000);
    const second = account.instance(id).enis[1];
    addPods(5, 'late');
    expect(ipamd.snapshot()?.assigned).toBe(14);
    account.perform('DetachNetworkInterface', { attachmentId: second?.attachment?.id ?? '' });
    await kernel.run(150_000);
    expect(ipamd.snapshot()?.assigned).toBe(9);
  });
});

describe('growth under trouble', () => {
  test('a full subnet and no slot left: two refused assigns per ENI in every loop, without a pause', async () => {
    const { kernel, calls, addPods } = node({
      prepare: (account, id) => {
        account.attachedAtStart(id, {});
        account.attachedAtStart(id, {});
      },
      options: { faults: [{ kind: 'subnetExhausted', fromMs: 20_000, toMs: 1_000_000 }] },
    });
    await kernel.run(30_000);
    addPods(9);
    const before = calls('AssignPrivateIpAddresses').length;
    await kernel.run(90_000);
    const refused = calls('AssignPrivateIpAddresses').slice(before);
    expect(refused.length).toBeGreaterThan(30);
    expect(new Set(refused.map(({ result }) => result))).toEqual(
      new Set(['InsufficientFreeAddressesInSubnet']),
    );
  });

  test('a slot left: one refused create, then all growth rests for two minutes', async () => {
    const { kernel, calls, addPods } = node({
      options: { faults: [{ kind: 'subnetExhausted', fromMs: 20_000, toMs: 1_000_000 }] },
    });
    await kernel.run(30_000);
    addPods(9);
    await kernel.run(150_000);
    expect(calls('CreateNetworkInterface')).toHaveLength(1);
    await kernel.run(170_000);
    expect(calls('CreateNetworkInterface')).toHaveLength(2);
  });

  test('when DeleteOnTermination cannot be set it waits minutes for an ENI it has already given back', async () => {
    const { kernel, account, calls, id, addPods } = node({
      options: throttled('ModifyNetworkInterfaceAttribute', 30_000, 50_000),
    });
    await kernel.run(30_000);
    addPods(3);
    await kernel.run(180_000);
    expect(calls('CreateNetworkInterface')).toHaveLength(1);
    expect(account.instance(id).enis).toHaveLength(1);
    await kernel.run(260_000);
    expect(account.instance(id).enis).toHaveLength(2);
  });

  test('a cordoned node does not grow; uncordoned it does', async () => {
    const { kernel, account, ipamd, id, addPods } = node();
    await kernel.run(30_000);
    ipamd.setSchedulable(false);
    addPods(9);
    await kernel.run(120_000);
    expect(account.instance(id).enis).toHaveLength(1);
    ipamd.setSchedulable(true);
    await kernel.run(150_000);
    expect(account.instance(id).enis.length).toBeGreaterThan(1);
  });

  test('an ENI in a subnet closed to pods stays but gives no addresses', async () => {
    const { kernel, ipamd, addPods } = node({
      options: {
        subnets: [
          { id: 'subnet-a', vpcId: 'vpc-1', zone: 'z', cidr: '10.0.0.0/22' },
          {
            id: 'subnet-b',
            vpcId: 'vpc-1',
            zone: 'z',
            cidr: '10.0.4.0/22',
            tags: { 'kubernetes.io/role/cni': '0' },
          },
        ],
      },
      prepare: (account, id) => account.attachedAtStart(id, { subnetId: 'subnet-b', secondaryIps: 9 }),
    });
    await kernel.run(20_000);
    expect(ipamd.snapshot()).toMatchObject({ enis: 2, totalIps: 9 });
    expect(addPods(12)).toBe(9);
  });

  test('new ENIs go to the emptiest usable subnet of the zone', async () => {
    const { kernel, account, id, addPods } = node({
      options: {
        subnets: [
          { id: 'subnet-a', vpcId: 'vpc-1', zone: 'z', cidr: '10.0.0.0/24' },
          {
            id: 'subnet-b',
            vpcId: 'vpc-1',
            zone: 'z',
            cidr: '10.0.4.0/22',
            tags: { 'kubernetes.io/role/cni': '1' },
          },
          { id: 'subnet-c', vpcId: 'vpc-1', zone: 'other', cidr: '10.0.8.0/21' },
          { id: 'subnet-d', vpcId: 'vpc-1', zone: 'z', cidr: '10.0.16.0/21' },
        ],
      },
    });
    await kernel.run(20_000);
    addPods(3);
    await kernel.run(40_000);
    expect(account.instance(id).enis.map(({ subnetId }) => subnetId)).toEqual(['subnet-a', 'subnet-b']);
  });
});

describe('lost replies', () => {
  const silent = (action: string): Partial<AccountOptions> => ({
    faults: [{ kind: 'lostReply', action, fromMs: 30_000, toMs: 45_000 }],
  });

  test('a create whose answer is lost is asked again by token: one ENI, none left over', async () => {
    const { kernel, account, calls, addPods } = node({ options: silent('CreateNetworkInterface') });
    await kernel.run(30_000);
    addPods(3);
    await kernel.run(120_000);
    expect(calls('CreateNetworkInterface').length).toBeGreaterThan(1);
    expect(account.enis()).toHaveLength(2);
  });

  test('an assign whose answer is lost fills the ENI, and the next one learns it', async () => {
    const { kernel, account, ipamd, primaryEniId, calls, addPods } = node({
      env: { WARM_IP_TARGET: '2', MINIMUM_IP_TARGET: '4' },
      options: silent('AssignPrivateIpAddresses'),
    });
    await kernel.run(30_000);
    addPods(4);
    await kernel.run(300_000);
    expect(calls('AssignPrivateIpAddresses').length).toBeGreaterThan(2);
    expect(ipamd.snapshot()?.totalIps).toBe(account.eni(primaryEniId)?.secondaryIps.length);
  });
});

describe('what others bring', () => {
  test('with provisioning disabled it adopts within about a minute and never grows or gives back', async () => {
    const { kernel, ipamd, account, attach, addPods } = node({
      env: { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' },
      secondaryIps: 4,
    });
    await kernel.run(30_000);
    const brought = attach(9);
    expect(addPods(5)).toBe(4);
    await kernel.run(100_000);
    expect(ipamd.holds(brought)).toBe(true);
    expect(ipamd.snapshot()).toMatchObject({ enis: 2, totalIps: 13 });
    await kernel.run(600_000);
    expect(ipamd.snapshot()).toMatchObject({ enis: 2, totalIps: 13 });
    expect([...account.calls.of('ipamd/*').keys()].sort()).toEqual([
      'DescribeNetworkInterfaces',
      'DescribeSubnets',
    ]);
  });

  test('pod ENI switched on and no trunk there: it reconciles in every loop and adopts within seconds', async () => {
    const { kernel, ipamd, attach } = node({ env: { ENABLE_POD_ENI: 'true' } });
    await kernel.run(30_000);
    const brought = attach(3);
    await kernel.run(45_000);
    expect(ipamd.holds(brought)).toBe(true);
  });

  test('custom networking: pods get addresses of the ENIConfig’s subnet only, none of the primary ENI', async () => {
    const { kernel, account, id, addPods } = node({
      env: { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' },
      options: {
        subnets: [
          { id: 'subnet-a', vpcId: 'vpc-1', zone: 'z', cidr: '10.0.0.0/22' },
          { id: 'subnet-pods', vpcId: 'vpc-1', zone: 'z', cidr: '100.64.0.0/22' },
        ],
      },
      eniConfig: { subnetId: 'subnet-pods', securityGroups: ['sg-pods'] },
    });
    await kernel.run(60_000);
    expect(addPods(4)).toBe(4);
    await kernel.run(120_000);
    const [primary, ...others] = account.instance(id).enis;
    expect(primary?.secondaryIps).toEqual([]);
    expect(others.length).toBeGreaterThan(0);
    for (const eni of others) expect(eni).toMatchObject({ subnetId: 'subnet-pods', groups: ['sg-pods'] });
  });

  test('adoption signs the ENI: its tag is the proof others can see', async () => {
    const { kernel, account, id, attach } = node();
    await kernel.run(30_000);
    const brought = attach(3);
    await kernel.run(62_000);
    expect(account.eni(brought)?.tags.has('node.k8s.amazonaws.com/instance_id')).toBe(false);
    await kernel.run(140_000);
    expect(account.eni(brought)?.tags.get('node.k8s.amazonaws.com/instance_id')).toBe(id);
  });

  test('an ENI leaves metadata for a moment and comes back: its pods are lost all the same', async () => {
    const { kernel, account, ipamd, id, attach, addPods } = node({ secondaryIps: 9 });
    await kernel.run(10_000);
    const second = attach(9);
    await kernel.run(100_000);
    addPods(18);
    expect(ipamd.snapshot()?.assigned).toBe(18);
    const { attachment } = account.eni(second) ?? {};
    account.perform('DetachNetworkInterface', { attachmentId: attachment?.id ?? '' });
    await kernel.run(180_000);
    const input = { networkInterfaceId: second, instanceId: id, deviceIndex: 7 };
    if (account.instance(id).enis.length < 3) account.perform('AttachNetworkInterface', input);
    await kernel.run(300_000);
    expect(ipamd.snapshot()?.assigned).toBe(9);
  });
});

describe('the search for leaked ENIs', () => {
  const parked = (account: Account, tags: Record<string, string>, description = 'aws-K8S-i-gone') =>
    account.perform('CreateNetworkInterface', { subnetId: 'subnet-a', description, tags }).networkInterface
      .id;
  const made = {
    'node.k8s.amazonaws.com/instance_id': 'i-gone',
    'cluster.k8s.amazonaws.com/name': 'blue',
    'node.k8s.amazonaws.com/createdAt': '1969-12-31T00:00:00Z',
  };

  test('any node deletes what looks left behind by an ipamd of its cluster, and nothing else', async () => {
    const { kernel, account } = node({ env: { DISABLE_LEAKED_ENI_CLEANUP: 'false' } });
    const leaked = parked(account, made);
    const ours = [
      parked(account, { owner: 'us' }),
      parked(account, made, 'spare'),
      parked(account, { ...made, 'cluster.k8s.amazonaws.com/name': 'green' }),
      parked(account, { ...made, 'node.k8s.amazonaws.com/createdAt': '1970-01-01T00:00:00Z' }),
    ];
    await kernel.run(310_000);
    expect(account.eni(leaked)).toBeUndefined();
    expect(ours.every((id) => account.eni(id) !== undefined)).toBe(true);
  });

  test('one without a time of creation gets it first and goes an hour later', async () => {
    const { kernel, account } = node({ env: { DISABLE_LEAKED_ENI_CLEANUP: 'false' } });
    const { 'node.k8s.amazonaws.com/createdAt': _, ...undated } = made;
    const eni = parked(account, undated);
    await kernel.run(310_000);
    expect(account.eni(eni)?.tags.has('node.k8s.amazonaws.com/createdAt')).toBe(true);
    await kernel.run(2 * 3_600_000);
    expect(account.eni(eni)).toBeUndefined();
  });
});
