/**
 * `npm run redrive`: puts dead letters back on the queues they failed in. Looks for the queues in the functions' own
 * environment, or takes their URLs. Leaves with 0 when none is left behind, 1 when some are, 2 when it cannot be asked.
 */
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Command } from 'commander';
import { type AwsCall, troubleWith } from './call-trouble.ts';
import { cannot, endsAtParsing, toUrl, whole } from './usage.ts';

const LEFT_BEHIND = 1;
/** Messages in one ReceiveMessage. Source: SQS quotas. */
const RECEIVE_MOST = 10;
/** Long enough to send ten messages and to delete them; what is not deleted then comes back to the dead letters. */
const HIDDEN_SECONDS = 60;
const QUEUE_VARIABLES = ['LAUNCH_QUEUE_URL', 'SIGNAL_QUEUE_URL', 'VERIFY_QUEUE_URL'] as const;

interface Options {
  readonly endpoint?: string;
  readonly region?: string;
  readonly dryRun?: true;
  readonly json?: true;
  readonly most: number;
}

interface Moved {
  readonly messageId: string;
  /** Source and type of the event it carries, as far as it is one. */
  readonly about: string;
  /** What EventBridge says where it could not deliver; why a function failed is in its log, by the message's id. */
  readonly because?: string;
}

interface Redriven {
  readonly queue: string;
  readonly deadLetters: string;
  readonly moved: readonly Moved[];
  /** Dead letters that are there still, about. */
  readonly left: number;
  readonly failed?: string;
}

const command = new Command('npm run redrive --')
  .description(
    'Put dead letters back on the queues they failed in: once what made them fail has been mended. What has become too late ' +
      `meanwhile is ignored by the functions, with a why. Without URLs the queues are those of ${QUEUE_VARIABLES.join(', ')}.\n\n` +
      'Exit code 0: no dead letter is left; 1: some are, or a queue did not answer; 2: wrong usage.',
  )
  .argument('[queue-url...]', 'queues that have dead letters')
  .option('--endpoint <url>', 'where AWS is, for example http://127.0.0.1:4566', toUrl)
  .option('--region <name>', 'Region of the queues; AWS_REGION unless said')
  .option('--most <messages>', 'move at most so many of each queue', whole(1, 100_000), 10_000)
  .option('--dry-run', 'only count them')
  .option('--json', 'one JSON document');

process.exitCode = await main();

async function main(): Promise<number> {
  const end = endsAtParsing(command);
  if (end !== undefined) return end;
  const options = command.opts<Options>();
  const named = command.args.length > 0 ? command.args : fromEnvironment();
  const wrong = named.find((url) => !/^https?:\/\/[^\s/]+\/\S+$/.test(url));
  if (wrong !== undefined) return cannot(`queue-url: expected the URL of an SQS queue, got "${wrong}"`);
  if (named.length === 0)
    return cannot(`queue-url: expected a URL, or one in ${QUEUE_VARIABLES.join(', ')}, got nothing`);
  const region = options.region ?? process.env['AWS_REGION'];
  if (region === undefined) return cannot('region: expected --region or AWS_REGION, got nothing');
  const client = new SQSClient({
    region,
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
  });
  const lastCall = callsOf(client);
  try {
    await client.config.credentials();
  } catch (error) {
    return cannot(troubleWith(lastCall(), error));
  }
  const redriven: Redriven[] = [];
  for (const url of named) redriven.push(await redrive(client, lastCall, url, options));
  process.stdout.write(
    options.json ? `${JSON.stringify({ queues: redriven }, null, 2)}\n` : text(redriven, options),
  );
  return redriven.every(({ left, failed }) => left === 0 && failed === undefined) ? 0 : LEFT_BEHIND;
}

function fromEnvironment(): string[] {
  return QUEUE_VARIABLES.flatMap((name) => process.env[name] || []);
}

