/** What one sweep costs over a large, quiet cluster: the built function, in a process of its own, against the embedded AWS
 *  over HTTP. */
import { furnish } from '../cli/sim-environment.ts';
import { bundle, ROOT, stale } from '../infra/bundles.ts';
import { subnetsIn } from '../sim/scenarios/subnets.ts';
import { startHttpServer } from '../sim/wire/http-server.ts';
import { World } from '../sim/world.ts';
import { runBuilt } from './built-function.ts';
import type { SweepRun } from './sweep-child.ts';
import { table } from './text.ts';

export interface SweepFigures extends Omit<SweepRun, 'answer'> {
  readonly nodes: number;
  readonly enis: number;
  readonly addresses: number;
  /** EC2 requests, by action. */
  readonly calls: Readonly<Record<string, number>>;
}

/** For 5,000 nodes. Time: what the stack grants the function (infra/ip-prewarmer.ts); memory too (infra/task-function.ts). */
const LIMITS = { reads: 60, megabytes: 512, seconds: 60 } as const;
const SIZES = [1_000, 5_000] as const;
/** The cluster of {@link filled}. */
export const CLUSTER = 'large';
/** Three of its four ENIs, all of their addresses: 5,000 such nodes are nearly what one VPC can hold, 256,000 addresses
 *  (VPC User Guide, quotas, network address usage) and 5,000 ENIs a zone. */
export const NODE = { type: 'm5.xlarge', enis: 3, secondaryIps: 14 } as const;

export async function measureSweeps(tell: (what: string) => void): Promise<readonly SweepFigures[]> {
  const figures: SweepFigures[] = [];
  for (const nodes of SIZES) {
    tell(`a sweep, ${nodes} nodes`);
    figures.push(await measureSweep(nodes));
  }
  tell('');
  return figures;
}

export function reportSweeps(sweeps: readonly SweepFigures[]): string {
  const rows = sweeps.map(({ nodes, enis, addresses, calls, seconds, peakMegabytes }) => [
    `${nodes} nodes, ${enis} ENIs, ${addresses} addresses`,
    String(sum(calls)),
    ...['DescribeInstances', 'DescribeNetworkInterfaces', 'DescribeSubnets'].map((action) =>
      String(calls[action] ?? 0),
    ),
    seconds.toFixed(1),
    String(peakMegabytes),
  ]);
  const head = ['a sweep', 'EC2 calls', 'instances', 'ENIs', 'subnets', 's', 'peak MB'];
  const limit = [
    'at most',
    String(LIMITS.reads),
    '',
    '',
    '',
    String(LIMITS.seconds),
    String(LIMITS.megabytes),
  ];
  return table([head, ...rows, limit]);
}

export async function measureSweep(nodes: number): Promise<SweepFigures> {
  if (stale(ROOT)) await bundle(ROOT);
  const world = filled(nodes);
  const server = await startHttpServer({ world });
  try {
    const env = await furnish({ world, begin: () => {} }, server);
    const { answer, ...figures } = await runBuilt<SweepRun>(
      'sweep',
      new URL('sweep-child.ts', import.meta.url),
      [],
      { env, megabytes: LIMITS.megabytes },
    );
    const [swept] = answer as { nodes: number }[];
    if (swept?.nodes !== nodes) throw new Error(`of ${nodes} nodes the sweep saw ${JSON.stringify(answer)}`);
    return {
      nodes,
      enis: nodes * NODE.enis,
      addresses: nodes * NODE.enis * (1 + NODE.secondaryIps),
      calls: Object.fromEntries(world.account.calls.of('prewarmer')),
      ...figures,
    };
  } finally {
    await server.close();
  }
}

/** Nodes whose every ENI is full and that have been up for long: ipamd's tag is on all of them, and half of the second ones
 *  were ours. Nobody lives in this world, so it costs what it holds. `epochMs` is when they came. */
export function filled(nodes: number, epochMs = Date.now()): World {
  const world = new World({
    seed: 1,
    cluster: CLUSTER,
    subnets: subnetsIn(4, 16),
    epochMs,
  });
  const { account } = world;
  const subnetIds = account.subnets().map(({ id }) => id);
  for (let node = 0; node < nodes; node++) {
    const { id, enis } = account.launch({
      type: NODE.type,
      subnetId: subnetIds[node % subnetIds.length] ?? '',
      securityGroups: ['sg-0a1b2c3d4e5f60718'],
      secondaryIps: NODE.secondaryIps,
      tags: {
        [`kubernetes.io/cluster/${CLUSTER}`]: 'owned',
        'eks:nodegroup-name': 'workers',
        Name: 'worker',
      },
    });
    account.setState(id, 'running');
    const tags = { 'node.k8s.amazonaws.com/instance_id': id, 'cluster.k8s.amazonaws.com/name': CLUSTER };
    const [primary] = enis;
    account.perform('CreateTags', { resources: [primary?.id ?? ''], tags });
    for (let deviceIndex = 1; deviceIndex < NODE.enis; deviceIndex++) {
      const isOurs = deviceIndex === 1 && node % 2 === 0;
      const ours = { 'eks-ip-prewarmer/cluster': CLUSTER, 'eks-ip-prewarmer/node': id };
      account.attachedAtStart(id, {
        deviceIndex,
        secondaryIps: NODE.secondaryIps,
        tags: { ...tags, ...(isOurs && ours) },
      });
    }
  }
  return world;
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
