/** A node's instance metadata over HTTP, read as the CNI and the SDKs read it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type MetadataServer, startMetadataServer } from '../../sim/wire/metadata-server.ts';
import { GROUP, REGION, type SmallWorld, SUBNET, smallWorld, VPC } from './doors-world.ts';

let world: SmallWorld;
let instanceId: string;
let server: MetadataServer;
beforeEach(async () => {
  world = smallWorld();
  const { id } = world.ec2.launch({ type: 'm5.large', subnetId: SUBNET, securityGroups: [GROUP] });
  world.ec2.setState(id, 'running');
  instanceId = id;
  server = await startMetadataServer({ world: { ...world, account: world.ec2 }, instanceId });
});
afterEach(() => server.close());

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
  fetch(`${server.endpoint}${path}`, { method, headers });

async function token(ttlSeconds = 60): Promise<string> {
  const given = await ask(
    '/latest/api/token',
    { 'X-aws-ec2-metadata-token-ttl-seconds': String(ttlSeconds) },
    'PUT',
  );
  expect(given.headers.get('x-aws-ec2-metadata-token-ttl-seconds')).toBe(String(ttlSeconds));
  return given.text();
}

async function read(path: string): Promise<string> {
  const answered = await ask(`/latest/${path}`, { 'X-aws-ec2-metadata-token': await token() });
  return answered.ok ? answered.text() : String(answered.status);
}

const macs = async (): Promise<string[]> =>
  (await read('meta-data/network/interfaces/macs')).split('\n').map((mac) => mac.replace(/\/$/, ''));

test('nothing is told without a token, and a token ends when its time is over', async () => {
  const withToken = (value: string) =>
    ask('/latest/meta-data/instance-id', { 'X-aws-ec2-metadata-token': value });
  expect((await ask('/latest/meta-data/instance-id')).status).toBe(401);
  expect((await withToken('made up')).status).toBe(401);
  const good = await token(60);
  expect(await (await withToken(good)).text()).toBe(instanceId);
  await world.kernel.run(60_000);
  expect((await withToken(good)).status).toBe(401);
});

test.each([
  ['without saying how long', {}, 400],
  ['for no time', { 'X-aws-ec2-metadata-token-ttl-seconds': '0' }, 400],
  ['for more than six hours', { 'X-aws-ec2-metadata-token-ttl-seconds': '21601' }, 400],
  ['through a proxy', { 'X-aws-ec2-metadata-token-ttl-seconds': '60', 'X-Forwarded-For': '10.0.0.9' }, 403],
])('a token asked for %s is refused', async (_how, headers, status) => {
  expect((await ask('/latest/api/token', headers, 'PUT')).status).toBe(status);
});

test('the CNI finds the node, its place and its primary interface', async () => {
  const { enis, zone } = world.ec2.instance(instanceId);
  const [primary] = enis;
  expect(await read('meta-data/instance-id')).toBe(instanceId);
  expect(await read('meta-data/instance-type')).toBe('m5.large');
  expect(await read('meta-data/placement/availability-zone')).toBe(zone);
  expect(await read('meta-data/local-ipv4')).toBe(primary?.privateIp);
  expect(await read('meta-data/mac')).toBe(primary?.mac);
  expect(await read('meta-data/network/interfaces/macs/')).toBe(`${primary?.mac}/`);
  const below = (name: string): Promise<string> =>
    read(`meta-data/network/interfaces/macs/${primary?.mac}/${name}`);
  expect(await below('interface-id')).toBe(primary?.id);
  expect(await below('device-number')).toBe('0');
  expect(await below('subnet-id')).toBe(SUBNET);
  expect(await below('vpc-id')).toBe(VPC);
  expect(await below('security-group-ids')).toBe(GROUP);
  expect(await below('subnet-ipv4-cidr-block')).toBe('10.0.0.0/22');
  expect(await below('vpc-ipv4-cidr-blocks')).toBe('10.0.0.0/16');
  expect(await below('local-ipv4s')).toBe(primary?.privateIp);
  expect(await below('ipv4-prefix')).toBe('404');
  expect(await below('network-card')).toBe('404');
  expect((await below('')).split('\n')).not.toContain('ipv4-prefix');
});

test('an interface and its addresses show up some time after EC2 attached them, as in a real node', async () => {
  const created = world.ec2.perform('CreateNetworkInterface', { subnetId: SUBNET, ipv4PrefixCount: 1 });
  const { id, mac, prefixes } = created.networkInterface;
  world.ec2.perform('AttachNetworkInterface', { networkInterfaceId: id, instanceId, deviceIndex: 1 });
  expect(await macs()).not.toContain(mac);
  await world.kernel.run(1_000);
  expect(await macs()).toContain(mac);
  expect(await read(`meta-data/network/interfaces/macs/${mac}/ipv4-prefix`)).toBe(prefixes[0]);
  expect(await read(`meta-data/network/interfaces/macs/${mac}/device-number`)).toBe('1');
});

test('an SDK on the node finds its Region and its credentials', async () => {
  expect(JSON.parse(await read('dynamic/instance-identity/document'))).toMatchObject({
    region: REGION,
    instanceId,
    accountId: world.accountId,
  });
  const role = await read('meta-data/iam/security-credentials/');
  const credentials = JSON.parse(await read(`meta-data/iam/security-credentials/${role}`));
  expect(credentials).toMatchObject({ Code: 'Success', AccessKeyId: instanceId });
  expect(Date.parse(credentials.Expiration)).toBeGreaterThan(world.epochMs);
});

test('what does not exist is not found, and nothing can be written', async () => {
  expect(await read('meta-data/colour')).toBe('404');
  expect(await read('meta-data/instance-id/more')).toBe('404');
  expect(await read('meta-data/constructor')).toBe('404');
  expect((await ask('/latest/meta-data/instance-id', {}, 'POST')).status).toBe(405);
});

test('a terminated instance answers nobody', async () => {
  world.ec2.terminate(instanceId);
  await expect(ask('/latest/meta-data/instance-id')).rejects.toThrow('fetch failed');
});
