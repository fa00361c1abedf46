import { expect, test } from 'vitest';
import { DEPLOYED } from '../../sim/deployed.ts';
import { OBSERVE, templateOf } from './synthesized.ts';

/** Properties of all resources of a type whose logical id begins with `id`, the only one. */
function only(type: string, id: string): Record<string, unknown> {
  const found = Object.entries(templateOf(OBSERVE).findResources(type)).filter(([name]) =>
    name.startsWith(id),
  );
  expect(found).toHaveLength(1);
  return found[0]?.[1]['Properties'] as Record<string, unknown>;
}

test.each(Object.entries(DEPLOYED.queues))(
  'the simulated queue %s is set as the deployed one',
  (name, queue) => {
    const id = name.charAt(0).toUpperCase() + name.slice(1);
    expect(only('AWS::SQS::Queue', `${id}Queue`)).toMatchObject({
      VisibilityTimeout: queue.visibilityTimeoutMs / 1000,
      RedrivePolicy: { maxReceiveCount: DEPLOYED.maxReceiveCount },
    });
    const mappings = Object.values(templateOf(OBSERVE).findResources('AWS::Lambda::EventSourceMapping'));
    const [mapping] = mappings.filter(({ Properties }) =>
      JSON.stringify(Properties.EventSourceArn).includes(`${id}Queue`),
    );
    expect(mapping?.['Properties']).toMatchObject({
      BatchSize: queue.maxBatch,
      MaximumBatchingWindowInSeconds: queue.windowMs / 1000,
      ScalingConfig: { MaximumConcurrency: queue.readers },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  },
);

test('the simulated sweep runs as often as the deployed one', () => {
  expect(only('AWS::Events::Rule', 'RulesSweepDue')).toMatchObject({
    ScheduleExpression: `rate(${DEPLOYED.sweepEveryMs / 60_000} minutes)`,
  });
});

test('a function that reads queues may take as long as the deployed one', () => {
  const functions = Object.values(templateOf(OBSERVE).findResources('AWS::Lambda::Function'));
  const limits = functions
    .filter((one) => !JSON.stringify(one).includes('"sweep"'))
    .map((one) => one['Properties'].Timeout);
  expect(limits).toEqual([DEPLOYED.timeLimitMs / 1000, DEPLOYED.timeLimitMs / 1000]);
});
