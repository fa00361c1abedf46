/**
 * A cluster's API server, as far as the product asks it: nodes, pods, Deployments and their scale, a JSON patch of a node's taints.
 * Who asks is told by an EKS token, whose signature is checked; what they may do, by rules that can be taken away.
 * Source: Kubernetes API reference and API concepts (v1.34); RFC 6902, RFC 7396.
 */
import { ReplyLost } from '../ec2/api.ts';
import type { Process } from '../kernel.ts';
import type { KubeCluster } from './clusters.ts';
import { tokenTrouble } from './eks-token-check.ts';
import { deploymentObject, json, nodesOf, podObject, status } from './kube-json.ts';
import type { WireRequest, WireResponse, WireWorld } from './wire.ts';

/** An API server answers in tens of ms; an assumption. */
const ANSWER_MS = 30;
/** How long a client waits for a connection that nobody takes. */
const NO_CONNECTION_MS = 2_000;

const DOMAIN = /^([0-9a-f]+)\.gr7\.[a-z0-9-]+\.eks\.amazonaws\.com$/;

/** Its host name. EKS puts an id of 32 digits before the Region; here they are the cluster's name. */
export const apiServerOf = (cluster: string, region: string): string =>
  `${Buffer.from(cluster).toString('hex')}.gr7.${region}.eks.amazonaws.com`;

const clusterIn = ({ headers }: WireRequest): string | undefined => {
  const id = headers['host']?.match(DOMAIN)?.[1];
  return id && Buffer.from(id, 'hex').toString();
};

export const isForApiServer = (request: WireRequest): boolean => clusterIn(request) !== undefined;

export function* answerKubernetes(world: WireWorld, request: WireRequest): Process<WireResponse> {
  const cluster = world.clusters.find(({ name }) => name === clusterIn(request));
  const kubernetes = cluster?.kubernetes;
  if (cluster === undefined || kubernetes === undefined || !connects(kubernetes, world.kernel.nowMs)) {
    yield* world.kernel.sleep(NO_CONNECTION_MS);
    throw new ReplyLost(`no connection in ${NO_CONNECTION_MS} ms`);
  }
  yield* world.kernel.sleep(ANSWER_MS);
  const nowMs = world.epochMs + world.kernel.nowMs;
  const trouble =
    kubernetes.access === 'stranger'
      ? 'no access entry'
      : tokenTrouble(request, cluster.name, world.region, nowMs);
  if (trouble !== undefined) return status(401, 'Unauthorized', trouble);
  return answer(world, kubernetes, request);
}

const connects = ({ access, outages }: KubeCluster, nowMs: number): boolean =>
  access !== 'private' && !outages.some(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);

function answer(world: WireWorld, kubernetes: KubeCluster, request: WireRequest): WireResponse {
  const { method, path, query = '' } = request;
  const parameters = new URLSearchParams(query);
  const [, node] = /^\/api\/v1\/nodes\/([^/]+)$/.exec(path) ?? [];
  const [, namespace, deployment, scale] =
    /^\/apis\/apps\/v1\/namespaces\/([^/]+)\/deployments\/([^/]+)(\/scale)?$/.exec(path) ?? [];
  const may = (verb: string, resource: string, then: () => WireResponse): WireResponse =>
    kubernetes.denied.has(`${verb} ${resource}`)
      ? status(403, 'Forbidden', `${resource} is forbidden: cannot ${verb} resource "${resource}"`)
      : then();
  if (method === 'GET' && path === '/api/v1/pods')
    return may('list', 'pods', () => list(kubernetes.pods().map(podObject), parameters));
  if (method === 'GET' && path === '/api/v1/nodes')
    return may('list', 'nodes', () => list(nodesOf(world, kubernetes), parameters));
  if (method === 'GET' && node !== undefined)
    return may('get', 'nodes', () => {
      const found = nodesOf(world, kubernetes).find(
        ({ metadata }) => metadata.name === decodeURIComponent(node),
      );
      return found === undefined ? status(404, 'NotFound', `nodes "${node}" not found`) : json(200, found);
    });
  if (method === 'PATCH' && node !== undefined)
    return may('patch', 'nodes', () => patched(kubernetes, decodeURIComponent(node), request));
  const found = kubernetes
    .deployments()
    .find((one) => one.namespace === namespace && one.name === deployment);
  const absent = (): WireResponse => status(404, 'NotFound', `deployments.apps "${deployment}" not found`);
  if (method === 'GET' && deployment !== undefined && scale === undefined)
    return may('get', 'deployments', () =>
      found === undefined ? absent() : json(200, deploymentObject(found)),
    );
  if (method === 'PATCH' && scale !== undefined)
    return may('patch', 'deployments/scale', () =>
      found === undefined ? absent() : scaled(kubernetes, found, request),
    );
  return status(404, 'NotFound', 'the server could not find the requested resource');
}

