/** What is asked, and what is complained of: requests as they come through a Lambda function URL. */
import { expect, test } from 'vitest';
import { readRequest } from '../../lambdas/adapters/function-url.ts';
import { Chance } from '../../sim/chance.ts';
import { replayable } from '../replay.ts';
import { argoAsks, flaggerPosts, type HttpRequest, throughFunctionUrl } from './function-urls.ts';
import { bend } from './mutations.ts';

const CART = { cluster: 'shop', namespace: 'checkout', name: 'cart' };
const PERFECT = '/gate?cluster=shop&namespace=checkout&workload=cart';
const read = (request: HttpRequest) => readRequest(throughFunctionUrl(request, 'NONE'), ['shop']);
const get = (target: string) => read({ method: 'GET', target }).asked;

test('a web metric asks by its query, and is answered in the body', () => {
  expect(read(argoAsks(PERFECT))).toEqual({
    signed: false,
    token: undefined,
    asked: { of: CART, judgedBy: 'body' },
  });
});

test('a webhook asks about its canary, and is answered by the status', () => {
  expect(read(flaggerPosts({ cluster: 'shop' })).asked).toEqual({ of: CART, judgedBy: 'status' });
  expect(read(flaggerPosts({ cluster: 'shop', workload: 'cart-primary', eventType: 'x' })).asked).toEqual({
    of: { ...CART, name: 'cart-primary' },
    judgedBy: 'status',
  });
});

test('a body may come in base64', () => {
  const { body, ...request } = flaggerPosts({ cluster: 'shop' });
  const event = {
    ...throughFunctionUrl(request, 'NONE'),
    body: Buffer.from(body ?? '').toString('base64'),
    isBase64Encoded: true,
  };
  expect(readRequest(event, ['shop']).asked).toEqual({ of: CART, judgedBy: 'status' });
});

test('percent signs in a query stand for what they stand for, in whatever order it comes', () => {
  expect(get('/gate?workload=c%61rt&cluster=shop&namespace=check%6fut')).toMatchObject({ of: CART });
});

test('only what Lambda checked is signed: not a header that looks like it', () => {
  const authorization = 'AWS4-HMAC-SHA256 Credential=AKIA.../20260131/eu-central-1/lambda/aws4_request';
  const request = argoAsks(PERFECT, { authorization });
  expect(readRequest(throughFunctionUrl(request, 'AWS_IAM'), ['shop'])).toMatchObject({
    signed: true,
    token: undefined,
  });
  expect(read(request)).toMatchObject({ signed: false, token: undefined });
});

test.each([null, undefined, {}, { iam: null }, { iam: {} }, { jwt: { claims: {} } }, true])(
  'an authorizer of %j is no signature',
  (authorizer) => {
    const event = throughFunctionUrl(argoAsks(PERFECT), 'NONE');
    const bent = { ...event, requestContext: { ...event.requestContext, authorizer } };
    expect(readRequest(bent, ['shop'])).toMatchObject({ signed: false, asked: { of: CART } });
  },
);

test.each([
  [{ Authorization: 'Bearer s3cret' }, 's3cret'],
  [{ authorization: 'bearer s3cret' }, 's3cret'],
  [{ authorization: 'Bearer ' }, undefined],
  [{ authorization: 'Basic czNjcmV0' }, undefined],
  [{ authorization: 'Bearer two words' }, undefined],
  [{ 'x-authorization': 'Bearer s3cret' }, undefined],
])('of %j the token is %s', (headers, token) => {
  expect(read(argoAsks(PERFECT, headers as Record<string, string>)).token).toBe(token);
});

test('a webhook shows it in its metadata, which counts in a POST alone, and less than a header', () => {
  const webhook = flaggerPosts({ cluster: 'shop', token: 's3cret' });
  expect(read(webhook).token).toBe('s3cret');
  expect(read({ ...webhook, method: 'GET', target: PERFECT }).token).toBeUndefined();
  expect(read({ ...webhook, headers: { authorization: 'Bearer other' } }).token).toBe('other');
});

test.each([
  ['/gate', /^cluster: expected .*, got nothing; namespace: .*; workload: /],
  ['/gate?cluster=shop&namespace=checkout', /^workload: expected a name, got nothing$/],
  ['/gate?cluster=shop&namespace=checkout&workload=', /^workload: expected a name, got ""$/],
  [
    '/gate?cluster=a+b&namespace=checkout&workload=cart',
    /^cluster: expected the name of an EKS cluster, got "a b"$/,
  ],
  [`${PERFECT}&wave=2`, /^wave: expected one of cluster, namespace, workload, got "2"$/],
  [`${PERFECT}&__proto__=1`, /^__proto__: expected one of/],
  [`${PERFECT}&workload=basket`, /^workload: expected one value, got \["cart","basket"\]$/],
  [`/gate?cluster=shop&namespace=checkout&workload=${'x'.repeat(300)}`, /^workload: .*\.\.\.$/],
])('GET %s: 400, in one line', (target, why) => {
  expect(get(target)).toMatchObject({ status: 400, why: expect.stringMatching(why) });
});

