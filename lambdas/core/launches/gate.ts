/**
 * The launch gate: nodes of an operator's choice join with a start-up taint of ours, so that no pod comes before their
 * addresses are usable. We look every few seconds and take the taint off: when what we gave is usable, when there is
 * nothing to wait for, and at a deadline in any case. Behind a closed gate a launch is no race, so a node that the guard
 * left as too late is planned for once more. Looks go on by delayed messages; where those are lost, the sweep begins anew.
 */

import { mayAct } from '../acting.ts';
import { batchesOf } from '../batches.ts';
import type { Kubernetes } from '../kubernetes.ts';
import { gatesOf, named, seenThrough } from '../lens.ts';
import { RECONCILE_WORST_MS, USABLE_AFTER_SEEN_MS } from '../limits.ts';
import type { Node, NodeId } from '../model.ts';
import { untilMoment } from '../moments.ts';
import { inParallel } from '../parallel.ts';
import type { Policy } from '../policy.ts';
import type { Delayed, Ports } from '../ports.ts';
import type { Gate, GateLook, NodeLaunching } from '../signals.ts';
import { judgeGate, type Verdict } from './gate-verdict.ts';

/** Between two looks. Each costs one read of EC2 and one of each node, shared by all launches of a batch. */
const LOOK_EVERY_MS = 5_000;
/** Looks go on so long past the deadline, for nodes that join late and while the API server does not answer. */
const LOOK_AFTER_DEADLINE_MS = 60_000;
/** Gates of one message: some 250 bytes each, of the 256 KiB that SQS has always taken. */
const PER_MESSAGE = 500;
/** Gates opened at a time. */
const OPENED_AT_ONCE = 10;

export interface GatesLooked {
  readonly cluster: string;
  readonly opened: readonly NodeId[];
  /** Planned for once more. */
  readonly again: readonly NodeId[];
  readonly waiting: readonly NodeId[];
}

/** The last moment at which an attach may be sent and still be adopted, in the worst case, before the gate opens. */
export const gatedAttachByMs = (runningAtMs: number, policy: Policy): number =>
  runningAtMs +
  policy.gateDeadlineMs -
  (policy.attachP95Ms + policy.imdsP95Ms + RECONCILE_WORST_MS + USABLE_AFTER_SEEN_MS);

interface Launch {
  readonly signal: NodeLaunching;
  readonly node: Node;
  readonly cluster: string;
}

/** Launches whose nodes have begun to run, in clusters with gates: the first look at each. */
export function gateLooks(launches: readonly Launch[], ports: Ports): Delayed[] {
  const fresh = launches.filter(
    ({ signal: { phase, attempt, gated }, cluster }) =>
      phase === 'running' && attempt === 0 && gated !== true && gatesOf(cluster, ports) !== undefined,
  );
  return [...Map.groupBy(fresh, ({ cluster }) => cluster)].flatMap(([cluster, group]) =>
    looksLater(
      cluster,
      group.map(({ signal, node }) => ({ ...named(node), runningAtMs: signal.atMs })),
      ports.clock(),
    ),
  );
}

/** Looks of all launches fall on the same moments, and share their reads. */
function looksLater(cluster: string, gates: readonly Gate[], nowMs: number): Delayed[] {
  const delayMs = untilMoment(LOOK_EVERY_MS / 5, nowMs, LOOK_EVERY_MS);
  return batchesOf(gates, PER_MESSAGE).map((some) => ({
    signal: { kind: 'gate-look', cluster, gates: some, attempt: 0 },
    delayMs,
  }));
}

/** Several looks at once, for one read. */
export async function lookAtGates(
  looks: readonly Pick<GateLook, 'cluster' | 'gates'>[],
  ports: Ports,
): Promise<readonly GatesLooked[]> {
  const looked: GatesLooked[] = [];
  for (const [cluster, group] of Map.groupBy(looks, (look) => look.cluster)) {
    const lens = gatesOf(cluster, ports);
    if (lens === undefined) continue;
    const gates = onePerNode(group.flatMap((look) => look.gates));
    looked.push(await act(cluster, await judgeAll(gates, cluster, lens, ports), lens, ports));
  }
  return looked;
}

/** The same node twice, after a doubled event: what is known of it is put together. */
function onePerNode(gates: readonly Gate[]): readonly Gate[] {
  const known = new Map<NodeId, Gate>();
  for (const gate of gates) known.set(gate.nodeId, { ...known.get(gate.nodeId), ...gate });
  return [...known.values()];
}

