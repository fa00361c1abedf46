/** Nodes that join with our start-up taint: pods wait behind it until their addresses are usable, and never for ever. */
import { describe, expect, test } from 'vitest';
import { GATE_TAINT } from '../../lambdas/core/model.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';
import type { Node } from '../../sim/cluster/node.ts';
import type { Stage, StageOptions } from '../../sim/stage.ts';
import type { World, WorldSetup } from '../../sim/world.ts';
import { failedRequests, minutes, notesOf, seconds, staged } from './stage.ts';

/** Pods that an m5.large can run beside those on the host's network. */
const PODS = 27;
const LATE = { eventsLateByMs: seconds(60) };
const DEADLINE_S = DEFAULT_POLICY.gateDeadlineMs / 1000;

interface Gated {
  readonly world: World;
  readonly stage: Stage;
  readonly nodes: readonly Node[];
}

/** Nodes that come with the taint, because as many pods wait as fill them. They have been asked for when this returns. */
async function gated(
  setup: Partial<WorldSetup> & { readonly seed: number },
  options: Partial<StageOptions> & { readonly taint?: boolean; readonly nodes?: number } = {},
): Promise<Gated> {
  const { taint = true, nodes = 1, ...stageOptions } = options;
  const { world, stage } = staged(setup, { lens: 'lens and gate', ...stageOptions });
  const group = world.addNodeGroup({
    name: 'gated',
    type: 'm5.large',
    launchedBy: 'managed',
    ...(taint && { startupTaint: GATE_TAINT.key }),
  });
  for (let pod = 0; pod < nodes * PODS; pod++) world.createPod(`waiting-${pod}`);
  group.scaleTo(nodes);
  await world.kernel.run(seconds(10));
  return { world, stage, nodes: group.nodes };
}

const withAddress = (world: World): number =>
  world.pods.filter(({ gotAddressAtMs }) => gotAddressAtMs !== undefined).length;

/** From a node being Ready to its gate being open, s. */
const heldSeconds = ({ readyAtMs, untaintedAtMs = Number.NaN }: Node): number =>
  (untaintedAtMs - (readyAtMs ?? Number.NaN)) / 1000;

const reasons = (stage: Stage): unknown[] =>
  notesOf(stage, 'gate opened').map(({ facts }) => facts['because']);
const STARTED = 'its ipamd started with our addresses';

describe('how long pods wait, and what it saves', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    'events in time, seed %i: no request fails, and the gate opens seconds after Ready',
    async (seed) => {
      const { world, stage, nodes } = await gated({ seed }, { nodes: 5 });
      await world.kernel.run(minutes(6));
      expect(failedRequests(world)).toBe(0);
      expect(withAddress(world)).toBe(5 * PODS);
      // A look every five seconds, and the second a batch gathers.
      for (const node of nodes) expect(heldSeconds(node)).toBeLessThan(8);
      expect(new Set(reasons(stage))).toEqual(new Set([STARTED]));
    },
  );

  test.each([1, 2, 3, 4, 5, 6])(
    'every event a minute late, seed %i: no request fails; the gate waits for a reconcile',
    async (seed) => {
      const { world, stage, nodes } = await gated({ seed, ...LATE }, { nodes: 5 });
      await world.kernel.run(minutes(6));
      expect(failedRequests(world)).toBe(0);
      expect(withAddress(world)).toBe(5 * PODS);
      // 65 s to the reconcile after the attach, 10 to be sure of it, and looks; or the one after that, when the attach was put off
      // because the first was near.
      for (const node of nodes) expect(heldSeconds(node)).toBeLessThan(155);
      expect(reasons(stage)).toHaveLength(5);
      // What came behind a gate did not come too late.
      const verified = notesOf(stage, 'verified').map(({ facts }) => facts);
      expect(verified.flatMap(({ lateAttach }) => lateAttach)).toEqual([]);
      expect(new Set(verified.flatMap(({ seen }) => seen))).toEqual(
        new Set(nodes.map((node) => node.instanceId)),
      );
    },
  );

  test.each([1, 2, 3, 4, 5, 6])('the same without the taint, seed %i: requests fail', async (seed) => {
    const { world } = await gated({ seed, ...LATE }, { nodes: 5, taint: false });
    await world.kernel.run(minutes(6));
    expect(failedRequests(world)).toBeGreaterThan(5 * 9);
  });

  test.each([1, 2, 3, 4, 5, 6])(
    'EC2 throttles each attach until all are late, seed %i: none fails',
    async (seed) => {
      const { world, nodes } = await gated({ seed }, { nodes: 2 });
      world.account.addFault({
        kind: 'throttle',
        action: 'AttachNetworkInterface',
        fromMs: 0,
        toMs: seconds(55),
        caller: 'prewarmer',
      });
      await world.kernel.run(minutes(6));
      expect(failedRequests(world)).toBe(0);
      expect(withAddress(world)).toBe(2 * PODS);
      for (const node of nodes) expect(heldSeconds(node)).toBeGreaterThan(8);
    },
  );
});

