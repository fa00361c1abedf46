/**
 * The door for SDK clients that live in virtual time: a request handler that hands each request to the world and parks
 * until the world has answered. No socket, no timer and no file is touched, so a run depends on the seed alone.
 *
 * Clients must be made with {@link virtualClient}'s settings. One attempt only: a retry's wait is a real timer, which
 * virtual time cannot see; whoever wants to try again waits on the world's clock. And nothing left to defaults, which the
 * SDK would look up in the environment and in files.
 */
import type { EC2ClientConfig } from '@aws-sdk/client-ec2';
import { type CallLimits, services } from './services.ts';
import type { WireRequest, WireWorld } from './wire.ts';

/** The SDK's request handler, as every client's configuration names it. */
export type RequestHandler = Extract<
  NonNullable<EC2ClientConfig['requestHandler']>,
  { handle(...request: never[]): unknown; updateHttpClientConfig(...change: never[]): void }
>;
type SdkRequest = Parameters<RequestHandler['handle']>[0];
type HandlerOptions = NonNullable<Parameters<RequestHandler['handle']>[1]>;

/** A reply that is lost rejects with `ReplyLost`, whose name the SDK takes for a time-out. */
export function inProcessDoor(world: WireWorld, limits: CallLimits = {}): RequestHandler {
  const ask = services(world, limits);
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async (request: SdkRequest, { requestTimeout }: HandlerOptions = {}) => {
      const { status, headers, body } = await ask(fromSdk(request), requestTimeout);
      return { response: { statusCode: status, headers, body: new TextEncoder().encode(body) } };
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
    destroy: () => {},
  };
}

export interface VirtualClientOptions {
  readonly door: RequestHandler;
  readonly service: 'ec2' | 'eks' | 'sqs' | 'autoscaling' | 'sts' | 'states' | 'events' | 'servicequotas';
  readonly region: string;
  /** Who asks: the access key id, by which the world tells its callers apart. */
  readonly callerName: string;
}

/** Settings of a client on virtual time: `new EC2Client(virtualClient({ … }))`. */
export function virtualClient({
  door,
  service,
  region,
  callerName,
}: VirtualClientOptions): VirtualClientConfig {
  return {
    requestHandler: door,
    region,
    endpoint: `https://${service}.${region}.amazonaws.com`,
    credentials: { accessKeyId: callerName, secretAccessKey: 'simulated' },
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: 'simulated',
    authSchemePreference: ['aws.auth#sigv4'],
    disableClockSkewCorrection: true,
  };
}

/** Everything is named here that the SDK would otherwise read from the environment or from files. */
type VirtualClientConfig = Required<
  Pick<
    EC2ClientConfig,
    | 'requestHandler'
    | 'region'
    | 'credentials'
    | 'maxAttempts'
    | 'retryMode'
    | 'defaultsMode'
    | 'authSchemePreference'
    | 'disableClockSkewCorrection'
  >
> & { endpoint: string; useDualstackEndpoint: boolean; useFipsEndpoint: boolean; userAgentAppId: string };

function fromSdk(request: SdkRequest): WireRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  const { method, path } = request;
  return { method, path, query: queryText(request.query), headers, body: bodyText(request.body) };
}

/** The SDK's query: a name's value, its values, or `null` where it has none. */
function queryText(query: SdkRequest['query']): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((one): [string, string] => [name, one]),
  );
  return new URLSearchParams(pairs).toString();
}

function bodyText(body: unknown): string {
  if (body === undefined || body === null) return '';
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  throw new Error('a request body must be text or bytes');
}
