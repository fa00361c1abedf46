/** Other tools ask the real handler, as their sources ask, and judge what it answers, as their sources judge. */
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Reply } from '../../lambdas/adapters/function-url.ts';
import type { Judged } from '../../lambdas/adapters/secrets-manager.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import { answerGate } from '../../lambdas/handlers/answer-gate.ts';
import { MemoryRolloutBook } from '../../sim/stores/memory-rollout-book.ts';
import { aPolicy, NOW_MS } from '../core/fixtures.ts';
import { argoAsks, flaggerPosts, type HttpRequest, throughFunctionUrl } from './function-urls.ts';

const page = readFileSync(new URL('../../docs/gate-endpoint.md', import.meta.url), 'utf8');
const CART = '/gate?cluster=shop&namespace=checkout&workload=cart';
const SECRET = 'Qk3vTq7Zr0aW5nB8xL2yC9mD4eF6gH1jP';

/** The endpoint of a stack, as it is deployed with `-c gateEndpoint=...`, at `nowMs`. */
class Endpoint {
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
function argoMeasures(reply: Reply, jsonPath: string, succeeds: (result: unknown) => boolean) {
  if (reply.statusCode < 200 || reply.statusCode >= 300) return 'Error';
  const result = /^\{\$\.(\w+)\}$/.exec(jsonPath)?.[1];
  const body: Record<string, unknown> = JSON.parse(reply.body);
  const found = result === undefined ? body : body[result];
  if (found === undefined) return 'Error';
  return succeeds(found) ? 'Successful' : 'Failed';
}

/** Source: fluxcd/flagger 15bd6ad, webhook.go (`callWebhook`): above 202 is a no, and its body the reason. retryablehttp, as
 *  Flagger sets it, asks again after 429 and 5xx but 501, and then keeps no body. */
function flaggerHears({ statusCode, body }: Reply): { passed: true } | { passed: false; because: string } {
  if (statusCode === 429 || (statusCode >= 500 && statusCode !== 501))
    return { passed: false, because: 'giving up' };
  return statusCode > 202 ? { passed: false, because: body } : { passed: true };
}

const isTrue = (result: unknown): boolean => result === true;

describe('Argo Rollouts, whose web metric is a GET', () => {
  let endpoint: Endpoint;
  beforeEach(() => {
    endpoint = new Endpoint('secret');
  });
  const headers = { Authorization: `Bearer ${SECRET}` };
  const measure = async (target = CART): Promise<string> =>
    argoMeasures(await endpoint.ask(argoAsks(target, headers)), '{$.ready}', isTrue);

  test('waits while addresses are on their way, and goes on once they are there', async () => {
    await endpoint.announce();
    expect(await measure()).toBe('Failed');
    endpoint.nowMs += 29_999;
    expect(await measure()).toBe('Failed');
    endpoint.nowMs += 1;
    expect(await measure()).toBe('Successful');
  });

  test('may judge by the share of pods as well: numbers are numbers', async () => {
    await endpoint.announce();
    const reply = await endpoint.ask(argoAsks(CART, headers));
    const atLeast = (share: number) => (result: unknown) => typeof result === 'number' && result >= share;
    expect(argoMeasures(reply, '{$.percent}', atLeast(40))).toBe('Successful');
    expect(argoMeasures(reply, '{$.percent}', atLeast(41))).toBe('Failed');
  });

  test('finds every field in every answer: one that is missing would be an error to it', async () => {
    const unknown = await endpoint.ask(argoAsks(CART, headers));
    await endpoint.announce();
    const known = await endpoint.ask(argoAsks(CART, headers));
    for (const reply of [unknown, known])
      for (const field of ['ready', 'percent', 'etaSeconds', 'reasons', 'wave'])
        expect(
          argoMeasures(reply, `{$.${field}}`, () => true),
          field,
        ).toBe('Successful');
  });

  test('goes on where nobody announced, or waits, as the policy says', async () => {
    expect(await measure()).toBe('Successful');
    endpoint.policy = aPolicy({ gateEndpointFails: 'closed' });
    expect(await measure()).toBe('Failed');
  });

  test('is told of a slip in its query, which is an error and no answer', async () => {
    expect(await measure(CART.replace('workload', 'wrokload'))).toBe('Error');
  });

  test.each([
    ['a wrong secret', 401, () => ({ Authorization: `Bearer ${SECRET}x` })],
    ['no secret', 401, () => ({})],
    [
      'the secret while it cannot be read',
      503,
      (at: Endpoint) => {
        at.secretReads = false;
        return headers;
      },
    ],
  ])(
    'with %s it hears %i and nothing else, not even of a path that is not there',
    async (_, status, show) => {
      await endpoint.announce();
      const shown = show(endpoint);
      const replies = await Promise.all(
        [CART, '/', '/gate', '/gate?cluster=shpo'].map((target) => endpoint.ask(argoAsks(target, shown))),
      );
      expect(new Set(replies.map(({ body }) => body)).size).toBe(1);
      for (const { statusCode } of replies) expect(statusCode).toBe(status);
    },
  );
});

describe('Flagger, whose webhook is a POST without headers', () => {
  let endpoint: Endpoint;
  beforeEach(() => {
    endpoint = new Endpoint('secret');
  });
  const metadata = { cluster: 'shop', token: SECRET };
  const hear = async (more: Record<string, string> = {}, canary: Record<string, string> = {}) =>
    flaggerHears(await endpoint.ask(flaggerPosts({ ...metadata, ...more }, canary)));

  test('holds the canary while addresses are on their way, is told why, and goes on once they are there', async () => {
    await endpoint.announce();
    const held = await hear();
    expect(held).toMatchObject({
      passed: false,
      because: expect.stringContaining('6 nodes wait for the CNI'),
    });
    endpoint.nowMs += 30_000;
    expect(await hear()).toEqual({ passed: true });
  });

  test('asks the same in each phase and in releases that send no checksum', async () => {
    await endpoint.announce();
    for (const phase of ['Initialized', 'Waiting', 'Progressing', 'WaitingPromotion'])
      expect(await hear({}, { phase })).toMatchObject({ passed: false });
    const { checksum: _, ...older } = JSON.parse(flaggerPosts(metadata).body ?? '');
    const reply = await endpoint.ask({ ...flaggerPosts(metadata), body: JSON.stringify(older) });
    expect(flaggerHears(reply)).toMatchObject({ passed: false });
  });

  test('asks about another workload than its canary where the metadata says so', async () => {
    await endpoint.announce('cart-primary');
    expect(await hear()).toEqual({ passed: true });
    expect(await hear({ workload: 'cart-primary' })).toMatchObject({ passed: false });
  });

  test.each([
    ['no secret', { token: '' }, /not authorized/],
    ['a cluster that is not ours', { cluster: 'shpo' }, /metadata\.cluster: expected/],
  ])('is held by %s, and can read why', async (_, more, because) => {
    expect(await hear(more)).toEqual({ passed: false, because: expect.stringMatching(because) });
  });

  test('never passes while the secret cannot be read', async () => {
    endpoint.secretReads = false;
    expect(await hear()).toMatchObject({ passed: false });
  });
});

describe('where callers sign', () => {
  test('whoever Lambda has checked is answered, without any secret', async () => {
    const endpoint = new Endpoint('iam');
    await endpoint.announce();
    expect((await endpoint.ask(argoAsks(CART))).statusCode).toBe(200);
    expect((await endpoint.ask(flaggerPosts({ cluster: 'shop' }))).statusCode).toBe(409);
  });

  test('and nobody else, should the URL ever be open by mistake', async () => {
    const endpoint = new Endpoint('iam');
    const shown = argoAsks(CART, { Authorization: `Bearer ${SECRET}` });
    for (const request of [argoAsks(CART), shown, flaggerPosts({ cluster: 'shop' })])
      expect((await endpoint.ask(request, 'NONE')).statusCode).toBe(401);
  });

  test('a signature is no secret: where a secret is asked for, it counts alone', async () => {
    expect((await new Endpoint('secret').ask(argoAsks(CART), 'AWS_IAM')).statusCode).toBe(401);
  });
});

test('no reply may be kept, all are JSON, and a method that is not allowed is told which are', async () => {
  const endpoint = new Endpoint('iam');
  const replies = await Promise.all(
    [argoAsks(CART), argoAsks('/gate'), argoAsks('/'), { method: 'PUT', target: CART }].map((request) =>
      endpoint.ask(request),
    ),
  );
  expect(replies.map(({ statusCode }) => statusCode)).toEqual([200, 400, 404, 405]);
  for (const { headers, body } of replies) {
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    expect(JSON.parse(body)).toBeTypeOf('object');
  }
  expect(replies[3]?.headers).toMatchObject({ allow: 'GET, POST' });
});

test('what is written down never holds the secret', async () => {
  const endpoint = new Endpoint('secret');
  await endpoint.ask(flaggerPosts({ cluster: 'shpo', token: SECRET }));
  await endpoint.ask(flaggerPosts({ cluster: 'shop', token: SECRET }));
  expect(endpoint.notes).toMatchObject([{ what: 'gate request refused' }, { what: 'gate answered' }]);
  expect(JSON.stringify(endpoint.notes)).not.toContain(SECRET);
});

/** Blocks of the page, by the section they stand in. */
const recipes = page.split(/^## /m).flatMap((section) =>
  [...section.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, block = '']) => ({
    section: section.split('\n')[0] ?? '',
    block,
  })),
);
const recipe = (section: string, having: string): string => {
  const found = recipes.filter((one) => one.section === section && one.block.includes(having));
  expect(found, `${section}: ${having}`).toHaveLength(1);
  return found[0]?.block ?? '';
};
/** The value behind a key of a YAML block, without quotes. */
const inYaml = (block: string, key: string): string => {
  const value = new RegExp(`^\\s*(?:- )?${key}: (.*)$`, 'm').exec(block)?.[1];
  expect(value, key).toBeDefined();
  return (value ?? '').replace(/^"(.*)"$/, '$1');
};
const targetOf = (url: string): string =>
  url.replace(/^https:\/\/URL_ID\.lambda-url\.[a-z0-9-]+\.on\.aws/, '');

