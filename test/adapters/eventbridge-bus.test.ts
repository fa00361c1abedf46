import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { expect, test } from 'vitest';
import { EventBridgeBus } from '../../lambdas/adapters/eventbridge-bus.ts';
import type { BusEvent } from '../../sim/event-bus.ts';
import { virtualClient } from '../../sim/wire/door.ts';
import { inProcess, REGION, smallWorld } from '../sim/doors-world.ts';

test('what followers of a rollout hear is an event of ours on the default bus', async () => {
  const world = smallWorld();
  const heard: BusEvent[] = [];
  world.bus.addRule({ matches: () => true, deliver: (event) => heard.push(event) });
  const { through, pass } = await inProcess.open(world);
  const detail = { cluster: 'shop', announcementId: 'release-7', wave: 1, pods: 40 };
  await through(({ events }) => new EventBridgeBus(() => events).put('Wave Ready', detail));
  await pass(3_000);
  expect(heard).toMatchObject([
    { source: 'eks-ip-prewarmer', 'detail-type': 'Wave Ready', account: world.accountId, detail },
  ]);
});

test('an event that is too large for the bus is an error of its sender', async () => {
  const { through } = await inProcess.open(smallWorld());
  const put = through(({ events }) =>
    new EventBridgeBus(() => events).put('Rollout Finished', { cause: 'x'.repeat(262_144) }),
  );
  await expect(put).rejects.toMatchObject({ name: 'ValidationException' });
});

test('EventBridge takes nothing and answers with a success: that is an error, with its code and message', async () => {
  const refusal = { ErrorCode: 'ThrottlingException', ErrorMessage: 'Rate exceeded' };
  const answer = JSON.stringify({ FailedEntryCount: 1, Entries: [refusal] });
  const headers = { 'content-type': 'application/x-amz-json-1.1' };
  const body = new TextEncoder().encode(answer);
  const door = {
    handle: async () => ({ response: { statusCode: 200, headers, body } }),
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  };
  const client = new EventBridgeClient(
    virtualClient({ door, service: 'events', region: REGION, callerName: 'prewarmer' }),
  );
  await expect(new EventBridgeBus(() => client).put('Wave Advanced', { wave: 2 })).rejects.toThrow(
    'Wave Advanced not put: ThrottlingException: Rate exceeded',
  );
});
