/** A hundred thousand bent events through the real handler, in a warm cluster whose nodes wait to be given addresses. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readQueueBody } from '../../lambdas/adapters/eventbridge-signals.ts';
import { failed, succeeded } from '../../lambdas/core/failures.ts';
import type { World } from '../../lambdas/core/model.ts';
import { readPolicy } from '../../lambdas/core/policy.ts';
import type { Ports, Vpc } from '../../lambdas/core/ports.ts';
import { onSignal } from '../../lambdas/handlers/on-signal.ts';
import { Chance } from '../../sim/chance.ts';
import { MemoryBudget } from '../../sim/stores/memory-budget.ts';
import { MemoryLedger } from '../../sim/stores/memory-ledger.ts';
import { MemoryReads } from '../../sim/stores/memory-reads.ts';
import { MemoryRolloutBook } from '../../sim/stores/memory-rollout-book.ts';
import { aCluster, aNode, anEni, aSubnet, enisOf } from '../core/fixtures.ts';
import { replayable } from '../replay.ts';
import { bend } from './mutations.ts';

const EVENTS = join(import.meta.dirname, '../events');
const files = readdirSync(EVENTS).filter((file) => file.endsWith('.json'));
const events = files.map((file) => JSON.parse(readFileSync(join(EVENTS, file), 'utf8')));

const SEED = 20261126;
const RUNS = 100_000;
const NINE = Date.UTC(2026, 0, 31, 9);
const HOME = { accountId: '111122223333', region: 'eu-central-1' };
const NODE = 'i-0abcd111122223333';

const announce = {
  cluster: 'shop',
  workload: { kind: 'Deployment', namespace: 'checkout', name: 'cart' },
  replicas: { from: 20, to: 40 },
};
const { policy } = readPolicy({
  launchDemand: 'skeleton',
  routes: [
    { when: { codepipeline: 'cart' }, announce },
    { when: { ecr: 'shop/cart' }, announce },
    { when: { alarm: 'cart queue is long' }, announce },
  ],
  schedules: { morning: { at: 'rate(1 day)', leadSeconds: 600, announce } },
});

/** Nodes that would be given something at once: one that boots, one that runs. */
const world: World = {
  readAtMs: NINE,
  nodes: [
    aNode({ id: NODE, state: 'pending', launchedAtMs: NINE, enis: [anEni(0, 0, { id: 'eni-1' })] }),
    aNode({ id: 'i-0abcd111122224444', enis: enisOf('i-0abcd111122224444', [4]) }),
  ],
  subnets: [aSubnet(4_000)],
};

interface Told {
  readonly ignored: string[];
  changes: number;
}

function portsOf(told: Told, seed: number): Ports {
  const jitter = new Chance(seed).stream('jitter');
  const clock = (): number => NINE + 5_000;
  const change = async () => {
    told.changes++;
    return failed({ kind: 'subnet-full', code: 'InsufficientFreeAddressesInSubnet', message: 'full' });
  };
  const vpc: Vpc = {
    read: async () => succeeded(world),
    inventory: async () => succeeded({ world, own: [], freeBlocks: new Map(), interfaces: 0 }),
    createEni: change,
    attachEni: change,
    deleteOnTermination: change,
    assign: change,
    deleteEni: change,
  };
  return {
    clock,
    home: HOME,
    vpc,
    clusters: { describe: async (name) => succeeded(aCluster({}, { name })) },
    budget: new MemoryBudget(() => policy, clock),
    ledger: new MemoryLedger(),
    reads: new MemoryReads(clock),
    launchHooks: { complete: async () => {} },
    rolloutBook: new MemoryRolloutBook(),
    rolloutMachine: { start: async () => 'started', open: async () => 'opened' },
    bus: { put: async () => {} },
    deliveries: { hide: async () => {} },
    deadLetters: { bury: async () => false },
    continuations: { later: async () => {} },
    journal: {
      note: () => {},
      warn: () => {},
      measure: (figures, of) => {
        if ('Ignored' in figures) told.ignored.push('reason' in of ? String(of.reason) : 'no reason');
      },
    },
    settings: { clusters: [{ name: 'shop', mode: 'warm' }], policy },
    freshPolicy: async () => policy,
    random: () => jitter.next(),
    runId: () => jitter.hex(32),
  };
}

const record = (body: string) => ({
  Records: [
    {
      messageId: 'm',
      receiptHandle: 'r',
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '0',
        SenderId: 'x',
        ApproximateFirstReceiveTimestamp: '0',
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-central-1:111122223333:signals',
      awsRegion: 'eu-central-1',
    },
  ],
});

const CLASSES = [
  'unknown event',
  'malformed',
  'elsewhere',
  'not ours',
  'no address needed',
  'no route',
  'too late',
  'gone',
  'unread',
];

test('100,000 bent events: none fails, none that is not understood changes anything, each is counted by its reason', async () => {
  replayable(SEED);
  const chance = new Chance(SEED).stream('mutations');
  const told: Told = { ignored: [], changes: 0 };
  let handler = onSignal(portsOf(told, SEED));
  const seen = { understood: 0, changed: 0, reasons: new Map<string, number>() };
  for (let run = 0; run < RUNS; run++) {
    // The ledger remembers what was announced: a fresh one now and then, or the runs grow longer and longer.
    if (run % 500 === 0) handler = onSignal(portsOf(told, SEED + run));
    const bent = bend(chance.pick(events), chance, events);
    const text = JSON.stringify(bent) ?? '';
    const body = chance.chance(0.02) ? text.slice(0, Math.floor(chance.between(0, text.length))) : text;
    told.ignored.length = 0;
    told.changes = 0;
    const answer = await handler(record(body));
    const where = `seed ${SEED}, run ${run}: ${body.slice(0, 2_000)}`;
    if (!('batchItemFailures' in answer) || answer.batchItemFailures.length > 0)
      throw new Error(`failed: ${where}`);
    // What was not counted, or changed something, must have been understood.
    const doubtful = told.changes > 0 || told.ignored.length === 0;
    const understood =
      doubtful && readQueueBody(body, { home: HOME, policy }).some(({ kind }) => kind !== 'ignored');
    if (doubtful && !understood)
      throw new Error(`${told.changes} changes, ${told.ignored.length} reasons: ${where}`);
    if (understood) seen.understood++;
    if (told.changes > 0) seen.changed++;
    for (const reason of told.ignored) seen.reasons.set(reason, (seen.reasons.get(reason) ?? 0) + 1);
  }
  // The bent ones reach every reader, and the world would have given.
  expect(seen.understood).toBeGreaterThan(RUNS / 20);
  expect(seen.changed).toBeGreaterThan(10);
  expect(CLASSES).toEqual(expect.arrayContaining([...seen.reasons.keys()]));
  expect([...seen.reasons.keys()]).toEqual(
    expect.arrayContaining([
      'unknown event',
      'malformed',
      'elsewhere',
      'not ours',
      'no address needed',
      'no route',
    ]),
  );
});
