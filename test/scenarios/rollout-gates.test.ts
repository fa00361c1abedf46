/** Who lets a wave go whose addresses are ready: nobody is asked, somebody is told, or somebody has to say so. */
import { describe, expect, test } from 'vitest';
import type { StageOptions } from '../../sim/stage.ts';
import {
  announceWaves,
  detailsOf,
  grownByPipeline,
  ROLLOUT,
  type Rolling,
  rolling,
} from './rollout-stage.ts';
import { CLUSTER, failedRequests, inWorld, minutes, seconds } from './stage.ts';

/** Two quiet m5.large with nine free addresses each, eighteen pods to come in two waves, and a pipeline that makes them. */
async function announced(
  seed: number,
  waves: Readonly<Record<string, unknown>>,
  options: Partial<StageOptions> = {},
): Promise<Rolling> {
  const rollout = rolling({ seed }, options);
  const { world } = rollout;
  for (let node = 0; node < 2; node++) world.established('m5.large', [9]);
  await world.kernel.run(minutes(11));
  grownByPipeline(world, { to: 18 });
  announceWaves(world, { to: 18, podsPerNode: 0, waves: { size: 9, ...waves } });
  return rollout;
}

const readyWaves = ({ heard }: Rolling) => detailsOf(heard, 'Wave Ready');
const advanced = ({ heard }: Rolling) => detailsOf(heard, 'Wave Advanced');
const pods = ({ world }: Rolling): number => world.pods.length;

/** Until this many waves have been held, or told of. */
async function untilReady(rollout: Rolling, count: number): Promise<Readonly<Record<string, unknown>>> {
  const { kernel } = rollout.world;
  await kernel.run(kernel.nowMs + minutes(30), () => readyWaves(rollout).length >= count);
  const ready = readyWaves(rollout).at(count - 1);
  if (ready === undefined) throw new Error(`no Wave Ready number ${count} within half an hour`);
  return ready;
}

const rest = ({ world: { kernel } }: Rolling, forMs: number): Promise<void> =>
  kernel.run(kernel.nowMs + forMs).then(() => {});

describe('gate none', () => {
  test('nobody is told that a wave is ready: it goes', async () => {
    const rollout = await announced(101, { gate: 'none' });
    expect((await rollout.toEnd()).status).toBe('SUCCEEDED');
    await rest(rollout, seconds(30));
    expect(readyWaves(rollout)).toEqual([]);
    expect(advanced(rollout)).toMatchObject([
      { wave: 1, wavePods: 9, replicas: 9, pods: { released: 9, of: 18 } },
      { wave: 2, wavePods: 9, replicas: 18, pods: { released: 18, of: 18 } },
    ]);
    expect(detailsOf(rollout.heard, 'Rollout Finished')).toMatchObject([
      { rolloutId: ROLLOUT, outcome: 'completed', waves: 2, pods: { released: 18, of: 18 } },
    ]);
    expect([pods(rollout), failedRequests(rollout.world)]).toEqual([18, 0]);
  });
});

describe('gate event', () => {
  test('who follows hears of each wave, its pods and the free addresses, before it goes by itself', async () => {
    const rollout = await announced(102, { gate: 'event' });
    expect((await rollout.toEnd()).status).toBe('SUCCEEDED');
    await rest(rollout, seconds(5));
    expect(readyWaves(rollout)).toMatchObject([
      { wave: 1, gate: 'event', readyPods: 9, freeAddresses: 18, pods: { released: 0, of: 18 } },
      { wave: 2, gate: 'event', readyPods: 9, pods: { released: 9, of: 18 } },
    ]);
    expect(readyWaves(rollout).some((ready) => 'taskToken' in ready)).toBe(false);
    // Events come in any order; this is the one in which they were sent.
    const done = rollout.stage.journal
      .map(({ what }) => what)
      .filter((what) => /^wave (ready|adv)/.test(what));
    expect(done).toEqual(['wave ready', 'wave advanced', 'wave ready', 'wave advanced']);
  });
});

