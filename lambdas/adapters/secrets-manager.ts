/**
 * The secret of the gate endpoint, for callers who cannot sign. It is read when somebody first shows one, and again some minutes
 * later; what could not be read lets nobody in, not even by what was read before.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock, Journal } from '../core/ports.ts';

/** How long what was read is used: the longest that a new secret is refused and an old one taken. */
const KEEP_MS = 300_000;
/** After a read that failed: nobody who asks often makes us ask as often. */
const KEEP_AFTER_FAILURE_MS = 15_000;

export type Judged = 'known' | 'unknown' | 'unreadable';

export class GateSecret {
  readonly #client: SecretsManagerClient;
  readonly #secretId: string;
  readonly #clock: Clock;
  readonly #journal: Journal;
  #digest: Buffer | undefined;
  #readAgainAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  /** `secretId`: its name or ARN. */
  constructor(client: SecretsManagerClient, secretId: string, clock: Clock, journal: Journal) {
    this.#client = client;
    this.#secretId = secretId;
    this.#clock = clock;
    this.#journal = journal;
  }

  /** Never throws. Takes as long whatever is shown: digests are of one length, and compared to their end. */
  async judge(token: string | undefined): Promise<Judged> {
    if (token === undefined) return 'unknown';
    if (this.#clock() >= this.#readAgainAtMs)
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
    await this.#reading;
    if (this.#digest === undefined) return 'unreadable';
    return timingSafeEqual(this.#digest, digestOf(token)) ? 'known' : 'unknown';
  }

  async #read(): Promise<void> {
    const askedAtMs = this.#clock();
    try {
      const { SecretString } = await this.#client.send(
        new GetSecretValueCommand({ SecretId: this.#secretId }),
      );
      if (!SecretString) throw new TypeError('the secret holds no text');
      this.#digest = digestOf(SecretString);
      this.#readAgainAtMs = askedAtMs + KEEP_MS;
    } catch (error) {
      this.#digest = undefined;
      this.#readAgainAtMs = askedAtMs + KEEP_AFTER_FAILURE_MS;
      const { name: code, message } = error as Error;
      this.#journal.warn('gate secret not read', { secretId: this.#secretId, code, message });
    }
  }
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
