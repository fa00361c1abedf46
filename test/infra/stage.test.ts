import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SIGNAL_DEFAULTS } from '../../infra/signal-events.ts';
import { DEPLOYED, deliveredTo } from '../../sim/deployed.ts';
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

const EVENTS = join(import.meta.dirname, '../events');
const events = readdirSync(EVENTS).filter((file) => file.endsWith('.json'));
const everything = Object.fromEntries(Object.keys(SIGNAL_DEFAULTS).map((name) => [name, true]));

test.each([
  ['by default', {}],
  ['with everything switched on', everything],
])('the simulated rules let the same events through as the deployed ones, %s', (_, signals) => {
  const rules = Object.values(templateOf({ ...OBSERVE, signals }).findResources('AWS::Events::Rule'));
  let delivered = 0;
  for (const file of events) {
    const event = JSON.parse(readFileSync(join(EVENTS, file), 'utf8'));
    const targets = rules
      .filter(({ Properties: { EventPattern: pattern } }) => pattern !== undefined && matches(pattern, event))
      .map(({ Properties }) => JSON.stringify(Properties.Targets))
      .map((target) => (target.includes('"LaunchesQueue') ? 'launches' : 'signals'));
    expect([file, deliveredTo(event, signals)]).toEqual([file, targets]);
    delivered += targets.length;
  }
  expect(delivered).toBeGreaterThan(8);
});

/** Exact values alone, as our patterns have them. Source: EventBridge User Guide, event patterns. */
function matches(pattern: object, event: unknown): boolean {
  return Object.entries(pattern).every(([key, wanted]) => {
    const got = (event as Readonly<Record<string, unknown>> | undefined)?.[key];
    return Array.isArray(wanted) ? wanted.includes(got) : matches(wanted, got);
  });
}
