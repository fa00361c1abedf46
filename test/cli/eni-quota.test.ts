/** The quota of ENIs the doctor judges by: the account's own, AWS's default, what somebody says, or an assumption that is said. */
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { expect, test } from 'vitest';
import type { Account } from '../../cli/account-clients.ts';
import { worldAccount } from '../../cli/account-scenario.ts';
import { diagnose } from '../../cli/doctor-run.ts';
import { World } from '../../sim/world.ts';

const SUBNET = {
  id: 'subnet-0aaaaaaaaaaaaaaa0',
  vpcId: 'vpc-0bbbbbbbbbbbbbbb0',
  zone: 'eu-central-1a',
  cidr: '10.0.0.0/20',
};

/** Three nodes with two ENIs each. */
function account(enisPerZone?: number): Account {
  const world = new World({
    ...{ seed: 1, cluster: 'shop', subnets: [SUBNET] },
    ...(enisPerZone !== undefined && { enisPerZone }),
  });
  for (let node = 0; node < 3; node++) world.established('m5.large', [9, 9]);
  const scenario = { name: 'three', title: 'Three nodes' };
  return worldAccount(world, scenario as never, 'a world');
}

const looked = async (at: Account, options: { readonly eniQuota?: number } = {}) => {
  const diagnosed = await diagnose(at, { cluster: 'shop', ...options }, () => {});
  if ('complaint' in diagnosed) throw new Error(diagnosed.complaint);
  const finding = diagnosed.examined.findings.find(({ rule }) => rule === 'eni-quota');
  return { finding, quota: diagnosed.look.seen.eniQuota, troubles: diagnosed.look.troubles };
};

test('as the account has it', async () => {
  const { finding, quota, troubles } = await looked(account(7));
  expect(quota).toEqual({ enis: 7, from: 'account' });
  expect(troubles).toEqual([]);
  expect(finding).toMatchObject({
    severity: 'red',
    evidence: expect.stringMatching(/: 6 ENIs .*; quota 7 \(as Service Quotas has it for this account\);/),
    remedy: { says: 'Ask for 1000.', commands: [expect.arrayContaining(['request-service-quota-increase'])] },
  });
});

test('AWS’s default where the account has none of its own', async () => {
  const { finding, quota, troubles } = await looked(account());
  expect(quota).toEqual({ enis: 5_000, from: 'default' });
  expect([finding, troubles]).toEqual([undefined, []]);
});

test('what is said goes before it, and nobody is asked', async () => {
  const { finding, quota } = await looked({ ...account(5_000), quotas: refusing() }, { eniQuota: 6 });
  expect(quota).toEqual({ enis: 6, from: 'option' });
  expect(finding?.evidence).toContain('quota 6 (--eni-quota); other VPCs are not counted');
  expect(finding?.remedy.commands.map(([, , name]) => name)).toEqual([
    'get-service-quota',
    'request-service-quota-increase',
  ]);
});

test('denied: one line with the permission, and the default is assumed', async () => {
  const { quota, troubles } = await looked({ ...account(7), quotas: refusing() });
  expect(quota).toEqual({ enis: 5_000, from: 'assumed' });
  expect(troubles).toEqual([
    'servicequotas:GetServiceQuota: denied: grant the permission servicequotas:GetServiceQuota',
  ]);
});

/** Service Quotas for somebody who may not ask it. */
const refusing = (): ServiceQuotasClient =>
  new ServiceQuotasClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' },
    maxAttempts: 1,
    requestHandler: {
      handle: async () => ({
        response: {
          statusCode: 400,
          headers: { 'content-type': 'application/x-amz-json-1.1' },
          body: new TextEncoder().encode('{"__type":"AccessDeniedException","Message":"not authorized"}'),
        },
      }),
    },
  });
