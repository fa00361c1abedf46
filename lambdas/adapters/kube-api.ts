/** Requests to a cluster's API server: where it is, who we are, and what its refusals mean for an operator. */
import { DescribeClusterCommand, type EKSClient } from '@aws-sdk/client-eks';
import * as z from 'zod/mini';
import { type Answer, type Failure, failed, succeeded } from '../core/failures.ts';
import type { Clock } from '../core/ports.ts';
import { failureOf, unreadable } from './ec2-failures.ts';
import { EksTokens } from './eks-token.ts';
import { type KubeRequest, type KubeResponse, type KubeSend, SLOW } from './kube-https.ts';

/** One question, in the words of an RBAC rule. */
export interface Asked {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly verb: 'get' | 'list' | 'patch';
  readonly group: string;
  readonly resource: string;
}

interface Server {
  readonly endpoint: string;
  readonly ca: string;
  readonly public: boolean;
}

/** Who asks, in the words of a refusal. */
export interface Asker {
  readonly role: string;
  /** Why the API server was perhaps not reached. */
  readonly unreached: (isPublic: boolean) => string;
}

const DESCRIBE = 'DescribeCluster';
/** Code of what is not there. */
export const NOT_FOUND = 'NotFound';
/** Code of what RBAC does not allow. */
export const FORBIDDEN = 'Forbidden';
/** Endpoint and authority of a cluster stay; whether it can be reached from anywhere may be changed by hand. */
const KEEP_MS = 600_000;
/** An API server that could not be reached is not tried again for so long: each try waits for its time-out. */
const SILENT_MS = 60_000;

const FUNCTION: Asker = {
  role: "this function's role",
  unreached: (isPublic) =>
    `${
      isPublic
        ? 'its public endpoint may be closed to us (publicAccessCidrs)'
        : 'its endpoint is private and this function is not in its VPC (docs/lens.md)'
    }; not tried again for ${SILENT_MS / 1000} s`,
};

export class KubeApi {
  readonly #eks: EKSClient;
  readonly #send: KubeSend;
  readonly #clock: Clock;
  readonly #asker: Asker;
  readonly #tokens: EksTokens;
  readonly #servers = new Map<string, { readonly atMs: number; readonly server: Server }>();
  readonly #silent = new Map<string, { readonly untilMs: number; readonly failure: Failure }>();

  constructor(eks: EKSClient, region: string, send: KubeSend, clock: Clock, asker = FUNCTION) {
    this.#eks = eks;
    this.#send = send;
    this.#clock = clock;
    this.#asker = asker;
    this.#tokens = new EksTokens({ region, credentials: () => eks.config.credentials() }, clock);
  }

  async get<S extends z.core.$ZodType>(
    cluster: string,
    asked: Asked,
    shape: S,
  ): Promise<Answer<z.core.output<S>>> {
    const answer = await this.#ask(cluster, asked, { method: 'GET' });
    if (!answer.ok) return answer;
    const read = z.safeParse(shape, parsed(answer.value.body));
    if (read.success) return succeeded(read.data);
    const [issue] = read.error.issues;
    const field = issue?.path.map(String).join('.') || 'the answer';
    return refused('unexpected', 'Unreadable', `${asked.path}: ${field} is not as Kubernetes documents it`);
  }