async function judgeAll(
  gates: readonly Gate[],
  cluster: string,
  lens: Kubernetes,
  ports: Ports,
): Promise<readonly Verdict[]> {
  const { ledger, vpc, clock, clusters, settings, journal } = ports;
  const ids = gates.map(({ nodeId }) => nodeId);
  const [seen, described, read, records, lessons] = await Promise.all([
    lens.gates(cluster, gates),
    clusters.describe(cluster),
    vpc.read({ nodes: { ids }, vpcIds: [] }),
    ledger.nodes(ids),
    ledger.lessons(cluster),
  ]);
  const shown = seenThrough(seen, cluster, 'launch gates stay closed until the API server answers', ports);
  if (shown === undefined) return gates.map((gate) => ({ do: 'wait', gate }));
  // Without AWS nobody knows what is usable; the deadline holds all the same.
  const failure = !described.ok ? described.failure : !read.ok ? read.failure : undefined;
  if (failure !== undefined)
    journal.warn('gates judged by time alone', { cluster, code: failure.code, message: failure.message });
  const aws =
    described.ok && described.value !== undefined && read.ok
      ? { cluster: described.value, nodes: new Map(read.value.nodes.map((node) => [node.id, node])) }
      : undefined;
  const acts = mayAct(cluster, ports);
  return gates.map((gate) => {
    const readAtMs = read.ok ? read.value.readAtMs : clock();
    const known = { seen: shown.get(gate.nodeId), record: records.get(gate.nodeId), readAtMs, lessons };
    const attachByMs = gatedAttachByMs(gate.runningAtMs, settings.policy);
    return judgeGate(gate, { ...known, aws, attachByMs, nowMs: clock(), policy: settings.policy, acts });
  });
}

async function act(
  cluster: string,
  verdicts: readonly Verdict[],
  lens: Kubernetes,
  ports: Ports,
): Promise<GatesLooked> {
  const { clock, continuations, settings, journal } = ports;
  const opened: NodeId[] = [];
  const waiting: Gate[] = [];
  const again: Gate[] = [];
  await inParallel(verdicts, OPENED_AT_ONCE, async (verdict) => {
    switch (verdict.do) {
      case 'open': {
        const { gate, name, because } = verdict;
        const { nodeId, runningAtMs } = gate;
        const answer = await lens.openGate(cluster, { nodeId, name });
        seenThrough(answer, cluster, 'the launch gate stays closed until the next look', ports);
        if (!answer.ok) waiting.push(gate);
        else {
          opened.push(nodeId);
          journal.note('gate opened', { cluster, nodeId, because, afterMs: clock() - runningAtMs });
        }
        return;
      }
      case 'plan again':
        again.push(verdict.gate);
        waiting.push({ ...verdict.gate, again: true });
        return;
      case 'wait':
        waiting.push(verdict.gate);
        return;
      case 'nothing':
        return;
    }
  });
  const lookedForMs = settings.policy.gateDeadlineMs + LOOK_AFTER_DEADLINE_MS;
  const worthIt = waiting.filter(({ runningAtMs }) => clock() < runningAtMs + lookedForMs);
  await continuations.later([...again.map(launchOf), ...looksLater(cluster, worthIt, clock())]);
  const idsOf = (gates: readonly Gate[]): NodeId[] => gates.map(({ nodeId }) => nodeId);
  return { cluster, opened, again: idsOf(again), waiting: idsOf(worthIt) };
}

const launchOf = ({ nodeId, runningAtMs: atMs }: Gate): Delayed => ({
  signal: { kind: 'node-launching', nodeId, phase: 'running', atMs, gated: true, attempt: 0 },
  delayMs: 0,
});

/** Gates that are closed and that nobody may be looking at: an event was lost, or its looks came to their end. Returns how
 *  many there are. */
export async function sweepGates(cluster: string, ports: Ports): Promise<number> {
  const lens = gatesOf(cluster, ports);
  if (lens === undefined) return 0;
  const goingOn = 'launch gates that nobody looks at stay closed until the next sweep';
  const closed = seenThrough(await lens.closedGates(cluster), cluster, goingOn, ports);
  // A node joins some time after it began to run: counted from there the deadline is a little later.
  const gates = (closed ?? []).map(({ nodeId, name, joinedAtMs }) => ({
    nodeId,
    name,
    runningAtMs: joinedAtMs,
  }));
  const nowMs = ports.clock();
  const [looked] = gates.length > 0 ? await lookAtGates([{ cluster, gates }], ports) : [];
  const stuck = gates.filter(
    ({ nodeId, runningAtMs }) =>
      nowMs >= runningAtMs + ports.settings.policy.gateDeadlineMs && looked?.opened.includes(nodeId) !== true,
  );
  ports.journal.measure({ GatesStuck: closed === undefined ? 1 : stuck.length }, { cluster });
  return gates.length;
}
