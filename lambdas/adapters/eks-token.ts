/**
 * The bearer token by which an EKS API server knows an IAM role: a presigned STS GetCallerIdentity URL that names the
 * cluster in a signed header, in base64url. Nobody calls STS here; the API server does, with the URL it was shown.
 * Source: aws-iam-authenticator, API authorization from outside a cluster; EKS User Guide, access entries.
 */
import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Clock } from '../core/ports.ts';

/** Longest X-Amz-Expires that the authenticator takes, seconds. */
const EXPIRES_SECONDS = 60;
/** The authenticator takes a token for 15 minutes from its date, whatever it says of its end; the role's session may end
 *  sooner. */
const KEEP_MS = 600_000;

type Signing = ConstructorParameters<typeof SignatureV4>[0];

export class EksTokens {
  readonly #signer: SignatureV4;
  readonly #region: string;
  readonly #clock: Clock;
  readonly #kept = new Map<string, { readonly atMs: number; readonly token: Promise<string> }>();

  constructor(
    { region, credentials }: { readonly region: string; readonly credentials: Signing['credentials'] },
    clock: Clock,
  ) {
    this.#signer = new SignatureV4({ service: 'sts', region, credentials, sha256: Sha256 });
    this.#region = region;
    this.#clock = clock;
  }

  /** Used again for ten minutes. */
  async of(cluster: string): Promise<string> {
    const kept = this.#kept.get(cluster);
    if (kept !== undefined && this.#clock() - kept.atMs < KEEP_MS) return kept.token;
    const fresh = { atMs: this.#clock(), token: this.#sign(cluster) };
    this.#kept.set(cluster, fresh);
    fresh.token.catch(() => this.#kept.delete(cluster));
    return fresh.token;
  }

  /** After an API server refused it: credentials may have changed. */
  forget(cluster: string): void {
    this.#kept.delete(cluster);
  }

  async #sign(cluster: string): Promise<string> {
    // The Regional host: the authenticator of a Region need not reach another.
    const hostname = `sts.${this.#region}.amazonaws.com${this.#region.startsWith('cn-') ? '.cn' : ''}`;
    const { query = {} } = await this.#signer.presign(
      {
        method: 'GET',
        protocol: 'https:',
        hostname,
        path: '/',
        query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
        headers: { host: hostname, 'x-k8s-aws-id': cluster },
      },
      { expiresIn: EXPIRES_SECONDS, signingDate: new Date(this.#clock()) },
    );
    const pairs = Object.entries(query).map(
      ([name, value]) => `${name}=${encodeURIComponent(String(value))}`,
    );
    const url = `https://${hostname}/?${pairs.join('&')}`;
    return `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`;
  }
}

/** Node's SHA-256 in the form the signer asks for. */
class Sha256 {
  readonly #hash: { update(data: Uint8Array): unknown; digest(): Buffer };

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): never {
    throw new Error('a signature is made of fresh hashes');
  }
}

function bytesOf(secret: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof secret === 'string') return Buffer.from(secret);
  return secret instanceof ArrayBuffer
    ? new Uint8Array(secret)
    : new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength);
}
