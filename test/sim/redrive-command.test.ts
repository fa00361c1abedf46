/** `npm run redrive` against `npm run sim`: dead letters go back where they failed. */
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, type Ended, finished, type Sim, startSim } from './sim-process.ts';

let sim: Sim;
let sqs: SQSClient;
beforeAll(async () => {
  sim = await startSim();
  const { endpoint, region } = sim.ready;
  sqs = new SQSClient({ region, endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
});
afterAll(async () => {
  sqs.destroy();
  expect(await sim.end('SIGTERM')).toMatchObject({ status: 0, stderr: '' });
});

const redrive = (args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> =>
  finished(command('redrive.ts', args, env));
const urlOf = (name: string): string => sim.ready.environment[name] ?? '';

const event = (nth: number) =>
  JSON.stringify({ source: 'eks-ip-prewarmer', 'detail-type': 'Deployment Announced', nth });

test('dead letters are counted, then moved; what they say stays as it was', async () => {
  const queue = urlOf('SIGNAL_QUEUE_URL');
  for (let nth = 0; nth < 12; nth++)
    await sqs.send(new SendMessageCommand({ QueueUrl: `${queue}-dead-letters`, MessageBody: event(nth) }));
  const counted = await redrive(['--dry-run', queue], sim.ready.environment);
  expect(counted).toMatchObject({ status: 1, stdout: 'signals: 12 dead letters there\n', stderr: '' });

  const some = await redrive(['--most', '2', '--json', queue], sim.ready.environment);
  const { queues } = JSON.parse(some.stdout);
  expect(some.status).toBe(1);
  expect(queues).toMatchObject([
    { queue, left: 10, moved: [{ about: 'eks-ip-prewarmer / Deployment Announced' }, {}] },
  ]);

  const all = await redrive([], sim.ready.environment);
  expect(all.status).toBe(0);
  expect(all.stdout).toContain('launches: 0 moved back, 0 dead letters there');
  expect(all.stdout).toContain('signals: 10 moved back, 0 dead letters there');
  expect(all.stdout).toMatch(/ {2}[0-9a-f-]{36} {2}eks-ip-prewarmer \/ Deployment Announced/);
  const bodies: string[] = [];
  for (let batch = 0; batch < 3; batch++) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queue, MaxNumberOfMessages: 10 }),
    );
    bodies.push(...Messages.map(({ Body = '' }) => Body));
  }
  expect(bodies.sort()).toEqual(Array.from({ length: 12 }, (_, nth) => event(nth)).sort());
});

test('a queue that is not there is said, and leaves with 1', async () => {
  const { status, stdout } = await redrive([`${urlOf('SIGNAL_QUEUE_URL')}-gone`], sim.ready.environment);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^signals-gone: 0 moved back, then sqs:GetQueueAttributes: no such queue there/);
  const counted = await redrive(['--dry-run', `${urlOf('SIGNAL_QUEUE_URL')}-gone`], sim.ready.environment);
  expect(counted.stdout).toMatch(/^signals-gone: sqs:GetQueueAttributes: no such queue there/);
});

test.each([
  [['--most', '0'], 'expected a whole number from 1 to 100000, got "0"'],
  [['signals'], 'queue-url: expected the URL of an SQS queue, got "signals"'],
  [['--endpoint', 'here'], 'expected a URL such as http://127.0.0.1:4566'],
])('wrong usage %j is one line, and 2', async (args, line) => {
  const { status, stdout, stderr } = await redrive(args, { AWS_REGION: 'eu-central-1' });
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain(line);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test('no queue and no Region are named', async () => {
  expect((await redrive([], {})).stderr).toMatch(/^queue-url: expected a URL, or one in LAUNCH_QUEUE_URL/);
  const url = 'http://127.0.0.1:1/1/q';
  expect((await redrive([url], {})).stderr).toBe('region: expected --region or AWS_REGION, got nothing\n');
});

test('without credentials it is one line with what to do, and nothing is asked', async () => {
  const url = 'https://sqs.eu-central-1.amazonaws.com/111122223333/signals';
  const env = { AWS_REGION: 'eu-central-1', AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nowhere' };
  const { status, stdout, stderr } = await redrive([url], env);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(
    /^sqs:GetQueueAttributes: no credentials found: sign in \(aws sso .*AWS_PROFILE.*\n$/,
  );
});

test('a server that does not run is one line with what to do', async () => {
  const refused = await redrive(['http://127.0.0.1:1/111122223333/signals'], {
    AWS_ACCESS_KEY_ID: 'prewarmer',
    AWS_SECRET_ACCESS_KEY: 'simulated',
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_MAX_ATTEMPTS: '1',
  });
  expect([refused.status, refused.stderr]).toEqual([1, '']);
  expect(refused.stdout).toMatch(
    /^signals: 0 moved back, then sqs:GetQueueAttributes: nobody answers at that address: .*\n$/,
  );
});

test('--help says what it does, and what its exit codes mean', async () => {
  const { status, stdout } = await redrive(['--help'], {});
  expect(status).toBe(0);
  expect(stdout).toContain('Exit code 0: no dead letter is left');
});
