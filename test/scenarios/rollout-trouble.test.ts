/** Trouble while a rollout goes out in waves: what passes only delays it, what does not stops it before the next wave, and what runs
 *  keeps running either way. */
import { describe, expect, test } from 'vitest';
import type { Deployment } from '../../sim/cluster/deployment.ts';
import type { Fault } from '../../sim/ec2/faults.ts';
import type { StageOptions } from '../../sim/stage.ts';
import type { World } from '../../sim/world.ts';
import { announceWaves, detailsOf, grownByPipeline, NAME, type Rolling, rolling } from './rollout-stage.ts';
import { failedRequests, minutes, notesOf, seconds } from './stage.ts';

interface Story extends Partial<StageOptions> {
  readonly seed: number;
  readonly nodes?: number;
  readonly to?: number;
  readonly waves?: Readonly<Record<string, unknown>>;
}

interface Told extends Rolling {
  readonly deployment: Deployment;
  /** Pods it was asked for, as they changed. */
  readonly asked: number[];
  readonly startMs: number;
}

/** Quiet m5.large with nine free addresses each; waves of 27 pods take more than is free, so each is warmed for. */
async function told({ seed, nodes = 3, to = 54, waves, ...options }: Story): Promise<Told> {
  const rollout = rolling({ seed }, options);
  const { world } = rollout;
  for (let node = 0; node < nodes; node++) world.established('m5.large', [9]);
  await world.kernel.run(minutes(11));
  const scales = waves?.['advance'] === 'scale';
  const deployment = scales
    ? world.deploy({ kind: 'Deployment', name: NAME, replicas: 0 })
    : grownByPipeline(world, { to });
  const asked: number[] = [];
  const look = (): void => {
    if (deployment.replicas !== asked.at(-1)) asked.push(deployment.replicas);
    world.kernel.after(500, look);
  };
  look();
  const startMs = world.kernel.nowMs;
  announceWaves(world, { to, podsPerNode: 0, waves: { size: 27, ...waves } });
  return { ...rollout, deployment, asked, startMs };
}

const readyPods = ({ pods }: World): number => pods.filter(({ ready }) => ready).length;
const rest = ({ world: { kernel } }: Rolling, forMs: number) => kernel.run(kernel.nowMs + forMs);
const finished = ({ heard }: Rolling) => detailsOf(heard, 'Rollout Finished');

/** How it went: to its end, and a minute more for the last pods. */
async function went(story: Told) {
  const { world, toEnd, startMs, asked } = story;
  const { status } = await toEnd();
  const tookMs = world.kernel.nowMs - startMs;
  await rest(story, minutes(1));
  return { status, ready: readyPods(world), failed: failedRequests(world), grew: grows(asked), tookMs };
}

const grows = (counts: readonly number[]): boolean =>
  counts.every((count, index) => index === 0 || count > (counts[index - 1] ?? 0));

const OURS = 'prewarmer';
type Ordered = Fault extends infer F ? (F extends Fault ? Omit<F, 'fromMs' | 'toMs'> : never) : never;

/** Trouble from now on, for so long. */
function order({ world }: Pick<Rolling, 'world'>, fault: Ordered, forMs: number): void {
  const { nowMs: fromMs } = world.kernel;
  world.account.addFault({ ...fault, fromMs, toMs: fromMs + forMs });
}

const throttle = (action: string, caller?: string): Ordered => ({
  kind: 'throttle',
  action,
  ...(caller !== undefined && { caller }),
});
const refuse = (code: string, httpStatus: number, action = 'CreateNetworkInterface'): Ordered => ({
  kind: 'refuse',
  caller: OURS,
  ...{ action, code, httpStatus },
});

/** Nobody gets a connection to the API server from now on, for so long. */
function notReached({ world }: Rolling, forMs: number): void {
  const { nowMs: fromMs } = world.kernel;
  world.cluster().kubernetes.outages.push({ fromMs, toMs: fromMs + forMs });
}

/** Runs until so many pods have been asked for. */
async function untilAsked({ world: { kernel }, asked }: Told, pods: number): Promise<void> {
  await kernel.run(kernel.nowMs + minutes(30), () => (asked.at(-1) ?? 0) >= pods);
}

