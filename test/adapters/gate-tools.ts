/** The gate endpoint as it is deployed, and the tools that ask it: each judges as its source judges. */
import type { Reply } from '../../lambdas/adapters/function-url.ts';
import type { Judged } from '../../lambdas/adapters/secrets-manager.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import { answerGate } from '../../lambdas/handlers/answer-gate.ts';
import { MemoryRolloutBook } from '../../sim/stores/memory-rollout-book.ts';
import { aPolicy, NOW_MS } from '../core/fixtures.ts';
import { type HttpRequest, throughFunctionUrl } from './function-urls.ts';

export const CART = '/gate?cluster=shop&namespace=checkout&workload=cart';
export const SECRET = 'Qk3vTq7Zr0aW5nB8xL2yC9mD4eF6gH1jP';

/** The endpoint of a stack, as it is deployed with `-c gateEndpoint=...`, at `nowMs`. */
export class Endpoint {
  readonly book = new MemoryRolloutBook();
  policy: Policy = aPolicy();
  nowMs = NOW_MS;
  /** What becomes of the secret's reads. */
  secretReads = true;
  readonly notes: unknown[] = [];
  readonly #access: 'iam' | 'secret';

  constructor(access: 'iam' | 'secret') {
    this.#access = access;
  }

  async ask(request: HttpRequest, authType: 'AWS_IAM' | 'NONE' = this.#authType()): Promise<Reply> {
    const secret = {
      judge: async (token: string | undefined): Promise<Judged> =>
        !this.secretReads ? 'unreadable' : token === SECRET ? 'known' : 'unknown',
    };
    const handler = answerGate(
      {
        rolloutBook: this.book,
        settings: { clusters: [{ name: 'shop', mode: 'observe' }], policy: this.policy },
        clock: () => this.nowMs,
        journal: {
          note: (what, facts) => this.notes.push({ what, ...facts }),
          warn: () => {},
          measure: () => {},
        },
      },
      this.#access === 'secret' ? secret : undefined,
    );
    // Over the wire there is JSON alone.
    return JSON.parse(JSON.stringify(await handler(throughFunctionUrl(request, authType))));
  }

  /** Ready in half a minute. */
  async announce(name = 'cart'): Promise<void> {
    await this.book.say({
      cluster: 'shop',
      namespace: 'checkout',
      name,
      announcementId: `${name}-42`,
      pods: 100,
      readyPods: 40,
      readyFromMs: this.nowMs + 30_000,
      reasons: ['6 nodes wait for the CNI'],
      wave: 2,
      saidAtMs: this.nowMs,
      expiresAtMs: this.nowMs + 600_000,
    });
  }

  #authType(): 'AWS_IAM' | 'NONE' {
    return this.#access === 'iam' ? 'AWS_IAM' : 'NONE';
  }
}

/** A measurement of a web metric. Source: argoproj/argo-rollouts 9f8d111, webmetric.go (`Run`, `parseResponse`) and
 *  evaluate.go (`EvaluateResult`): no 2xx is an error; what `jsonPath` finds must make the success condition true. */
export function argoMeasures(reply: Reply, jsonPath: string, succeeds: (result: unknown) => boolean) {
  if (reply.statusCode < 200 || reply.statusCode >= 300) return 'Error';
  const result = /^\{\$\.(\w+)\}$/.exec(jsonPath)?.[1];
  const body: Record<string, unknown> = JSON.parse(reply.body);
  const found = result === undefined ? body : body[result];
  if (found === undefined) return 'Error';
  return succeeds(found) ? 'Successful' : 'Failed';
}

/** Source: fluxcd/flagger 15bd6ad, webhook.go (`callWebhook`): above 202 is a no, and its body the reason. retryablehttp, as
 *  Flagger sets it, asks again after 429 and 5xx but 501, and then keeps no body. */
export function flaggerHears({
  statusCode,
  body,
}: Reply): { passed: true } | { passed: false; because: string } {
  if (statusCode === 429 || (statusCode >= 500 && statusCode !== 501))
    return { passed: false, because: 'giving up' };
  return statusCode > 202 ? { passed: false, because: body } : { passed: true };
}

export const isTrue = (result: unknown): boolean => result === true;
