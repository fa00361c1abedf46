/**
 * `npm run invoke -- FUNCTION EVENT.json`: runs a built bundle once, as Lambda would, and prints its answer and its calls.
 * Leaves with 0 when the function answered, 1 when it threw, 2 when the question cannot be asked.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { Command } from 'commander';
import { bundle, bundlesFolder, functionNames, ROOT, stale } from '../infra/bundles.ts';
import { troubleOf } from './call-trouble.ts';
import type { Call } from './invoke-calls.ts';
import type { FunctionError, Invocation, News } from './invoke-child.ts';
import { isDetail, readEvent } from './read-event.ts';
import { cannot, endsAtParsing, toUrl } from './usage.ts';

const ANSWERED = 0;
const THREW = 1;

/** Time limit of a function, ms: the longest that the stack grants one (infra/ip-prewarmer.ts). */
const TIME_LIMIT_MS = 60_000;

type Outcome = { readonly answer: unknown } | { readonly error: FunctionError };

const command = new Command('npm run invoke --')
  .description(
    'Run a built function once, as Lambda would, and print one JSON document: {answer | error, calls}. Its settings come ' +
      'from the environment, such as the one that npm run sim prints; what it logs goes to stderr.\n\n' +
      'Exit code 0: it answered; 1: it threw; 2: wrong usage.',
  )
  .argument('<function>', functionNames(ROOT).join(', '))
  .argument('<event>', 'file with the event (JSON)')
  .option('--endpoint <url>', 'where AWS is, for example http://127.0.0.1:4566', toUrl);

process.exitCode = await main();

async function main(): Promise<number> {
  const end = endsAtParsing(command);
  if (end !== undefined) return end;
  const [name = '', file = ''] = command.args;
  const { endpoint } = command.opts<{ endpoint?: string }>();
  const complaint = unknownFunction(name);
  if (complaint !== undefined) return cannot(complaint);
  const read = await readEvent(file);
  if ('complaint' in read) return cannot(`${file}: ${read.complaint}`);
  // A function gets what Lambda would bring it, so nothing is made of it here.
  if (name === 'on-signal' && isDetail(read.event))
    return cannot(
      `${file}: expected a whole event, such as test/events/deployment-announced.json, got the detail of one`,
    );
  try {
    if (stale(ROOT)) await bundle(ROOT);
  } catch (error) {
    return cannot(`the functions cannot be built: ${(error as Error).message}`);
  }
  const { outcome, calls } = await invoke(name, read.event, endpoint);
  process.stdout.write(`${JSON.stringify({ ...outcome, calls }, null, 2)}\n`);
  for (const line of hints(calls)) console.error(line);
  return 'answer' in outcome ? ANSWERED : THREW;
}

/** What kept the calls from being answered, each cause once, with the first call that met it. */
function hints(calls: readonly Call[]): string[] {
  if (calls.length === 0 && !process.env['AWS_ACCESS_KEY_ID'])
    return [
      'AWS_ACCESS_KEY_ID: expected credentials in the environment, where Lambda has them, got nothing. ' +
        'To put yours there: eval "$(aws configure export-credentials --format env)"',
    ];
  const failed = calls.filter(({ status }) => status !== 200);
  return [...Map.groupBy(failed, ({ status }) => status)].flatMap(([status, [first]]) => {
    if (first === undefined) return [];
    return troubleOf(`${first.service}:${first.action}`, String(status)) ?? [];
  });
}

function unknownFunction(name: string): string | undefined {
  const known = functionNames(ROOT);
  return known.includes(name) ? undefined : `${name}: expected a function among ${known.join(', ')}`;
}

/** One process for one invocation: a cold start with an environment of its own. */
function invoke(
  name: string,
  event: unknown,
  endpoint: string | undefined,
): Promise<{ outcome: Outcome; calls: Call[] }> {
  const child = fork(join(ROOT, 'cli', 'invoke-child.ts'), [], {
    env: {
      ...process.env,
      AWS_LAMBDA_FUNCTION_NAME: name,
      POWERTOOLS_SERVICE_NAME: name,
      ...(endpoint !== undefined && { AWS_ENDPOINT_URL: endpoint }),
    },
    // What the function prints is its log: stdout is for the document alone.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const calls: Call[] = [];
  let outcome: Outcome | undefined;
  child.on('message', (message) => {
    const news = message as News;
    if ('call' in news) calls[news.order] = news.call;
    else outcome = news;
  });
  const timer = setTimeout(() => {
    const seconds = (TIME_LIMIT_MS / 1000).toFixed(2);
    outcome = {
      error: { errorType: 'Sandbox.Timedout', errorMessage: `Task timed out after ${seconds} seconds` },
    };
    child.kill('SIGKILL');
  }, TIME_LIMIT_MS);
  const invocation: Invocation = {
    name,
    bundle: join(bundlesFolder(ROOT), name, 'index.mjs'),
    event,
    untilMs: Date.now() + TIME_LIMIT_MS,
  };
  child.send(invocation);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      const error = {
        errorType: 'Runtime.ExitError',
        errorMessage: `Runtime exited without an answer, with status ${status}`,
      };
      resolve({ outcome: outcome ?? { error }, calls });
    });
  });
}
