import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { jsonSchema } from '../../sim/scenario/format.ts';
import { readScenario, readScenarioText } from '../../sim/scenario/read.ts';
import { SHIPPED } from '../../sim/scenarios/shipped.ts';

/** The smallest scenario there is. */
const plain = (): Record<string, unknown> => ({
  name: 'mine',
  title: 'Ten pods come to two nodes',
  subnets: [{ name: 'a', cidr: '10.0.0.0/24' }],
  clusters: [
    {
      nodeGroups: [{ name: 'workers', type: 'm5.large', nodes: 2 }],
      workloads: [{ kind: 'Deployment', name: 'web' }],
    },
  ],
  story: [{ do: 'scale', workload: 'web', to: 10 }],
});

/** What is said of the plain scenario with one value put somewhere else. */
function complaintAbout(path: string, value: unknown): string {
  const document = plain();
  const keys = path.split('.');
  let at = document;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[keys.at(-1) ?? ''] = value;
  const read = readScenario(document, 'my.json');
  return read.ok ? 'nothing' : read.message;
}

describe('what ships can be read', () => {
  test.each(Object.keys(SHIPPED))('%s', (file) => {
    expect(readScenario(SHIPPED[file], file)).toMatchObject({ ok: true });
  });

  test('the plain scenario needs no more than it says', () => {
    expect(readScenario(plain(), 'my.json')).toMatchObject({
      ok: true,
      scenario: { minutes: 15, columns: ['W=1', 'W=2', 'IP 5/10', 'P=1', 'P=2', 'ours'] },
    });
  });

  test('the published schema is the one the reader uses', () => {
    const published = readFileSync(new URL('../../docs/scenario.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
  });
});

describe('what cannot be meant is refused in one line, with the path of the field', () => {
  test.each([
    [
      'a field mistyped',
      'clusters.0.nodeGroups.0.nods',
      3,
      'expected one of name, type, launchedBy, maxPods, nodes',
    ],
    ['a field nobody knows', 'speed', 3, 'expected one of $schema, name, title'],
    [
      'a setting mistyped',
      'clusters.0.cni',
      { WARM_ENI_TARGT: '2' },
      'clusters.0.cni.WARM_ENI_TARGT: expected one of',
    ],
    ['a number too large', 'clusters.0.nodeGroups.0.nodes', 9_000, 'from 0 to 5000, got 9000'],
    [
      'an instance type nobody offers',
      'clusters.0.nodeGroups.0.type',
      'm5.gigantic',
      'an instance type EC2 offers',
    ],
    ['a step nobody knows', 'story.0.do', 'scle', 'an object whose do is "scale"'],
    ['a workload that is not there', 'story.0.workload', 'wbe', 'expected one of web, got "wbe"'],
    ['a step after the end', 'story.0.atSeconds', 900, 'before the end at 900 s'],
    [
      'a subnet that starts inside its block',
      'subnets.0.cidr',
      '10.0.0.7/24',
      '10.0.0.0/24, got "10.0.0.7/24"',
    ],
    ['a subnet no VPC can have', 'subnets.0.cidr', '10.0.0.0/29', 'a subnet of /16 to /28'],
    ['no address', 'subnets.0.cidr', '10.0.0.256/24', 'four numbers up to 255'],
    ['more free than there is', 'subnets.0.free', { addresses: 300, blocks: 3 }, 'subnets.0.free.addresses'],
    [
      'blocks of nothing',
      'subnets.0.free',
      { addresses: 30, blocks: 3 },
      'subnets.0.free.blocks: expected at most 1',
    ],
    ['a policy out of bounds', 'policy', { margin: 0.5 }, 'policy.margin: expected a number from 1 to 10'],
    [
      'a policy for a node group that is not there',
      'policy',
      { clusters: { shop: { nodeGroups: { wokers: { mode: 'observe' } } } } },
      'policy.clusters.shop.nodeGroups.wokers: expected a node group of shop (workers), got "wokers"',
    ],
    ['a column nobody knows', 'columns', ['W=9'], 'columns.0: expected a column of your own'],
    ['no cluster', 'clusters', [], 'at least one cluster'],
    ['a percentage of nothing', 'clusters.0.workloads.0.maxSurge', 'all', 'a percentage such as "25%"'],
  ])('%s', (_trouble, path, value, said) => {
    const message = complaintAbout(path, value);
    expect(message).toMatch(/^my\.json: /);
    expect(message).toContain(path);
    expect(message).toContain(said);
    expect(message).not.toContain('\n');
  });

  test('more pods at the start than the nodes take', () => {
    const message = complaintAbout('clusters.0.workloads.0.replicas', 55);
    expect(message).toContain('my.json: clusters.0.workloads: expected at most 54 replicas at the start');
  });

  test('more nodes than their subnets have addresses', () => {
    const message = complaintAbout('subnets.0.cidr', '10.0.0.0/28');
    const story = [{ do: 'launch', nodeGroup: 'workers', nodes: 10 }];
    expect(message).toBe('nothing');
    const crowded = readScenario(
      { ...plain(), subnets: [{ name: 'a', cidr: '10.0.0.0/28' }], story },
      'my.json',
    );
    expect(crowded.ok ? '' : crowded.message).toContain(
      'clusters.0.nodeGroups.0: expected at most 11 nodes, the free addresses of its subnets, got 12',
    );
  });

  test('two subnets that overlap', () => {
    const message = complaintAbout('subnets', [
      { name: 'a', cidr: '10.0.0.0/16' },
      { name: 'b', cidr: '10.0.4.0/24' },
    ]);
    expect(message).toContain('subnets.1.cidr: expected no overlap with subnet a, got "10.0.4.0/24"');
  });

  test('the same name twice', () => {
    const message = complaintAbout('subnets', [
      { name: 'a', cidr: '10.0.0.0/24' },
      { name: 'a', cidr: '10.0.1.0/24' },
    ]);
    expect(message).toContain('subnets.1.name: expected a name used once, got "a"');
  });

  test('trouble that ends before it begins', () => {
    const fault = { kind: 'subnetFull', fromSeconds: 60, toSeconds: 30 };
    expect(complaintAbout('faults', [fault])).toContain(
      'faults.0.toSeconds: expected more than 60 s, got 30',
    );
  });

  test('several mistakes are said together', () => {
    const message = complaintAbout('clusters.0.nodeGroups', [{ name: 'workers', type: 7, nodes: -1 }]);
    expect(message).toContain('clusters.0.nodeGroups.0.type');
    expect(message).toContain('clusters.0.nodeGroups.0.nodes');
  });

  test('no JSON at all', () => {
    expect(readScenarioText('{ "name": ', 'my.json')).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^my\.json: not JSON: /),
    });
  });
});
