/** Whether a bearer token is what EKS's authenticator takes: written from its rules, apart from the code that makes tokens.
 *  Source: aws-iam-authenticator, pkg/token; IAM User Guide, Signature Version 4, query parameters. */
import { createHash, createHmac } from 'node:crypto';
import type { WireRequest } from './wire.ts';

/** The secret of every caller in this world. */
const SECRET = 'simulated';
const VALID_FOR_MS = 15 * 60_000;
const MOST_SECONDS = 60;

/** Why the token is refused; `undefined` when it is good. */
export function tokenTrouble(
  { headers }: WireRequest,
  cluster: string,
  region: string,
  nowMs: number,
): string | undefined {
  const token = /^Bearer k8s-aws-v1\.([A-Za-z0-9_-]+)$/.exec(headers['authorization'] ?? '')?.[1];
  if (token === undefined) return 'no token of EKS';
  const url = new URL(Buffer.from(token, 'base64url').toString());
  const of = (name: string): string => url.searchParams.get(name) ?? '';
  if (url.protocol !== 'https:' || url.host !== `sts.${region}.amazonaws.com` || url.pathname !== '/')
    return `not a request to STS: ${url.origin}`;
  if (of('Action') !== 'GetCallerIdentity') return 'another question';
  if (!of('X-Amz-SignedHeaders').split(';').includes('x-k8s-aws-id')) return 'the cluster is not signed';
  const seconds = Number(of('X-Amz-Expires'));
  if (!(seconds >= 0 && seconds <= MOST_SECONDS)) return 'valid for too long';
  const date = of('X-Amz-Date');
  const atMs = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(nowMs - atMs) < VALID_FOR_MS)) return 'expired';
  return of('X-Amz-Signature') === signatureOf(url, cluster) ? undefined : 'the signature is another one';
}

function signatureOf(url: URL, cluster: string): string {
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const signed = { host: url.host, 'x-k8s-aws-id': cluster };
  const headers = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`);
  const names = Object.keys(signed).join(';');
  const canonical = ['GET', '/', query, headers.join(''), names, sha256('')].join('\n');
  const [, ...scope] = (url.searchParams.get('X-Amz-Credential') ?? '').split('/');
  const date = url.searchParams.get('X-Amz-Date') ?? '';
  const key = scope.reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${SECRET}`);
  return hmac(key, ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n')).toString('hex');
}

const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