/** What is asked now, or was last: calls are made one after the other. */
function callsOf(client: SQSClient): () => AwsCall {
  let call: AwsCall = 'sqs:GetQueueAttributes';
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        call = `sqs:${commandName.replace(/Command$/, '')}`;
        return next(args);
      },
    { step: 'initialize', name: 'last call' },
  );
  return () => call;
}

async function redrive(
  client: SQSClient,
  lastCall: () => AwsCall,
  queue: string,
  options: Options,
): Promise<Redriven> {
  const moved: Moved[] = [];
  let deadLetters = '';
  try {
    deadLetters = await deadLettersOf(client, queue);
    while (options.dryRun !== true && moved.length < options.most) {
      const some = await moveSome(
        client,
        { queue, deadLetters },
        Math.min(RECEIVE_MOST, options.most - moved.length),
      );
      if (some.length === 0) break;
      moved.push(...some);
    }
    return { queue, deadLetters, moved, left: await count(client, deadLetters) };
  } catch (error) {
    return { queue, deadLetters, moved, left: 0, failed: troubleWith(lastCall(), error) };
  }
}

/** Sent before deleted: a message may be there twice for a moment, and is never lost. */
async function moveSome(
  client: SQSClient,
  { queue, deadLetters }: { readonly queue: string; readonly deadLetters: string },
  most: number,
): Promise<Moved[]> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: deadLetters,
      MaxNumberOfMessages: most,
      VisibilityTimeout: HIDDEN_SECONDS,
      // Asks all of the queue's servers: without a wait some would be passed over.
      WaitTimeSeconds: 1,
      MessageAttributeNames: ['All'],
    }),
  );
  const moved: Moved[] = [];
  for (const { MessageId = '', Body = '', ReceiptHandle, MessageAttributes = {} } of Messages) {
    await client.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: Body }));
    await client.send(new DeleteMessageCommand({ QueueUrl: deadLetters, ReceiptHandle }));
    // Source of the names: EventBridge User Guide, dead-letter queues.
    const because = ['ERROR_CODE', 'ERROR_MESSAGE'].flatMap(
      (name) => MessageAttributes[name]?.StringValue ?? [],
    );
    moved.push({
      messageId: MessageId,
      about: aboutOf(Body),
      ...(because.length > 0 && { because: because.join(': ') }),
    });
  }
  return moved;
}

async function deadLettersOf(client: SQSClient, queue: string): Promise<string> {
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: ['RedrivePolicy'] }),
  );
  const { deadLetterTargetArn }: { deadLetterTargetArn?: unknown } = JSON.parse(
    Attributes['RedrivePolicy'] ?? '{}',
  );
  const name = String(deadLetterTargetArn ?? '')
    .split(':')
    .at(-1);
  if (name === undefined || name === '') throw new Error('the queue has no dead letters');
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  if (QueueUrl === undefined) throw new Error(`no queue ${name}`);
  return QueueUrl;
}

async function count(client: SQSClient, queue: string): Promise<number> {
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  return Number(Attributes['ApproximateNumberOfMessages'] ?? 0);
}

function aboutOf(body: string): string {
  try {
    const { source, 'detail-type': type } = JSON.parse(body);
    return typeof source === 'string' && typeof type === 'string' ? `${source} / ${type}` : 'no event';
  } catch {
    return 'no JSON';
  }
}

function text(redriven: readonly Redriven[], { dryRun }: Options): string {
  const lines = redriven.flatMap(({ queue, moved, left, failed }) => [
    failed === undefined
      ? `${nameOf(queue)}: ${dryRun ? '' : `${moved.length} moved back, `}${left} dead letters there`
      : `${nameOf(queue)}: ${dryRun ? '' : `${moved.length} moved back, then `}${failed}`,
    ...moved.map(({ messageId, about, because }) =>
      [`  ${messageId}  ${about}`, ...(because === undefined ? [] : [because])].join('  '),
    ),
  ]);
  return `${lines.join('\n')}\n`;
}

function nameOf(url: string): string {
  return url.split('/').at(-1) ?? url;
}
