/**
 * Somebody asked for nodes. It is told late, when most of them have launched, so it only adds to the demand that launching
 * nodes take from; and where every launch is warmed in full anyway, it adds nothing.
 */
import { backAgain } from './calls/rollout-calls.ts';
import type { RolloutReport } from './decide-rollout.ts';
import { ignored } from './ignored.ts';
import { type Node, nodeGroupOf } from './model.ts';
import { candidate } from './plan/eligibility.ts';
import { totalsOf } from './plan/steps.ts';
import type { Ports } from './ports.ts';
import { type Reading, readWorld } from './reading.ts';
import type { Ignored, NodeGroupName, ScaleOutComing } from './signals.ts';

/** Nodes launched so long before a request for more was told are taken for those it asked for: its time is in whole seconds,
 *  and of its beginning. */
const SLACK_MS = 2_000;

export async function scaleOut(
  signal: ScaleOutComing,
  ports: Ports,
  want: 'plan' | 'do',
): Promise<RolloutReport | Ignored> {
  const { settings, ledger } = ports;
  const { group } = signal;
  const names = group.by === 'node group' ? [group.cluster] : settings.clusters.map(({ name }) => name);
  for (const name of names) {
    const read = await readWorld({ ofCluster: name }, ports);
    if (!read.ok) return backAgain(signal, read.failure, ports, want);
    const nodes = read.value.world.nodes.filter((node) => isIn(group, node) && alive(node));
    const [newest] = nodes.toSorted((a, b) => b.launchedAtMs - a.launchedAtMs);
    if (newest === undefined) continue;
    return demandFor(signal, { name, nodes, newest, reading: read.value }, ports, want, ledger);
  }
  return ignored('not ours', {
    field: group.by,
    expected: `one with nodes of ${settings.clusters.map(({ name }) => name).join(', ')}`,
    got: group.name,
  });
}

interface Group {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly newest: Node;
  readonly reading: Reading;
}

async function demandFor(
  signal: ScaleOutComing,
  { name: cluster, nodes, newest, reading }: Group,
  ports: Ports,
  want: 'plan' | 'do',
  ledger: Ports['ledger'],
): Promise<RolloutReport | Ignored> {
  const { policy } = ports.settings;
  const found = reading.clusters.get(cluster);
  if (found === undefined)
    return ignored('not ours', { field: 'cluster', expected: 'a cluster that EKS knows', got: cluster });
  const checked = candidate(newest, found.cluster, policy);
  if ('refusal' in checked)
    return ignored('no address needed', {
      field: signal.group.by,
      expected: 'one whose nodes can be warmed',
      got: checked.refusal.because,
    });
  const { launchDemand } = checked.candidate.policy;
  if (launchDemand === 'full')
    return ignored('no address needed', {
      field: 'policy.launchDemand',
      expected: '"skeleton" or "none": with "full" every launch is warmed in full anyway',
      got: launchDemand,
    });
  const nodeGroup = nodeGroupOf(newest.tags);
  const prefix = `scale-out/${nodeGroup}/`;
  const nowMs = ports.clock();
  const open = await ledger.openDemand(cluster, nowMs);
  // A wish for more while another is open: the first nodes of it are expected already.
  const asked = open
    .flatMap(({ id }) => (id.startsWith(prefix) ? (DESIRED.exec(id)?.[1] ?? []) : []))
    .map(Number);
  const { missing, because } = missingOf(signal, nodes, Math.max(0, ...asked));
  const again = open.some(({ id }) => id === idOf(prefix, signal));
  if (missing <= 0 && !again)
    return ignored('no address needed', {
      field: 'nodes',
      expected: `more than ${because}`,
      got: signal.nodes,
    });
  const { podCap } = checked.candidate;
  const pods = missing * podCap;
  if (want === 'do' && !again)
    await ledger.announce(
      {
        id: idOf(prefix, signal),
        cluster,
        podsLeft: pods,
        selector: { nodeGroups: [nodeGroup] },
        startsAtMs: signal.atMs,
        expiresAtMs: Math.max(nowMs, signal.atMs) + policy.openDemandTtlMs,
        claims: {},
        version: 0,
      },
      nowMs,
    );
  return {
    announcementId: idOf(prefix, signal),
    cluster,
    demand: again
      ? `told before: ${nodeGroup}`
      : `${missing} nodes of ${nodeGroup} to come beside ${because}, ${podCap} pods each`,
    pods: again ? 0 : pods,
    steps: [],
    totals: totalsOf([]),
    openDemand: again ? 0 : pods,
    ...(want === 'do' && { done: again ? 'nothing of its own' : 'demand for nodes to come' }),
  };
}

const DESIRED = /\/desired-(\d+)$/;
/** A size that is wished is one wish, whichever calls tell of it: EKS passes its own on to Auto Scaling. */
const idOf = (prefix: string, { nodes, requestId }: ScaleOutComing): string =>
  `${prefix}${nodes.are === 'desired' ? `desired-${nodes.count}` : requestId}`;

function missingOf(
  { nodes: wished, atMs }: ScaleOutComing,
  nodes: readonly Node[],
  asked: number,
): { readonly missing: number; readonly because: string } {
  switch (wished.are) {
    case 'desired':
      return {
        missing: wished.count - Math.max(nodes.length, asked),
        because: `the ${nodes.length} that are there${asked > nodes.length ? `, ${asked} asked for before` : ''}`,
      };
    case 'more': {
      const launched = nodes.filter(({ launchedAtMs }) => launchedAtMs >= atMs - SLACK_MS).length;
      return { missing: wished.count - launched, because: `the ${launched} that have launched for it` };
    }
    case 'replaced':
      return { missing: nodes.length, because: `the ${nodes.length} they replace` };
  }
}

const alive = ({ state }: Node): boolean => state === 'pending' || state === 'running';

function isIn({ by, name }: NodeGroupName, { tags }: Node): boolean {
  switch (by) {
    case 'node group':
      return tags['eks:nodegroup-name'] === name;
    case 'Auto Scaling group':
      return tags['aws:autoscaling:groupName'] === name;
    case 'node pool':
      return tags['karpenter.sh/nodepool'] === name;
  }
}
