/** Tokens by the rules of EKS's authenticator (sim/wire/eks-token-check.ts knows them apart from the code that makes tokens). */
import { expect, test } from 'vitest';
import { EksTokens } from '../../lambdas/adapters/eks-token.ts';
import { tokenTrouble } from '../../sim/wire/eks-token-check.ts';

const REGION = 'eu-central-1';
const NOW_MS = Date.UTC(2026, 0, 31, 9);
const credentials = { accessKeyId: 'prewarmer', secretAccessKey: 'simulated' };

const tokenOf = (
  cluster: string,
  changes: { sessionToken?: string; secretAccessKey?: string; region?: string } = {},
) => {
  const { region = REGION, ...keys } = changes;
  return new EksTokens({ region, credentials: { ...credentials, ...keys } }, () => NOW_MS).of(cluster);
};
const shown = (token: string, to: string, afterMs = 0): string | undefined =>
  tokenTrouble(
    { method: 'GET', path: '/', headers: { authorization: `Bearer ${token}` }, body: '' },
    to,
    REGION,
    NOW_MS + afterMs,
  );

test('good for its cluster, for a quarter of an hour', async () => {
  const token = await tokenOf('shop');
  expect(token).toMatch(/^k8s-aws-v1\.[A-Za-z0-9_-]+$/);
  expect(token.length).toBeLessThan(4_096);
  expect(shown(token, 'shop')).toBeUndefined();
  expect(shown(token, 'shop', 14 * 60_000)).toBeUndefined();
  expect(shown(token, 'shop', 15 * 60_000)).toBe('expired');
  expect(shown(token, 'depot')).toBe('the signature is another one');
});

test("a role's session is part of what is signed, whatever its token holds", async () => {
  const token = await tokenOf('shop', { sessionToken: 'IQoJb3JpZ2luX2VjE+/w== ~*' });
  expect(shown(token, 'shop')).toBeUndefined();
  expect(Buffer.from(token.slice('k8s-aws-v1.'.length), 'base64url').toString()).toContain(
    'X-Amz-Security-Token=',
  );
});

test('signed with another secret, or for another Region: refused', async () => {
  expect(shown(await tokenOf('shop', { secretAccessKey: 'guessed' }), 'shop')).toBe(
    'the signature is another one',
  );
  expect(shown(await tokenOf('shop', { region: 'us-east-1' }), 'shop')).toMatch(/^not a request to STS/);
});
