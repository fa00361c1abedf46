import { EKSClient } from '@aws-sdk/client-eks';
import { describe, expect, test } from 'vitest';
import { EksClusters } from '../../lambdas/adapters/eks-clusters.ts';
import type { RequestHandler } from '../../sim/wire/door.ts';
import { services } from '../../sim/wire/services.ts';
import type { WireResponse } from '../../sim/wire/wire.ts';
import { EPOCH_MS, inProcess, inVirtualTime, REGION, smallWorld, VPC } from '../sim/doors-world.ts';

describe('against the embedded EKS', () => {
  const described = async (name: string) => {
    const { through } = await inProcess.open(smallWorld());
    return through(({ eks }) => new EksClusters(eks, () => EPOCH_MS).describe(name));
  };

  test('a cluster with the add-on tells how its CNI is set', async () => {
    expect(await described('shop')).toEqual({
      ok: true,
      value: {
        name: 'shop',
        vpcId: VPC,
        ipFamily: 'ipv4',
        autoMode: false,
        vpcCni: { version: 'v1.23.1-eksbuild.1', configurationValues: '{"env":{"WARM_ENI_TARGET":"1"}}' },
      },
    });
  });

  test('a cluster whose CNI was installed by hand has no settings that EKS knows', async () => {
    expect(await described('by hand')).toEqual({
      ok: true,
      value: { name: 'by hand', vpcId: VPC, ipFamily: 'ipv6', autoMode: true, vpcCni: undefined },
    });
  });

  test('a cluster EKS does not know is nothing, not a failure', async () => {
    expect(await described('nowhere')).toEqual({ ok: true, value: undefined });
  });
});

/** EKS that can be told to fail, and counts what it is asked. */
function troubled() {
  const world = smallWorld();
  const ask = services(world, {});
  const asked: string[] = [];
  const trouble = new Map<string, WireResponse>();
  let nowMs = EPOCH_MS;
  const client = new EKSClient({
    region: REGION,
    endpoint: `https://eks.${REGION}.amazonaws.com`,
    credentials: { accessKeyId: 'prewarmer', secretAccessKey: 'simulated' },
    maxAttempts: 1,
    requestHandler: {
      handle: async ({ method, path, headers }: Parameters<RequestHandler['handle']>[0]) => {
        asked.push(path);
        const answer =
          trouble.get(path) ??
          (await inVirtualTime(world.kernel, () => ask({ method, path, headers, body: '' })));
        return {
          response: {
            statusCode: answer.status,
            headers: answer.headers,
            body: new TextEncoder().encode(answer.body),
          },
        };
      },
    },
  });
  return {
    clusters: new EksClusters(client, () => nowMs),
    asked,
    fails: (path: string, status: number, code: string) =>
      trouble.set(path, {
        status,
        headers: { 'x-amzn-errortype': code, 'content-type': 'application/json' },
        body: '{"message":"no"}',
      }),
    recovers: () => trouble.clear(),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const CLUSTER = '/clusters/shop';
const ADDON = '/clusters/shop/addons/vpc-cni';

describe('asking as little as possible', () => {
  test('within a minute one pair of questions serves all, those that come at the same time too', async () => {
    const { clusters, asked, pass } = troubled();
    // The embedded EKS answers one activity at a time, so the two of the first pair come one after the other.
    const [one, two] = await Promise.all([clusters.describe('shop'), clusters.describe('shop')]);
    pass(59_999);
    expect(await clusters.describe('shop')).toEqual(one);
    expect(two).toEqual(one);
    expect(asked).toEqual([CLUSTER, ADDON]);
    pass(1);
    await clusters.describe('shop');
    expect(asked).toEqual([CLUSTER, ADDON, CLUSTER, ADDON]);
  });

  test.each([
    ['throttled', 429, 'TooManyRequestsException', 'throttled'],
    ['broken', 500, 'ServerException', 'transient'],
    ['closed to us', 403, 'AccessDeniedException', 'not-allowed'],
  ])('EKS is %s: the failure has a name and is not remembered', async (_how, status, code, kind) => {
    for (const path of [CLUSTER, ADDON]) {
      const { clusters, fails, recovers } = troubled();
      fails(path, status, code);
      expect(await clusters.describe('shop')).toMatchObject({ ok: false, failure: { kind, code } });
      recovers();
      expect(await clusters.describe('shop')).toMatchObject({ ok: true, value: { vpcId: VPC } });
    }
  });
});