describe('the page for operators', () => {
  test("its template is one that Argo Rollouts' metric can ask by, and it waits and goes on as the page says", async () => {
    const template = recipe('Argo Rollouts', 'kind: AnalysisTemplate');
    const step = recipe('Argo Rollouts', 'setWeight');
    expect(inYaml(step, 'templateName')).toBe(/metadata:\n {2}name: (\S+)/.exec(template)?.[1]);
    const workload = inYaml(step, 'value');
    const filled = (text: string): string =>
      text.replace('{{args.workload}}', workload).replace('{{args.gate-secret}}', SECRET);
    const [, header = ''] = template.split('headers:');
    const headers = { [inYaml(header, 'key')]: filled(inYaml(header, 'value')) };
    expect(inYaml(template, 'successCondition')).toBe('result == true');
    // Neither a failed measurement nor nobody's patience ends it before its time: analysis.go, `assessMetricStatus`.
    expect(inYaml(template, 'failureLimit')).toBe('-1');
    expect(inYaml(template, 'consecutiveSuccessLimit')).toBe('1');
    const endpoint = new Endpoint('secret');
    await endpoint.announce(workload);
    const measure = async () =>
      argoMeasures(
        await endpoint.ask(argoAsks(targetOf(filled(inYaml(template, 'url'))), headers)),
        inYaml(template, 'jsonPath'),
        isTrue,
      );
    expect(await measure()).toBe('Failed');
    endpoint.nowMs += 30_000;
    expect(await measure()).toBe('Successful');
  });

  test("its webhooks are such as Flagger's CRD allows, and hold and pass the canary", async () => {
    const canary = recipe('Flagger', 'kind: Canary');
    const webhooks = canary
      .slice(canary.indexOf('    webhooks:'))
      .split(/^ {6}- /m)
      .slice(1);
    expect(webhooks.map((webhook) => inYaml(webhook, 'type'))).toEqual([
      'confirm-rollout',
      'confirm-promotion',
    ]);
    for (const webhook of webhooks) {
      // artifacts/flagger/crd.yaml: the pattern of `timeout`; metadata is texts.
      expect(inYaml(webhook, 'timeout')).toMatch(/^[0-9]+(m|s)/);
      const lines = webhook.slice(webhook.indexOf('metadata:\n')).split('\n').slice(1, -1);
      const metadata = Object.fromEntries(
        lines.map((line) => [line.split(':')[0]?.trim(), line.split(': ')[1]?.replace('SECRET', SECRET)]),
      );
      const endpoint = new Endpoint('secret');
      await endpoint.announce(metadata['workload'] ?? 'cart');
      const post = { ...flaggerPosts(metadata), target: targetOf(inYaml(webhook, 'url')) };
      expect(flaggerHears(await endpoint.ask(post))).toMatchObject({ passed: false });
      endpoint.nowMs += 30_000;
      expect(flaggerHears(await endpoint.ask(post))).toEqual({ passed: true });
    }
  });

  test('its commands ask what is answered', async () => {
    const commands = recipes.filter(({ block }) => block.includes('$GATE_URL'));
    expect(commands).toHaveLength(2);
    for (const { block } of commands) {
      const query = /\$GATE_URL(\?[^"]*)"/.exec(block)?.[1];
      expect((await new Endpoint('iam').ask(argoAsks(`/gate${query}`))).statusCode).toBe(200);
    }
  });

  test('its example is an answer', async () => {
    const endpoint = new Endpoint('iam');
    await endpoint.announce();
    const [example] = recipes;
    expect(JSON.parse(example?.block ?? '')).toEqual(JSON.parse((await endpoint.ask(argoAsks(CART))).body));
  });

  test('every status it speaks of is in its table', () => {
    for (const status of [200, 400, 401, 403, 404, 405, 409, 429, 503])
      expect(page).toMatch(new RegExp(`^\\| .*\\b${status}\\b`, 'm'));
  });
});
