/** The AWS requests of this process as they leave it, told by what is on the wire: no SDK needs to help. */
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';

export interface Call {
  /** As the signature names it, for example `ec2`. */
  readonly service: string;
  /** As the service names it; method and path where the wire does not name it. */
  readonly action: string;
  /** HTTP status; why there was none, such as `ECONNREFUSED`; `no answer` until then. */
  readonly status: number | string;
}

/** Hears of each call twice: when it is asked and when it ended. `order` counts from 0 in the order of asking. */
export type CallListener = (order: number, call: Call) => void;

interface Asked {
  readonly order: number;
  readonly call: Call;
}

/** Source of the channels: Node.js documentation, diagnostics_channel, built-in HTTP channels. */
export function listenToCalls(hear: CallListener): void {
  const bodies = new WeakMap<ClientRequest, string[]>();
  const asked = new WeakMap<ClientRequest, Asked>();
  let count = 0;
  const tell = (request: ClientRequest, status: Call['status']): void => {
    const known = asked.get(request);
    if (known !== undefined) hear(known.order, { ...known.call, status });
  };
  subscribe('http.client.request.created', (message) => {
    const { request } = message as { request: ClientRequest };
    bodies.set(request, keepBody(request));
  });
  subscribe('http.client.request.start', (message) => {
    const { request } = message as { request: ClientRequest };
    asked.set(request, {
      order: count++,
      call: { ...nameOf(request, bodies.get(request) ?? []), status: 'no answer' },
    });
    tell(request, 'no answer');
  });
  subscribe('http.client.response.finish', (message) => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    tell(request, response.statusCode ?? 'no answer');
  });
  subscribe('http.client.request.error', (message) => {
    const { request, error } = message as { request: ClientRequest; error: NodeJS.ErrnoException };
    tell(request, error.code ?? error.name);
  });
}

/** What is written to the request, which a query protocol needs to tell its action. */
function keepBody(request: ClientRequest): string[] {
  const kept: string[] = [];
  for (const method of ['write', 'end'] as const) {
    const write = request[method];
    Object.assign(request, {
      [method]: (...args: unknown[]): unknown => {
        const [chunk] = args;
        if (typeof chunk === 'string') kept.push(chunk);
        else if (chunk instanceof Uint8Array) kept.push(Buffer.from(chunk).toString());
        return Reflect.apply(write, request, args);
      },
    });
  }
  return kept;
}

/** Signature version 4 names the service in its scope: `<key id>/<date>/<region>/<service>/aws4_request`. */
const SCOPE = /\/\d{8}\/[^/,]+\/([^/,]+)\/aws4_request/;

function nameOf(request: ClientRequest, body: readonly string[]): Pick<Call, 'service' | 'action'> {
  const text = (name: string): string => String(request.getHeader(name) ?? '');
  const service = SCOPE.exec(text('authorization'))?.[1] ?? request.host.split('.')[0] ?? request.host;
  const target = text('x-amz-target').split('.').at(-1);
  const form = text('content-type').startsWith('application/x-www-form-urlencoded');
  const action = form ? new URLSearchParams(body.join('')).get('Action') : null;
  return { service, action: target || action || routeOf(request) };
}

/** The REST routes the functions take. Source: EKS API reference. */
const ROUTES = [
  { route: /^GET \/clusters\/[^/]+$/, action: 'DescribeCluster' },
  { route: /^GET \/clusters\/[^/]+\/addons\/[^/]+$/, action: 'DescribeAddon' },
] as const;

function routeOf({ method, path }: ClientRequest): string {
  const route = `${method} ${path.split('?')[0]}`;
  return ROUTES.find((known) => known.route.test(route))?.action ?? route;
}
