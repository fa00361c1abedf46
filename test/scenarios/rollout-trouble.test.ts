/** Trouble that passes while a rollout goes out in waves: it only delays it. */
import { describe, expect, test } from 'vitest';
import type { Rolling } from './rollout-stage.ts';
import {
  finished,
  type Ordered,
  OURS,
  order,
  rest,
  type Story,
  type Told,
  told,
  untilAsked,
  went,
} from './rollout-story.ts';
import { minutes, notesOf, seconds } from './stage.ts';

const throttle = (action: string, caller?: string): Ordered => ({
  kind: 'throttle',
  action,
  ...(caller !== undefined && { caller }),
});

/** Nobody gets a connection to the API server from now on, for so long. */
function notReached({ world }: Rolling, forMs: number): void {
  const { nowMs: fromMs } = world.kernel;
  world.cluster().kubernetes.outages.push({ fromMs, toMs: fromMs + forMs });
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
