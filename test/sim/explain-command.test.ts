/** `npm run explain`: what is made of an event in a scenario's world, with nothing changed by asking. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explanation } from '../../cli/explain-text.ts';
import { explainIn, launchingIn, type Opened, openAt } from '../../cli/explain-world.ts';
import { findScenario } from '../../cli/find-scenario.ts';
import type { Scenario } from '../../sim/scenario/format.ts';
import { readScenario } from '../../sim/scenario/read.ts';
import { command, type Ended, finished } from './sim-process.ts';

const ANNOUNCED = join(import.meta.dirname, '../events/deployment-announced.json');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'explain-'));
});
afterAll(() => rm(folder, { recursive: true }));

const explain = (...args: string[]): Promise<Ended> => finished(command('explain.ts', args));

function scenario(nodes: number, more: Readonly<Record<string, unknown>> = {}): Scenario {
  const read = readScenario(
    {
      name: 'mine',
      title: 'Nodes with room',
      subnets: [{ name: 'a', cidr: '10.0.0.0/20' }],
      clusters: [{ nodeGroups: [{ name: 'workers', type: 'm5.large', nodes }] }],
      columns: ['ours'],
      ...more,
    },
    'mine.json',
  );
  if (!read.ok) throw new Error(read.message);
  return read.scenario;
}
const announcement = (to: number, aheadSeconds: number): unknown => ({
  version: '0',
  id: 'release-7',
  'detail-type': 'Deployment Announced',
  source: 'eks-ip-prewarmer',
  account: '111122223333',
  time: '2026-03-01T12:00:00Z',
  region: 'eu-central-1',
  resources: [],
  detail: {
    cluster: 'shop',
    workload: { kind: 'Deployment', namespace: 'shop', name: 'cart' },
    replicas: { from: 0, to },
    startsAt: new Date(Date.parse('2026-03-01T12:00:00Z') + aheadSeconds * 1000).toISOString(),
  },
});

/** Everything a decision could leave behind. */
async function everything({ world, stage }: Opened): Promise<unknown> {
  const { ledger, budget } = stage.stores;
  const ids = world.nodes.map(({ instanceId }) => instanceId as `i-${string}`);
  return structuredClone({
    nodes: world.nodes.map(({ instanceId, instance }) => [
      instanceId,
      instance.enis.map(({ id, secondaryIps, tags }) => [id, secondaryIps.length, [...tags]]),
    ]),
    free: world.account.subnet('subnet-00000000000000001').freeAddresses,
    changes: [...world.account.calls.of('prewarmer')].filter(([action]) => !action.startsWith('Describe')),
    demand: await ledger.openDemand('shop', world.clockMs),
    records: [...(await ledger.nodes(ids))],
    sights: [...(await ledger.sights('shop'))],
    budget: await budget.standing(),
    waiting: Object.values(stage.queues).map((queue) => queue.depth),
  });
}

describe('a rollout on quiet nodes', () => {
  test('is explained node by node, as the journal has it, and nothing has changed by asking', async () => {
    const event = announcement(30, 600);
    const opened = await openAt(scenario(3), event, { atSeconds: 0, seed: 1 });
    const before = await everything(opened);
    const explained = await explainIn(opened, event);
    expect(await everything(opened)).toEqual(before);
    const text = explanation(explained);
    expect(text).toContain('came     announcement release-7: Deployment shop/cart in shop, 0 → 30 replicas');
    expect(text).toContain('meant    30 new replicas, from 0 to 30: 38 addresses with a margin of 1.25');
    expect(text).toContain('planned  3 nodes warmed with ');
    expect(text).toContain('done     nothing: it was only asked');
    expect(text.match(/^ {2}i-\w+ {2}attach partial ENI .*: 1[23] of 38 pods expected here/gm)).toHaveLength(
      3,
    );
    const lines = opened.stage.journal.filter(({ what }) => what === 'signal').map(({ facts }) => facts);
    expect(lines.at(-1)).toEqual(explained.told[0]);
  });

  test('more than twenty are shown together, with one reason; what finds no node is said to be short', async () => {
    const event = announcement(900, 600);
    const explained = await explainIn(await openAt(scenario(24), event, { atSeconds: 0, seed: 1 }), event);
    const text = explanation(explained);
    expect(text).toMatch(
      /Plan for shop, 24 nodes\n {2}24 nodes {2}attach .*, for example: 27 of 1125 pods expected here/,
    );
    expect(text).toMatch(/short .*477 pods wait for nodes to launch/);
    expect(text.split('\n').length).toBeLessThan(15);
  });

  test('the event comes at the moment asked about: too late is said as it would be then', async () => {
    const event = announcement(30, 20);
    const explained = await explainIn(await openAt(scenario(3), event, { atSeconds: 30, seed: 1 }), event);
    expect(explained.told[0]?.planned.shortfalls).toEqual({ 'too late': 3 });
  });

  test('a rollout whose nodes are not there: that is said, and not that addresses are missing', async () => {
    const event = announcement(30, 600) as { detail: Record<string, unknown> };
    event.detail['replicas'] = { from: 30, to: 30 };
    event.detail['nodeSelection'] = { nodeGroups: ['elsewhere'] };
    const text = explanation(
      await explainIn(await openAt(scenario(3), event, { atSeconds: 0, seed: 1 }), event),
    );
    expect(text).toContain('Plan for shop, no node of it is concerned\n');
    expect(text).toContain('  pace: no node is there that the announcement selects: see its nodeSelection');
  });

  test('a node group that is only observed is said to be', async () => {
    const policy = { clusters: { shop: { nodeGroups: { workers: { mode: 'observe' } } } } };
    const event = announcement(30, 600);
    const opened = await openAt(scenario(3, { policy }), event, { atSeconds: 0, seed: 1 });
    expect(explanation(await explainIn(opened, event))).toContain(
      'workers is only observed: the policy says so',
    );
  });
});

