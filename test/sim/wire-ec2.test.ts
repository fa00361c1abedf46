import { XMLParser } from 'fast-xml-parser';
import { describe, expect, test } from 'vitest';
import { services } from '../../sim/wire/services.ts';
import type { WireResponse } from '../../sim/wire/wire.ts';
import { inVirtualTime, type SmallWorld, SUBNET, smallWorld } from './doors-world.ts';

const VERSION = 'Version=2016-11-15';

async function post(world: SmallWorld, body: string): Promise<WireResponse> {
  const ask = services(world, {});
  const headers = { host: 'ec2.eu-central-1.amazonaws.com' };
  return inVirtualTime(world.kernel, () => ask({ method: 'POST', path: '/', headers, body }));
}

const parsed = ({ body }: WireResponse) =>
  new XMLParser({ parseTagValue: false, trimValues: false }).parse(body);

describe('what no SDK would send', () => {
  test.each([
    ['an action EC2 does not have', `Action=MakeCoffee&${VERSION}`, 'InvalidAction'],
    ['an action every object has', `Action=toString&${VERSION}`, 'InvalidAction'],
    ['no action', VERSION, 'MissingParameter'],
    ['no version', 'Action=DescribeInstances', 'MissingParameter'],
    ['another version', 'Action=DescribeInstances&Version=2009-01-01', 'NoSuchVersion'],
    ['a parameter nobody knows', `Action=DescribeInstances&${VERSION}&Colour=red`, 'UnknownParameter'],
    [
      'a filter with a part too many',
      `Action=DescribeSubnets&${VERSION}&Filter.1.Name=vpc-id&Filter.1.Word=x`,
      'UnknownParameter',
    ],
    [
      'a list that counts from nought',
      `Action=DescribeInstances&${VERSION}&InstanceId.0=i-1`,
      'UnknownParameter',
    ],
    ['a filter without a name', `Action=DescribeSubnets&${VERSION}&Filter.1.Value.1=x`, 'MissingParameter'],
    ['a number that is none', `Action=DescribeInstances&${VERSION}&MaxResults=many`, 'InvalidParameterValue'],
    [
      'a negative number',
      `Action=CreateNetworkInterface&${VERSION}&SubnetId=${SUBNET}&Ipv4PrefixCount=-1`,
      'InvalidParameterValue',
    ],
    ['a flag that is none', `Action=DescribeInstances&${VERSION}&DryRun=perhaps`, 'InvalidParameterValue'],
    [
      'the same parameter twice',
      `Action=DescribeInstances&${VERSION}&MaxResults=5&MaxResults=6`,
      'InvalidParameterValue',
    ],
    [
      'half an attachment',
      `Action=ModifyNetworkInterfaceAttribute&${VERSION}&NetworkInterfaceId=eni-1&Attachment.AttachmentId=a`,
      'InvalidParameterValue',
    ],
    [
      'tags for something else',
      `Action=CreateNetworkInterface&${VERSION}&SubnetId=${SUBNET}&TagSpecification.1.ResourceType=instance`,
      'InvalidParameterValue',
    ],
    [
      'a tag key twice',
      `Action=CreateTags&${VERSION}&ResourceId.1=eni-1&Tag.1.Key=a&Tag.2.Key=a`,
      'InvalidParameterValue',
    ],
    ['nothing it needs', `Action=CreateNetworkInterface&${VERSION}`, 'MissingParameter'],
  ])('%s is refused in EC2’s error body', async (_trouble, body, code) => {
    const world = smallWorld();
    const response = await post(world, body);
    const { Response } = parsed(response);
    expect(response.status).toBe(400);
    expect(Response.Errors.Error.Code).toBe(code);
    expect(Response.Errors.Error.Message).not.toBe('');
    expect(Response.RequestID).toBe(response.headers['x-amzn-requestid']);
    expect(world.ec2.enis()).toEqual([]);
  });

  test('lists may leave numbers out, and come in the order of their numbers', async () => {
    const world = smallWorld();
    const body = ['10.Value=j', '2.Value=b', '2.Key=two', '10.Key=ten'].map(
      (tag) => `TagSpecification.3.Tag.${tag}`,
    );
    await post(
      world,
      `Action=CreateNetworkInterface&${VERSION}&SubnetId=${SUBNET}&TagSpecification.3.ResourceType=network-interface&${body.join('&')}`,
    );
    expect([...(world.ec2.enis()[0]?.tags ?? [])]).toEqual([
      ['two', 'b'],
      ['ten', 'j'],
    ]);
  });
});

