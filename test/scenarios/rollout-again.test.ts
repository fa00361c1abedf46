/** What comes twice has one effect, and whoever dies is followed by somebody who goes on. */
import { describe, expect, test } from 'vitest';
import { Invocations, Reaper } from '../../sim/chaos/invocations.ts';
import type { Deployment } from '../../sim/cluster/deployment.ts';
import { followWaves } from '../../sim/pipeline.ts';
import type { StageOptions } from '../../sim/stage.ts';
import { announceWaves, detailsOf, NAME, ROLLOUT, type Rolling, rolling } from './rollout-stage.ts';
import { failedRequests, inWorld, minutes, seconds } from './stage.ts';

const PODS = 50;
const SETTLED_MS = minutes(12);

/** Two quiet nodes with nine addresses each, which the first wave needs warmed. */
async function twoNodes(
  seed: number,
  options: Partial<StageOptions> = {},
): Promise<Rolling & { load: Deployment }> {
  const all = rolling({ seed }, options);
  const { world } = all;
  world.addNodeGroup({
    ...{ name: 'workers', type: 'm5.large', launchedBy: 'managed' },
    established: { nodes: 2, addresses: [9, 9] },
  });
  const load = world.deploy({
    ...{ kind: 'Deployment', name: NAME, replicas: 0 },
    ...{ readyAfterMs: seconds(2), exitMs: seconds(5), terminationGraceMs: seconds(30) },
  });
  await world.kernel.run(SETTLED_MS);
  followWaves(world.bus, { announcementId: 'release-7', fresh: load, replicas: PODS });
  return { ...all, load };
}

const TWO_WAVES = { to: PODS, podsPerNode: 0, waves: { size: '70%' } };

async function arrived({ world, stage, load }: Rolling & { load: Deployment }): Promise<object> {
  await world.kernel.run(world.kernel.nowMs + minutes(20), () => load.readyPods === PODS);
  const record = await stage.stores.rolloutBook.find(ROLLOUT);
  return {
    ready: load.readyPods,
    failed: failedRequests(world),
    released: record?.releasedPods,
    state: record?.state,
    inWaves: record?.waves.reduce((sum, { readyPods = 0 }) => sum + readyPods, 0),
  };
}
const WELL = { ready: PODS, failed: 0, released: PODS, state: 'completed', inWaves: PODS };

describe('the same announcement', () => {
  test('twice, at once and after the end, is one rollout', async () => {
    const all = await twoNodes(41);
    const { world, toEnd, machine } = all;
    announceWaves(world, TWO_WAVES);
    announceWaves(world, TWO_WAVES);
    const { status, transitions } = await toEnd();
    expect(status).toBe('SUCCEEDED');
    announceWaves(world, TWO_WAVES);
    await world.kernel.run(world.kernel.nowMs + minutes(5));
    expect(machine.executions).toHaveLength(1);
    expect(machine.executions[0]?.transitions).toBe(transitions);
    expect(await arrived(all)).toEqual(WELL);
  });

  test('with another time or another strategy is the one that was announced first', async () => {
    const all = await twoNodes(42);
    announceWaves(all.world, TWO_WAVES);
    announceWaves(all.world, { ...TWO_WAVES, startsInSeconds: 600, waves: { size: 1 } });
    await all.toEnd();
    expect(all.machine.executions).toHaveLength(1);
    expect(await arrived(all)).toEqual(WELL);
  });

  test('asked for its plan it starts nothing', async () => {
    const { world, stage, machine } = await twoNodes(43);
    const event = world.bus.event('eks-ip-prewarmer', 'Deployment Announced', {
      cluster: 'shop',
      workload: { kind: 'Deployment', namespace: 'default', name: NAME },
      replicas: { from: 0, to: PODS },
      waves: {},
    });
    const answer = await inWorld(world, () => stage.ask({ plan: event }));
    expect(answer).toMatchObject({
      reports: [{ pods: PODS, done: 'nothing: it was only asked' }, { cluster: 'shop' }],
    });
    await world.kernel.run(world.kernel.nowMs + minutes(2));
    expect(machine.executions).toEqual([]);
  });
});

