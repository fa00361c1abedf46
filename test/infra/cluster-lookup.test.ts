/** What a synth with credentials asks EKS, of the embedded AWS, and what it says when nobody answers. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ROOT } from '../../infra/bundles.ts';
import { lookUp } from '../../infra/cluster-lookup.ts';
import { readSaid, saidIn } from '../../infra/context.ts';
import { sayTrouble } from '../../infra/trouble.ts';
import { type HttpServer, startHttpServer } from '../../sim/wire/http-server.ts';
import { closeServer, listen } from '../../sim/wire/loopback.ts';
import { World } from '../../sim/world.ts';
import { type Ended, finished } from '../sim/sim-process.ts';

const VPC = 'vpc-0123456789abcdef0';
const OTHER_VPC = 'vpc-00000000000000009';
/** The embedded account, where the CDK's CLI says it deploys to. */
const HOME = { account: '111122223333', region: 'eu-central-1' };
const NODES = { type: 'm5.large', established: { nodes: 1, addresses: [9] } };

let server: HttpServer;
let world: World;
beforeAll(async () => {
  const subnets = [
    { id: 'subnet-0de300000000000a0', vpcId: VPC, zone: 'eu-central-1a', cidr: '10.0.0.0/22' },
  ];
  world = new World({ seed: 1, cluster: 'shop', subnets, epochMs: Date.now() });
  world.addCluster({ name: 'bank' });
  world.addNodeGroup({ ...NODES, name: 'web', launchedBy: 'managed' });
  world.addNodeGroup({ ...NODES, name: 'system', launchedBy: 'managed', cluster: 'bank' });
  world.addNodeGroup({ ...NODES, name: 'spot-pool', launchedBy: 'karpenter', cluster: 'bank' });
  server = await startHttpServer({ world });
});
afterAll(() => server.close());

const environment = (endpoint: string): Record<string, string> => ({
  ...{ AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'synth', AWS_SECRET_ACCESS_KEY: 'simulated' },
  ...{ AWS_CONFIG_FILE: '/nonexistent', AWS_SHARED_CREDENTIALS_FILE: '/nonexistent' },
  ...{ AWS_EC2_METADATA_DISABLED: 'true' },
});
const setting = (variables: Record<string, string>): void => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
};
beforeEach(() => setting(environment(server.endpoint)));
afterEach(() => vi.unstubAllEnvs());

/** As the app does it. */
async function synth(context: Record<string, unknown>, home = HOME, config = {}) {
  const said = saidIn(context, config);
  const { seen, missed } = await lookUp(home, said.asked);
  const { props, troubles = [], warnings } = readSaid(said, seen);
  return { clusters: props?.clusters, lines: troubles.map(sayTrouble), missed, warnings };
}
const groupOf = (cluster: string, group: string) => ({
  cluster,
  policy: JSON.stringify({ clusters: { [cluster]: { nodeGroups: { [group]: { mode: 'observe' } } } } }),
});

describe('with credentials', () => {
  test('a cluster that is there, warm: its VPC is taken, and nothing is said', async () => {
    const { clusters, lines, missed, warnings } = await synth({ ...groupOf('shop', 'web'), mode: 'warm' });
    expect(clusters).toEqual([{ name: 'shop', mode: 'warm', vpcId: VPC }]);
    expect([lines, missed, warnings]).toEqual([[], [], []]);
  });

  test('a name misspelt: the clusters that are there', async () => {
    const { lines } = await synth({ cluster: 'shopp' });
    expect(lines).toEqual([
      expect.stringContaining(
        'cluster: expected an EKS cluster of account 111122223333 in eu-central-1 (there is shop, bank), got "shopp". ',
      ),
    ]);
  });

  test('another Region', async () => {
    const { lines } = await synth({ cluster: 'shop' }, { ...HOME, region: 'eu-west-1' });
    expect(lines).toEqual([expect.stringContaining('in eu-west-1 (there is none), got "shop". ')]);
    expect(lines[0]).toContain('AWS_REGION');
  });

  test('the VPC of another cluster', async () => {
    const { lines } = await synth({ cluster: 'shop', mode: 'warm', vpcId: OTHER_VPC });
    expect(lines).toEqual([
      expect.stringContaining(`vpcId: expected the VPC of shop, ${VPC}, got "${OTHER_VPC}". `),
    ]);
  });

  test('a node group that is not there', async () => {
    const { lines } = await synth(groupOf('shop', 'wbe'));
    expect(lines).toEqual([
      expect.stringContaining('expected a node group of shop (there is web), got "wbe". '),
    ]);
  });

  test("Karpenter's node pools are node groups too, as their nodes tell; one without a node is warned of", async () => {
    expect(await synth(groupOf('bank', 'spot-pool'))).toMatchObject({ lines: [], warnings: [] });
    const { clusters, lines, warnings } = await synth(groupOf('bank', 'night-pool'));
    expect(warnings).toEqual([expect.stringContaining('(there is spot-pool, system), got "night-pool". ')]);
    expect([clusters, lines]).toEqual([[{ name: 'bank' }], []]);
  });

  test('EC2 is asked only where a name is no managed node group', async () => {
    const before = world.account.calls.of('synth').get('DescribeInstances') ?? 0;
    await synth(groupOf('shop', 'web'));
    expect(world.account.calls.of('synth').get('DescribeInstances') ?? 0).toBe(before);
  });
});

