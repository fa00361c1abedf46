/**
 * Looks at launching nodes, around the moment the guard counts on, to learn how soon their ipamds start. Three looks in a
 * row cost a read each, shared by all launches of a batch; where enough is known, only some batches are looked at.
 */
import { ipamdStarted, type Node, type NodeId, nodeGroupOf, type World } from '../model.ts';
import { untilMoment } from '../moments.ts';
import { policyFor } from '../node-group-policy.ts';
import type { Delayed, Ports } from '../ports.ts';
import { LOOK, readShared } from '../reading.ts';
import type { BootLook, NodeLaunching } from '../signals.ts';
import { type Lesson, SAMPLES_KEPT, type Sample, startP05Ms } from './lessons.ts';
import { teach } from './teach.ts';

/** Between two looks. The guard's figure cannot be known better than that. */
const LOOK_EVERY_MS = 5_000;
/** Looks at a launch: one before the moment the guard counts on, one at it, one after it. */
const LOOKS = 3;
/** Share of batches looked at once a node group's memory is full. */
const SAMPLED = 0.25;
/** Batches of a burst that are looked at, about: as many teach what there is to learn. */
const ENOUGH = 8;

/** A launch whose node has begun to run, as its own event told. */
export interface Running {
  readonly signal: NodeLaunching;
  readonly node: Node;
  readonly cluster: string;
}

/** Messages that look at these launches in time. */
export function bootLooks(
  running: readonly Running[],
  lessons: ReadonlyMap<string, ReadonlyMap<string, Lesson>>,
  { readAtMs, nodes }: Pick<World, 'readAtMs' | 'nodes'>,
  { clock, random, settings }: Ports,
): Delayed[] {
  const nowMs = clock();
  if (nodes.length > ENOUGH && random() >= ENOUGH / nodes.length) return [];
  const fresh = running.filter(
    ({ signal, node }) => signal.phase === 'running' && signal.attempt === 0 && !ipamdStarted(node),
  );
  const looks: Delayed[] = [];
  for (const [cluster, group] of Map.groupBy(fresh, (one) => one.cluster))
    for (const [nodeGroup, some] of Map.groupBy(group, ({ node }) => nodeGroupOf(node.tags))) {
      const lesson = lessons.get(cluster)?.get(nodeGroup);
      if ((lesson?.boots.length ?? 0) >= SAMPLES_KEPT && random() >= SAMPLED) continue;
      const assumedMs = policyFor(settings.policy, cluster, nodeGroup).startP05Ms;
      const firstMs = (startP05Ms(lesson) ?? assumedMs) - LOOK_EVERY_MS;
      const launches = some.map(({ signal, node }) => ({
        nodeId: node.id,
        nodeGroup,
        runningAtMs: signal.atMs,
        notStartedAtMs: readAtMs,
      }));
      const earliestMs = Math.min(...launches.map(({ runningAtMs }) => runningAtMs));
      looks.push({
        signal: { kind: 'boot-look', cluster, launches, looksLeft: LOOKS, attempt: 0 },
        // Looks of all launches fall on the same moments, and share their reads.
        delayMs: Math.max(0, Math.floor((earliestMs + firstMs) / LOOK_EVERY_MS) * LOOK_EVERY_MS - nowMs),
      });
    }
  return looks;
}

export interface Looked {
  readonly cluster: string;
  readonly learnt: number;
  readonly waiting: number;
}

/** Several looks at once, for one read. */
export async function lookAtBoots(looks: readonly BootLook[], ports: Ports): Promise<readonly Looked[]> {
  const ids = looks.flatMap(({ launches }) => launches.map(({ nodeId }) => nodeId));
  const read = await readShared(ids, [], LOOK, ports);
  if ('waitMs' in read) {
    await ports.continuations.later(looks.map((signal) => ({ signal, delayMs: read.waitMs })));
    return [];
  }
  if (!read.ok) {
    // A look more or less teaches nothing: the launches are let go.
    const { code, message } = read.failure;
    ports.journal.warn('boots not looked at', { launches: ids.length, code, message });
    return [];
  }
  const { nodes, readAtMs } = read.value.world;
  const shown = new Map(nodes.map((node) => [node.id, node]));
  const looked: Looked[] = [];
  const next: Delayed[] = [];
  for (const [cluster, group] of Map.groupBy(looks, (look) => look.cluster)) {
    const samples = new Map<string, Sample[]>();
    let waiting = 0;
    for (const look of group) {
      const later: BootLook['launches'][number][] = [];
      for (const launch of look.launches) {
        const node = shown.get(launch.nodeId);
        if (node === undefined) continue;
        const started = ipamdStarted(node);
        if (!started && look.looksLeft > 1) later.push({ ...launch, notStartedAtMs: readAtMs });
        else {
          const sample = sampleOf(launch.nodeId, launch, started, readAtMs);
          samples.set(launch.nodeGroup, [...(samples.get(launch.nodeGroup) ?? []), sample]);
        }
      }
      waiting += later.length;
      if (later.length > 0)
        next.push({
          signal: { ...look, launches: later, looksLeft: look.looksLeft - 1 },
          delayMs: untilNextLookMs(ports.clock()),
        });
    }
    await teach(cluster, new Map([...samples].map(([group, boots]) => [group, { boots }])), ports);
    const learnt = [...samples.values()].reduce((sum, some) => sum + some.length, 0);
    looked.push({ cluster, learnt, waiting });
  }
  await ports.continuations.later(next);
  return looked;
}

/** The next moment of looks that is not just now. */
const untilNextLookMs = (nowMs: number): number => untilMoment(LOOK_EVERY_MS / 2, nowMs, LOOK_EVERY_MS);

function sampleOf(
  nodeId: NodeId,
  { runningAtMs, notStartedAtMs }: { readonly runningAtMs: number; readonly notStartedAtMs: number },
  started: boolean,
  readAtMs: number,
): Sample {
  return started
    ? { of: nodeId, notBeforeMs: notStartedAtMs - runningAtMs, byMs: readAtMs - runningAtMs }
    : { of: nodeId, notBeforeMs: readAtMs - runningAtMs };
}