test('a launch in the middle of a burst: its node is found, and explained for its moment', async () => {
  const found = await findScenario('s2');
  if ('complaint' in found) throw new Error(found.complaint);
  const at = { atSeconds: 20, seed: 1 };
  const time = '2026-03-01T12:00:00Z';
  const [nodeId = ''] = launchingIn(await openAt(found.scenario, { time }, at)).slice(-1);
  const detail = { 'instance-id': nodeId, state: 'pending' };
  const frame = { version: '0', id: '1', account: '111122223333', region: 'eu-central-1', resources: [] };
  const event = {
    ...frame,
    'detail-type': 'EC2 Instance State-change Notification',
    source: 'aws.ec2',
    time,
    detail,
  };
  const { told } = await explainIn(await openAt(found.scenario, event, at), event);
  expect(told).toMatchObject([
    { came: `EC2: ${nodeId} pending at ${time}`, meant: expect.stringContaining('a node of') },
  ]);
});

describe('as a command', () => {
  test('an event of test/events in a scenario that ships', async () => {
    const { status, stdout, stderr } = await explain(ANNOUNCED, '--scenario', 'S1');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Simulated: S1, seed 1, 0 s into its story. Nothing is changed.');
    expect(stdout).toContain('short    5 nodes no slots, 125 pods wait for nodes to launch');
  });

  test('the detail of an announcement is as good as its event, as though it came now', async () => {
    const detail = join(import.meta.dirname, '../../docs/examples/rollout-s1.json');
    const { status, stdout, stderr } = await explain(detail, '--scenario', 'S1');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(
      'announcement release-7: Deployment default/checkout in shop, 135 → 235 replicas',
    );
  });

  test('--json is one document', async () => {
    const { stdout } = await explain(ANNOUNCED, '--scenario', 'S1', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      scenario: 'S1',
      simulated: true,
      signals: [{ planned: { openDemand: 125 } }],
      reports: [{ cluster: 'shop', openDemand: 125 }],
    });
  });

  test('what asks for nothing says why, and leaves with 1; what cannot be asked is one line, and leaves with 2', async () => {
    const pipeline = join(import.meta.dirname, '../events/ec2-instance-shutting-down.json');
    const ignored = await explain(pipeline, '--scenario', 'S1');
    expect([ignored.status, ignored.stdout]).toEqual([1, expect.stringContaining('ignored: ')]);
    const elsewhere = await explain(
      join(import.meta.dirname, '../events/ec2-instance-pending.json'),
      '--scenario',
      'S1',
    );
    expect(elsewhere.stdout).toContain('Launching at that moment: none; --at asks about another moment');
    const broken = join(folder, 'broken.json');
    await writeFile(broken, '{');
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [[ANNOUNCED], "required option '--scenario <name>' not specified"],
      [[ANNOUNCED, '--scenario', 'S99'], '--scenario: expected one of S1, S2, '],
      [[ANNOUNCED, '--scenario', broken], 'not JSON'],
      [[broken, '--scenario', 'S1'], 'broken.json: is not JSON'],
      [[ANNOUNCED, '--scenario', 'S1', '--at', '-1'], 'expected a whole number from 0 to 7200'],
    ];
    const refusals = await Promise.all(wrong.map(([args]) => explain(...args)));
    for (const [index, { status, stdout, stderr }] of refusals.entries()) {
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toContain(wrong[index]?.[1]);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  });
});