describe('trouble that passes', () => {
  const TROUBLE: readonly (readonly [string, Partial<Story>, (story: Told) => void | Promise<void>])[] = [
    ['EC2 throttles everything for 3 minutes', {}, (story) => order(story, throttle('*'), minutes(3))],
    ['EC2 throttles us for 3 minutes', {}, (story) => order(story, throttle('*', OURS), minutes(3))],
    [
      'EC2 throttles everybody’s changes for 3 minutes',
      {},
      (story) => order(story, throttle('Create*,Attach*,Assign*,Modify*'), minutes(3)),
    ],
    [
      'half of the answers to us are lost for 2 minutes',
      {},
      (story) => order(story, { kind: 'lostReply', action: '*', caller: OURS, share: 0.5 }, minutes(2)),
    ],
    [
      'the subnet is empty for 2 minutes',
      {},
      (story) => order(story, { kind: 'subnetExhausted' }, minutes(2)),
    ],
    [
      'the subnet is empty for 2 minutes in the middle',
      {},
      async (story) => {
        await untilAsked(story, 20);
        order(story, { kind: 'subnetExhausted' }, minutes(2));
      },
    ],
    [
      'the interfaces that are attached first are never visible to instance metadata',
      { to: 40 },
      (story) => order(story, { kind: 'eniNeverInImds', caller: OURS }, minutes(1)),
    ],
    [
      'a node dies before the first pod comes',
      { nodes: 4, waves: { size: 36 } },
      (story) => void story.world.kernel.after(seconds(20), () => story.world.nodes[0]?.terminate()),
    ],
    [
      'a node dies with the pods of a wave on it',
      { nodes: 4 },
      async (story) => {
        await untilAsked(story, 20);
        expect(story.world.nodes[0]?.pods.length).toBeGreaterThan(5);
        story.world.nodes[0]?.terminate();
      },
    ],
    [
      'the Kubernetes API is not reached for a minute while pods come',
      { lens: 'lens', waves: { advance: 'scale' } },
      async (story) => {
        await untilAsked(story, 20);
        notReached(story, minutes(1));
      },
    ],
  ];
  test.each(TROUBLE)(
    '%s: all pods come, later, and no more fail than without',
    async (_what, more, begin) => {
      const setup = { seed: 301, ...more };
      const calm = await went(await told(setup));
      const story = await told(setup);
      await begin(story);
      const troubled = await went(story);
      const fine = { status: 'SUCCEEDED', ready: setup.to ?? 54, failed: 0, grew: true };
      expect(calm).toMatchObject(fine);
      expect(troubled).toMatchObject(fine);
      expect(troubled.tookMs).toBeGreaterThan(calm.tookMs);
      expect(finished(story)).toMatchObject([{ outcome: 'completed' }]);
    },
  );

  test('the Kubernetes API is not reached when a wave is planned: pods are told from addresses, and none fails', async () => {
    const story = await told({ seed: 302, lens: 'lens', waves: { advance: 'scale' } });
    notReached(story, minutes(1));
    expect(await went(story)).toMatchObject({ status: 'SUCCEEDED', ready: 54, failed: 0, grew: true });
    expect(notesOf(story.stage, 'lens: not seen').length).toBeGreaterThan(0);
  });

  test('EC2 cannot be read at all: it waits until its deadline, says for what, and a redrive takes it to its end', async () => {
    const story = await told({ seed: 303, waves: { deadlineSeconds: 600 } });
    order(story, throttle('Describe*', OURS), minutes(30));
    const { status, cause, name } = await story.toEnd();
    expect(status).toBe('FAILED');
    expect(cause).toMatch(
      /its deadline, .*, passed with 0 of 54 pods released; wave 1 waited for an answer of EC2 or EKS \(RequestLimitExceeded\)/,
    );
    await rest(story, minutes(30));
    story.machine.redrive(name);
    expect(await went(story)).toMatchObject({ status: 'SUCCEEDED', ready: 54, failed: 0 });
  });
});

