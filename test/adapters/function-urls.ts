/**
 * HTTP requests as a Lambda function URL hands them over. Shape: Lambda Developer Guide, invoking function URLs, request payload;
 * aws/aws-lambda-go, events/testdata/lambda-urls-request.json (signed); aws-powertools/powertools-lambda-typescript,
 * LambdaFunctionUrlSchema (not signed).
 */
import type { LambdaFunctionURLEvent } from 'aws-lambda';

export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const HOST = 'url-id.lambda-url.eu-central-1.on.aws';

/** What `requestContext` says of a caller whose signature was checked. */
const SIGNER = {
  iam: {
    accessKey: 'AKIA...',
    accountId: '111122223333',
    callerId: 'AIDA...',
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: 'arn:aws:iam::111122223333:user/example-user',
    userId: 'AIDA...',
  },
};

export function throughFunctionUrl(
  { method, target, headers = {}, body }: HttpRequest,
  authType: 'AWS_IAM' | 'NONE',
): LambdaFunctionURLEvent {
  const url = new URL(target, `https://${HOST}`);
  const query = [...url.searchParams];
  const joined = (name: string): string =>
    query
      .filter(([one]) => one === name)
      .map(([, value]) => value)
      .join(',');
  const event = {
    version: '2.0',
    routeKey: '$default',
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: {
      host: HOST,
      'x-forwarded-proto': 'https',
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    },
    ...(query.length > 0 && {
      queryStringParameters: Object.fromEntries(query.map(([name]) => [name, joined(name)])),
    }),
    requestContext: {
      accountId: authType === 'NONE' ? 'anonymous' : '111122223333',
      apiId: 'url-id',
      ...(authType === 'AWS_IAM' && { authorizer: SIGNER }),
      domainName: HOST,
      domainPrefix: 'url-id',
      http: {
        method,
        path: url.pathname,
        protocol: 'HTTP/1.1',
        sourceIp: '192.0.2.1',
        userAgent: headers['User-Agent'] ?? 'curl/8.5.0',
      },
      requestId: '5f2f0d5e-0000-4000-8000-000000000000',
      routeKey: '$default',
      stage: '$default',
      time: '31/Jan/2026:09:00:00 +0000',
      timeEpoch: Date.UTC(2026, 0, 31, 9),
    },
    ...(body !== undefined && { body }),
    isBase64Encoded: false,
  };
  return event;
}

/** What a Flagger webhook posts: Go's HTTP client, `CanaryWebhookPayload`. Source: fluxcd/flagger 15bd6ad,
 *  pkg/controller/webhook.go and pkg/apis/flagger/v1beta1/canary.go. */
export const flaggerPosts = (
  metadata: Readonly<Record<string, string>>,
  canary: Readonly<Record<string, string>> = {},
): HttpRequest => ({
  method: 'POST',
  target: '/gate',
  headers: {
    'User-Agent': 'Go-http-client/2.0',
    'Content-Type': 'application/json',
    'Accept-Encoding': 'gzip',
  },
  body: JSON.stringify({
    name: 'cart',
    namespace: 'checkout',
    phase: 'Initialized',
    checksum: '85d557f47b',
    ...canary,
    metadata,
  }),
});

/** What a web metric of Argo Rollouts sends: a GET with the headers of the template and nothing else of its own. Source:
 *  argoproj/argo-rollouts 9f8d111, metricproviders/webmetric/webmetric.go. */
export const argoAsks = (target: string, headers: Readonly<Record<string, string>> = {}): HttpRequest => ({
  method: 'GET',
  target,
  headers: { 'User-Agent': 'Go-http-client/2.0', 'Accept-Encoding': 'gzip', ...headers },
});
