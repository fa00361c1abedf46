import { expect, test } from 'vitest';
import { launchFor, minutes, notesOf, SUBNET, staged } from './stage.ts';

/** One more node. */
const EVERY_MS = 5_000;

test('EC2 fails every create for five minutes, a node starts every five seconds: soon nobody asks but for trials, and all goes on by itself', async () => {
  const { world, stage } = staged({ seed: 76, subnets: [{ ...SUBNET, cidr: '10.0.0.0/18' }] });
  const { kernel, account } = world;
  const fromMs = kernel.nowMs;
  account.addFault({
    kind: 'refuse',
    action: 'CreateNetworkInterface',
    caller: 'prewarmer',
    code: 'InternalError',
    httpStatus: 500,
    fromMs,
    toMs: fromMs + minutes(5),
  });
  for (let atMs = fromMs; atMs < fromMs + minutes(12); atMs += EVERY_MS)
    kernel.at(atMs, () => launchFor(world, 0));
  const creates = (): number => account.calls.of('prewarmer').get('CreateNetworkInterface') ?? 0;
  await kernel.run(fromMs + minutes(1));
  const first = creates();
  // Ten calls tell, and perhaps those under way with them.
  expect(first).toBeLessThanOrEqual(14);
  expect(notesOf(stage, 'budget').map(({ facts }) => facts['because'])).toContain('circuit open');
  await kernel.run(fromMs + minutes(5));
  // Two interfaces for a node, tried after one minute and after two more.
  expect(creates() - first).toBe(2 * 2);
  // It was last opened for four minutes; the trial after them goes well.
  await kernel.run(fromMs + minutes(9));
  const before = creates();
  await kernel.run(fromMs + minutes(11));
  expect(creates() - before).toBeGreaterThanOrEqual((2 * minutes(2)) / EVERY_MS);
  expect(notesOf(stage, 'call failed').every(({ atMs }) => atMs < fromMs + minutes(5))).toBe(true);
});
