/** Roles and policies as a whole: whose they are, and that IAM understands what they say. */
import { expect, test } from 'vitest';
import * as model from '../../lambdas/core/model.ts';
import { type Asked, allowed, arn } from './deployed-policies.ts';
import { createEni } from './ec2-requests.ts';
import { observe, warm } from './iam-rows.ts';
import { keysFilledIn, untagged } from './service-authorization.ts';

test.each([
  ['observe', observe],
  ['warm', warm],
])('in %s every function has a role of its own, which Lambda alone may take', (_, deployed) => {
  const roles = deployed.functions().map((who) => deployed.roleOf(who));
  expect(roles.length).toBeGreaterThan(3);
  expect(new Set(roles).size).toBe(roles.length);
  for (const role of roles)
    expect(deployed.trustOf(role)).toMatchObject({
      Statement: [{ Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
    });
});

test('every condition names a key that the service fills in for that action and resource', async () => {
  let looked = 0;
  for (const who of warm.functions())
    for (const { Statement } of warm.policiesOf(who))
      for (const { Effect, Action, Resource, Condition = {} } of Statement)
        for (const action of [Action].flat())
          for (const resource of [Resource].flat().map(concrete)) {
            const keys = Object.values(Condition).flatMap(Object.keys);
            if (keys.length === 0) continue;
            const filledIn = await keysFilledIn(action, resource);
            for (const key of keys)
              expect(filledIn, `${who}: ${Effect} ${action} on ${resource}`).toContain(untagged(key));
            looked += 1;
          }
  expect(looked).toBeGreaterThan(40);
});

/** One resource that a pattern is about. Those on `*` with a condition are about interfaces. */
const concrete = (resource: string): string =>
  resource === '*' ? arn('ec2', 'network-interface/eni-0c') : resource.replaceAll('*', 'x-0c');

test('every tag that the code may write on a new interface, IAM lets it write', async () => {
  const ours = Object.entries(model).filter(([name]) => /^OUR_\w+_TAG$/.test(name));
  expect(ours.length).toBeGreaterThanOrEqual(3);
  const tags = Object.fromEntries(ours.map(([, key]) => [String(key), 'demo']));
  for (const who of ['on-signal', 'sweep', 'warm-wave'])
    expect(await allowed(warm.policiesOf(who), createEni({ tags }))).toBe(true);
});

/** The evaluator, asked what IAM's own documentation answers. Source: IAM User Guide, policy evaluation logic. */
test('the evaluator knows that a denial wins, that silence denies, and that a key which is not there is equal to nothing', async () => {
  const asked: Asked[] = [
    { action: 'ec2:DeleteNetworkInterface', resource: arn('ec2', 'network-interface/eni-0c') },
  ];
  const statement = { Action: 'ec2:DeleteNetworkInterface', Resource: '*' };
  const policy = (
    ...Statement: { Effect: 'Allow' | 'Deny'; Condition?: Record<string, Record<string, string>> }[]
  ) => [{ Version: '2012-10-17', Statement: Statement.map((one) => ({ ...statement, ...one })) }];
  const unlike = { StringNotEquals: { 'aws:ResourceTag/owner': 'us' } };
  const like = { StringEquals: { 'aws:ResourceTag/owner': 'us' } };
  expect(await allowed(policy({ Effect: 'Allow' }), asked)).toBe(true);
  expect(await allowed(policy({ Effect: 'Allow' }, { Effect: 'Deny' }), asked)).toBe(false);
  expect(await allowed([], asked)).toBe(false);
  expect(await allowed(policy({ Effect: 'Allow', Condition: like }), asked)).toBe(false);
  expect(await allowed(policy({ Effect: 'Allow' }, { Effect: 'Deny', Condition: unlike }), asked)).toBe(
    false,
  );
});

test('the evaluator complains of a key that EC2 does not fill in, of an action that is none, and of a resource that is not its', async () => {
  const policies = warm.policiesOf('on-signal');
  const eni = arn('ec2', 'network-interface/eni-0c');
  const ask = (one: Asked) => allowed(policies, [one]);
  await expect(
    ask({ action: 'ec2:CreateNetworkInterface', resource: eni, context: { 'ec2:Vpc': 'x' } }),
  ).rejects.toThrow('no condition keys ec2:Vpc');
  await expect(ask({ action: 'ec2:FillNetworkInterface', resource: eni })).rejects.toThrow('invalid.action');
  await expect(
    ask({ action: 'ec2:AssignPrivateIpAddresses', resource: arn('ec2', 'subnet/subnet-0c') }),
  ).rejects.toThrow('no.resource.types');
});