describe('gate callback', () => {
  test('the token that came with a wave lets that one go, and no other; sent twice it does nothing more', async () => {
    const rollout = await announced(103, { gate: 'callback' });
    const { tokens } = rollout.world.stepFunctions;
    const first = await untilReady(rollout, 1);
    expect(first).toMatchObject({ wave: 1, gate: 'callback', readyPods: 9, freeAddresses: 18 });
    await rest(rollout, minutes(20));
    expect(pods(rollout)).toBe(0);

    tokens.sendTaskSuccess(String(first['taskToken']), '{}');
    const second = await untilReady(rollout, 2);
    expect(second).toMatchObject({ wave: 2, readyPods: 9 });
    expect(second['taskToken']).not.toBe(first['taskToken']);
    await rest(rollout, minutes(10));
    expect(pods(rollout)).toBe(9);
    expect(() => tokens.sendTaskSuccess(String(first['taskToken']), '{}')).toThrow(/no longer waits/);
    await rest(rollout, minutes(10));
    expect(pods(rollout)).toBe(9);

    tokens.sendTaskSuccess(String(second['taskToken']), '{}');
    expect((await rollout.toEnd()).status).toBe('SUCCEEDED');
    await rest(rollout, seconds(30));
    expect([pods(rollout), failedRequests(rollout.world)]).toEqual([18, 0]);
  });

  test('nobody pays for waiting: no function runs while a wave is held', async () => {
    let runs = 0;
    const invoke: NonNullable<StageOptions['invoke']> = (name, run) => {
      if (!['sweep', 'on-signal', 'verify-wave'].includes(name)) runs++;
      return run();
    };
    const rollout = await announced(104, { gate: 'callback' }, { invoke });
    await untilReady(rollout, 1);
    const before = runs;
    await rest(rollout, minutes(60));
    expect([runs, rollout.execution().status]).toEqual([before, 'RUNNING']);
  });

  test.each([
    [
      'with an error and its words',
      { error: 'SmokeTestFailed', cause: 'checkout answers 500 in the canary' },
    ],
    ['with words alone', { cause: 'checkout answers 500 in the canary' }],
    ['with neither', {}],
  ])(
    'whoever holds it refuses, %s: the rollout stops with them, once, and what runs keeps running',
    async (_how, words) => {
      const rollout = await announced(105, { gate: 'callback' });
      const { tokens } = rollout.world.stepFunctions;
      tokens.sendTaskSuccess(String((await untilReady(rollout, 1))['taskToken']), '{}');
      tokens.sendTaskFailure(String((await untilReady(rollout, 2))['taskToken']), words);
      const { status, error, cause } = await rollout.toEnd();
      expect([status, error]).toEqual(['FAILED', 'RolloutStopped']);
      const said = /whoever held it refused to let wave 2 go/;
      expect(cause).toMatch(said);
      for (const word of Object.values(words)) expect(cause).toContain(word);
      await rest(rollout, minutes(1));
      const finished = detailsOf(rollout.heard, 'Rollout Finished');
      expect(finished).toMatchObject([{ outcome: 'stopped', pods: { released: 9, of: 18 }, replicas: 9 }]);
      expect(String(finished[0]?.['cause'])).toMatch(said);
      expect(rollout.world.pods.filter(({ ready }) => ready)).toHaveLength(9);
    },
  );

  test('nobody answers until the deadline: it stops, and a redrive asks once more, with as much time as at first', async () => {
    const rollout = await announced(106, { gate: 'callback', deadlineSeconds: 1_800 });
    const { world, machine } = rollout;
    const startMs = world.kernel.nowMs;
    const first = await untilReady(rollout, 1);
    const { status, cause, name } = await rollout.toEnd();
    expect(status).toBe('FAILED');
    expect(cause).toMatch(/nobody let its wave go before the deadline\. .*redrive the execution/);
    expect(world.kernel.nowMs - startMs).toBeGreaterThanOrEqual(minutes(30));
    expect(world.kernel.nowMs - startMs).toBeLessThan(minutes(31));

    await rest(rollout, minutes(60));
    machine.redrive(name);
    const again = await untilReady(rollout, 2);
    expect(again['taskToken']).not.toBe(first['taskToken']);
    await rest(rollout, minutes(25));
    world.stepFunctions.tokens.sendTaskSuccess(String(again['taskToken']), '{}');
    const second = await untilReady(rollout, 3);
    world.stepFunctions.tokens.sendTaskSuccess(String(second['taskToken']), '{}');
    expect((await rollout.toEnd()).status).toBe('SUCCEEDED');
  });

  test('held for an hour while other pods take addresses and the subnet runs full: it goes as small as what is left', async () => {
    const rollout = await announced(107, { gate: 'callback', size: 18 }, { lens: 'lens' });
    const { world } = rollout;
    const held = await untilReady(rollout, 1);
    expect(held).toMatchObject({ readyPods: 18 });
    const nowMs = world.kernel.nowMs;
    world.account.addFault({ kind: 'subnetExhausted', fromMs: nowMs, toMs: nowMs + minutes(90) });
    for (let pod = 0; pod < 20; pod++) world.createPod(`elsewhere-${pod}`);
    await rest(rollout, minutes(60));
    const free = world.nodes.reduce((sum, { idleAddresses }) => sum + idleAddresses, 0);
    world.stepFunctions.tokens.sendTaskSuccess(String(held['taskToken']), '{}');
    const { kernel } = world;
    await kernel.run(kernel.nowMs + minutes(5), () => advanced(rollout).length > 0);
    const [first] = advanced(rollout);
    expect(free).toBeLessThan(18);
    expect(first).toMatchObject({ wave: 1, wavePods: Math.floor(free / 1.25) });
    await rest(rollout, minutes(2));
    expect(failedRequests(world)).toBe(0);
    // What it could not take is the next wave's, which is held in its turn.
    expect((await untilReady(rollout, 2))['wave']).toBe(2);
  });

  test('held for an hour, and no address is left when it is let go: that passes, so it waits as long as any other', async () => {
    const rollout = await announced(108, { gate: 'callback', size: 18 }, { lens: 'lens' });
    const { world } = rollout;
    const held = await untilReady(rollout, 1);
    const nowMs = world.kernel.nowMs;
    world.account.addFault({ kind: 'subnetExhausted', fromMs: nowMs, toMs: nowMs + minutes(65) });
    const others = world.deploy({ kind: 'Deployment', name: 'search', replicas: 34 });
    await rest(rollout, minutes(60));
    world.stepFunctions.tokens.sendTaskSuccess(String(held['taskToken']), '{}');
    await rest(rollout, minutes(3));
    expect([rollout.execution().status, advanced(rollout)]).toEqual(['RUNNING', []]);
    others.scaleTo(0);
    const { kernel } = world;
    await kernel.run(kernel.nowMs + minutes(10), () => advanced(rollout).length > 0);
    expect(advanced(rollout)).toMatchObject([{ wave: 1, wavePods: 18 }]);
    expect(failedRequests(world)).toBe(0);
  });
});

