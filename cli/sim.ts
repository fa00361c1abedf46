/**
 * `npm run sim`: the embedded AWS on loopback, until SIGINT or SIGTERM. Prints one JSON line when it is ready, and one
 * for each node that is launched afterwards.
 * Leaves with 0 when it was told to end, 1 when its world broke, 2 when it cannot start.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { type HttpServer, startHttpServer } from '../sim/wire/http-server.ts';
import { MetadataDoors } from '../sim/wire/metadata-doors.ts';
import { World } from '../sim/world.ts';
import { furnish } from './sim-environment.ts';

const ENDED = 0;
const BROKE = 1;
const CANNOT_START = 2;

interface Options {
  readonly port: number;
  readonly speed: number;
}

const command = new Command('npm run sim --')
  .description(
    'The embedded AWS (simulated) on loopback, with the wire protocols of EC2, EKS, Auto Scaling, SQS, STS and DynamoDB\n' +
      'and the instance metadata of each node. When it is ready it prints one JSON line: where everything is, and the\n' +
      'environment with which the AWS CLI, any AWS SDK and npm run invoke reach it. A node launched later is one more line.\n' +
      'Exit code 0: ended by SIGINT or SIGTERM; 1: the world broke; 2: wrong usage.',
  )
  .option('--port <n>', 'port of all services; 0 takes a free one', toPort, 0)
  .option('--speed <factor>', 'seconds of the world in one real second; its dates then run ahead', toSpeed, 1)
  .allowExcessArguments(false)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, '')) });

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    command.parse();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? ENDED : CANNOT_START;
  }
  const { port, speed } = command.opts<Options>();
  const ending = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const world = defaultWorld();
  let server: HttpServer;
  try {
    server = await startHttpServer({ world, port, speed });
  } catch (error) {
    console.error(`--port ${port}: ${(error as Error).message}`);
    return CANNOT_START;
  }
  const doors = new MetadataDoors(world);
  const environment = await furnish(world, server);
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

/** One cluster in three zones, with three nodes that have been there for long. */
function defaultWorld(): World {
  const subnets = ['a', 'b', 'c'].map((letter, index) => ({
    id: `subnet-0de300000000000${letter}${index}`,
    vpcId: 'vpc-0de30000000000001',
    zone: `eu-central-1${letter}`,
    cidr: `10.0.${index * 4}.0/22`,
  }));
  // Real clocks look at this world, so it begins now.
  const world = new World({ seed: 1, cluster: 'demo', subnets, epochMs: Date.now() });
  // What the CNI's defaults leave on a quiet m5.large: nine addresses on each of two interfaces.
  for (let node = 0; node < 3; node++) world.established('m5.large', [9, 9]);
  return world;
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function toPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('expected a port from 0 to 65535.');
}

function toSpeed(text: string): number {
  const speed = Number(text);
  if (speed > 0 && speed <= 10_000) return speed;
  throw new InvalidArgumentError('expected a factor above 0, at most 10000.');
}
