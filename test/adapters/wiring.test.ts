import { expect, test } from 'vitest';
import { DynamoReads } from '../../lambdas/adapters/dynamo-reads.ts';
import { onSignalExtras } from '../../lambdas/handlers/on-signal.ts';
import { connect, followers, sharing } from '../../lambdas/handlers/wiring.ts';

const ENV = {
  AWS_REGION: 'eu-central-1',
  ACCOUNT_ID: '111122223333',
  CLUSTERS: '[{"name":"shop","mode":"warm"}]',
  LEDGER_TABLE: 'ledger',
  BUDGET_TABLE: 'budget',
  LAUNCH_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/111122223333/launches',
  SIGNAL_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/111122223333/signals',
  VERIFY_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/111122223333/verifications',
};

test('a function that was started without a client it needs says so; a hook nobody answers runs out by itself', async () => {
  const { rolloutMachine, bus, launchHooks } = connect(ENV);
  const without = (port: string) => `this function was started without ${port}`;
  await expect(rolloutMachine.start('shop/release-7')).rejects.toThrow(without('rolloutMachine'));
  await expect(rolloutMachine.open('a token')).rejects.toThrow(without('rolloutMachine'));
  await expect(bus.put('Wave Ready', {})).rejects.toThrow(without('bus'));
  await launchHooks.complete({ groupName: 'workers', hookName: 'warm', token: 'a token' });
});

test('what a function brings along takes the place of what is missed, and nothing else does', async () => {
  const put: string[] = [];
  const { rolloutMachine, bus } = connect(ENV, {}, () => ({
    bus: { put: async (detailType) => void put.push(detailType) },
  }));
  await bus.put('Wave Ready', {});
  expect(put).toEqual(['Wave Ready']);
  await expect(rolloutMachine.start('shop/release-7')).rejects.toThrow('without rolloutMachine');
});

test('launches and looks share their reads; whoever shares none has every turn', async () => {
  expect(connect(ENV, {}, onSignalExtras).reads).toBeInstanceOf(DynamoReads);
  expect(connect(ENV, {}, sharing).reads).toBeInstanceOf(DynamoReads);
  const { reads } = connect(ENV);
  expect(await reads.turn({ ids: ['i-1'], as: 'running', attachesPerSecond: 2.5 })).toEqual({
    ids: ['i-1'],
    others: [],
  });
  await reads.share({ ids: ['i-1'], world: { readAtMs: 0, nodes: [], subnets: [] } }, 'launches');
  expect(await reads.last('launches')).toBeUndefined();
});

test('followers are told through the client that the outside gives', async () => {
  const asked: unknown[] = [];
  const door = {
    handle: async ({ headers }: { headers: Record<string, string> }) => {
      asked.push(headers['x-amz-target'] ?? headers['X-Amz-Target']);
      const body = new TextEncoder().encode('{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}');
      return { response: { statusCode: 200, headers: {}, body } };
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  };
  const credentials = { accessKeyId: 'prewarmer', secretAccessKey: 'simulated' };
  const { bus } = connect(ENV, { events: { requestHandler: door, credentials } }, followers);
  await bus.put('Rollout Finished', { state: 'completed' });
  expect(asked).toEqual(['AWSEvents.PutEvents']);
});
