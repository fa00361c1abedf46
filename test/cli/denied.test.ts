/** A call that is denied: said by its name with the permission it takes, and what can be said without it is said. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDefault } from '../../cli/sim-world.ts';
import { type HttpServer, startHttpServer } from '../../sim/wire/http-server.ts';
import { command, type Ended, finished } from '../sim/sim-process.ts';

let world: HttpServer;
const closing: (() => unknown)[] = [];
beforeAll(async () => {
  world = await startHttpServer({ world: openDefault().world });
});
afterAll(async () => {
  for (const close of closing) close();
  await world.close();
});

/** The world of `npm run sim`, whose roles may not call these. */
async function denying(...calls: readonly string[]): Promise<string> {
  const server = createServer(async (asked, response) => {
    const body = await text(asked);
    const eks = asked.url?.startsWith('/clusters') === true;
    const call = eks ? eksCall(asked) : `ec2:${new URLSearchParams(body).get('Action')}`;
    if (calls.includes(call)) {
      if (eks)
        response.writeHead(403, { 'x-amzn-errortype': 'AccessDeniedException' }).end('{"message":"no"}');
      else
        response
          .writeHead(403, { 'content-type': 'text/xml' })
          .end(
            '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>',
          );
      return;
    }
    const { method, headers } = asked;
    request(new URL(asked.url ?? '', world.endpoint), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    }).end(body);
  });
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const eksCall = ({ url = '' }: IncomingMessage): string =>
  `eks:Describe${url.includes('/addons/') ? 'Addon' : 'Cluster'}`;

async function run(name: string, ...denied: readonly string[]): Promise<Ended> {
  const args = [name, '--cluster', 'shop', '--endpoint', await denying(...denied)];
  const more = name === 'plan' ? ['--pods', '40', '--no-simulation'] : [];
  return finished(command('eks-ip-prewarmer.ts', [...args, ...more]));
}

describe.each(['plan', 'snapshot'])('%s', (name) => {
  test.each([
    'eks:DescribeCluster',
    'ec2:DescribeInstances',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
  ])('nothing without %s, in one line', async (call) => {
    expect(await run(name, call)).toEqual({
      status: 2,
      stdout: '',
      stderr: `${call}: denied: grant the permission ${call}\n`,
    });
  });

  test('all that are denied at once are named at once', async () => {
    const { stderr } = await run(name, 'eks:DescribeCluster', 'eks:DescribeAddon');
    expect(stderr).toMatch(/^(eks:Describe\w+, eks:Describe\w+): denied: grant the permission \1\n$/);
  });
});

const UNKNOWN =
  'The CNI’s settings are not known, its defaults are assumed: ' +
  'eks:DescribeAddon: denied: grant the permission eks:DescribeAddon.';

test('without eks:DescribeAddon a plan leaves every node, says why, and what comes', async () => {
  const { status, stdout, stderr } = await run('plan', 'eks:DescribeAddon');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('40 new pods at once');
  expect(stdout.match(/leave, unknown CNI settings: policy\.cniEnv: /g)).toHaveLength(3);
  expect(stdout.replaceAll('\n  ', ' ')).toContain(`- ${UNKNOWN}`);
});

test('without eks:DescribeAddon a snapshot has all but the settings, and says so', async () => {
  const { status, stdout, stderr } = await run('snapshot', 'eks:DescribeAddon');
  expect([status, stderr]).toEqual([0, `${UNKNOWN}\n`]);
  const { cluster, nodes, notes } = JSON.parse(stdout);
  expect(cluster).not.toHaveProperty('vpcCni');
  expect([nodes.length, notes]).toEqual([3, [UNKNOWN]]);
});