test('a cluster of somebody else: 404, with the names of ours', () => {
  expect(get(PERFECT.replace('shop', 'shpo'))).toMatchObject({
    status: 404,
    why: 'cluster: expected a cluster that is deployed here, one of shop, got "shpo"',
  });
  expect(read(flaggerPosts({ cluster: 'shpo' })).asked).toMatchObject({
    status: 404,
    why: 'body.metadata.cluster: expected a cluster that is deployed here, one of shop, got "shpo"',
  });
});

test.each(['/', '/gate/', '/Gate', '/gates', '/favicon.ico', '//gate'])('%s: 404', (path) => {
  expect(get(`${path}?cluster=shop&namespace=checkout&workload=cart`)).toMatchObject({ status: 404 });
});

test.each(['HEAD', 'PUT', 'DELETE', 'OPTIONS', 'get'])('%s: 405', (method) => {
  expect(read({ method, target: PERFECT }).asked).toMatchObject({ status: 405 });
});

test.each([
  ['no body', undefined, /^body: expected JSON, got ""$/],
  ['no JSON', 'cluster=shop', /^body: expected JSON/],
  ['a list', '[]', /^body: expected an object/],
  [
    'no metadata',
    '{"name":"cart","namespace":"checkout"}',
    /^body\.metadata: expected an object, got nothing$/,
  ],
  [
    'no cluster',
    '{"name":"cart","namespace":"checkout","metadata":{}}',
    /^body\.metadata\.cluster: expected/,
  ],
  ['no name', '{"namespace":"checkout","metadata":{"cluster":"shop"}}', /^body\.name: expected a name/],
  [
    'a workload that is a number',
    '{"name":"cart","namespace":"c","metadata":{"cluster":"shop","workload":1}}',
    /^body\.metadata\.workload: expected a name, got 1$/,
  ],
  ['a book', `{"name":"${'x'.repeat(4_096)}"}`, /^body: expected at most 4096 characters, got 410\d$/],
  ['a pit', `${'['.repeat(2_048)}${']'.repeat(2_048)}`, /^body: expected an object, got \[{77}\.\.\.$/],
  [
    'a pit for a cluster',
    `{"name":"cart","namespace":"c","metadata":{"cluster":${'['.repeat(2_000)}${']'.repeat(2_000)}}}`,
    /^body\.metadata\.cluster: /,
  ],
])('POST with %s: 400, in one line', (_, body, why) => {
  const asked = read({ method: 'POST', target: '/gate', ...(body !== undefined && { body }) }).asked;
  expect(asked).toMatchObject({ status: 400, why: expect.stringMatching(why) });
});

test('a POST asks by its body alone', () => {
  expect(read({ ...flaggerPosts({ cluster: 'shop' }), target: PERFECT }).asked).toMatchObject({
    status: 400,
    why: expect.stringMatching(/^query: expected nothing in a POST/),
  });
});

test.each([undefined, null, 'GET /gate', 7, [], {}, { Records: [] }, { rawPath: '/gate' }])(
  'what is no request of a function URL (%j) asks nothing and shows nothing',
  (raw) => {
    expect(readRequest(raw, ['shop'])).toMatchObject({
      signed: false,
      token: undefined,
      asked: { status: 400 },
    });
  },
);

const SEED = 20260131;
test('20,000 bent requests: none throws, none is a question about another cluster, none becomes signed', () => {
  replayable(SEED);
  const chance = new Chance(SEED).stream('requests');
  const whole = [
    throughFunctionUrl(argoAsks(PERFECT, { authorization: 'Bearer s3cret' }), 'NONE'),
    throughFunctionUrl(flaggerPosts({ cluster: 'shop', token: 's3cret' }), 'NONE'),
  ].map((event) => JSON.parse(JSON.stringify(event)));
  const seen = { questions: 0, refusals: new Map<number, number>() };
  for (let run = 0; run < 20_000; run++) {
    const bent = bend(chance.pick(whole), chance, whole);
    const cut = chance.chance(0.2) ? withTextsCut(bent, chance) : bent;
    const { asked, signed } = readRequest(cut, ['shop']);
    expect(signed, JSON.stringify(cut)).toBe(false);
    if ('of' in asked) {
      seen.questions++;
      expect(asked.of.cluster).toBe('shop');
    } else {
      seen.refusals.set(asked.status, (seen.refusals.get(asked.status) ?? 0) + 1);
      expect(asked.why, JSON.stringify(cut)).not.toMatch(/\n| {4}at /);
    }
  }
  expect(seen.questions).toBeGreaterThan(1_000);
  expect([...seen.refusals.keys()].sort()).toEqual([400, 404, 405]);
});

/** Query and body end, or begin, somewhere in the middle. */
function withTextsCut(event: unknown, chance: ReturnType<Chance['stream']>): unknown {
  if (typeof event !== 'object' || event === null) return event;
  return Object.fromEntries(
    Object.entries(event).map(([name, value]) =>
      typeof value === 'string' && ['rawQueryString', 'body'].includes(name)
        ? [
            name,
            value.slice(
              Math.floor(chance.between(0, value.length / 2)),
              Math.floor(chance.between(0, value.length)),
            ),
          ]
        : [name, value],
    ),
  );
}
