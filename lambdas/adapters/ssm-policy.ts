/**
 * The policy as an operator last wrote it, in a parameter of Systems Manager. Until one was read nothing may be changed. A
 * document with a mistake is used in whole or not at all: the last good version holds on, and the alarm rings
 * (core/kept-policy.ts, docs/decisions/0006). A function that starts while the mistake is there finds the last good version
 * among those Systems Manager keeps. When Systems Manager does not answer, what was read last goes on: nobody changed
 * anything, as far as anyone can tell.
 */
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { sayAll } from '../core/complaints.ts';
import { type Kept, keep, NOTHING_READ } from '../core/kept-policy.ts';
import { type Policy, readPolicy } from '../core/policy.ts';
import type { Clock, Journal } from '../core/ports.ts';

/** How long what was read is used again, and so the longest that a running function has not heard of a change. */
const KEEP_MS = 5_000;
/** The same after a read that failed: each try may take seconds (wiring.ts), which launching nodes do not have. */
const KEEP_AFTER_FAILURE_MS = 15_000;
/** Versions before a bad one that are tried, newest first: an operator who mistypes seldom does so more often in a row. */
const VERSIONS_BACK = 5;

export class SsmPolicy {
  readonly #client: SSMClient;
  readonly #parameter: string;
  readonly #clusters: readonly string[];
  readonly #clock: Clock;
  readonly #journal: Journal;
  #kept: Kept = NOTHING_READ;
  #readAgainAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  /** `clusters`: the names of those deployed here; a policy for others is a mistake. */
  constructor(
    client: SSMClient,
    { parameter, clusters }: { readonly parameter: string; readonly clusters: readonly string[] },
    clock: Clock,
    journal: Journal,
  ) {
    this.#client = client;
    this.#parameter = parameter;
    this.#clusters = clusters;
    this.#clock = clock;
    this.#journal = journal;
  }

  /** As it was last read. */
  get last(): Policy {
    return this.#kept.policy;
  }

  /** At most five seconds old, fifteen when it could not be read. Never throws. Those who ask while a read is on its way
   *  share it. */
  async fresh(): Promise<Policy> {
    if (this.#clock() >= this.#readAgainAtMs)
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
    await this.#reading;
    return this.#kept.policy;
  }

  async #read(): Promise<void> {
    const askedAtMs = this.#clock();
    let text: string;
    let version: number;
    try {
      ({ text, version } = await this.#get(this.#parameter));
    } catch (error) {
      this.#readAgainAtMs = askedAtMs + KEEP_AFTER_FAILURE_MS;
      const { name: code, message } = error as Error;
      this.#journal.warn('policy not read', {
        parameter: this.#parameter,
        code,
        message,
        ...this.#goingOn(),
      });
      return;
    }
    this.#readAgainAtMs = askedAtMs + KEEP_MS;
    const { good } = this.#kept;
    this.#kept = keep(text, good, this.#clusters);
    if (this.#kept.complaints.length === 0) return;
    if (good === undefined) this.#kept = keep(text, await this.#lastGood(version), this.#clusters);
    const why = sayAll(this.#kept.complaints);
    this.#journal.warn('policy not understood', {
      parameter: this.#parameter,
      version,
      why,
      ...this.#goingOn(),
    });
    for (const cluster of this.#clusters) this.#journal.measure({ PolicyRejected: 1 }, { cluster });
  }

  /** The newest good one of the versions before a bad one; `undefined` when there is none, or it cannot be read. */
  async #lastGood(badVersion: number): Promise<Policy | undefined> {
    for (let back = 1; back <= Math.min(VERSIONS_BACK, badVersion - 1); back++) {
      try {
        // Source: Systems Manager API reference, GetParameter, `Name`: a version is asked for as `name:version`.
        const { text } = await this.#get(`${this.#parameter}:${badVersion - back}`);
        const { policy, complaints } = readPolicy(JSON.parse(text), this.#clusters);
        if (complaints.length === 0) return policy;
      } catch (error) {
        // A version that is no JSON is one more bad one; one that cannot be read ends the search.
        if (!(error instanceof SyntaxError)) return undefined;
      }
    }
    return undefined;
  }

  async #get(name: string): Promise<{ readonly text: string; readonly version: number }> {
    const { Parameter } = await this.#client.send(new GetParameterCommand({ Name: name }));
    return { text: Parameter?.Value ?? '', version: Parameter?.Version ?? 1 };
  }

  #goingOn(): { readonly stopped: boolean } {
    return { stopped: this.#kept.policy.stopped };
  }
}
