/** Every few minutes: what events missed is rebuilt from the world, what a killed run left is finished or collected, and
 *  how nodes look is remembered, so that later decisions can tell a quiet node from a busy one. */
import { carryOut } from './doing.ts';
import { unfinished } from './launches.ts';
import { ipamdStarted, type NodeId } from './model.ts';
import { orphans } from './orphans.ts';
import type { NodeRecord, Ports } from './ports.ts';
import { readWorld } from './reading.ts';
import type { NodeLaunching } from './signals.ts';
import { callsOf } from './steps.ts';
import { warmLaunches } from './warm-launches.ts';
import { lookAt } from './warm-rollout.ts';

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
  const { ledger, vpc, budget, journal, clock } = ports;
  const [read, own, before, suspects] = await Promise.all([
    readWorld({ ofCluster: name }, ports),
    vpc.ownEnis([name]),
    ledger.sights(name),
    ledger.suspects(name),
  ]);
  if (!read.ok || !own.ok) {
    const failure = read.ok ? (own.ok ? undefined : own.failure) : read.failure;
    journal.warn('sweep skipped', { cluster: name, code: failure?.code, message: failure?.message });
    return undefined;
  }
  const found = read.value.clusters.get(name);
  if (found === undefined) return undefined;
  const { nodes } = read.value.world;
  await ledger.saw(name, lookAt(nodes.filter(ipamdStarted), before, clock()));

  const launching = nodes.filter((node) => !ipamdStarted(node));
  const known = await ledger.nodes(launching.map(({ id }) => id));
  const missed = launching.filter(({ id }) => unfinishedBusiness(known.get(id)));
  await warmLaunches(
    missed.map(({ id, state, launchedAtMs }) => launchOf(id, state === 'running', launchedAtMs)),
    ports,
  );

  const cleared = { finished: 0, orphansDeleted: 0 };
  const { collect, suspects: next } = orphans(own.value, suspects, clock());
  if (found.mode === 'warm') {
    const half = nodes.filter(ipamdStarted).flatMap(unfinished);
    const asks = [...half.map(callsOf), ...collect.map(() => ({ DeleteNetworkInterface: 1 }))];
    const { granted } = asks.length > 0 ? await budget.spend(asks) : { granted: 0 };
    const finished = await carryOut(half.slice(0, granted), name, ports);
    cleared.finished = Math.min(half.length, granted) - finished.failures.length;
    for (const eniId of collect.slice(0, Math.max(0, granted - half.length))) {
      const answer = await vpc.deleteEni(eniId);
      if (answer.ok) cleared.orphansDeleted++;
      else
        journal.warn('orphan not deleted', {
          eniId,
          code: answer.failure.code,
          message: answer.failure.message,
        });
    }
  }
  await ledger.suspect(name, next);
  return {
    cluster: name,
    nodes: nodes.length,
    missedLaunches: missed.length,
    ...cleared,
    orphansSuspected: next.size,
  };
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
