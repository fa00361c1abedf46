/**
 * The policy as an operator last wrote it, in a parameter of Systems Manager. It holds the kill switch, so it errs on the
 * side of standing still: until a policy was read, and while the one that is there cannot be understood, it says
 * `stopped`. Whoever reaches for the switch in a hurry and mistypes must not find that everything goes on; and nodes that
 * nobody warms start as they would without us. When Systems Manager does not answer, what was read last goes on: nobody
 * changed anything, as far as anyone can tell.
 */
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { sayAll } from '../core/complaints.ts';
import { DEFAULT_POLICY, type Policy, readPolicy } from '../core/policy.ts';
import type { Clock, Journal } from '../core/ports.ts';

/** How long what was read is used again, and so the longest that a running function has not heard of a change. */
const KEEP_MS = 5_000;
/** The same after a read that failed: each try may take seconds (wiring.ts), which launching nodes do not have. */
const KEEP_AFTER_FAILURE_MS = 15_000;

export class SsmPolicy {
  readonly #client: SSMClient;
  readonly #parameter: string;
  readonly #clock: Clock;
  readonly #journal: Journal;
  #policy: Policy = { ...DEFAULT_POLICY, stopped: true };
  #readAgainAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(client: SSMClient, parameter: string, clock: Clock, journal: Journal) {
    this.#client = client;
    this.#parameter = parameter;
    this.#clock = clock;
    this.#journal = journal;
  }

  /** As it was last read. */
  get last(): Policy {
    return this.#policy;
  }

  /** At most five seconds old, fifteen when it could not be read. Never throws. Those who ask while a read is on its way
   *  share it. */
  async fresh(): Promise<Policy> {
    if (this.#clock() >= this.#readAgainAtMs)
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
    await this.#reading;
    return this.#policy;
  }

  async #read(): Promise<void> {
    const askedAtMs = this.#clock();
    let text: string;
    try {
      const { Parameter } = await this.#client.send(new GetParameterCommand({ Name: this.#parameter }));
      text = Parameter?.Value ?? '';
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
    const { policy, complaints } = readPolicy(documentIn(text));
    // Its other fields stay as they were: a document with a mistake is used in whole or not at all.
    this.#policy = complaints.length === 0 ? policy : { ...this.#policy, stopped: true };
    if (complaints.length > 0) {
      const why = sayAll(complaints);
      this.#journal.warn('policy not understood', { parameter: this.#parameter, why, ...this.#goingOn() });
    }
  }

  #goingOn(): { readonly stopped: boolean } {
    return { stopped: this.#policy.stopped };
  }
}

/** What is not JSON stays text, and is complained of as such. */
function documentIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
