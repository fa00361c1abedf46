import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  RequestServiceQuotaIncreaseCommand,
} from '@aws-sdk/client-service-quotas';
import { describe, expect, test } from 'vitest';
import { inProcess, overHttp, smallWorld } from './doors-world.ts';

const ENIS = { ServiceCode: 'vpc', QuotaCode: 'L-DF5E4CA3' };

describe.each([inProcess, overHttp])('Service Quotas, $door', ({ open }) => {
  test('a quota that was raised is the one EC2 goes by; AWS’s default is told beside it', async () => {
    const { through, close } = await open(smallWorld({ enisPerZone: 6_000 }));
    const { Quota } = await through(({ quotas }) => quotas.send(new GetServiceQuotaCommand(ENIS)));
    expect(Quota).toMatchObject({ ...ENIS, Value: 6_000, QuotaName: 'Network interfaces per Region' });
    const standard = await through(({ quotas }) => quotas.send(new GetAWSDefaultServiceQuotaCommand(ENIS)));
    expect(standard.Quota?.Value).toBe(5_000);
    await close();
  });

  test('of an account that never asked there is only the default, and of other quotas nothing', async () => {
    const { through, close } = await open(smallWorld());
    await expect(
      through(({ quotas }) => quotas.send(new GetServiceQuotaCommand(ENIS))),
    ).rejects.toMatchObject({ name: 'NoSuchResourceException', $metadata: { httpStatusCode: 400 } });
    const other = new GetAWSDefaultServiceQuotaCommand({ ...ENIS, QuotaCode: 'L-F678F1CE' });
    await expect(through(({ quotas }) => quotas.send(other))).rejects.toMatchObject({
      name: 'NoSuchResourceException',
    });
    await close();
  });

  test('nothing can be raised here', async () => {
    const { through, close } = await open(smallWorld());
    const raise = new RequestServiceQuotaIncreaseCommand({ ...ENIS, DesiredValue: 9_000 });
    await expect(through(({ quotas }) => quotas.send(raise))).rejects.toMatchObject({
      name: 'UnknownOperationException',
    });
    await close();
  });
});
