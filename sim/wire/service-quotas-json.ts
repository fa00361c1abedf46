/** Service Quotas, for the one quota this world keeps: ENIs in a zone. Source: Service Quotas API reference, GetServiceQuota and
 *  GetAWSDefaultServiceQuota; VPC User Guide, quotas. */
import * as z from 'zod';
import { DEFAULT_ENIS_PER_ZONE } from '../ec2/account-options.ts';
import { ApiError } from '../ec2/api.ts';
import { type JsonService, operation } from './aws-json.ts';
import type { WireWorld } from './wire.ts';

const SERVICE = 'vpc';
const ENIS_PER_REGION = 'L-DF5E4CA3';

const quota = z.strictObject({
  ServiceCode: z.string().min(1).max(63),
  QuotaCode: z.string().min(1).max(128),
});

/** `value`: `undefined` where it says nothing of the quota. */
const answering = (value: (world: WireWorld) => number | undefined) =>
  operation(quota, (world, { ServiceCode, QuotaCode }) => {
    const known = ServiceCode === SERVICE && QuotaCode === ENIS_PER_REGION;
    const Value = known ? value(world) : undefined;
    if (Value === undefined)
      throw new ApiError('NoSuchResourceException', 'The request failed because the quota does not exist.');
    return {
      Quota: {
        ...{ ServiceCode, ServiceName: 'Amazon Virtual Private Cloud (Amazon VPC)' },
        ...{ QuotaCode, QuotaName: 'Network interfaces per Region' },
        QuotaArn: `arn:aws:servicequotas:${world.region}:${world.accountId}:${ServiceCode}/${QuotaCode}`,
        ...{ Value, Unit: 'None', Adjustable: true, GlobalQuota: false },
      },
    };
  });

export const SERVICE_QUOTAS: JsonService = {
  version: '1.1',
  target: 'ServiceQuotasV20190624',
  operations: {
    /** Of an account that never had it raised there is no applied value: an assumption, which the reference allows. */
    GetServiceQuota: answering(({ ec2 }) => ec2.enisPerZone),
    GetAWSDefaultServiceQuota: answering(() => DEFAULT_ENIS_PER_ZONE),
  },
};
