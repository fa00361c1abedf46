/**
 * The same services on loopback, in real time: for real SDK clients with real sockets, bundles and command lines. Point
 * every client at `endpoint`; DynamoDB alone is also at `dynamoDbEndpoint`. A lost reply closes the connection.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import dynalite from 'dynalite';
import { closeServer, listen } from './loopback.ts';
import { RealTime } from './real-time.ts';
import { type Services, services } from './services.ts';
import type { WireRequest, WireWorld } from './wire.ts';

export interface HttpServerOptions {
  readonly world: WireWorld;
  /** Port for all services; 0 takes a free one. */
  readonly port?: number;
  /** Port for DynamoDB alone; 0 takes a free one. */
  readonly dynamoDbPort?: number;
  /** Virtual milliseconds in one real one. */
  readonly speed?: number;
}

export interface HttpServer {
  readonly endpoint: string;
  readonly dynamoDbEndpoint: string;
  /** Resolves when the doors are closed, rejects at once with the error that ended the world. */
  readonly ended: Promise<void>;
  /** Stops the clock and both listeners. Rejects with the error that ended the world, if one did. */
  close(): Promise<void>;
}

export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { world, port = 0, dynamoDbPort = 0, speed = 1 } = options;
  const ask = services(world, {});
  const dynamoDb = dynalite({ createTableMs: 0 });
  const front = createServer((request, response) => {
    if (isDynamoDb(request)) dynamoDb.emit('request', request, response);
    // Nobody is left to tell: the connection ends, as it would when a reply is lost on its way.
    else serve(ask, request, response).catch(() => response.destroy());
  });
  const closeAll = async (): Promise<void> => {
    await Promise.all([front, dynamoDb].filter((server) => server.listening).map(closeServer));
  };
  try {
    const endpoint = await listen(front, port);
    const dynamoDbEndpoint = await listen(dynamoDb, dynamoDbPort);
    const clock = new RealTime({ kernel: world.kernel, speed, onFailure: () => void closeAll() });
    const close = async (): Promise<void> => {
      await closeAll();
      await clock.stop();
    };
    return { endpoint, dynamoDbEndpoint, ended: clock.ended, close };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** DynamoDB answers at the common address too, so that one address is enough. */
const isDynamoDb = ({ headers }: IncomingMessage): boolean =>
  String(headers['x-amz-target']).startsWith('DynamoDB_');

/** The request enters the world where its clock stands now, at most one tick behind the wall's. */
async function serve(ask: Services, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, headers, body } = await ask(await read(request));
  response.writeHead(status, headers).end(body);
}

async function read(request: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  return {
    method: request.method ?? 'GET',
    path: pathname,
    query: search.slice(1),
    headers,
    body: Buffer.concat(chunks).toString(),
  };
}
