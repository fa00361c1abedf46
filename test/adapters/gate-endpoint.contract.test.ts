/** Other tools ask the real handler, as their sources ask, and judge what it answers, as their sources judge. */
import { beforeEach, describe, expect, test } from 'vitest';
import { aPolicy } from '../core/fixtures.ts';
import { argoAsks, flaggerPosts, type HttpRequest } from './function-urls.ts';
import { argoMeasures, CART, Endpoint, flaggerHears, isTrue, SECRET } from './gate-tools.ts';

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

test.each<[string, HttpRequest]>([
  ['in the query too', argoAsks(`${CART}&token=${SECRET}`, { Authorization: `Bearer ${SECRET}` })],
  ['twice in the query', argoAsks(`${CART}&workload=${SECRET}`, { Authorization: `Bearer ${SECRET}` })],
  [
    'in a body that is not JSON',
    {
      ...flaggerPosts({ cluster: 'shop', token: SECRET }),
      headers: { authorization: `Bearer ${SECRET}` },
      body: `{"metadata": {"token": "${SECRET}"}`,
    },
  ],
  [
    'in a body that is no webhook',
    {
      ...flaggerPosts({ cluster: 'shop', token: SECRET }),
      headers: { authorization: `Bearer ${SECRET}` },
      body: JSON.stringify([SECRET]),
    },
  ],
  ['as the cluster', argoAsks(CART.replace('shop', SECRET), { Authorization: `Bearer ${SECRET}` })],
])(
  'who is let in and shows the secret %s does not find it in the log, nor a piece of it',
  async (_, request) => {
    const endpoint = new Endpoint('secret');
    const { statusCode } = await endpoint.ask(request);
    expect([400, 404]).toContain(statusCode);
    const notes = JSON.stringify(endpoint.notes);
    expect(notes).toContain('gate request refused');
    for (let from = 0; from + 8 <= SECRET.length; from++)
      expect(notes).not.toContain(SECRET.slice(from, from + 8));
  },
);