describe('gate approve', () => {
  const approval = { cluster: CLUSTER, announcementId: 'release-7' };
  const asked = ({ world, stage }: Rolling, detail: object) =>
    inWorld(world, () => stage.ask(world.bus.event('eks-ip-prewarmer', 'Wave Approved', detail)));

  test('a person says yes to each wave: one answer lets one wave go, twice is once, and no token is in the event', async () => {
    const rollout = await announced(109, { gate: 'approve' });
    const { bus } = rollout.world;
    const approve = (more = {}) => bus.put('eks-ip-prewarmer', 'Wave Approved', { ...approval, ...more });
    const first = await untilReady(rollout, 1);
    expect(first).toMatchObject({ wave: 1, gate: 'approve', readyPods: 9 });
    expect(first).not.toHaveProperty('taskToken');
    await rest(rollout, minutes(20));
    expect(pods(rollout)).toBe(0);
    for (let times = 0; times < 2; times++) approve({ wave: 1 });
    await untilReady(rollout, 2);
    await rest(rollout, minutes(10));
    expect(pods(rollout)).toBe(9);
    approve({ wave: 1 });
    await rest(rollout, minutes(5));
    expect(pods(rollout)).toBe(9);
    approve();
    expect((await rollout.toEnd()).status).toBe('SUCCEEDED');
    await rest(rollout, seconds(30));
    expect([pods(rollout), failedRequests(rollout.world)]).toEqual([18, 0]);
  });

  test('an answer for nobody is ignored and says why', async () => {
    const rollout = await announced(110, { gate: 'approve' });
    const nobody = { ignored: `no wave of ${ROLLOUT} waits for anybody` };
    // Not held yet.
    await rest(rollout, seconds(6));
    expect(await asked(rollout, approval)).toEqual(nobody);
    await untilReady(rollout, 1);
    expect(await asked(rollout, { ...approval, announcementId: 'release-6' })).toEqual({
      ignored: `no rollout ${CLUSTER}/release-6 was started here`,
    });
    expect(await asked(rollout, { ...approval, wave: 2 })).toEqual({
      ignored: `wave 1 of ${ROLLOUT} waits, not wave 2`,
    });
    expect(await asked(rollout, { ...approval, wave: 0 })).toEqual({
      ignored: expect.stringContaining('detail.wave: expected a whole number'),
    });
    expect(pods(rollout)).toBe(0);
    const opened = { reports: [{ rolloutId: ROLLOUT, cluster: CLUSTER, wave: 1, done: 'opened' }] };
    expect(await asked(rollout, approval)).toEqual(opened);
    expect(await asked(rollout, approval)).toEqual({ ignored: `wave 1 of ${ROLLOUT} no longer waits` });
    await rest(rollout, seconds(8));
    expect(await asked(rollout, approval)).toEqual(nobody);
  });
});

test.each(['callback', 'approve'])(
  'gate %s: EventBridge takes no event for some seconds, and the wave is told of then, not given up',
  async (gate) => {
    let failsUntilMs = 0;
    let refused = 0;
    const rollout = await announced(
      111,
      { gate },
      {
        wrap: (ports) => ({
          ...ports,
          bus: {
            put: async (type, detail) => {
              if (type === 'Wave Ready' && failsUntilMs === 0) failsUntilMs = ports.clock() + seconds(3);
              if (type !== 'Wave Ready' || ports.clock() >= failsUntilMs) return ports.bus.put(type, detail);
              refused++;
              throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
            },
          },
        }),
      },
    );
    expect(await untilReady(rollout, 1)).toMatchObject({ wave: 1, gate });
    expect(refused).toBeGreaterThan(0);
    expect(rollout.execution().status).toBe('RUNNING');
  },
);