test('the answer is the document EC2 writes: named after the action, in its namespace, with the request id', async () => {
  const world = smallWorld();
  const response = await post(world, `Action=DescribeInstances&${VERSION}&MaxResults=5`);
  expect(response.headers['content-type']).toBe('text/xml;charset=UTF-8');
  expect(response.body).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">' +
      `<requestId>${response.headers['x-amzn-requestid']}</requestId><reservationSet></reservationSet>` +
      '</DescribeInstancesResponse>',
  );
});

test('a terminated instance is still told of, without the addresses and interfaces it gave back', async () => {
  const world = smallWorld();
  const node = world.ec2.launch({ type: 'm5.large', subnetId: SUBNET });
  world.ec2.terminate(node.id);
  const response = await post(world, `Action=DescribeInstances&${VERSION}&InstanceId.1=${node.id}`);
  const instance = parsed(response).DescribeInstancesResponse.reservationSet.item.instancesSet.item;
  expect(instance).toMatchObject({
    instanceState: { code: '48', name: 'terminated' },
    networkInterfaceSet: '',
  });
  expect(instance).not.toHaveProperty('subnetId');
  expect(instance).not.toHaveProperty('privateIpAddress');
});

test('EC2 knows a caller by its access key, whatever stands in it, and counts its attempts', async () => {
  const world = smallWorld({ keepsLog: true });
  const credential = 'ipamd/i-1/20260115/eu-central-1/ec2/aws4_request';
  const headers = {
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`,
    'amz-sdk-request': 'attempt=2; max=3',
  };
  const body = `Action=DescribeSubnets&${VERSION}`;
  const ask = services(world, {});
  await inVirtualTime(world.kernel, () => ask({ method: 'POST', path: '/', headers, body }));
  expect(world.ec2.calls.log).toMatchObject([{ caller: 'ipamd/i-1', action: 'DescribeSubnets', attempt: 2 }]);
});

describe('which service a request is for', () => {
  const ask = async (request: { path?: string; headers?: Record<string, string>; body?: string }) => {
    const world = smallWorld();
    const whole = { method: 'GET', path: '/', headers: {}, body: '', ...request };
    return inVirtualTime(world.kernel, () => services(world, {})(whole));
  };
  const signed = (service: string) => ({
    authorization: `AWS4-HMAC-SHA256 Credential=me/20260115/eu-central-1/${service}/aws4_request, Signature=0`,
  });

  test('the signature tells it where every service has the same address', async () => {
    expect((await ask({ path: '/clusters/shop', headers: signed('eks') })).status).toBe(200);
    expect((await ask({ headers: signed('ec2') })).body).toContain('<Code>MissingParameter</Code>');
    expect((await ask({ headers: signed('sqs') })).body).toContain('UnknownOperationException');
  });

  test('unsigned requests are told by path, target or form', async () => {
    expect((await ask({ path: '/clusters/shop' })).status).toBe(200);
    for (const [service, version] of [
      ['AmazonSQS', '1.0'],
      ['AWSStepFunctions', '1.0'],
      ['AWSEvents', '1.1'],
    ]) {
      const answer = await ask({ headers: { 'x-amz-target': `${service}.Purge` } });
      expect(answer).toMatchObject({ status: 400, body: expect.stringContaining('UnknownOperation') });
      expect(answer.headers['content-type']).toBe(`application/x-amz-json-${version}`);
    }
    const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    expect((await ask({ headers: form })).body).toContain('<Code>MissingParameter</Code>');
  });

  test('a question typed into the address is answered like a form, its parameters checked like any', async () => {
    const ask = async (query: string) => {
      const world = smallWorld();
      const request = { method: 'GET', path: '/', query, headers: {}, body: '' };
      return (await inVirtualTime(world.kernel, () => services(world, {})(request))).body;
    };
    expect(await ask(`Action=DescribeSubnets&${VERSION}`)).toContain(`<subnetId>${SUBNET}</subnetId>`);
    expect(await ask(`Action=DescribeSubnets&${VERSION}&Colour=red`)).toContain('UnknownParameter');
    expect(await ask('Action=GetCallerIdentity&Version=2011-06-15')).toContain('<Account>');
  });

  test('a service this world does not have is nobody’s', async () => {
    expect((await ask({ path: '/clusters/shop', headers: signed('s3') })).status).toBe(404);
  });

  test('a route EKS does not have is refused as its gateway refuses it', async () => {
    for (const path of [
      '/clusters/shop/nodes',
      '/clusters/shop/node-groups/workers/more',
      '/clusters/shop/addons/vpc-cni/more',
      '/',
    ]) {
      const response = await ask({ path, headers: signed('eks') });
      expect(response.status).toBe(403);
      expect(response.headers['x-amzn-errortype']).toBe('MissingAuthenticationTokenException');
    }
  });
});