  /** A list is a JSON patch (RFC 6902), in which a test that fails is a conflict; an object is a merge patch (RFC 7396). */
  async patch(cluster: string, asked: Asked, patch: object): Promise<Answer<void>> {
    const answer = await this.#ask(cluster, asked, {
      method: 'PATCH',
      body: JSON.stringify(patch),
      contentType: `application/${Array.isArray(patch) ? 'json-patch' : 'merge-patch'}+json`,
    });
    return answer.ok ? succeeded(undefined) : answer;
  }

  async #ask(
    cluster: string,
    asked: Asked,
    { contentType, ...how }: Pick<KubeRequest, 'method' | 'body'> & { readonly contentType?: string },
  ): Promise<Answer<KubeResponse>> {
    const silent = this.#silent.get(cluster);
    if (silent !== undefined && this.#clock() < silent.untilMs) return failed(silent.failure);
    const found = await this.#serverOf(cluster);
    if (!found.ok) return found;
    const { endpoint, ca } = found.value;
    let token: string;
    try {
      token = await this.#tokens.of(cluster);
    } catch (error) {
      return failed(failureOf(error, { action: DESCRIBE }));
    }
    const query = new URLSearchParams(asked.query).toString();
    let response: KubeResponse;
    try {
      response = await this.#send({
        ...how,
        url: `${endpoint}${asked.path}${query === '' ? '' : `?${query}`}`,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${token}`,
          ...(contentType !== undefined && { 'content-type': contentType }),
        },
        ca,
      });
    } catch (error) {
      const answer = unreached(cluster, found.value, error, this.#asker);
      // It is there, and may answer the next question.
      if (answer.failure.code === SLOW) return answer;
      this.#silent.set(cluster, { untilMs: this.#clock() + SILENT_MS, failure: answer.failure });
      return answer;
    }
    if (response.status === 401) this.#tokens.forget(cluster);
    return response.status < 300
      ? succeeded(response)
      : refusal(cluster, asked, response.status, this.#asker);
  }

  async #serverOf(name: string): Promise<Answer<Server>> {
    const kept = this.#servers.get(name);
    if (kept !== undefined && this.#clock() - kept.atMs < KEEP_MS) return succeeded(kept.server);
    try {
      const { cluster } = await this.#eks.send(new DescribeClusterCommand({ name }));
      const { endpoint, certificateAuthority, resourcesVpcConfig } = cluster ?? {};
      if (!endpoint?.startsWith('https://') || certificateAuthority?.data === undefined)
        return failed(unreadable("the API server's address", { action: DESCRIBE }));
      const server = {
        endpoint,
        ca: Buffer.from(certificateAuthority.data, 'base64').toString(),
        public: resourcesVpcConfig?.endpointPublicAccess !== false,
      };
      this.#servers.set(name, { atMs: this.#clock(), server });
      return succeeded(server);
    } catch (error) {
      return failed(failureOf(error, { action: DESCRIBE }));
    }
  }
}

const refused = (kind: Failure['kind'], code: string, message: string) => failed({ kind, code, message });

function unreached(cluster: string, server: Server, error: unknown, asker: Asker) {
  const { code = 'unknown', message } = error as { readonly code?: string; readonly message: string };
  if (code === SLOW)
    return refused('transient', code, `the API server of ${cluster} did not answer in time (${message})`);
  return refused(
    'transient',
    code,
    `the API server of ${cluster} cannot be reached: ${asker.unreached(server.public)} (${message})`,
  );
}

/** Source: Kubernetes API conventions, HTTP status codes. A failed test of a JSON patch is answered 422. */
function refusal(cluster: string, { verb, group, resource, path }: Asked, status: number, { role }: Asker) {
  const what = `${verb} ${path}: status ${status}`;
  switch (status) {
    case 401:
      return refused(
        'not-allowed',
        'Unauthorized',
        `the API server of ${cluster} does not know ${role}: it needs an access entry (docs/lens.md); ${what}`,
      );
    case 403:
      return refused(
        'not-allowed',
        FORBIDDEN,
        `the RBAC of ${cluster} lacks a rule for ${role}: apiGroups ["${group}"], resources ["${resource}"], verbs ["${verb}"] (docs/lens.md)`,
      );
    case 404:
      return refused('unexpected', NOT_FOUND, what);
    case 409:
    case 422:
      return refused('conflict', 'Conflict', what);
    case 429:
      return refused('throttled', 'TooManyRequests', what);
    default:
      return refused(status >= 500 || status === 410 ? 'transient' : 'unexpected', `Status${status}`, what);
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
