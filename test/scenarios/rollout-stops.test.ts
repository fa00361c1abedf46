/** What stops a rollout in waves, before the next one: what runs keeps running, it is told once, and a redrive goes on. */
import { describe, expect, test } from 'vitest';
import type { Rolling } from './rollout-stage.ts';
import {
  finished,
  type Ordered,
  OURS,
  order,
  readyPods,
  rest,
  told,
  untilAsked,
  went,
} from './rollout-story.ts';
import { minutes, notesOf, seconds } from './stage.ts';

const refuse = (code: string, httpStatus: number, action = 'CreateNetworkInterface'): Ordered => ({
  kind: 'refuse',
  caller: OURS,
  ...{ action, code, httpStatus },
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