describe('a function dies', () => {
  interface Died {
    readonly deaths: readonly string[];
    /** Each call to the outside, in order: who made it, and which. */
    readonly callers: readonly string[];
    readonly outcome: object;
    readonly status: string;
    readonly orphans: number;
  }

  async function withDeath(seed: number, after: number): Promise<Died> {
    const invocations = new Invocations();
    const span = { fromMs: SETTLED_MS, untilMs: Number.POSITIVE_INFINITY };
    const callers: string[] = [];
    let nowMs = (): number => 0;
    const reaper = new Reaper(after > 0 ? [{ ...span, after }] : [], () => nowMs());
    const all = await twoNodes(seed, {
      invoke: (name, run) => invocations.run(name, run),
      wrap: (ports) => {
        const epochMs = ports.clock();
        nowMs = () => ports.clock() - epochMs;
        return invocations.around(ports, async (call, send) => {
          const answer = await reaper.around(call, send);
          if (call.invocation !== undefined && nowMs() >= SETTLED_MS)
            callers.push(`${call.invocation.name} after ${call.port}.${call.method}`);
          return answer;
        });
      },
    });
    announceWaves(all.world, TWO_WAVES);
    const { status } = await all.toEnd();
    const outcome = await arrived(all);
    await all.world.kernel.run(all.world.kernel.nowMs + minutes(15));
    const orphans = all.world.account
      .enis()
      .filter(({ tags, attachment }) => tags.has('eks-ip-prewarmer/node') && attachment === undefined);
    return { deaths: reaper.deaths, callers, outcome, status, orphans: orphans.length };
  }

  test('after a call of any kind, the first and the last: every pod comes once, none is refused, nothing is left over', async () => {
    const { callers, outcome } = await withDeath(44, 0);
    expect(outcome).toEqual(WELL);
    // The first and the last of each kind; sweeps and looks die in the chaos campaign.
    const points = callers.flatMap((where, index) =>
      !/^(sweep|look-again) /.test(where) &&
      (callers.indexOf(where) === index || callers.lastIndexOf(where) === index)
        ? [index + 1]
        : [],
    );
    expect(points.length).toBeGreaterThan(50);
    const dead = new Set<string>();
    for (const after of points) {
      const died = await withDeath(44, after);
      for (const where of died.deaths) dead.add(where);
      expect(died, `killed after call ${after}: ${died.deaths.join()}`).toMatchObject({
        status: 'SUCCEEDED',
        outcome: WELL,
        orphans: 0,
      });
    }
    for (const where of [
      'on-signal after rolloutMachine.start',
      'plan-rollout after rolloutBook.keep',
      'warm-wave after vpc.attachEni',
      'verify-wave after rolloutBook.keep',
      'advance-wave after bus.put',
      'report-rollout after rolloutBook.keep',
    ])
      expect(dead).toContain(where);
  });
});

describe('aborted by hand after any state, and redriven', () => {
  test('every pod comes once, and none is refused', async () => {
    const undisturbed = await twoNodes(45);
    announceWaves(undisturbed.world, TWO_WAVES);
    const { history } = await undisturbed.toEnd();
    const entered = history.filter(({ type }) => type.endsWith('StateEntered'));
    const reported = entered.findIndex(({ state }) => state === 'Report rollout');
    expect(reported).toBeGreaterThan(20);
    for (let nth = 1; nth < reported; nth++) {
      const all = await twoNodes(45);
      const { world, machine, heard, execution } = all;
      announceWaves(world, TWO_WAVES);
      const reached = (): number =>
        machine.executions[0]?.history.filter(({ type }) => type.endsWith('StateEntered')).length ?? 0;
      await world.kernel.run(world.kernel.nowMs + minutes(60), () => reached() >= nth);
      machine.stop(execution().name);
      await world.kernel.run(world.kernel.nowMs + minutes(1));
      expect(detailsOf(heard, 'Rollout Finished'), `after state ${nth}`).toMatchObject([
        { outcome: 'stopped', cause: 'its execution was aborted by hand' },
      ]);
      machine.redrive(execution().name);
      const { status } = await all.toEnd();
      expect({ status, ...(await arrived(all)) }, `after state ${nth}`).toEqual({
        status: 'SUCCEEDED',
        ...WELL,
      });
    }
  });
});
