/** The two questions the product asks EKS, as its REST protocol answers them. */
import { apiServerOf, type KubeCluster } from './kubernetes.ts';
import type { WireRequest, WireResponse, WireWorld } from './wire.ts';

/** A cluster as its owner set it up. */
export interface EksCluster {
  readonly name: string;
  readonly vpcId: string;
  readonly ipFamily: 'ipv4' | 'ipv6';
  /** EKS Auto Mode: `computeConfig.enabled`. */
  readonly autoMode: boolean;
  /** The vpc-cni add-on; absent when the CNI was installed by hand. */
  readonly addon?: { readonly version: string; readonly configurationValues?: string };
  /** What its API server shows; absent in a world without one. */
  readonly kubernetes?: KubeCluster;
}

const ADDON = 'vpc-cni';

export function answerEks(world: WireWorld, request: WireRequest, requestId: string): WireResponse {
  if (request.query) {
    const message = `This operation takes no query parameters, got ${request.query}`;
    return refused(400, 'InvalidParameterException', message, requestId);
  }
  const [collection, name, below, addon, ...more] = segments(request.path);
  const isCluster = collection === 'clusters' && name !== undefined && below === undefined;
  const isAddon = collection === 'clusters' && below === 'addons' && addon !== undefined && more.length === 0;
  if (request.method !== 'GET' || name === undefined || !(isCluster || isAddon)) {
    // What the API gateway in front of EKS says of a route it does not know.
    return refused(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token', requestId);
  }
  const cluster = world.clusters.find((candidate) => candidate.name === name);
  if (cluster === undefined) return notFound(`No cluster found for name: ${name}.`, requestId);
  if (isCluster) return json(200, { cluster: clusterBody(world, cluster) }, requestId);
  if (cluster.addon === undefined || addon !== ADDON) {
    return notFound(`No addon: ${addon} found in cluster: ${name}`, requestId);
  }
  return json(200, { addon: addonBody(world, cluster.name, cluster.addon) }, requestId);
}

/** None when the path is not properly encoded. */
function segments(path: string): string[] {
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    return [];
  }
}

function clusterBody(world: WireWorld, cluster: EksCluster): object {
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

function addonBody(world: WireWorld, clusterName: string, addon: NonNullable<EksCluster['addon']>): object {
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
