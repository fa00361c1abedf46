import { describe, expect, test } from 'vitest';
import { say, sayAll } from '../../lambdas/core/complaints.ts';
import { DEFAULT_POLICY, readPolicy } from '../../lambdas/core/policy.ts';

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
      'policy.cniEnv',
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
  const yesOrNo = ['stopped', 'soleAllocator'];
  test.each(fields)('%s refuses what is no value of it', (field) => {
    const truth = yesOrNo.includes(field) ? 'true' : true;
    const list = field === 'routes' ? [7] : [];
    const text = field === 'launchHook' ? 'two words' : 'NaN';
    for (const nonsense of [null, truth, list, Number.NaN, Number.POSITIVE_INFINITY, -1, text, { a: 1 }]) {
      const { complaints } = readPolicy({ [field]: nonsense });
      expect(complaints.map((complaint) => complaint.field)).toEqual([`policy.${field}`]);
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
