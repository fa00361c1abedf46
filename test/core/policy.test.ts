import { describe, expect, test } from 'vitest';
import { say, sayAll } from '../../lambdas/core/complaints.ts';
import { DEFAULT_POLICY, readPolicy } from '../../lambdas/core/policy.ts';
import { complaintsOf, type Shape } from '../../lambdas/core/policy-shapes.ts';

describe('no policy: the defaults the design argues for', () => {
  test.each([undefined, {}])('%j', (document) => {
    expect(readPolicy(document)).toEqual({ policy: DEFAULT_POLICY, complaints: [] });
  });

  test('they are these', () => {
    expect(DEFAULT_POLICY).toMatchObject({
      margin: 1.25,
      budgetShare: 0.5,
      launchDemand: 'full',
      hostNetworkPods: 2,
      startP05Ms: 20_000,
      imdsP99Ms: 30_000,
      maxPods: undefined,
      cniEnv: undefined,
    });
  });

  test('each default would be accepted if written down', () => {
    const { maxPods: _, cniEnv: __, launchHook: ___, ...written } = DEFAULT_POLICY;
    expect(readPolicy(written)).toEqual({ policy: DEFAULT_POLICY, complaints: [] });
  });
});

test('a good field is taken, the others stay', () => {
  const { policy, complaints } = readPolicy({ margin: 2, maxPods: 58, cniEnv: { WARM_ENI_TARGET: '2' } });
  expect(complaints).toEqual([]);
  const expected = { ...DEFAULT_POLICY, margin: 2, maxPods: 58, cniEnv: { WARM_ENI_TARGET: '2' } };
  expect(policy).toEqual(expected);
});

describe('a policy with mistakes: every one is named, with what was expected and what came', () => {
  test('many at once', () => {
    const { complaints } = readPolicy({
      margin: 0.5,
      budgetShare: '50%',
      subnetReserveAddresses: 1.5,
      launchDemand: 'some',
      maxPods: null,
      startP05Ms: -1,
      cniEnv: { WARM_ENI_TARGET: 2 },
      marign: 2,
    });
    expect(complaints.map(({ field }) => field)).toEqual([
      'policy.margin',
      'policy.budgetShare',
      'policy.subnetReserveAddresses',
      'policy.launchDemand',
      'policy.maxPods',
      'policy.startP05Ms',
      'policy.cniEnv.WARM_ENI_TARGET',
      'policy.marign',
    ]);
    expect(complaints.at(0)).toEqual({
      field: 'policy.margin',
      expected: 'a number from 1 to 10',
      got: 0.5,
    });
    expect(sayAll(complaints).split('; ')).toHaveLength(8);
  });

  const fields = Object.keys(DEFAULT_POLICY);
  const OBJECTS = ['buckets', 'eniConfigs', 'cniEnv', 'clusters'];
  const yesOrNo = ['stopped', 'soleAllocator'];
  test.each(fields)('%s refuses what is no value of it', (field) => {
    const truth = yesOrNo.includes(field) ? 'true' : true;
    const list = field === 'routes' ? [7] : [];
    const text = field === 'launchHook' ? 'two words' : 'NaN';
    for (const nonsense of [null, truth, list, Number.NaN, Number.POSITIVE_INFINITY, -1, text, { a: 1 }]) {
      const { complaints } = readPolicy({ [field]: nonsense });
      // Of a value inside an object, its own path.
      const inside = typeof nonsense === 'object' && !Array.isArray(nonsense) && nonsense !== null;
      expect(complaints.map((complaint) => complaint.field)).toEqual([
        inside && OBJECTS.includes(field) ? `policy.${field}.a` : `policy.${field}`,
      ]);
    }
  });

  test.each([null, [], 'margin: 2', 7])('%j is not a policy', (document) => {
    const { complaints } = readPolicy(document);
    expect(complaints).toEqual([{ field: 'policy', expected: 'an object', got: document }]);
  });

  test('a name from the language is no field', () => {
    const { complaints } = readPolicy(JSON.parse('{"constructor":1,"__proto__":2}'));
    expect(complaints).toHaveLength(2);
  });
});

