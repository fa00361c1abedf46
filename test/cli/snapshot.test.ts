/** Snapshots: what is in one, what is not, and what is said of a file that is none. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openAccount } from '../../cli/account.ts';
import { anonymise } from '../../cli/snapshot/anonymise.ts';
import type { Snapshot } from '../../cli/snapshot/format.ts';
import { podsOf } from '../../cli/snapshot/pods.ts';
import { readSnapshot, readSnapshotFile, readSnapshotText } from '../../cli/snapshot/read.ts';
import { envOf, takeSnapshot } from '../../cli/snapshot/take.ts';
import { node, SMALL, taken } from './snapshots.ts';

const complaint = (document: unknown): string => {
  const read = readSnapshot(document, 'c.json');
  return 'complaint' in read ? read.complaint : 'no complaint';
};

describe('a snapshot of a cluster', () => {
  test('shows each node’s ENIs and addresses, and each subnet’s room, as the account has them', async () => {
    const account = await openAccount({ scenario: 'S1' });
    if ('complaint' in account) throw new Error(account.complaint);
    const world = account.simulated?.world;
    const answer = await account.ask(() => takeSnapshot('shop', account));
    if (!('snapshot' in answer) || world === undefined) throw new Error(JSON.stringify(answer));
    const { snapshot } = answer;
    expect(snapshot.nodes).toHaveLength(world.nodes.length);
    for (const { id, enis, type } of snapshot.nodes) {
      const instance = world.account.instance(id);
      expect(type).toBe(instance.type);
      expect(enis.map(({ secondaryIps }) => secondaryIps)).toEqual(
        instance.enis.map(({ secondaryIps }) => secondaryIps.length),
      );
    }
    const [subnet] = world.account.subnets();
    expect(snapshot.subnets).toEqual([
      expect.objectContaining({
        id: subnet?.id,
        cidr: subnet?.cidr,
        freeAddresses: subnet?.freeAddresses,
        freeBlocks: subnet?.freePrefixes,
      }),
    ]);
  });

  test('written and read again is the same', async () => {
    const snapshot = await taken('S4');
    expect(readSnapshotText(JSON.stringify(snapshot), 'c.json')).toEqual({ snapshot });
  });

  test('holds no address, and of the CNI’s environment only what shapes its pools', async () => {
    const text = JSON.stringify((await taken('S1')).nodes);
    expect(text).not.toMatch(/\d+\.\d+\.\d+\.\d+/);
    const env = { WARM_ENI_TARGET: 2, HTTPS_PROXY: 'http://me:secret@proxy', WARM_IP_TARGET: '3' };
    const read = envOf({ version: 'v1.23.1', configurationValues: JSON.stringify({ env }) });
    expect(read).toEqual({ env: { WARM_ENI_TARGET: '2', WARM_IP_TARGET: '3' } });
  });

  test.each(['null', '"text"', 'env: {}'])(
    'settings of the CNI that are %s are refused in one line',
    (configurationValues) => {
      expect(envOf({ version: 'v1.23.1', configurationValues })).toEqual({
        complaint: expect.stringMatching(/^vpc-cni configurationValues: expected a JSON object, got .*$/),
      });
    },
  );

  test('of a cluster nobody knows is refused in one line', async () => {
    const account = await openAccount({ scenario: 'S1' });
    if ('complaint' in account) throw new Error(account.complaint);
    expect(await account.ask(() => takeSnapshot('nowhere', account))).toEqual({
      complaint: '--cluster: no EKS cluster "nowhere" in eu-central-1; there is shop',
    });
  });
});

describe('anonymised', () => {
  const hidden = anonymise(SMALL);

  test('nothing that names is left', () => {
    const text = JSON.stringify(hidden);
    for (const name of [
      'web-prod',
      'blue',
      'green',
      '172.16',
      'vpc-0123456789abcdef0',
      SMALL.subnets[0]?.id ?? '',
    ])
      expect(text).not.toContain(name);
    for (const { id } of SMALL.nodes) expect(text).not.toContain(id);
    expect(hidden.anonymised).toBe(true);
  });

  test('it can be read, and every name became the same name everywhere', () => {
    expect(complaint(hidden)).toBe('no complaint');
    expect(hidden.nodes.map(({ nodeGroup }) => nodeGroup)).toEqual(['group-1', 'group-1', 'group-2']);
    const [subnet] = hidden.subnets;
    expect(
      new Set(hidden.nodes.flatMap(({ subnetId, enis }) => [subnetId, ...enis.map((eni) => eni.subnetId)])),
    ).toEqual(new Set([subnet?.id]));
    expect(Object.keys(subnet?.tags ?? {})).toEqual([
      'kubernetes.io/role/cni',
      'kubernetes.io/cluster/cluster',
    ]);
  });

  test('numbers, types, zones and settings stay', () => {
    expect(hidden.subnets[0]).toMatchObject({ zone: 'eu-west-1b', freeAddresses: 700, freeBlocks: 20 });
    expect(hidden.subnets[0]?.cidr).toMatch(/^10\..*\/22$/);
    expect(hidden.cluster.vpcCni).toEqual(SMALL.cluster.vpcCni);
    expect(hidden.nodes.map(({ type, enis }) => [type, enis.length])).toEqual(
      SMALL.nodes.map(({ type, enis }) => [type, enis.length]),
    );
  });
});

describe('a file that is none', () => {
  const text = JSON.stringify(SMALL, undefined, 2);

  test('cut off anywhere, it says where it ends', () => {
    for (let at = 1; at < text.length - 1; at += 97) {
      const read = readSnapshotText(text.slice(0, at), 'c.json');
      expect('complaint' in read && read.complaint, `cut at ${at}`).toMatch(/^c\.json: \S.*expected/);
    }
    const inNode = text.indexOf('"deviceIndex": 1');
    const read = readSnapshotText(text.slice(0, inNode + 10), 'c.json');
    expect('complaint' in read && read.complaint).toMatch(
      /^c\.json: nodes\.0\.enis\.1: expected the rest .* \(line \d+\)/,
    );
  });

  test('with a comma too many, it says where', () => {
    const read = readSnapshotText(text.replace('"freeBlocks": 20', '"freeBlocks": 20,,'), 'c.json');
    expect('complaint' in read && read.complaint).toMatch(
      /^c\.json: subnets\.0: expected JSON, line \d+ is none/,
    );
  });

  test.each<[string, string, string]>([
    [
      'a comma where a value should be',
      '"nodes": [,',
      'nodes.0: expected JSON, line LINE is none: Unexpected token',
    ],
    ['a word that is none', '"nodes": [nodes', 'nodes.0: expected JSON, line LINE is none: Unexpected token'],
    ['a comment', '"nodes": [ // mine\n', 'nodes.0: expected JSON, line LINE is none: Unexpected token'],
  ])('with %s, it says where, in one line', (_, instead, said) => {
    const line = text.slice(0, text.indexOf('"nodes": [')).split('\n').length;
    const read = readSnapshotText(text.replace('"nodes": [', instead), 'c.json');
    expect('complaint' in read && read.complaint).toContain(`c.json: ${said.replace('LINE', String(line))}`);
    expect('complaint' in read && read.complaint).not.toContain('\n');
  });

  test('nested without end, its path is not', () => {
    const read = readSnapshotText('['.repeat(100_000), 'c.json');
    expect('complaint' in read && read.complaint).toMatch(
      /^c\.json: (0\.){8}…: expected the rest of the document/,
    );
  });

  test('as Windows writes it, with a byte order mark or in UTF-16, it is read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'snapshot-'));
    for (const [name, content] of [
      ['utf-8', Buffer.from(`\ufeff${text}`)],
      ['utf-16', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ] as const) {
      await writeFile(join(folder, name), content);
      expect(await readSnapshotFile(join(folder, name)), name).toEqual({ snapshot: SMALL });
    }
    await rm(folder, { recursive: true });
  });

  test.each<[string, unknown, string]>([
    ['an empty file', '', 'the snapshot: expected a JSON document, got an empty file'],
    [
      'another document',
      '{"Reservations":[]}',
      'format: expected "eks-ip-prewarmer snapshot", as eks-ip-prewarmer snapshot writes it, got nothing',
    ],
    ['a list', '[]', 'the snapshot: expected an object, got []'],
    [
      'another version',
      JSON.stringify({ ...SMALL, version: 2 }),
      'version: expected 1, the version this program reads: take the snapshot anew, got 2',
    ],
  ])('%s', (_, given, said) => {
    expect(readSnapshotText(String(given), 'c.json')).toEqual({ complaint: `c.json: ${said}` });
  });

  const [first, ...others] = SMALL.nodes;
  const [subnet] = SMALL.subnets;
  test.each<[string, Partial<Record<keyof Snapshot, unknown>>, string]>([
    [
      'a number as text',
      { subnets: [{ ...subnet, freeAddresses: '700' }] },
      'subnets.0.freeAddresses: expected a whole number of addresses from 0 to 65536, got "700"',
    ],
    [
      'a negative number',
      { nodes: [{ ...first, pods: -1 }, ...others] },
      'nodes.0.pods: expected a whole number of pods from 0 to 1000, got -1',
    ],
    [
      'a field nobody knows',
      { nodes: [{ ...first, ready: true }, ...others] },
      'nodes.0.ready: expected one of id, type, subnetId, nodeGroup, launchedBy, maxPods, pods, enis, got true',
    ],
    [
      'a missing field',
      { region: undefined },
      'region: expected a Region such as "eu-central-1", got nothing',
    ],
    [
      'a setting that is none of the pool’s',
      { cluster: { ...SMALL.cluster, vpcCni: { version: 'v1', env: { HTTPS_PROXY: 'x' } } } },
      'cluster.vpcCni.env: expected an object whose fields are of WARM_ENI_TARGET,',
    ],
    ['no node', { nodes: [] }, 'nodes: expected a list of at least one node, got []'],
    [
      'a subnet that is not there',
      { nodes: [{ ...first, subnetId: 'subnet-00000000' }, ...others] },
      'nodes.0.subnetId: expected the id of one of the subnets, got "subnet-00000000"',
    ],
    [
      'a type nobody offers',
      { nodes: [{ ...first, type: 'm5.huge' }, ...others] },
      'nodes.0.type: expected an instance type EC2 offers, got "m5.huge"',
    ],
    [
      'more addresses than an ENI holds',
      { nodes: [node(1, [10]), ...others] },
      'nodes.0.enis.0: expected at most 9 secondary addresses and prefixes, as m5.large takes, got 10',
    ],
    [
      'more ENIs than a node takes',
      { nodes: [node(1, [9, 9, 9, 9]), ...others] },
      'nodes.0.enis: expected at most 3, as m5.large takes, got 4',
    ],
    [
      'a node without a primary',
      { nodes: [{ ...first, enis: [{ ...first?.enis[0], deviceIndex: 1 }] }, ...others] },
      'nodes.0.enis: expected one with deviceIndex 0, the primary, got "0/1"',
    ],
    [
      'two nodes with one id',
      { nodes: [first, first] },
      'nodes.1.id: expected an id used once, got "i-0abc0000000000001"',
    ],
    [
      'more free than there is',
      { subnets: [{ ...subnet, freeAddresses: 1000 }] },
      'subnets.0.freeAddresses: expected at most 959, what the nodes leave of 172.16.4.0/22, got 1000',
    ],
    [
      'blocks that do not fit',
      { subnets: [{ ...subnet, freeBlocks: 60 }] },
      'subnets.0.freeBlocks: expected at most 43, 16 of the 700 addresses each, got 60',
    ],
    [
      'a range that begins elsewhere',
      { subnets: [{ ...subnet, cidr: '172.16.5.0/22' }] },
      'subnets.0.cidr: expected the first address of the block: 172.16.4.0/22, got "172.16.5.0/22"',
    ],
  ])('edited by hand: %s', (_, change, said) => {
    expect(complaint({ ...SMALL, ...change })).toContain(`c.json: ${said}`);
  });

  test('with many mistakes says the first ones and how many there are', () => {
    const nodes = SMALL.nodes.flatMap((one) => Array.from({ length: 5 }, () => ({ ...one, type: 7 })));
    expect(complaint({ ...SMALL, nodes })).toMatch(/; and 7 more$/);
  });
});

describe('pods of a node that nobody counted, at most', () => {
  const cluster = (env: Readonly<Record<string, string>>) => ({
    cluster: { ...SMALL.cluster, vpcCni: { version: 'v1', env } },
  });
  test.each<[string, Readonly<Record<string, string>>, readonly number[], number]>([
    ['a quiet node keeps an ENI’s worth free', {}, [9, 9], 9],
    ['a new one runs none', {}, [9], 0],
    ['on a full one every address may have a pod', {}, [9, 9, 9], 27],
    ['two ENIs’ worth where WARM_ENI_TARGET is 2', { WARM_ENI_TARGET: '2' }, [9, 9], 0],
    ['with IP targets all but those', { WARM_IP_TARGET: '5' }, [9, 4], 8],
    [
      'below the minimum the minimum tells nothing more',
      { WARM_IP_TARGET: '2', MINIMUM_IP_TARGET: '10' },
      [9, 1],
      8,
    ],
  ])('%s', (_, env, addresses, pods) => {
    expect(podsOf(node(1, addresses), cluster(env))).toBe(pods);
  });

  test('with prefixes all but the warm ones', () => {
    const prefixed = node(1, [0], { enis: [{ ...node(1, [0]).enis[0], prefixes: 2 } as never] });
    expect(podsOf(prefixed, cluster({ ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' }))).toBe(16);
  });

  test('who counted is believed', () => {
    expect(podsOf({ ...node(1, [9, 9]), pods: 3 }, cluster({}))).toBe(3);
  });
});