interface Listed {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** In order of names. A page's token says after which object the next one begins. Lists out of the server's cache
 *  (`resourceVersion=0`) come whole. */
function list(objects: readonly Listed[], parameters: URLSearchParams): WireResponse {
  const matches = selector(parameters.get('fieldSelector') ?? '');
  if (matches === undefined) return status(400, 'BadRequest', 'field label not supported');
  const keyOf = ({ metadata: { namespace = '', name } }: Listed): string => `${namespace}/${name}`;
  const from = Buffer.from(parameters.get('continue') ?? '', 'base64url').toString();
  const all = objects
    .filter((one) => matches(one))
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    .filter((one) => keyOf(one) > from);
  const limit = parameters.get('resourceVersion') === '0' ? 0 : Number(parameters.get('limit') ?? 0);
  const items = limit > 0 ? all.slice(0, limit) : all;
  const last = items.at(-1);
  const more =
    last !== undefined && items.length < all.length && Buffer.from(keyOf(last)).toString('base64url');
  return json(200, {
    metadata: more ? { continue: more, resourceVersion: '1' } : { resourceVersion: '1' },
    items,
  });
}

/** Fields that may be selected by, of a pod. Source: Kubernetes, field selectors. */
const FIELDS: readonly string[] = ['metadata.name', 'metadata.namespace', 'spec.nodeName', 'status.phase'];

function selector(text: string): ((object: unknown) => boolean) | undefined {
  const terms = text
    .split(',')
    .filter((term) => term !== '')
    .map((term) => /^([\w.]+)(!?)==?(.*)$/.exec(term));
  if (!terms.every((term) => term !== null && FIELDS.includes(term[1] ?? ''))) return undefined;
  return (object) =>
    terms.every((term) => {
      const [, field = '', not = '', value = ''] = term ?? [];
      return (fieldOf(object, field) === value) === (not === '');
    });
}

const fieldOf = (object: unknown, path: string): string =>
  String(
    path.split('.').reduce<unknown>((found, key) => (found as Record<string, unknown>)?.[key], object) ?? '',
  );

function patched(kubernetes: KubeCluster, name: string, { headers, body }: WireRequest): WireResponse {
  if (headers['content-type'] !== 'application/json-patch+json')
    return status(415, 'UnsupportedMediaType', 'only JSON patches here');
  const node = kubernetes.nodes().find((one) => one.name === name);
  if (node === undefined) return status(404, 'NotFound', `nodes "${name}" not found`);
  const taints = [...node.taints];
  for (const { op, path, value } of JSON.parse(body) as { op: string; path: string; value?: unknown }[]) {
    const at = Number(/^\/spec\/taints\/(\d+)$/.exec(path)?.[1] ?? Number.NaN);
    const found = taints[at];
    if (found === undefined || (op !== 'test' && op !== 'remove'))
      return status(422, 'Invalid', 'the server rejected our request due to an error in our request');
    if (op === 'remove') taints.splice(at, 1);
    else if (canonical(found) !== canonical(value))
      return status(422, 'Invalid', 'the server rejected our request due to an error in our request');
  }
  kubernetes.setTaints(name, taints);
  return json(200, { metadata: { name }, spec: { taints } });
}

function scaled(
  kubernetes: KubeCluster,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { headers, body }: WireRequest,
): WireResponse {
  if (headers['content-type'] !== 'application/merge-patch+json')
    return status(415, 'UnsupportedMediaType', 'only merge patches here');
  const { spec } = JSON.parse(body) as { readonly spec?: { readonly replicas?: unknown } };
  const replicas = spec?.replicas;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0)
    return status(
      422,
      'Invalid',
      `spec.replicas: Invalid value: ${replicas}: must be greater than or equal to 0`,
    );
  kubernetes.scale(namespace, name, replicas);
  return json(200, {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { namespace, name },
    spec: { replicas },
  });
}

/** Objects are equal whatever the order of their fields (RFC 6902, section 4.6). */
const canonical = (value: unknown): string =>
  JSON.stringify(Object.entries((value ?? {}) as object).sort(([a], [b]) => (a < b ? -1 : 1)));