describe('clusters and node groups', () => {
  const inWorkers = (fields: Readonly<Record<string, unknown>>): unknown => ({
    clusters: { shop: { nodeGroups: { workers: fields } } },
  });
  const linesOf = (document: unknown, deployed?: readonly string[]): string[] =>
    readPolicy(document, deployed).complaints.map(say);

  test('what differs is taken as it is', () => {
    const document = {
      $schema: 'docs/policy.schema.json',
      clusters: {
        shop: {
          launchDemand: 'none',
          nodeGroups: { batch: { mode: 'observe', resumedAt: '2026-01-31T09:00:00Z', maxPods: 58 } },
        },
      },
    };
    expect(readPolicy(document, ['shop', 'games'])).toEqual({
      policy: { ...DEFAULT_POLICY, clusters: document.clusters },
      complaints: [],
    });
  });

  test.each([
    [{ mod: 'warm' }, 'mod: expected one of mode, launchDemand, shapes, '],
    [{ mode: 'off' }, 'mode: expected one of "observe", "warm", got "off"'],
    [{ maxPods: 0 }, 'maxPods: expected a whole number from 1 to 1000 pods, got 0'],
    [
      { resumedAt: 'today' },
      'resumedAt: expected a moment in UTC such as "2026-01-31T09:00:00Z", got "today"',
    ],
    [{ resumedAt: '2026-13-31T09:00:00Z' }, 'resumedAt: expected a moment in UTC'],
    [{ stopped: true }, 'stopped: expected one of mode, '],
  ])('a mistake in a node group is one line with its whole path: %j', (fields, line) => {
    const lines = linesOf(inWorkers(fields));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`policy.clusters.shop.nodeGroups.workers.${line}`);
  });

  test('a cluster that is not deployed is named, where it is known which are', () => {
    const document = { clusters: { shpo: { mode: 'observe' } } };
    expect(linesOf(document)).toEqual([]);
    expect(linesOf(document, ['shop', 'games'])).toEqual([
      'policy.clusters.shpo: expected a cluster that is deployed here, one of shop, games, got "shpo"',
    ]);
  });
});

describe('a field that is wrong inside an object is told by its path', () => {
  test.each([
    [
      { buckets: { AttachNetworkInterface: { size: 100 } } },
      'policy.buckets.AttachNetworkInterface.perSecond: expected a number from 1 to 100000, got nothing',
    ],
    [
      { buckets: { RunInstances: { size: 1, perSecond: 1 } } },
      'policy.buckets.RunInstances: expected one of',
    ],
    [
      {
        eniConfigs: {
          'eu-central-1a': { subnetId: 'subnet-1', securityGroupIds: ['sg-0123456789abcdef0', 'x'] },
        },
      },
      'policy.eniConfigs.eu-central-1a.securityGroupIds.1: expected the id of a security group, got "x"',
    ],
  ])('%j', (document, line) => {
    expect(sayAll(readPolicy(document).complaints)).toContain(line);
  });
});

test('a field may be judged as a whole, in words of its own', () => {
  const even: Shape = {
    is: 'judged',
    expected: 'an even number',
    ok: (value) => typeof value === 'number' && value % 2 === 0,
    schema: { multipleOf: 2 },
  };
  expect(complaintsOf(even, 4, 'policy.even')).toEqual([]);
  expect(complaintsOf({ is: 'list', of: even }, [4, 5], 'policy.even').map(say)).toEqual([
    'policy.even.1: expected an even number, got 5',
  ]);
});

describe('bounds are inclusive', () => {
  test.each([
    ['margin', 1, 10, 10.01],
    ['budgetShare', 0.01, 1, 1.01],
    ['maxPods', 1, 1000, 1001],
    ['openDemandTtlMs', 60_000, 86_400_000, 86_400_001],
    ['verifyAfterMs', 1_000, 900_000, 900_001],
  ])('%s', (field, low, high, above) => {
    expect(readPolicy({ [field]: low }).complaints).toEqual([]);
    expect(readPolicy({ [field]: high }).complaints).toEqual([]);
    expect(readPolicy({ [field]: above }).complaints).toHaveLength(1);
  });
});

describe('a complaint is one line', () => {
  test('that says when nothing came', () => {
    expect(say({ field: 'a', expected: 'b', got: undefined })).toBe('a: expected b, got nothing');
  });
  test('and is no dump of a long value', () => {
    const line = say({ field: 'a', expected: 'b', got: 'x'.repeat(500) });
    expect(line.length).toBeLessThanOrEqual('a: expected b, got '.length + 80);
    expect(line.endsWith('...')).toBe(true);
  });
});
