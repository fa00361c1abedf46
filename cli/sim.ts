/**
 * `npm run sim`: the embedded AWS on loopback, until SIGINT or SIGTERM. Prints one JSON line when it is ready, and one
 * for each node that is launched afterwards.
 * Leaves with 0 when it was told to end, 1 when its world broke, 2 when it cannot start.
 */
import { Command, InvalidArgumentError } from 'commander';
import { type HttpServer, startHttpServer } from '../sim/wire/http-server.ts';
import { MetadataDoors } from '../sim/wire/metadata-doors.ts';
import { furnish } from './sim-environment.ts';
import { type Opened, openDefault, openScenario } from './sim-world.ts';
import { cannot, endsAtParsing, whole } from './usage.ts';

const ENDED = 0;
const BROKE = 1;

interface Options {
  readonly port: number;
  readonly speed: number;
  readonly scenario?: string;
}

const command = new Command('npm run sim --')
  .description(
    'The embedded AWS (simulated) on loopback, with the wire protocols of EC2, EKS, Auto Scaling, SQS, Step Functions, ' +
      'EventBridge (PutEvents), STS, Service Quotas (of ENIs) and DynamoDB and the instance metadata of each node.\n\nWhen it is ready it prints one JSON line: where everything is, and the ' +
      'environment with which the AWS CLI, any AWS SDK and npm run invoke reach it. A node launched later is one more line.' +
      '\n\nExit code 0: ended by SIGINT or SIGTERM; 1: the world broke; 2: wrong usage.',
  )
  .option('--port <n>', 'port of all services; 0 takes a free one', whole(0, 65_535), 0)
  .option('--speed <factor>', 'seconds of the world in one real second; its dates then run ahead', toSpeed, 1)
  .option(
    '--scenario <name>',
    'play one that ships, for example S1, or a file; without it, three nodes of one cluster wait for you',
  )
  .addHelpText(
    'after',
    `
To use it from another shell:
  npm run --silent sim > sim.json &
  export $(head -1 sim.json | jq -r '.environment | to_entries[] | "\\(.key)=\\(.value)"')
  aws ec2 describe-instances
  npm run --silent invoke -- sweep test/events/plan-question.json

A minute later its nodes are known to be quiet, and an event of now warms them:
  jq '.time = (now | todate) | .detail.startsAt = (now + 300 | todate)' \\
    test/events/deployment-announced.json > now.json
  npm run --silent invoke -- on-signal now.json`,
  );

process.exitCode = await main();

async function main(): Promise<number> {
  const end = endsAtParsing(command);
  if (end !== undefined) return end;
  const { port, speed, scenario } = command.opts<Options>();
  const ending = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const opened = scenario === undefined ? openDefault() : await openScenario(scenario);
  if ('complaint' in opened) return cannot(opened.complaint);
  return serve(opened, { port, speed }, ending);
}

async function serve(
  opened: Opened,
  { port, speed }: Pick<Options, 'port' | 'speed'>,
  ending: Promise<void>,
): Promise<number> {
  const { world } = opened;
  let server: HttpServer;
  try {
    server = await startHttpServer({ world, port, speed });
  } catch (error) {
    return cannot(`--port ${port}: ${(error as Error).message}`);
  }
  const doors = new MetadataDoors(world);
  const environment = await furnish(opened, server);
  const nodes = await doors.openAll((node) => say({ node }));
  say({
    endpoint: server.endpoint,
    dynamoDbEndpoint: server.dynamoDbEndpoint,
    region: world.region,
    accountId: world.accountId,
    clusters: world.clusters.map(({ name }) => name),
    nodes,
    environment,
  });
  opened.begin();
  try {
    await Promise.race([ending, server.ended]);
    await doors.closeAll();
    await server.close();
    return ENDED;
  } catch (error) {
    await doors.closeAll();
    console.error(error);
    return BROKE;
  }
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function toSpeed(text: string): number {
  const speed = Number(text);
  if (speed > 0 && speed <= 10_000) return speed;
  throw new InvalidArgumentError(`expected a factor above 0, at most 10000, got "${text}"`);
}