test('looked at before the reconcile that adopts it, an attach behind a gate is awaited, not called late', async () => {
  const { world, stage, nodes } = await gated({ seed: 7, ...LATE }, { policy: { verifyAfterMs: 10_000 } });
  await world.kernel.run(minutes(6));
  const verified = notesOf(stage, 'verified').map(({ facts }) => facts);
  expect(verified.flatMap(({ lateAttach }) => lateAttach)).toEqual([]);
  expect(verified.flatMap(({ seen }) => seen)).toEqual([nodes[0]?.instanceId]);
});

describe('a gate is never closed for nothing', () => {
  const opensAtOnce = ({ nodes }: Gated): void => {
    for (const node of nodes) expect(heldSeconds(node)).toBeLessThan(8);
  };

  test('in observe mode nothing is on its way: the gate opens when the node has joined', async () => {
    const story = await gated({ seed: 21 }, { mode: 'observe' });
    await story.world.kernel.run(minutes(4));
    opensAtOnce(story);
    expect(reasons(story.stage)).toEqual(['nothing is changed in EC2: observe mode, or policy.stopped']);
  });

  test('the kill switch is on: the gate opens when the node has joined', async () => {
    const story = await gated({ seed: 22 }, { policy: { stopped: true } });
    await story.world.kernel.run(minutes(4));
    opensAtOnce(story);
  });

  test('the CNI would keep nothing of ours: the gate opens when the node has joined', async () => {
    const story = await gated({
      seed: 23,
      cniEnv: { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' },
    });
    await story.world.kernel.run(minutes(4));
    opensAtOnce(story);
    expect(reasons(story.stage)).toEqual(['with prefixes the CNI gives a surplus back within seconds']);
  });

  test('the subnet has no room: the node is left, and its gate opens', async () => {
    const story = await gated({ seed: 24 });
    story.world.account.addFault({ kind: 'subnetExhausted', fromMs: 0, toMs: minutes(6) });
    await story.world.kernel.run(minutes(4));
    for (const node of story.nodes) expect(node.schedulable).toBe(true);
    expect(heldSeconds(story.nodes[0] as Node)).toBeLessThan(DEADLINE_S);
  });

  test('what we attach never shows on the node: the gate opens at the deadline', async () => {
    const { world, stage, nodes } = await gated({ seed: 25 });
    world.account.addFault({ kind: 'eniNeverInImds', fromMs: 0, toMs: minutes(6), caller: 'prewarmer' });
    await world.kernel.run(minutes(5));
    expect(reasons(stage)).toEqual([`the deadline, ${DEADLINE_S} s after running`]);
    expect(nodes[0]?.schedulable).toBe(true);
  });

  test('EC2 answers nobody of us from some moment on: the gate opens at the deadline all the same', async () => {
    const { world, stage, nodes } = await gated({ seed: 26 });
    const silence = { action: '*', fromMs: seconds(20), toMs: minutes(6), caller: 'prewarmer' } as const;
    world.account.addFault({ kind: 'throttle', ...silence });
    await world.kernel.run(minutes(5));
    expect(notesOf(stage, 'gates judged by time alone').length).toBeGreaterThan(0);
    expect(reasons(stage)).toEqual([`the deadline, ${DEADLINE_S} s after running`]);
    expect(nodes[0]?.schedulable).toBe(true);
  });

  test('EC2 never answers, so that no look begins: a sweep opens the gate', async () => {
    const { world, nodes } = await gated({ seed: 28 }, { sweep: true });
    const silence = { action: '*', fromMs: 0, toMs: minutes(12), caller: 'prewarmer' } as const;
    world.account.addFault({ kind: 'throttle', ...silence });
    await world.kernel.run(minutes(5.5));
    expect(nodes[0]?.schedulable).toBe(true);
  });

  test('an event so late that nothing can be adopted before the deadline: nothing is attached, the gate opens', async () => {
    const { world, stage, nodes } = await gated({ seed: 27, eventsLateByMs: seconds(110) });
    await world.kernel.run(minutes(6));
    expect([...world.account.calls.of('prewarmer').keys()]).not.toContain('AttachNetworkInterface');
    expect(reasons(stage)).toEqual(['nothing of ours is on its way']);
    expect(nodes[0]?.instance.enis.filter(({ tags }) => tags.has('eks-ip-prewarmer/node'))).toEqual([]);
  });
});

describe('when messages or the API server fail', () => {
  test('no event ever comes: the next sweep finds the gate closed for longer than it may be, and opens it', async () => {
    const { world, stage, nodes } = await gated({ seed: 31, events: { lostShare: 1 } }, { sweep: true });
    await world.kernel.run(minutes(9));
    expect(withAddress(world)).toBe(PODS);
    expect(nodes[0]?.untaintedAtMs).toBeGreaterThan(minutes(5));
    expect(nodes[0]?.untaintedAtMs).toBeLessThan(minutes(5.2));
    expect(reasons(stage)).toEqual([`the deadline, ${DEADLINE_S} s after running`]);
  });

  test('no event ever comes, and a sweep comes soon after the node: it is warmed behind its gate', async () => {
    const { world, stage } = await gated({ seed: 36, events: { lostShare: 1 } });
    // Every node has joined 92 s after it was asked for (sim/latencies.ts).
    world.kernel.at(seconds(100), () =>
      world.kernel.activity(
        () => stage.sweepNow(),
        () => {},
      ),
    );
    await world.kernel.run(minutes(6));
    expect(failedRequests(world)).toBe(0);
    expect(withAddress(world)).toBe(PODS);
  });

  test('the API server cannot be reached: one warning a look says why, and once it can the sweep opens the gate', async () => {
    const { world, stage, nodes } = await gated({ seed: 32 }, { sweep: true });
    const api = world.cluster().kubernetes;
    api.access = 'private';
    await world.kernel.run(minutes(6));
    expect(nodes[0]?.schedulable).toBe(false);
    const [warning] = notesOf(stage, 'lens: not seen');
    expect(warning?.facts['message']).toMatch(
      /^the API server of shop cannot be reached: its endpoint is private and this function is not in its VPC/,
    );
    const stuck = (): unknown[] => stage.figures.flatMap(({ figures }) => figures.GatesStuck ?? []);
    expect(stuck()).toEqual([1]);
    api.access = 'public';
    await world.kernel.run(minutes(17));
    expect(stuck()).toEqual([1, 0, 0]);
    expect(nodes[0]?.schedulable).toBe(true);
    expect(withAddress(world)).toBe(PODS);
  });

  test('the role may read and not patch: the gate stays, and the warning names the rule that lacks', async () => {
    const { world, stage, nodes } = await gated({ seed: 33 });
    world.cluster().kubernetes.denied.add('patch nodes');
    await world.kernel.run(minutes(3));
    expect(nodes[0]?.schedulable).toBe(false);
    expect(notesOf(stage, 'lens: not seen').at(-1)?.facts['message']).toBe(
      'the RBAC of shop lacks a rule for this function\'s role: apiGroups [""], resources ["nodes"], verbs ["patch"] (docs/lens.md)',
    );
  });

  test("somebody else's taint stays where it is", async () => {
    const { world, nodes } = await gated({ seed: 34 });
    const [node] = nodes;
    node?.taints.clear();
    for (const taint of ['node.example.com/first', GATE_TAINT.key, 'node.example.com/last'])
      node?.taints.add(taint);
    await world.kernel.run(minutes(4));
    expect([...(node?.taints ?? [])]).toEqual(['node.example.com/first', 'node.example.com/last']);
  });

  test('its events come twice: one attach an interface', async () => {
    const { world } = await gated({ seed: 35, ...LATE, events: { duplicateShare: 1 } });
    await world.kernel.run(minutes(6));
    expect(failedRequests(world)).toBe(0);
    expect(world.account.calls.of('prewarmer').get('AttachNetworkInterface')).toBe(2);
  });
});

test('without the gate, a cluster with the lens is not asked for its nodes', async () => {
  const { world, stage, nodes } = await gated({ seed: 41 }, { lens: 'lens' });
  await world.kernel.run(minutes(5));
  expect(nodes[0]?.schedulable).toBe(false);
  expect(notesOf(stage, 'gate opened')).toEqual([]);
  expect(stage.deadLetters.verifications.depth.visible).toBe(0);
});
