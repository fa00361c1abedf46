/** What a batch of launches costs the function that is in a hurry: the built on-signal in a process of its own, with the
 *  memory it may have at most, against the embedded AWS over HTTP. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { furnish } from '../cli/sim-environment.ts';
import { bundle, ROOT, stale } from '../infra/bundles.ts';
import { SUBNET } from '../sim/scenarios/subnets.ts';
import { startHttpServer } from '../sim/wire/http-server.ts';
import { World } from '../sim/world.ts';
import { runBuilt } from './built-function.ts';
import type { SignalRun } from './signal-child.ts';
import { table } from './text.ts';

const LIMITS = { megabytes: 256, firstCallMs: 300 } as const;
const LAUNCHES = 100;
const CLUSTER = 'shop';

export interface SignalFigures extends SignalRun {
  readonly launches: number;
  readonly calls: Readonly<Record<string, number>>;
}

export async function measureSignal(): Promise<SignalFigures> {
  if (stale(ROOT)) await bundle(ROOT);
  const world = new World({
    seed: 1,
    cluster: CLUSTER,
    subnets: [{ ...SUBNET, cidr: '10.0.0.0/18' }],
    epochMs: Date.now(),
  });
  const folder = mkdtempSync(join(tmpdir(), 'signal-'));
  const server = await startHttpServer({ world });
  try {
    const files = ['pending', 'running'].map((state) => join(folder, `${state}.json`));
    const ids = Array.from({ length: LAUNCHES }, () => launched(world));
    for (const [index, state] of (['pending', 'running'] as const).entries())
      writeFileSync(files[index] ?? '', JSON.stringify(batch(world, ids, state)));
    const run = await runBuilt<SignalRun>('on-signal', new URL('signal-child.ts', import.meta.url), files, {
      env: await furnish({ world, begin: () => {} }, server),
      megabytes: LIMITS.megabytes,
    });
    return { ...run, launches: LAUNCHES, calls: Object.fromEntries(world.account.calls.of('prewarmer')) };
  } finally {
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

export function reportSignal({
  launches,
  firstCallMs,
  seconds,
  failed,
  peakMegabytes,
}: SignalFigures): string {
  const rows = ['cold', 'warm'].map((name, index) => [
    `${launches} launches, ${name}`,
    String(firstCallMs[index]),
    (seconds[index] ?? 0).toFixed(1),
    String(failed[index]),
    index === 1 ? String(peakMegabytes) : '',
  ]);
  const head = ['on-signal', 'ms to the first EC2 call', 's', 'failed', 'peak MB'];
  return table([head, ...rows, ['at most', String(LIMITS.firstCallMs), '', '0', String(LIMITS.megabytes)]]);
}

/** An instance of the cluster that nobody's ipamd lives on. */
function launched({ account }: World): string {
  const { id } = account.launch({
    type: 'm5.large',
    subnetId: SUBNET.id,
    securityGroups: ['sg-0a1b2c3d4e5f60718'],
    secondaryIps: 0,
    tags: { [`kubernetes.io/cluster/${CLUSTER}`]: 'owned', 'eks:nodegroup-name': 'workers' },
  });
  account.setState(id, 'running');
  return id;
}

function batch(world: World, ids: readonly string[], state: 'pending' | 'running'): unknown {
  return {
    Records: ids.map((id, nth) => ({
      messageId: `message-${nth}`,
      body: JSON.stringify(
        world.bus.event('aws.ec2', 'EC2 Instance State-change Notification', { 'instance-id': id, state }),
      ),
    })),
  };
}
