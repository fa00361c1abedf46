/** The published schema and page of the policy, and the reader they are written from. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { DEFAULT_POLICY, readPolicy } from '../../lambdas/core/policy.ts';
import { policyPage, policySchema } from '../../scripts/policy-pages.ts';

const read = (file: string): string => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8');

test('docs/policy.schema.json is what the rules say, to the letter', () => {
  expect(JSON.parse(read('policy.schema.json'))).toEqual(JSON.parse(JSON.stringify(policySchema())));
});

test('docs/policy.md says what the rules say, and its example is a policy', () => {
  const page = read('policy.md');
  expect(page).toBe(policyPage());
  for (const field of Object.keys(DEFAULT_POLICY)) expect(page).toContain(`\`${field}\``);
  const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
  expect(readPolicy(example, ['shop']).complaints).toEqual([]);
});

describe('schema and reader accept and refuse the same', () => {
  const schema = z.fromJSONSchema(policySchema() as z.core.JSONSchema.JSONSchema);
  const { maxPods: _, cniEnv: __, launchHook: ___, ...defaults } = DEFAULT_POLICY;
  test.each<[boolean, unknown]>([
    [true, {}],
    [true, defaults],
    [true, { $schema: './policy.schema.json', margin: 10, maxPods: 1 }],
    [
      true,
      { clusters: { shop: { mode: 'warm', nodeGroups: { web: { resumedAt: '2026-01-31T09:00:00Z' } } } } },
    ],
    [true, { buckets: { AttachNetworkInterface: { size: 1, perSecond: 100_000 } } }],
    [
      true,
      { eniConfigs: { 'eu-central-1a': { subnetId: 'subnet-12345678', securityGroupIds: ['sg-12345678'] } } },
    ],
    [true, { cniEnv: { WARM_ENI_TARGET: '' } }],
    [false, []],
    [false, { margin: 10.1 }],
    [false, { maxPods: 1.5 }],
    [false, { marign: 2 }],
    [false, { stopped: 'true' }],
    [false, { shapes: 'empty' }],
    [false, { clusters: { 'no name': {} } }],
    [false, { clusters: { shop: { stopped: true } } }],
    [false, { clusters: { shop: { nodeGroups: { web: { mode: 'off' } } } } }],
    [false, { clusters: { shop: { nodeGroups: { web: { resumedAt: '2026-01-31' } } } } }],
    [false, { buckets: { RunInstances: { size: 1, perSecond: 1 } } }],
    [false, { buckets: { AttachNetworkInterface: { size: 1 } } }],
    [false, { eniConfigs: { 'eu-central-1a': { subnetId: 'subnet-1', securityGroupIds: [] } } }],
    [false, { cniEnv: { WARM_ENI_TARGET: 1 } }],
  ])('%s: %j', (accepted, document) => {
    expect(readPolicy(document).complaints.length === 0).toBe(accepted);
    expect(schema.safeParse(document).success).toBe(accepted);
  });
});
