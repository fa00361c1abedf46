/** The questions the product and its commands ask EKS, as its REST protocol answers them. */
import type { EksCluster } from './clusters.ts';
import { apiServerOf } from './kubernetes.ts';
import type { WireRequest, WireResponse, WireWorld } from './wire.ts';

/** What EKS knows of a world: its Region's. */
export type EksWorld = Pick<WireWorld, 'clusters' | 'region' | 'accountId' | 'epochMs'>;

/** Most names in one page. Source: EKS API reference. */
const PAGE = 100;

const ADDON = 'vpc-cni';

export function answerEks(world: EksWorld, request: WireRequest, requestId: string): WireResponse {
  const [collection, name, below, item, ...more] = segments(request.path);
  if (request.method !== 'GET' || collection !== 'clusters' || more.length > 0) return unrouted(requestId);
  const lists = name === undefined || (below === 'node-groups' && item === undefined);
  if (request.query && !lists) {
    const message = `This operation takes no query parameters, got ${request.query}`;
    return refused(400, 'InvalidParameterException', message, requestId);
  }
  if (name === undefined) return listed('clusters', world.clusters, request, requestId);
  if (below !== undefined && !(below === 'node-groups' || (below === 'addons' && item !== undefined)))
    return unrouted(requestId);
  const cluster = world.clusters.find((candidate) => candidate.name === name);
  if (cluster === undefined) return notFound(`No cluster found for name: ${name}.`, requestId);
  if (below === undefined) return json(200, { cluster: clusterBody(world, cluster) }, requestId);
  if (below === 'node-groups') return nodeGroups(cluster, item, request, requestId);
  if (cluster.addon === undefined || item !== ADDON) {
    return notFound(`No addon: ${item} found in cluster: ${name}`, requestId);
  }
  return json(200, { addon: addonBody(world, cluster.name, cluster.addon) }, requestId);
}

function nodeGroups(
  { name: clusterName, groups = [] }: EksCluster,
  name: string | undefined,
  request: WireRequest,
  requestId: string,
): WireResponse {
  const managed = groups.filter(({ launchedBy }) => launchedBy === 'managed');
  if (name === undefined) return listed('nodegroups', managed, request, requestId);
  const group = managed.find((each) => each.name === name);
  if (group === undefined) return notFound(`No node group found for name: ${name}.`, requestId);
  const { type, desired, subnetIds, options } = group;
  const most = Math.max(desired, options.autoscale?.most ?? desired);
  const nodegroup = {
    nodegroupName: name,
    clusterName,
    status: 'ACTIVE',
    capacityType: 'ON_DEMAND',
    scalingConfig: { minSize: 0, maxSize: most, desiredSize: desired },
    instanceTypes: [type],
    subnets: subnetIds,
  };
  return json(200, { nodegroup }, requestId);
}

/** One page of names; its token is how many came before. */
function listed(
  field: 'clusters' | 'nodegroups',
  all: readonly { readonly name: string }[],
  { query }: WireRequest,
  requestId: string,
): WireResponse {
  const asked = new URLSearchParams(query);
  const from = Number(asked.get('nextToken') ?? 0);
  const end = from + Number(asked.get('maxResults') ?? PAGE);
  const names = all.slice(from, end).map(({ name }) => name);
  return json(200, { [field]: names, ...(end < all.length && { nextToken: String(end) }) }, requestId);
}

/** What the API gateway in front of EKS says of a route it does not know. */
const unrouted = (requestId: string): WireResponse =>
  refused(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token', requestId);

/** None when the path is not properly encoded. */
function segments(path: string): string[] {
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    return [];
  }
}

function clusterBody(world: EksWorld, cluster: EksCluster): object {
  return {
    name: cluster.name,
    arn: `arn:aws:eks:${world.region}:${world.accountId}:cluster/${cluster.name}`,
    createdAt: world.epochMs / 1000,
    status: 'ACTIVE',
    resourcesVpcConfig: {
      vpcId: cluster.vpcId,
      ...(cluster.kubernetes !== undefined && {
        endpointPublicAccess: cluster.kubernetes.access !== 'private',
      }),
    },
    ...(cluster.kubernetes !== undefined && {
      endpoint: `https://${apiServerOf(cluster.name, world.region)}`,
      certificateAuthority: { data: Buffer.from('simulated').toString('base64') },
    }),
    kubernetesNetworkConfig: { ipFamily: cluster.ipFamily },
    computeConfig: { enabled: cluster.autoMode },
  };
}

function addonBody(world: EksWorld, clusterName: string, addon: NonNullable<EksCluster['addon']>): object {
  return {
    addonName: ADDON,
    clusterName,
    status: 'ACTIVE',
    addonVersion: addon.version,
    health: { issues: [] },
    addonArn: `arn:aws:eks:${world.region}:${world.accountId}:addon/${clusterName}/${ADDON}`,
    createdAt: world.epochMs / 1000,
    configurationValues: addon.configurationValues,
  };
}

function notFound(message: string, requestId: string): WireResponse {
  return refused(404, 'ResourceNotFoundException', message, requestId);
}

function refused(status: number, type: string, message: string, requestId: string): WireResponse {
  const response = json(status, { message }, requestId);
  return { ...response, headers: { ...response.headers, 'x-amzn-errortype': type } };
}

function json(status: number, body: object, requestId: string): WireResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId },
    body: JSON.stringify(body),
  };
}
