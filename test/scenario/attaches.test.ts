/** Where the seconds until the last attach go, told from the world: what EventBridge, EC2 and we ourselves add to the floor. */
import { describe, expect, test } from 'vitest';
import { lastTurnMs, turnsMs, type Warming } from '../../sim/scenario/attaches.ts';
import { Watch } from '../../sim/scenario/figures.ts';
import { SUBNET } from '../../sim/scenarios/subnets.ts';
import { Stage, type StageOptions } from '../../sim/stage.ts';
import { World, type WorldSetup } from '../../sim/world.ts';
import { replayable } from '../replay.ts';

const SEED = 5;
const NODES = 6;

interface Parts {
  readonly total: number;
  readonly ratio: number;
  readonly eventBridge: number;
  readonly ec2: number;
  readonly ours: number;
}

const since = (later: number | undefined, earlier: number | undefined): number => {
  if (later === undefined || earlier === undefined) throw new Error('nothing was attached');
  return later - earlier;
};
const partsOf = (warming: Warming): Parts => {
  const { warmSeconds, warmFloorSeconds, warmFloorTold, warmFloorAnswered } = warming;
  return {
    total: since(warmSeconds, warmFloorSeconds),
    ratio: since(warmSeconds, 0) / since(warmFloorAnswered, 0),
    eventBridge: since(warmFloorTold, warmFloorSeconds),
    ec2: since(warmFloorAnswered, warmFloorTold),
    ours: since(warmSeconds, warmFloorAnswered),
  };
};

/** Six nodes launch at once; three minutes later it is asked how they were warmed. `slower`: by what every attach is answered later. */
async function launched(
  setup: Partial<WorldSetup> = {},
  options: (world: World) => Partial<StageOptions> = () => ({}),
  slowerMs = 0,
): Promise<Warming> {
  replayable(SEED);
  const world = new World({
    seed: SEED,
    cluster: 'shop',
    subnets: [{ ...SUBNET, cidr: '10.0.0.0/20' }],
    ...setup,
  });
  const { kernel, account } = world;
  const real = account.call.bind(account);
  account.call = function* (caller, action, input) {
    if (action === 'AttachNetworkInterface' && caller.name === 'prewarmer') yield* kernel.sleep(slowerMs);
    return yield* real(caller, action, input);
  };
  const stage = new Stage(world, { mode: 'warm', ...options(world) });
  const watch = new Watch(world, stage);
  for (let node = 0; node < NODES; node++) world.launch('m5.large');
  await kernel.run(180_000);
  const { ours } = watch.measure(world.pods, 0.5);
  if (ours === undefined) throw new Error('the prewarmer is there');
  expect(ours.interfaces).toBe(2 * NODES);
  return ours;
}

test('the parts are all of what the last attach took above the floor, and each took its time', async () => {
  const { total, eventBridge, ec2, ours, ratio } = partsOf(await launched());
  expect(eventBridge + ec2 + ours).toBeCloseTo(total, 6);
  // At least what EventBridge and an attach take at best, and what our queue gathers for.
  expect(eventBridge).toBeGreaterThanOrEqual(0.3);
  expect(ec2).toBeGreaterThanOrEqual(0.8);
  expect(ours).toBeGreaterThanOrEqual(1);
  expect(ratio).toBeGreaterThan(1);
});

test('events that come two seconds later are EventBridge’s two seconds, not ours', async () => {
  const [usual, late] = [await launched(), await launched({ eventsLateByMs: 2_000 })].map(partsOf);
  expect(since(late?.eventBridge, usual?.eventBridge)).toBeCloseTo(2, 1);
  expect(late?.ours).toBeLessThan(since(usual?.ours, 0) + 1);
});

test('answers that come two seconds later are EC2’s, not ours', async () => {
  const [usual, slow] = [await launched(), await launched({}, undefined, 2_000)].map(partsOf);
  expect(since(slow?.ec2, usual?.ec2)).toBeCloseTo(2, 1);
  expect(slow?.eventBridge).toBe(usual?.eventBridge);
  expect(slow?.ours).toBeLessThan(since(usual?.ours, 0) + 1);
});

test('functions that take two seconds longer to begin are ours', async () => {
  const usual = partsOf(await launched());
  const slow = partsOf(
    await launched({}, ({ kernel }) => ({
      invoke: async (_name, run) => {
        await kernel.park<void>((resolve) => {
          kernel.after(2_000, () => resolve());
        });
        return run();
      },
    })),
  );
  expect(slow.eventBridge).toBe(usual.eventBridge);
  expect(slow.ours).toBeGreaterThan(usual.ours + 1);
});

describe('turns of a bucket of two that gets one more a second', () => {
  const bucket = { size: 2, perSecond: 1 };

  test('those that are ready at once go out as it fills', () => {
    expect(turnsMs([0, 0, 0, 0], bucket)).toEqual([0, 0, 1_000, 2_000]);
  });

  test('nobody goes before he is ready, and what was left meanwhile is there', () => {
    expect(turnsMs([0, 0, 5_000, 5_000, 5_000], bucket)).toEqual([0, 0, 5_000, 5_000, 6_000]);
  });

  test('the last of them, in whatever order they are told', () => {
    expect(lastTurnMs([5_000, 0, 5_000, 0, 5_000], bucket)).toBe(6_000);
    expect(lastTurnMs([], bucket)).toBe(0);
  });
});
