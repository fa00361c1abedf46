/** What EKS lists, through its real client. */
import {
  DescribeNodegroupCommand,
  EKSClient,
  ListClustersCommand,
  ListNodegroupsCommand,
} from '@aws-sdk/client-eks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from '../../sim/wire/http-server.ts';
import { World } from '../../sim/world.ts';

let server: HttpServer;
let eks: EKSClient;
beforeAll(async () => {
  const subnets = [
    { id: 'subnet-0de300000000000a0', vpcId: 'vpc-1', zone: 'eu-central-1a', cidr: '10.0.0.0/22' },
  ];
  const world = new World({ seed: 1, cluster: 'shop', subnets });
  world.addCluster({ name: 'bank' });
  const autoscale = { afterMs: 1_000, most: 9 };
  world.addNodeGroup({ name: 'a', type: 'm5.large', launchedBy: 'managed', autoscale });
  world.addNodeGroup({ name: 'b', type: 'm5.xlarge', launchedBy: 'karpenter' });
  world.addNodeGroup({ name: 'c', type: 'c5.large', launchedBy: 'managed' });
  server = await startHttpServer({ world });
  const { endpoint } = server;
  eks = new EKSClient({
    region: 'eu-central-1',
    endpoint,
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
});
afterAll(async () => {
  eks.destroy();
  await server.close();
});

test('clusters, page by page', async () => {
  const first = await eks.send(new ListClustersCommand({ maxResults: 1 }));
  expect(first.clusters).toEqual(['shop']);
  const { nextToken } = first;
  const last = await eks.send(new ListClustersCommand({ maxResults: 1, nextToken }));
  expect([last.clusters, last.nextToken]).toEqual([['bank'], undefined]);
});

test('node groups are the managed ones', async () => {
  expect((await eks.send(new ListNodegroupsCommand({ clusterName: 'shop' }))).nodegroups).toEqual(['a', 'c']);
  expect((await eks.send(new ListNodegroupsCommand({ clusterName: 'bank' }))).nodegroups).toEqual([]);
  const { nodegroup } = await eks.send(
    new DescribeNodegroupCommand({ clusterName: 'shop', nodegroupName: 'a' }),
  );
  expect(nodegroup).toMatchObject({
    ...{ instanceTypes: ['m5.large'], subnets: ['subnet-0de300000000000a0'] },
    scalingConfig: { minSize: 0, maxSize: 9, desiredSize: 0 },
  });
});

test.each(['b', 'none'])('%s is no node group of EKS', async (nodegroupName) => {
  const asked = eks.send(new DescribeNodegroupCommand({ clusterName: 'shop', nodegroupName }));
  await expect(asked).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});
