/** The kill switch: an operator writes `{"stopped": true}` into the policy, and from the next call on nothing is changed. */
import { describe, expect, test } from 'vitest';
import type { Stage } from '../../sim/stage.ts';
import type { World } from '../../sim/world.ts';
import {
  announceGrowth,
  beforeOurs,
  changes,
  inWorld,
  launchFor,
  minutes,
  notesOf,
  seconds,
  staged,
  stepsOf,
} from './stage.ts';

function switched(
  seed: number,
  sweep = false,
): { world: World; stage: Stage; stop: (stopped: boolean) => void } {
  let stopped = false;
  const { world, stage } = staged({ seed }, { sweep, policyNow: () => ({ stopped }) });
  return {
    world,
    stage,
    stop: (to) => {
      stopped = to;
    },
  };
}

const announce = (world: World): void => {
  announceGrowth(world, 10, { inMs: minutes(30) });
};

describe('stopped', () => {
  test('before a launch: the node is left, with that reason, and pods start as they would without us', async () => {
    const { world, stage, stop } = switched(91);
    stop(true);
    const node = launchFor(world, 9);
    await world.kernel.run(minutes(3));
    expect(changes(world)).toEqual({});
    expect(node.instance.enis.some(({ tags }) => tags.has('eks-ip-prewarmer/node'))).toBe(false);
    expect(stepsOf(stage).at(-1)).toMatchObject({ do: 'leave', reason: 'stopped' });
    expect(world.pods.every(({ gotAddressAtMs }) => gotAddressAtMs !== undefined)).toBe(true);
  });

  test('in the middle of a launch: what was made is not attached, and the sweep deletes nothing while it holds', async () => {
    const { world, stop } = switched(92, true);
    const node = launchFor(world, 27);
    world.account.onStateChange(({ id }, state) => {
      if (id === node.instanceId && state === 'running') stop(true);
    });
    await world.kernel.run(minutes(16));
    expect(changes(world)).toEqual({ CreateNetworkInterface: 2 });
    stop(false);
    await world.kernel.run(minutes(32));
    expect(changes(world)).toEqual({ CreateNetworkInterface: 2, DeleteNetworkInterface: 2 });
  });

  test('before a rollout: it waits, and is warmed once the switch is off again', async () => {
    const { world, stop } = switched(93, true);
    const node = world.established('m5.large', [9]);
    await world.kernel.run(minutes(11));
    stop(true);
    announce(world);
    await world.kernel.run(world.kernel.nowMs + minutes(5));
    expect(changes(world)).toEqual({});
    stop(false);
    await world.kernel.run(world.kernel.nowMs + minutes(2));
    expect(node.instance.enis.map(({ secondaryIps }) => secondaryIps.length)).toEqual([9, 8]);
  });

  test('in the middle of a rollout: what was made waits, and the rollout goes on when the switch is off again', async () => {
    const { world, stop } = switched(96, true);
    const node = world.established('m5.large', [9]);
    await world.kernel.run(minutes(11));
    beforeOurs(world, 'CreateNetworkInterface', () => stop(true));
    announce(world);
    await world.kernel.run(world.kernel.nowMs + minutes(3));
    expect(changes(world)).toEqual({ CreateNetworkInterface: 1 });
    stop(false);
    await world.kernel.run(world.kernel.nowMs + minutes(3));
    expect(node.instance.enis.map(({ secondaryIps }) => secondaryIps.length)).toEqual([9, 8]);
    expect(changes(world)['CreateNetworkInterface']).toBe(1);
  });

  test('it is published, so that nobody forgets it', async () => {
    const { world, stage, stop } = switched(94);
    stop(true);
    await inWorld(world, () => stage.sweepNow());
    expect(
      stage.figures.find(({ figures }) => figures.KillSwitchOn !== undefined)?.figures.KillSwitchOn,
    ).toBe(1);
  });
});

test('two runs meet on one node: the second finds it held, and nothing is made twice', async () => {
  const { world, stage } = staged({ seed: 95 });
  const node = launchFor(world, 27);
  const event = (state: string): string =>
    JSON.stringify(
      world.bus.event('aws.ec2', 'EC2 Instance State-change Notification', {
        'instance-id': node.instanceId,
        state,
      }),
    );
  // Two pollers, each with a batch of its own: the messages come 1.2 s apart.
  for (const afterMs of [seconds(1), seconds(2.2), seconds(3.4)])
    world.kernel.after(afterMs, () => stage.queues.launches.send(event('pending'), 0));
  await world.kernel.run(minutes(3));
  expect(changes(world)).toMatchObject({ CreateNetworkInterface: 2, AttachNetworkInterface: 2 });
  expect(notesOf(stage, 'call failed')).toEqual([]);
});
