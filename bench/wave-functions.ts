/** What the functions of a wave cost on large clusters: the built ones, each in a process of its own, against the embedded AWS
 *  over HTTP. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { furnish } from '../cli/sim-environment.ts';
import { count } from '../cli/tables.ts';
import { bundle, ROOT, stale } from '../infra/bundles.ts';
import { WAVE_TIMEOUT } from '../infra/rollouts.ts';
import { readAnnouncement } from '../lambdas/adapters/announcements.ts';
import { DynamoLedger } from '../lambdas/adapters/dynamo-ledger.ts';
import { DynamoRolloutBook } from '../lambdas/adapters/dynamo-rollout-book.ts';
import type { NodeId } from '../lambdas/core/model.ts';
import { freshRecord, type NodeRecord } from '../lambdas/core/records.ts';
import { rolloutIdOf } from '../lambdas/core/rollouts/record.ts';
import { startHttpServer } from '../sim/wire/http-server.ts';
import type { World } from '../sim/world.ts';
import { runBuilt } from './built-function.ts';
import { CLUSTER, filled, NODE } from './sweep.ts';
import { table } from './text.ts';
import type { WaveRun } from './wave-child.ts';

export interface WaveFunctionFigures extends WaveRun {
  readonly name: (typeof NAMES)[number];
  readonly nodes: number;
  /** EC2 requests of both invocations. */
  readonly reads: number;
  readonly changes: number;
  /** What the wave waited for last: a read that EC2 did not answer is one. */
  readonly waitsFor?: string;
}

const NAMES = ['warm-wave', 'verify-wave'] as const;
const SIZES = [1_000, 5_000] as const;
/** Of the memory the stack grants half (infra/task-function.ts), of the time all. */
const LIMITS = { megabytes: 256, seconds: WAVE_TIMEOUT.toSeconds() } as const;
/** Two of a node's 42 addresses are free, and as many pods as fill its fourth ENI come an hour from now: every node wants one. */
const PODS_PER_NODE = NODE.enis * NODE.secondaryIps - 2;
const MORE_PER_NODE = 10;
const LEAD_MS = 3_600_000;
/** For so long every node has looked as it does. */
const QUIET_FOR_MS = 600_000;

export async function measureWaveFunctions(
  tell: (what: string) => void,
): Promise<readonly WaveFunctionFigures[]> {
  const figures: WaveFunctionFigures[] = [];
  for (const nodes of SIZES)
    for (const name of NAMES) {
      tell(`${name}, ${nodes} nodes`);
      figures.push(await measureWaveFunction(name, nodes));
    }
  tell('');
  return figures;
}

export async function measureWaveFunction(
  name: WaveFunctionFigures['name'],
  nodes: number,
): Promise<WaveFunctionFigures> {
  if (stale(ROOT)) await bundle(ROOT);
  const world = filled(nodes, Date.now() - QUIET_FOR_MS);
  await world.kernel.run(Date.now() - world.epochMs);
  const server = await startHttpServer({ world });
  try {
    const env = await furnish({ world, begin: () => {} }, server);
    const tables = tablesAt(env);
    const rolloutId = await remember(world, tables);
    const run = await runBuilt<WaveRun>(name, new URL('wave-child.ts', import.meta.url), [rolloutId], {
      env,
      megabytes: LIMITS.megabytes,
    });
    const record = await tables.book.find(rolloutId);
    tables.close();
    const calls = [...world.account.calls.of('prewarmer')];
    const sum = (reads: boolean): number =>
      calls.reduce((all, [action, n]) => (action.startsWith('Describe') === reads ? all + n : all), 0);
    const waitsFor = record?.waves[0]?.waitsFor;
    return {
      ...{ ...run, name, nodes, reads: sum(true), changes: sum(false) },
      ...(waitsFor !== undefined && { waitsFor }),
    };
  } finally {
    await server.close();
  }
}

function tablesAt(env: Readonly<Record<string, string>>) {
  const client = new DynamoDBClient({
    endpoint: env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
    region: env['AWS_REGION'] ?? '',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'simulated' },
  });
  const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  const at = { ledgerTable: env['LEDGER_TABLE'] ?? '' };
  return {
    ledger: new DynamoLedger(documents, at),
    book: new DynamoRolloutBook(documents, at),
    close: () => client.destroy(),
  };
}

/** What is known when a wave is worked on: the rollout, how the nodes looked, and a record of each of them. */
async function remember(
  world: World,
  { ledger, book }: Pick<ReturnType<typeof tablesAt>, 'ledger' | 'book'>,
): Promise<string> {
  const nowMs = world.clockMs;
  const nodeIds = world.account.instances().map(({ id }) => id as NodeId);
  const records = nodeIds.map((nodeId): NodeRecord => {
    const fresh = freshRecord({ nodeId, cluster: CLUSTER, nodeGroup: 'workers' }, nowMs);
    return { ...fresh, outcome: { state: 'adopted' } };
  });
  await ledger.lease(records, 'bench', nowMs + QUIET_FOR_MS, nowMs);
  await ledger.release(records, 'bench');
  const sight = { enis: NODE.enis, total: NODE.enis * NODE.secondaryIps, sinceMs: nowMs - QUIET_FOR_MS };
  await ledger.saw(CLUSTER, new Map(nodeIds.map((nodeId) => [nodeId, sight])));

  const pods = nodeIds.length * MORE_PER_NODE;
  const announced = readAnnouncement(
    {
      cluster: CLUSTER,
      workload: { kind: 'Deployment', namespace: 'default', name: 'load' },
      replicas: { from: 0, to: pods },
      startsInSeconds: LEAD_MS / 1_000,
      podsPerNode: PODS_PER_NODE,
      waves: { size: '100%' },
    },
    { id: 'bench', atMs: nowMs, field: 'detail' },
  );
  if (announced.kind === 'ignored' || announced.waves === undefined)
    throw new Error(JSON.stringify(announced));
  const rolloutId = rolloutIdOf(announced);
  await book.keep({
    ...{ rolloutId, announced: { ...announced, waves: announced.waves } },
    ...{
      startedAtMs: nowMs,
      deadlineMs: announced.waves.deadlineMs,
      expiresAtMs: announced.waves.deadlineMs,
    },
    ...{ releasedPods: 0, rounds: 0, state: 'running', version: 0 },
    waves: [{ wave: 1, wantedPods: pods, sinceMs: nowMs }],
  });
  return rolloutId;
}

export function reportWaveFunctions(all: readonly WaveFunctionFigures[]): string {
  const rows = all.map(({ name, nodes, seconds, cpuSeconds, peakMegabytes, reads, changes, waitsFor }) => [
    `${name}, ${count(nodes)} nodes, ${count(nodes * NODE.enis)} ENIs`,
    ...[...seconds, ...cpuSeconds].map((each) => each.toFixed(1)),
    String(peakMegabytes),
    ...[reads, changes].map(String),
    waitsFor ?? 'nothing',
  ]);
  const head = [
    ...['built functions', 's, cold', 's, warm', 'CPU s, cold', 'CPU s, warm', 'peak MB'],
    ...['EC2 reads', 'EC2 changes', 'waits for'],
  ];
  const limit = [
    'at most',
    ...[LIMITS.seconds, LIMITS.seconds].map(String),
    '',
    '',
    String(LIMITS.megabytes),
    '',
    '',
    '',
  ];
  return table([head, ...rows, limit]);
}
