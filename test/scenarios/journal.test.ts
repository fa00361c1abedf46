/** One journal line a signal: what came, what it meant, what was planned, what was done. */
import { describe, expect, test } from 'vitest';
import type { Told } from '../../lambdas/core/telling.ts';
import type { Stage } from '../../sim/stage.ts';
import { announceGrowth, CLUSTER, inWorld, launchFor, minutes, notesOf, seconds, staged } from './stage.ts';

const toldIn = (stage: Stage): Told[] =>
  notesOf(stage, 'signal').map(({ facts }) => facts as unknown as Told);

describe('a launch', () => {
  test('pending, then running: each is a line, with the announced pods it is for and how far it came', async () => {
    const { world, stage } = staged({ seed: 621 });
    announceGrowth(world, 14);
    await world.kernel.run(seconds(20));
    const { instanceId } = launchFor(world, 14);
    await world.kernel.run(minutes(2));
    const [announced, pending, running, ...more] = toldIn(stage);
    expect(more).toEqual([]);
    expect(announced).toMatchObject({
      came: expect.stringMatching(
        /^announcement \S+: Deployment default\/checkout in shop, 0 → 14 replicas, rolling update, from 2026-01-01T\S+Z on, at once$/,
      ),
      meant: '14 new replicas, from 0 to 14: 18 addresses with a margin of 1.25',
      planned: { nodesWarmed: 0, shortfalls: {}, openDemand: 18 },
      done: 'nothing',
    });
    const meant = 'a node of workers in shop (m5.large), 18 announced pods for it';
    expect(pending).toMatchObject({
      came: expect.stringContaining(`EC2: ${instanceId} pending at 2026-01-01T00:00:`),
      meant,
      planned: {
        calls: { CreateNetworkInterface: 1 },
        addresses: 10,
        nodesWarmed: 1,
        nodesFine: 0,
        shortfalls: {},
      },
      done: 'created',
    });
    expect(running).toMatchObject({
      came: expect.stringContaining(`EC2: ${instanceId} running at 2026-01-01T00:00:`),
      meant,
      planned: { nodesWarmed: 1, shortfalls: {} },
      done: 'attached',
    });
  });

  test('events too late: the shortfall has its reason, and nothing was done', async () => {
    const { world, stage } = staged({ seed: 622, eventsLateByMs: minutes(2) });
    launchFor(world, 9);
    await world.kernel.run(minutes(4));
    expect(toldIn(stage).at(-1)).toMatchObject({
      meant: 'a node of workers in shop (m5.large)',
      planned: { nodesWarmed: 0, shortfalls: { 'too late': 1 } },
      done: 'nothing',
    });
  });

  test.each([
    [{ mode: 'observe' as const }, 'nothing: only observed'],
    [
      { policy: { clusters: { [CLUSTER]: { mode: 'observe' } } } },
      'nothing: only observed, the policy says so',
    ],
    [{ policy: { stopped: true } }, 'left: stopped'],
  ])('what keeps us from acting is said: %j', async (options, done) => {
    const { world, stage } = staged({ seed: 623 }, options);
    launchFor(world, 9);
    await world.kernel.run(minutes(1));
    expect(toldIn(stage).at(-1)).toMatchObject({ planned: { shortfalls: expect.anything() }, done });
  });

  test('an instance that is nobody’s node, and one that is not there', async () => {
    const { world, stage } = staged({ seed: 624 });
    const event = world.bus.event('aws.ec2', 'EC2 Instance State-change Notification', {
      'instance-id': 'i-00000000000000abc',
      state: 'running',
    });
    stage.queues.launches.send(JSON.stringify(event), 0);
    await world.kernel.run(seconds(3));
    expect(toldIn(stage)).toMatchObject([
      { meant: 'an instance that EC2 does not show', done: 'looked at again in 2 s' },
    ]);
  });
});

describe('a rollout', () => {
  test('on running nodes: what was planned in counts, what was done of it, and when it goes on', async () => {
    const { world, stage } = staged({ seed: 625 }, { sweep: true });
    for (let node = 0; node < 3; node++) world.established('m5.large', [9]);
    await world.kernel.run(minutes(11));
    const before = toldIn(stage).length;
    announceGrowth(world, 30, { inMs: minutes(20) });
    await world.kernel.run(world.kernel.nowMs + minutes(2));
    const lines = toldIn(stage).slice(before);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      meant: '30 new replicas, from 0 to 30: 38 addresses with a margin of 1.25',
      planned: { nodesWarmed: 3, calls: { CreateNetworkInterface: 3 }, openDemand: 0 },
      done: '3 nodes done',
    });
    // Counts, no lists.
    expect(JSON.stringify(lines[0]).length).toBeLessThan(600);
  });

  test('only asked: the same line, and nothing done', async () => {
    const { world, stage } = staged({ seed: 626 });
    world.established('m5.large', [9]);
    const plan = world.bus.event('eks-ip-prewarmer', 'Deployment Announced', {
      cluster: CLUSTER,
      workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
      replicas: { from: 0, to: 40 },
    });
    await world.kernel.run(minutes(1));
    const before = toldIn(stage).length;
    await inWorld(world, () => stage.ask({ plan }));
    expect(toldIn(stage).slice(before)).toMatchObject([
      { planned: { openDemand: 32 }, done: 'nothing: it was only asked' },
    ]);
    expect(await stage.stores.ledger.openDemand(CLUSTER, world.clockMs)).toEqual([]);
  });
});

test('EC2 cannot be read when somebody only asks: it is said, and nothing comes back later', async () => {
  const { world, stage } = staged({ seed: 627 });
  world.account.addFault({ kind: 'throttle', action: 'Describe*', fromMs: 0, toMs: minutes(1) });
  const { bus } = world;
  const announced = bus.event('eks-ip-prewarmer', 'Deployment Announced', {
    cluster: CLUSTER,
    workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
    replicas: { from: 0, to: 40 },
  });
  const launched = bus.event('aws.ec2', 'EC2 Instance State-change Notification', {
    'instance-id': 'i-00000000000000abc',
    state: 'running',
  });
  for (const plan of [announced, launched]) await inWorld(world, () => stage.ask({ plan }));
  await world.kernel.run(minutes(3));
  expect(notesOf(stage, 'announcement waits')).toEqual([]);
  expect(toldIn(stage)).toMatchObject([
    { meant: 'unknown: EC2 could not be read (RequestLimitExceeded)', done: 'nothing: it was only asked' },
  ]);
});
