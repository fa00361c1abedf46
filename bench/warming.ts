/** How long N quiet nodes take that an announcement wants one interface on each of, beside what the request bucket alone
 *  needs at our share: the floor of any plan. */
import { EC2_BUCKETS } from '../lambdas/core/limits.ts';
import { DEFAULT_POLICY } from '../lambdas/core/policy.ts';
import { attachesSent, lastTurnMs } from '../sim/scenario/attaches.ts';
import { SUBNET } from '../sim/scenarios/subnets.ts';
import { PREWARMER, Stage } from '../sim/stage.ts';
import { World } from '../sim/world.ts';
import { spread, table } from './text.ts';

export interface Warming {
  readonly nodes: number;
  readonly interfaces: number;
  /** From the announcement to our first attach, s. */
  readonly firstSeconds: number;
  /** From the first attach to the last, s: as EC2 carried them out, and as they were sent. */
  readonly seconds: number;
  readonly sentSeconds: number;
  readonly floorSeconds: number;
  /** Calls of ours that changed something, for each interface. */
  readonly callsPerInterface: number;
  readonly throttled: number;
}

const CLUSTER = 'shop';
/** Nodes have stood until then: two sweeps have seen them quiet, and two more have collected what their launch left over. */
const QUIET_MS = 1_260_000;
const LEAD_MS = 3_600_000;
const LASTS_MS = 1_200_000;
/** Two pods more than the nine addresses a node has to spare. */
const PODS_PER_NODE = 10;

export async function measureWarming(nodes: number, seed: number): Promise<Warming> {
  const world = new World({ seed, cluster: CLUSTER, subnets: [{ ...SUBNET, cidr: '10.0.0.0/16' }] });
  new Stage(world, { mode: 'warm' });
  world.addNodeGroup({
    name: 'workers',
    type: 'm5.large',
    launchedBy: 'managed',
    established: { nodes, addresses: [9] },
  });
  await world.kernel.run(QUIET_MS);
  const sent = attachesSent(world);
  const before = changes(world);
  const throttledBefore = world.account.calls.throttlesOf(PREWARMER);
  world.bus.put('eks-ip-prewarmer', 'Deployment Announced', {
    cluster: CLUSTER,
    workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
    replicas: { from: 0, to: nodes * PODS_PER_NODE },
    startsAt: new Date(world.clockMs + LEAD_MS).toISOString(),
  });
  await world.kernel.run(QUIET_MS + LASTS_MS);
  const attachedMs = world.account
    .enis()
    .flatMap(({ tags, attachment }) =>
      tags.has('eks-ip-prewarmer/demand') && attachment !== undefined ? [attachment.attachedAtMs] : [],
    )
    .sort((a, b) => a - b);
  const first = attachedMs[0] ?? 0;
  const last = attachedMs.at(-1) ?? 0;
  const { size, perSecond } = EC2_BUCKETS.AttachNetworkInterface;
  const share = DEFAULT_POLICY.budgetShare;
  const ready = attachedMs.map(() => first);
  return {
    nodes,
    interfaces: attachedMs.length,
    firstSeconds: (first - QUIET_MS) / 1000,
    seconds: (last - first) / 1000,
    sentSeconds: ((sent.at(-1)?.atMs ?? 0) - (sent[0]?.atMs ?? 0)) / 1000,
    floorSeconds: (lastTurnMs(ready, { size: size * share, perSecond: perSecond * share }) - first) / 1000,
    callsPerInterface: (changes(world) - before) / attachedMs.length,
    throttled: world.account.calls.throttlesOf(PREWARMER) - throttledBefore,
  };
}

export function reportWarming(all: readonly Warming[]): string {
  const rows = [...Map.groupBy(all, ({ nodes }) => nodes)].map(([nodes, runs]) => {
    const show = (read: (run: Warming) => number, digits: number): string =>
      spread(runs.map(read), (value) => value.toFixed(digits));
    return [
      `${nodes} nodes`,
      String(runs.length),
      show((run) => run.interfaces, 0),
      show((run) => run.firstSeconds, 1),
      show((run) => run.floorSeconds, 1),
      show((run) => run.sentSeconds / run.floorSeconds, 2),
      show((run) => run.seconds / run.floorSeconds, 2),
      show((run) => run.callsPerInterface, 2),
      show((run) => run.throttled, 0),
    ];
  });
  const head = [
    'warming quiet nodes',
    'seeds',
    'ENIs',
    'first s',
    'floor s',
    'sent: times floor',
    'attached',
    'calls an ENI',
  ];
  return table([[...head, 'throttled'], ...rows]);
}

const changes = ({ account }: World): number =>
  [...account.calls.of(PREWARMER)].reduce(
    (sum, [action, count]) => (action.startsWith('Describe') ? sum : sum + count),
    0,
  );
