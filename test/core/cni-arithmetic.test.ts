import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  adoptionWorstMs,
  bound,
  growthThreshold,
  podsOn,
  readCniSettings,
  slotsPerEni,
  usableEnis,
} from '../../lambdas/core/cni.ts';
import { type InstanceLimits, limitsOf } from '../../lambdas/core/plan/instance-limits.ts';
import { aCluster, aPolicy } from './fixtures.ts';

/** Slots of an m5.large ENI. */
const M = 9;

const m5large = (): InstanceLimits => {
  const limits = limitsOf('m5.large');
  if (limits === undefined) throw new Error('m5.large is not in the table');
  return limits;
};

describe('the bound: the largest pool the CNI keeps (amazon-vpc-cni-k8s v1.23.1), m5.large', () => {
  test.each([
    [0, 0, 8],
    [0, 5, 13],
    [1, 0, 17],
    [1, 10, 27],
    [2, 0, 26],
    [2, 5, 31],
  ])('WARM_ENI_TARGET=%i with %i pods keeps %i addresses', (warmEniTarget, pods, most) => {
    expect(bound({ kind: 'warm-eni', warmEniTarget }, pods, M)).toBe(most);
  });

  test.each([
    [5, 10, 0, 10],
    [5, 10, 5, 10],
    [5, 10, 6, 11],
    [5, 10, 13, 18],
    [5, 10, 14, 19],
    [0, 10, 12, 12],
  ])('WARM_IP_TARGET=%i, MINIMUM_IP_TARGET=%i with %i pods keeps %i', (w, m, pods, most) => {
    expect(bound({ kind: 'ip-targets', warmIpTarget: w, minimumIpTarget: m }, pods, M)).toBe(most);
  });

  test.each([
    [1, 0, 16],
    [1, 1, 32],
    [1, 16, 32],
    [1, 17, 48],
    [2, 0, 32],
    [1, 100, 128],
  ])('WARM_PREFIX_TARGET=%i with %i packed pods keeps %i', (warmPrefixTarget, pods, most) => {
    expect(bound({ kind: 'prefix', warmPrefixTarget }, pods, M)).toBe(most);
  });

  test.each([
    [5, 0, 0, 16],
    [5, 0, 12, 32],
    [0, 40, 3, 48],
    [0, 0, 17, 32],
  ])('prefixes with WARM_IP_TARGET=%i, MINIMUM_IP_TARGET=%i, %i pods keep %i', (w, m, pods, most) => {
    expect(bound({ kind: 'prefix-ip-targets', warmIpTarget: w, minimumIpTarget: m }, pods, M)).toBe(most);
  });

  test('with provisioning disabled the CNI gives nothing back', () => {
    expect(bound({ kind: 'provisioning-disabled' }, 0, M)).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([
    [0, 5, 6],
    [1, 5, 14],
    [2, 5, 23],
  ])('WARM_ENI_TARGET=%i with %i pods grows below %i addresses', (warmEniTarget, pods, low) => {
    expect(growthThreshold(warmEniTarget, pods, M)).toBe(low);
  });

  test('between growing and giving back lies a band almost one ENI wide', () => {
    for (const warmEniTarget of [1, 2, 3])
      for (const pods of [0, 1, 9, 20]) {
        const keeps = bound({ kind: 'warm-eni', warmEniTarget }, pods, M);
        expect(keeps - growthThreshold(warmEniTarget, pods, M)).toBe(M - 1);
      }
  });
});

describe('ENIs and addresses a node may have', () => {
  const usable = (env: Readonly<Record<string, string>>): number => {
    const read = readCniSettings(aCluster(env).vpcCni, aPolicy());
    if ('complaint' in read) throw new Error(read.complaint.expected);
    return usableEnis(m5large(), read.settings);
  };

  test('m5.large holds 3 ENIs of 9 addresses beside their own', () => {
    expect([slotsPerEni(m5large()), usable({})]).toEqual([9, 3]);
  });
  test('MAX_ENI below the type caps, above it does not', () => {
    expect([usable({ MAX_ENI: '2' }), usable({ MAX_ENI: '9' })]).toEqual([2, 3]);
  });
  test("pods' own security groups cost one slot, the trunk's", () => {
    expect(usable({ ENABLE_POD_ENI: 'true' })).toBe(2);
  });
});

describe('pods on a node, told from its addresses alone', () => {
  test.each([
    [1, 9, true, [0, 0]],
    [1, 18, true, [1, 9]],
    [1, 27, true, [10, 18]],
    [1, 27, false, [10, 27]],
    [0, 9, true, [1, 8]],
    [0, 9, false, [1, 9]],
    [2, 18, true, [0, 0]],
    [2, 9, true, [0, 0]],
    [1, 0, false, [0, 0]],
  ])(
    'WARM_ENI_TARGET=%i, %i addresses, could grow: %s → between %j',
    (warmEniTarget, total, canGrow, pods) => {
      expect(podsOn(total, warmEniTarget, M, canGrow)).toEqual(pods);
    },
  );

  test('whatever pods a settled node has, they are within what we tell', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 2, max: 49 }),
        fc.nat(200),
        fc.nat(200),
        fc.boolean(),
        (warmEniTarget, perEni, pods, spare, canGrow) => {
          // Settled: not so little free that it would grow if it can, not so much that it would give back.
          const least = canGrow ? Math.max(warmEniTarget * perEni, 1) : 0;
          const free = least + (spare % ((warmEniTarget + 1) * perEni - least));
          const [min, max] = podsOn(pods + free, warmEniTarget, perEni, canGrow);
          expect(min).toBeLessThanOrEqual(pods);
          expect(max).toBeGreaterThanOrEqual(pods);
        },
      ),
    );
  });
});

test('adoption takes at worst one reconcile of 65 s, the lag of instance metadata, and our own pipeline', () => {
  expect(adoptionWorstMs(aPolicy())).toBe(65_000 + 30_000 + 10_000);
  expect(adoptionWorstMs(aPolicy({ imdsP99Ms: 0, pipelineP99Ms: 1 }))).toBe(65_001);
});