/** An AWS that knows who asks, and refuses everything else so. */
async function refusing(code: string, work: (endpoint: string) => Promise<void>): Promise<void> {
  const account = `<Account>${HOME.account}</Account>`;
  const identity = `<GetCallerIdentityResponse><GetCallerIdentityResult>${account}</GetCallerIdentityResult></GetCallerIdentityResponse>`;
  const refused = createServer((request, response) => {
    if (request.method === 'POST') response.writeHead(200, { 'content-type': 'text/xml' }).end(identity);
    else
      response
        .writeHead(403, { 'content-type': 'application/json', 'x-amzn-errortype': code })
        .end('{"message":"no"}');
  });
  const endpoint = await listen(refused, 0);
  try {
    await work(endpoint);
  } finally {
    await closeServer(refused);
  }
}

describe('not answered: a line says why, and the deployment goes on', () => {
  const goesOn = { clusters: [{ name: 'shop' }], lines: [], warnings: [] };

  test.each([
    ['AccessDeniedException', 'eks:DescribeCluster: denied: grant the permission eks:DescribeCluster'],
    [
      'ExpiredTokenException',
      'eks:DescribeCluster: the credentials have expired: sign in again (aws sso login)',
    ],
  ])('%s', async (code, line) => {
    await refusing(code, async (endpoint) => {
      setting(environment(endpoint));
      expect(await synth({ cluster: 'shop' })).toEqual({ ...goesOn, missed: [line] });
    });
  });

  test('several clusters denied alike are one line', async () => {
    await refusing('AccessDeniedException', async (endpoint) => {
      setting(environment(endpoint));
      expect((await synth({ cluster: 'shop,bank' })).missed).toHaveLength(1);
    });
  });

  test('nobody listens', async () => {
    setting(environment('http://127.0.0.1:1'));
    const { missed, ...rest } = await synth({ cluster: 'shop' });
    expect(missed).toEqual([
      expect.stringContaining('sts:GetCallerIdentity: no usable answer (ECONNREFUSED): '),
    ]);
    expect(rest).toEqual(goesOn);
  });

  test('the CDK has a profile that it keeps to itself: there are no credentials here, or those of another account', async () => {
    const elsewhere = await synth({ cluster: 'nowhere' }, { ...HOME, account: '444455556666' });
    expect(elsewhere).toMatchObject({ lines: [], warnings: [] });
    expect(elsewhere.missed).toEqual([
      expect.stringMatching(/of account 111122223333, and the CDK deploys to 444455556666: .*AWS_PROFILE/),
    ]);
    setting({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' });
    const { missed, ...rest } = await synth({ cluster: 'shop' });
    expect(missed).toEqual([expect.stringMatching(/no credentials found: .*AWS_PROFILE/)]);
    expect(rest).toEqual(goesOn);
  });
});

describe('the app, as the CDK runs it', () => {
  const CDK = { CDK_DEFAULT_ACCOUNT: HOME.account, CDK_DEFAULT_REGION: HOME.region };
  /** Wrong by itself, so that nothing needs to be built. */
  const POLICY = '{"budgetShare": 2}';
  /** Where there is no configuration. */
  const cwd = import.meta.dirname;
  const appSays = (context: Record<string, unknown>, env: Record<string, string>): Promise<Ended> => {
    const CDK_CONTEXT_JSON = JSON.stringify(context);
    return finished(
      spawn(process.execPath, [join(ROOT, 'infra/app.ts')], { cwd, env: { ...env, CDK_CONTEXT_JSON } }),
    );
  };

  test('what EKS knows better is told beside all else that is wrong', async () => {
    const { status, stdout, stderr } = await appSays(
      { cluster: 'shopp', policy: POLICY },
      { ...environment(server.endpoint), ...CDK },
    );
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr.trimEnd().split('\n')).toEqual([
      'These settings cannot be deployed:',
      expect.stringMatching(/^ {2}policy\.budgetShare: expected a number from 0\.01 to 1, got 2\. /),
      expect.stringMatching(
        /^ {2}cluster: expected an EKS cluster of account 111122223333 .*, got "shopp"\. /,
      ),
      'All settings, with units and defaults: docs/deploy.md',
    ]);
  });

  test('what was not answered is told first; without credentials nobody is asked, and it is told how to have some', async () => {
    const nobody = environment('http://127.0.0.1:1');
    const [looked, unlooked] = await Promise.all([
      appSays({ cluster: 'shop', policy: POLICY }, { ...nobody, ...CDK }),
      appSays({ cluster: 'shop', policy: POLICY }, { ...nobody, CDK_DEFAULT_REGION: HOME.region }),
    ]);
    const [first, ...others] = looked.stderr.split('\n');
    const [without, ...same] = unlooked.stderr.split('\n');
    expect(first).toMatch(
      /^Not looked up, the synth goes on \(-c lookup=false asks nobody\): sts:GetCallerIdentity: /,
    );
    expect(without).toMatch(/^No AWS credentials, .*aws sso login.*AWS_PROFILE/);
    expect(others).toEqual(same);
    expect(same.join('\n')).toMatch(
      /^These settings cannot be deployed:\n {2}policy\.budgetShare: .*\n.*\n$/,
    );
  });
});
