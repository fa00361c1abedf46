/**
 * Requests to the gate endpoint as a Lambda function URL delivers them, and what it is answered. Source of the shapes: Lambda
 * Developer Guide, function URLs, request and response payload; of what Flagger posts: its `CanaryWebhookPayload`, Flagger 1.44.
 */
import * as z from 'zod/mini';
import { type Complaint, sayAll } from '../core/complaints.ts';
import type { GateAnswer } from '../core/gate-answer.ts';
import type { WorkloadAt } from '../core/readiness.ts';
import { workload } from './announcement-shape.ts';
import { check, clusterName, ours, theirs } from './expectations.ts';

export interface GateRequest {
  /** Lambda has checked an AWS signature. */
  readonly signed: boolean;
  /** What a caller who cannot sign shows instead. */
  readonly token: string | undefined;
  readonly asked: Question | Refusal;
}

export interface Question {
  readonly of: WorkloadAt;
  /** Argo Rollouts reads the body of a 200 and takes anything else for an error; Flagger goes by the status alone. */
  readonly judgedBy: 'body' | 'status';
}

export interface Refusal {
  readonly status: 400 | 401 | 404 | 405 | 503;
  readonly why: string;
  /** What the log says instead: without what came, which may be the secret in a wrong place. */
  readonly logged?: string;
}

/** A response of payload format 2.0. */
export interface Reply {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Characters of a body that is read: a webhook's is a few hundred. It also bounds how deep it can nest. */
const BODY_CHARACTERS = 4_096;

const { namespace, name } = workload.shape;
const QUERY = ours({ cluster: clusterName, namespace, workload: name });
const WEBHOOK = theirs({
  name,
  namespace,
  metadata: theirs({ cluster: clusterName, workload: z.optional(name) }),
});

const EVENT = z.object({
  rawPath: z.string(),
  rawQueryString: z.catch(z.string(), ''),
  headers: z.catch(z.record(z.string(), z.unknown()), {}),
  requestContext: z.object({
    http: z.object({ method: z.string() }),
    /** `null` or absent where the URL asks for no signature. */
    authorizer: z.catch(z.optional(z.object({ iam: z.object({ userArn: z.string() }) })), undefined),
  }),
  body: z.catch(z.string(), ''),
  isBase64Encoded: z.catch(z.boolean(), false),
});
type Event = z.output<typeof EVENT>;

/** Never throws. `clusters`: those deployed here. */
export function readRequest(raw: unknown, clusters: readonly string[]): GateRequest {
  const read = EVENT.safeParse(raw);
  if (!read.success)
    return {
      signed: false,
      token: undefined,
      asked: { status: 400, why: 'expected a request of a Lambda function URL' },
    };
  const event = read.data;
  const { method } = event.requestContext.http;
  const body = method === 'POST' ? bodyOf(event) : { ok: true as const, document: undefined };
  return {
    signed: event.requestContext.authorizer !== undefined,
    token: bearerIn(event.headers) ?? (body.ok ? tokenIn(body.document) : undefined),
    asked: asked(event, method, body, clusters),
  };
}

function asked(
  { rawPath, rawQueryString }: Event,
  method: string,
  body: Body,
  clusters: readonly string[],
): Question | Refusal {
  if (rawPath !== '/gate') return { status: 404, why: 'path: expected /gate' };
  if (method === 'GET') {
    const query = inQuery(rawQueryString);
    return 'why' in query ? query : atOurs({ of: query.of, judgedBy: 'body' }, 'cluster', clusters);
  }
  if (method !== 'POST') return { status: 405, why: 'method: expected GET or POST' };
  if (rawQueryString !== '')
    return refusal([{ field: 'query', expected: 'nothing in a POST: its body asks', got: rawQueryString }]);
  if (!body.ok) return refusal([body.complaint]);
  const webhook = check(WEBHOOK, body.document, 'body');
  if (!webhook.ok) return refusal(webhook.complaints);
  const { metadata, ...canary } = webhook.value;
  const of = {
    cluster: metadata.cluster,
    namespace: canary.namespace,
    name: metadata.workload ?? canary.name,
  };
  return atOurs({ of, judgedBy: 'status' }, 'body.metadata.cluster', clusters);
}

/** The URL's own text, not Lambda's map of it: that joins what is given twice by commas, which a name might hold as well. */
function inQuery(text: string): { readonly of: WorkloadAt } | Refusal {
  const given = [...new URLSearchParams(text)];
  const names = given.map(([parameter]) => parameter);
  const twice = names.find((parameter, index) => names.indexOf(parameter) !== index);
  if (twice !== undefined)
    return refusal([
      {
        field: twice,
        expected: 'one value',
        got: given.filter(([one]) => one === twice).map(([, value]) => value),
      },
    ]);
  const read = check(QUERY, Object.fromEntries(given), '');
  if (!read.ok) return refusal(read.complaints);
  return { of: { cluster: read.value.cluster, namespace: read.value.namespace, name: read.value.workload } };
}

const atOurs = (question: Question, field: string, clusters: readonly string[]): Question | Refusal =>
  clusters.includes(question.of.cluster)
    ? question
    : refusal(
        [
          {
            field,
            expected: `a cluster that is deployed here, one of ${clusters.join(', ')}`,
            got: question.of.cluster,
          },
        ],
        404,
      );

const refusal = (complaints: readonly Complaint[], status: 400 | 404 = 400): Refusal => ({
  status,
  why: sayAll(complaints),
  logged: complaints.map(({ field, expected }) => `${field}: expected ${expected}`).join('; '),
});

type Body =
  | { readonly ok: true; readonly document: unknown }
  | { readonly ok: false; readonly complaint: Complaint };

function bodyOf({ body, isBase64Encoded }: Event): Body {
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString() : body;
  if (text.length > BODY_CHARACTERS) {
    const expected = `at most ${BODY_CHARACTERS} characters`;
    return { ok: false, complaint: { field: 'body', expected, got: text.length } };
  }
  try {
    return { ok: true, document: JSON.parse(text) };
  } catch {
    return { ok: false, complaint: { field: 'body', expected: 'JSON', got: text } };
  }
}

/** Lambda hands header names over in lower case. */
function bearerIn({ authorization }: Event['headers']): string | undefined {
  return typeof authorization === 'string' ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined;
}

/** Flagger's webhooks know no headers: what they know is metadata. */
function tokenIn(document: unknown): string | undefined {
  const read = z.safeParse(z.object({ metadata: z.object({ token: z.string() }) }), document);
  return read.success ? read.data.metadata.token : undefined;
}

export const refused = ({ status, why }: Refusal): Reply =>
  reply(status, { error: why }, status === 405 ? { allow: 'GET, POST' } : {});

/** 409 is no 2xx, which is what holds Flagger back, and no 429 or 5xx, which it would ask again at once. */
export const answered = (answer: GateAnswer, { judgedBy }: Question): Reply =>
  reply(answer.ready || judgedBy === 'body' ? 200 : 409, answer);

const reply = (statusCode: number, body: object, headers: Readonly<Record<string, string>> = {}): Reply => ({
  statusCode,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(body),
});