describe('trouble that does not pass', () => {
  const TROUBLE: readonly (readonly [
    what: string,
    fromPods: number,
    Ordered,
    cause: RegExp,
    remedy: RegExp,
  ])[] = [
    [
      'the subnet is full for good',
      27,
      { kind: 'subnetExhausted' },
      /^after 9\d\d s \d+ of \d+ pods of wave \d can get an address \(\d+ of 54 are released\): the subnets of the nodes have no free address above the reserve$/,
      /^Free addresses there, or add a larger subnet .* Then redrive the execution\.$/,
    ],
    // Not later: from the second wave on the CNI's own growth is enough.
    [
      'a right is missing',
      0,
      refuse('UnauthorizedOperation', 403),
      /^EC2 does not let the prewarmer act on 3 nodes of shop$/,
      /^Find the missing right in the journal .* Then redrive the execution\.$/,
    ],
    [
      'a right to read is missing',
      27,
      refuse('UnauthorizedOperation', 403, 'DescribeInstances'),
      /^the functions may not read EC2 or EKS \(UnauthorizedOperation\)$/,
      /^Deploy the stack again, .* then redrive the execution\.$/,
    ],
    [
      'the quota of network interfaces is reached',
      0,
      refuse('NetworkInterfaceLimitExceeded', 400),
      /^the account's quota of network interfaces is reached, 3 nodes could not get one$/,
      /^Raise "Network interfaces per Region" in Service Quotas.* Then redrive the execution\.$/,
    ],
  ];
  test.each(TROUBLE)(
    '%s: it stops before the next wave and says why; what runs keeps running, and a redrive completes it',
    async (_what, fromPods, trouble, why, remedy) => {
      const story = await told({ seed: 311 });
      const { world, deployment } = story;
      await untilAsked(story, fromPods);
      order(story, trouble, minutes(60));
      const { status, error, cause, name } = await story.toEnd();
      expect([status, error]).toEqual(['FAILED', 'RolloutStopped']);
      await rest(story, minutes(1));
      const [stopped, ...others] = finished(story);
      expect(others).toEqual([]);
      expect(stopped).toMatchObject({ outcome: 'stopped', replicas: deployment.replicas });
      expect(stopped?.['cause']).toMatch(why);
      expect(stopped?.['remedy']).toMatch(remedy);
      const sentence = `The rollout was stopped: ${stopped?.['cause']}. ${stopped?.['remedy']}`;
      expect(JSON.parse(cause ?? '')).toMatchObject({ errorMessage: sentence });

      const ran = readyPods(world);
      expect(ran).toBeGreaterThanOrEqual(fromPods);
      await rest(story, minutes(60));
      expect([readyPods(world), deployment.replicas]).toEqual([ran, ran]);
      story.machine.redrive(name);
      expect(await went(story)).toMatchObject({ status: 'SUCCEEDED', ready: 54, failed: 0, grew: true });
      expect(finished(story)).toMatchObject([{ outcome: 'stopped' }, { outcome: 'completed' }]);
    },
  );

  test.each<[string, Ordered]>([
    ['a full subnet', { kind: 'subnetExhausted' }],
    ['a missing right', refuse('UnauthorizedOperation', 403)],
  ])(
    '%s, and it is redriven five times in vain: the sixth time is no slower than the first',
    async (_what, trouble) => {
      const story = await told({ seed: 312 });
      order(story, trouble, minutes(120));
      const { name } = await story.toEnd();
      for (let times = 0; times < 5; times++) {
        story.machine.redrive(name);
        expect((await story.toEnd()).status).toBe('FAILED');
      }
      await rest(story, minutes(120));
      const { nowMs } = story.world.kernel;
      story.machine.redrive(name);
      expect(await went(story)).toMatchObject({ status: 'SUCCEEDED', ready: 54, failed: 0 });
      expect(story.world.kernel.nowMs - nowMs).toBeLessThan(minutes(6));
    },
  );
});

test('the event of its failure is late, and it was redriven meanwhile: nobody is told a second time that it stopped', async () => {
  const story = await told({ seed: 313 });
  order(story, refuse('UnauthorizedOperation', 403), minutes(2));
  await rest(story, seconds(5));
  story.world.bus.disturb({ lateByMs: minutes(4) });
  const { name } = await story.toEnd();
  story.world.bus.disturb({});
  await rest(story, minutes(3));
  story.machine.redrive(name);
  expect(await went(story)).toMatchObject({ status: 'SUCCEEDED', ready: 54, failed: 0 });
  await rest(story, minutes(10));
  expect(finished(story)).toMatchObject([{ outcome: 'stopped' }, { outcome: 'completed' }]);
});

describe('aborted by hand', () => {
  const abort = ({ machine, execution }: Rolling): void => machine.stop(execution().name);

  test.each([
    ['while it is warmed', seconds(20)],
    ['as its pods come', seconds(95)],
    ['while the next wave is looked at', seconds(150)],
  ])(
    '%s: what is warm stays so, it is told once, and a redrive goes on to the end',
    async (_when, afterMs) => {
      const story = await told({ seed: 321 });
      const { world, machine, deployment } = story;
      await rest(story, afterMs);
      const warm = world.account.enis().length;
      abort(story);
      expect(story.execution().status).toBe('ABORTED');
      await rest(story, minutes(10));
      expect(world.account.enis().length).toBeGreaterThanOrEqual(warm);
      expect(finished(story)).toMatchObject([
        {
          outcome: 'stopped',
          cause: 'its execution was aborted by hand',
          replicas: deployment.replicas,
          pods: { released: deployment.replicas, of: 54 },
        },
      ]);
      expect(readyPods(world)).toBe(deployment.replicas);
      machine.redrive(story.execution().name);
      expect(await went(story)).toMatchObject({ status: 'SUCCEEDED', ready: 54, failed: 0, grew: true });
      expect(finished(story)).toMatchObject([{ outcome: 'stopped' }, { outcome: 'completed' }]);
    },
  );

  test('and redriven after its deadline: it gets as long as at first', async () => {
    const story = await told({ seed: 322, waves: { deadlineSeconds: 600 } });
    await rest(story, seconds(20));
    abort(story);
    await rest(story, minutes(60));
    story.machine.redrive(story.execution().name);
    expect(await went(story)).toMatchObject({ status: 'SUCCEEDED', ready: 54, failed: 0 });
  });

  test('the event of its end comes twice: it is told once', async () => {
    const story = await told({ seed: 323 });
    await rest(story, seconds(20));
    story.world.bus.disturb({ duplicateShare: 1 });
    abort(story);
    await rest(story, minutes(5));
    expect(notesOf(story.stage, 'rollout finished')).toHaveLength(1);
  });
});
