/** How a command reaches API servers: over TLS, or those of an embedded AWS at its one address. */
import { request } from 'node:http';
import { type KubeSend, overHttps } from '../lambdas/adapters/kube-https.ts';

/** A person's line is slower than a function's, and nobody pays for its waiting: a page of 500 pods is some 4 MB. */
const PATIENCE = { connectMs: 5_000, answerMs: 30_000 };

/** `endpoint`: of the embedded AWS. */
export const kubeSend = (endpoint: string | undefined): KubeSend =>
  endpoint === undefined ? overHttps(PATIENCE) : atEndpoint(endpoint);

/** Refuses what is no read, before anything is sent. */
export const readsOfKube =
  (send: KubeSend): KubeSend =>
  (asked) =>
    asked.method === 'GET'
      ? send(asked)
      : Promise.reject(new Error(`${asked.method} ${asked.url} is no read, and was not sent`));

/** It tells its API servers apart by the host that is asked for. */
const atEndpoint =
  (endpoint: string): KubeSend =>
  ({ method, url, headers }) =>
    new Promise((resolve, reject) => {
      const { host, pathname, search } = new URL(url);
      const asked = request(
        new URL(`${pathname}${search}`, endpoint),
        { method, headers: { ...headers, host } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
          );
        },
      );
      asked.on('error', reject);
      asked.end();
    });
