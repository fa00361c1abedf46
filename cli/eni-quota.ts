/** The account's quota of ENIs, from Service Quotas. */
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  type ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { DEFAULT_ENI_QUOTA, ENI_QUOTA } from '../lambdas/core/doctor/eni-quota.ts';
import type { EniQuota } from '../lambdas/core/doctor/seen.ts';
import { type Tried, tried } from './tried.ts';

/** What Service Quotas answers where it has no value of that kind. */
const NONE = 'NoSuchResourceException';
const QUOTA = { ServiceCode: ENI_QUOTA.serviceCode, QuotaCode: ENI_QUOTA.quotaCode };
/** Where it is not asked, or not answered. */
export const ASSUMED_QUOTA: EniQuota = { enis: DEFAULT_ENI_QUOTA, from: 'assumed' };

/** `trouble`: the line that says why it is assumed. */
export async function readEniQuota(
  quotas: ServiceQuotasClient,
): Promise<{ readonly quota: EniQuota; readonly trouble?: string }> {
  const own = await tried('servicequotas:GetServiceQuota', async () => {
    const { Quota } = await quotas.send(new GetServiceQuotaCommand(QUOTA));
    return Quota?.Value;
  });
  if ('value' in own && own.value !== undefined) return { quota: { enis: own.value, from: 'account' } };
  const unset = 'value' in own || own.code === NONE;
  const found = unset ? await ofAws(quotas) : own;
  if ('value' in found)
    return { quota: found.value === undefined ? ASSUMED_QUOTA : { enis: found.value, from: 'default' } };
  return { quota: ASSUMED_QUOTA, ...(found.code !== NONE && { trouble: found.trouble }) };
}

const ofAws = (quotas: ServiceQuotasClient): Promise<Tried<number | undefined>> =>
  tried('servicequotas:GetAWSDefaultServiceQuota', async () => {
    const { Quota } = await quotas.send(new GetAWSDefaultServiceQuotaCommand(QUOTA));
    return Quota?.Value;
  });
