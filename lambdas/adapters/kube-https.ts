/** One request to an API server over TLS, whose certificate must come from the cluster's own authority. */
import { Agent, request } from 'node:https';

export interface KubeRequest {
  readonly method: 'GET' | 'PATCH';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The cluster's certificate authority, PEM. */
  readonly ca: string;
}

export interface KubeResponse {
  readonly status: number;
  readonly body: string;
}

/** Rejects when no answer came: nothing was reached, or too late, or it was not the cluster. */
export type KubeSend = (request: KubeRequest) => Promise<KubeResponse>;

export interface KubePatience {
  /** To a connection with the right certificate. */
  readonly connectMs: number;
  /** To the end of the answer. */
  readonly answerMs: number;
}

/** Code of an answer that did not come in time over a connection that did. */
export const SLOW = 'SLOW';

/** Requests of one API server share its connections. */
const CONNECTIONS = 10;

export function overHttps({ connectMs, answerMs }: KubePatience): KubeSend {
  const agents = new Map<string, Agent>();
  const agentOf = (ca: string): Agent => {
    const agent = agents.get(ca) ?? new Agent({ ca, keepAlive: true, maxSockets: CONNECTIONS });
    agents.set(ca, agent);
    return agent;
  };
  return ({ method, url, headers, body, ca }) =>
    new Promise((resolve, reject) => {
      const asked = request(url, { method, headers, agent: agentOf(ca) }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        );
      });
      const giveUp = (ms: number, code: string): NodeJS.Timeout =>
        setTimeout(() => asked.destroy(Object.assign(new Error(`no answer in ${ms} ms`), { code })), ms);
      const whole = giveUp(answerMs, SLOW);
      asked.on('socket', (socket) => {
        if (!socket.connecting) return;
        const connecting = giveUp(connectMs, 'ETIMEDOUT');
        socket.once('secureConnect', () => clearTimeout(connecting));
        socket.once('close', () => clearTimeout(connecting));
      });
      asked.on('error', reject);
      asked.on('close', () => clearTimeout(whole));
      asked.end(body);
    });
}
