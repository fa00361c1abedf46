/** Lets a history happen in a world. A stimulus about a node that is not there does nothing. */

import type { Node } from '../cluster/node.ts';
import { ApiError } from '../ec2/api.ts';
import type { BusTrouble } from '../event-bus.ts';
import { RANK } from '../kernel.ts';
import { compete } from '../scenario/competitor.ts';
import { PREWARMER } from '../stage.ts';
import type { World } from '../world.ts';
import type { Book } from './book.ts';
import type { Stimulus } from './history.ts';
import { watchNode } from './watch.ts';

/** What stimuli act upon. */
export interface Scene {
  readonly world: World;
  readonly book: Book;
  readonly subnetIds: readonly string[];
  /** Nodes by what the history calls them. */
  readonly nodes: Map<string, Node>;
  pods: number;
}

/** Brings every stimulus into the world, each at its time. */
export function letHappen(stimuli: readonly Stimulus[], scene: Scene): void {
  for (const stimulus of stimuli)
    scene.world.kernel.at(stimulus.atMs, () => happens(stimulus, scene), RANK.stimulus);
}

function happens(stimulus: Stimulus, scene: Scene): void {
  const { world, book, subnetIds } = scene;
  const { kernel, account, bus } = world;
  const span = 'toMs' in stimulus && { fromMs: stimulus.atMs, toMs: stimulus.toMs };
  switch (stimulus.kind) {
    case 'launch':
      unlessRefused(() =>
        enters(stimulus.node, world.cluster(stimulus.cluster).launch(stimulus.type), scene),
      );
      return;
    case 'standing':
      enters(
        stimulus.node,
        world.cluster(stimulus.cluster).established(stimulus.type, stimulus.addresses),
        scene,
      );
      return;
    case 'pods':
      for (let nth = 0; nth < stimulus.count; nth++)
        world.pods.push(world.cluster(stimulus.cluster).scheduler.create(`pod-${scene.pods++}`));
      return;
    case 'podsEnd':
      podsEnd(stimulus, scene);
      return;
    case 'announce':
      announce(stimulus, world);
      return;
    case 'dies':
      scene.nodes.get(stimulus.node)?.terminate();
      return;
    case 'ipamdRestarts': {
      const node = scene.nodes.get(stimulus.node);
      // What has not started cannot start again: the boot will start it.
      if (node?.ipamd.serving === true && !node.terminated) node.ipamd.restart(stimulus.downMs);
      return;
    }
    case 'cordon': {
      const node = scene.nodes.get(stimulus.node);
      if (node !== undefined && !node.terminated) node.cordon();
      return;
    }
    case 'foreignEni':
      foreignEni(stimulus, scene);
      return;
    case 'subnetFills': {
      const id = subnetIds[stimulus.subnet] ?? '';
      const addresses = Math.min(stimulus.free, account.subnet(id).freeAddresses);
      account.othersLeaveFree(id, { addresses, prefixes: 0 });
      return;
    }
    case 'subnetFull':
      account.addFault({
        kind: 'subnetExhausted',
        subnetId: subnetIds[stimulus.subnet] ?? '',
        ...(span as Span),
      });
      return;
    case 'throttle':
      account.addFault({
        kind: 'throttle',
        action: stimulus.action,
        ...(stimulus.of === 'prewarmer' && { caller: PREWARMER }),
        ...(span as Span),
      });
      return;
    case 'competitor':
      compete(world, { action: stimulus.action, perSecond: stimulus.perSecond, ...(span as Span) });
      return;
    case 'lostReply': {
      const { action, carriedOut, share } = stimulus;
      account.addFault({
        kind: 'lostReply',
        action,
        carriedOut,
        share,
        caller: PREWARMER,
        ...(span as Span),
      });
      return;
    }
    case 'refuse': {
      const { action, code, httpStatus, share } = stimulus;
      account.addFault({
        kind: 'refuse',
        action,
        code,
        httpStatus,
        share,
        caller: PREWARMER,
        ...(span as Span),
      });
      return;
    }
    case 'events': {
      const { lateByMs, duplicateShare, reorderWithinMs, lostShare, toMs } = stimulus;
      bus.disturb({ lateByMs, duplicateShare, reorderWithinMs, lostShare } satisfies BusTrouble);
      kernel.at(toMs, () => bus.disturb({}), RANK.stimulus);
      return;
    }
    case 'sweep':
      kernel.activity(
        () => book.stage.sweepNow(),
        () => {},
      );
      return;
    case 'stopped':
      book.stoppedAtMs ??= kernel.nowMs;
      kernel.at(
        stimulus.toMs,
        () => {
          book.stoppedAtMs = undefined;
        },
        RANK.stimulus,
      );
      return;
    case 'staleReads':
    case 'slowMetadata':
    case 'smallShare':
    case 'soleAllocator':
    case 'slowTables':
    case 'storeFails':
    case 'kill':
      // They stand in the world, or around the ports, from the beginning.
      return;
  }
}

type Span = { readonly fromMs: number; readonly toMs: number };

function enters(name: string, node: Node, { book, nodes }: Scene): void {
  nodes.set(name, node);
  watchNode(book, node);
}

function podsEnd({ cluster, share }: Extract<Stimulus, { kind: 'podsEnd' }>, { world }: Scene): void {
  const { nodes, scheduler } = world.cluster(cluster);
  const pods = nodes.flatMap((node) => [...node.pods]).filter(({ alive }) => alive);
  for (const pod of pods.slice(0, Math.round(pods.length * share))) scheduler.end(pod);
}

/** As a pipeline would say it (README, Deployment Announced). */
function announce(stimulus: Extract<Stimulus, { kind: 'announce' }>, world: World): void {
  const { cluster, from, to, startsInMs, overMs, podsPerNode, againAfterMs } = stimulus;
  const say = (): unknown =>
    world.bus.put('eks-ip-prewarmer', 'Deployment Announced', {
      announcementId: `rollout-${stimulus.atMs}`,
      cluster,
      workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
      replicas: { from, to },
      startsAt: new Date(startsAtMs).toISOString(),
      overSeconds: Math.round(overMs / 1000),
      ...(podsPerNode !== undefined && { podsPerNode }),
    });
  const startsAtMs = world.clockMs + startsInMs;
  say();
  if (againAfterMs !== undefined) world.kernel.after(againAfterMs, say, RANK.stimulus);
}

/** Another controller gives the node an interface, if a slot and the subnet let it. */
function foreignEni(
  { node: name, addresses }: Extract<Stimulus, { kind: 'foreignEni' }>,
  { world: { account }, nodes }: Scene,
): void {
  const node = nodes.get(name);
  if (node === undefined || node.terminated || node.instance.state !== 'running') return;
  const taken = new Set(node.instance.enis.map(({ attachment }) => attachment?.deviceIndex));
  const deviceIndex = [1, 2, 3].find((index) => !taken.has(index)) ?? 0;
  unlessRefused(() =>
    account.attachedAtStart(node.instanceId, {
      deviceIndex,
      secondaryIps: addresses,
      tags: { 'third-party': 'yes' },
    }),
  );
}

/** Others' requests too meet full subnets and taken slots. */
function unlessRefused(request: () => void): void {
  try {
    request();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
