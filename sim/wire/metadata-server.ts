/**
 * Instance metadata of one instance on loopback, version 2 only, so that real node software can be pointed at it
 * (`AWS_EC2_METADATA_SERVICE_ENDPOINT`). It shows what the world's metadata shows, with the world's lag behind EC2.
 * Source: EC2 User Guide, Instance Metadata Service version 2.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { Stream } from '../chance.ts';
import { closeServer, listen } from './loopback.ts';
import { type MetadataWorld, metadataTree, readTree } from './metadata-tree.ts';

export interface MetadataServerOptions {
  readonly world: MetadataWorld & { readonly requestIds: Stream };
  readonly instanceId: string;
  /** 0 takes a free one. */
  readonly port?: number;
}

export interface MetadataServer {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Longest life of a token, seconds: six hours. */
const LONGEST_TTL_SECONDS = 21_600;
const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN = 'x-aws-ec2-metadata-token';

/** `ttlSeconds` where the text is a token. */
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly ttlSeconds?: number;
}

export async function startMetadataServer(options: MetadataServerOptions): Promise<MetadataServer> {
  const { world, instanceId, port = 0 } = options;
  /** Until when each token is good, on the world's clock. */
  const tokens = new Map<string, number>();

  const answer = (request: IncomingMessage): Answer => {
    const { nowMs } = world.kernel;
    for (const [token, untilMs] of tokens) if (untilMs <= nowMs) tokens.delete(token);
    const path = pathOf(request);
    if (request.method === 'PUT' && path.join('/') === 'latest/api/token') {
      const ttlSeconds = ttlOf(request);
      if (typeof ttlSeconds !== 'number') return ttlSeconds;
      const token = world.requestIds.hex(56);
      tokens.set(token, nowMs + ttlSeconds * 1000);
      return { status: 200, text: token, ttlSeconds };
    }
    if (request.method !== 'GET') return { status: 405, text: 'Method Not Allowed' };
    if (!tokens.has(header(request, TOKEN) ?? '')) return { status: 401, text: 'Unauthorized' };
    const tree = { latest: metadataTree(world, world.account.instance(instanceId)) };
    const text = readTree(tree, path);
    return text === undefined ? { status: 404, text: 'Not Found' } : { status: 200, text };
  };

  const server = createServer((request, response) => {
    // Nobody answers where no machine is.
    if (world.account.instance(instanceId).state === 'terminated') {
      response.destroy();
      return;
    }
    const { status, text, ttlSeconds } = answer(request);
    if (ttlSeconds !== undefined) response.setHeader(TTL, String(ttlSeconds));
    response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
  });
  const endpoint = await listen(server, port);
  return { endpoint, close: () => closeServer(server) };
}

/** How long the token asked for is to live, or why there is none: a request that came through a proxy gets none. */
function ttlOf(request: IncomingMessage): number | Answer {
  if (request.headers['x-forwarded-for'] !== undefined) return { status: 403, text: 'Forbidden' };
  const wanted = header(request, TTL) ?? '';
  const seconds = /^\d{1,5}$/.test(wanted) ? Number(wanted) : 0;
  return seconds >= 1 && seconds <= LONGEST_TTL_SECONDS ? seconds : { status: 400, text: 'Bad Request' };
}

/** The names in a path; a slash at its end means nothing. */
const pathOf = (request: IncomingMessage): string[] =>
  new URL(request.url ?? '/', 'http://localhost').pathname.split('/').filter((name) => name !== '');

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
