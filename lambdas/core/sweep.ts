/** Every few minutes: what events missed is rebuilt from the world, what a killed run left is finished or collected, and
 *  how nodes look is remembered, so that later decisions can tell a quiet node from a busy one. */
import type { Failure } from './failures.ts';
import { finish } from './finishing.ts';
import { type EniId, ipamdStarted, type NodeId } from './model.ts';
import { orphans } from './orphans.ts';
import type { NodeRecord, Ports } from './ports.ts';
import { unknownCluster } from './reading.ts';
import type { NodeLaunching } from './signals.ts';
import { lookAt } from './standing.ts';
import { warmLaunches } from './warm-launches.ts';

export interface Swept {
  readonly cluster: string;
  readonly nodes: number;
  /** Launches whose events never came, or that a killed run left half done, and that were handled now. */
  readonly missedLaunches: number;
  readonly finished: number;
  readonly orphansDeleted: number;
  readonly orphansSuspected: number;
}

export async function sweep(ports: Ports): Promise<readonly Swept[]> {
  const swept: Swept[] = [];
  // Clusters one after the other: a sweep is in no hurry, and its reads share the account's buckets with everybody.
  for (const { name } of ports.settings.clusters) {
    const one = await sweepCluster(name, ports);
    if (one !== undefined) swept.push(one);
  }
  return swept;
}

async function sweepCluster(name: string, ports: Ports): Promise<Swept | undefined> {
  const { ledger, vpc, clock } = ports;
  const described = await ports.clusters.describe(name);
  if (!described.ok) return skipped(name, described.failure, ports);
  const cluster = described.value;
  if (cluster === undefined) return unknownCluster(name, ports);
  const mode = ports.settings.clusters.find((each) => each.name === name)?.mode;
  const [read, before, suspects] = await Promise.all([
    vpc.inventory({ cluster: name, vpcIds: [cluster.vpcId] }),
    ledger.sights(name),
    ledger.suspects(name),
  ]);
  if (!read.ok) return skipped(name, read.failure, ports);
  const {
    world: { nodes },
    own,
  } = read.value;
  await ledger.saw(name, lookAt(nodes.filter(ipamdStarted), before, clock()));

  const launching = nodes.filter((node) => !ipamdStarted(node));
  const known = await ledger.nodes(launching.map(({ id }) => id));
  const missed = launching.filter(({ id }) => unfinishedBusiness(known.get(id)));
  await warmLaunches(
    missed.map(({ id, state, launchedAtMs }) => launchOf(id, state === 'running', launchedAtMs)),
    ports,
  );

  const { enis: finished } = await finish(nodes.filter(ipamdStarted), name, ports);
  const { collect, suspects: next } = orphans(own, suspects, clock());
  const orphansDeleted = mode === 'warm' ? await deleteAll(collect, ports) : 0;
  await ledger.suspect(name, next);
  return {
    cluster: name,
    nodes: nodes.length,
    missedLaunches: missed.length,
    finished,
    orphansDeleted,
    orphansSuspected: next.size,
  };
}

function skipped(cluster: string, { code, message }: Failure, { journal }: Ports): undefined {
  journal.warn('sweep skipped', { cluster, code, message });
}

async function deleteAll(orphaned: readonly EniId[], { vpc, budget, journal }: Ports): Promise<number> {
  if (orphaned.length === 0) return 0;
  const { granted } = await budget.spend(
    orphaned.map(() => ({ DeleteNetworkInterface: 1 })),
    'sweep',
  );
  let deleted = 0;
  for (const eniId of orphaned.slice(0, granted)) {
    const answer = await vpc.deleteEni(eniId);
    if (answer.ok) deleted++;
    else {
      const { code, message } = answer.failure;
      journal.warn('orphan not deleted', { eniId, code, message });
    }
  }
  return deleted;
}

/** No event came for the node, or what one began was not carried on. */
const unfinishedBusiness = (record: NodeRecord | undefined): boolean =>
  record === undefined || record.outcome.state === 'claimed' || record.outcome.state === 'created';

const launchOf = (nodeId: NodeId, running: boolean, atMs: number): NodeLaunching => ({
  kind: 'node-launching',
  nodeId,
  phase: running ? 'running' : 'pending',
  atMs,
  attempt: 0,
});
