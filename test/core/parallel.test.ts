import { expect, test } from 'vitest';
import { inParallel } from '../../lambdas/core/parallel.ts';

/** Some turns of the event loop, one for each. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

test('at most so many at a time, answers in order', async () => {
  let now = 0;
  let most = 0;
  const answers = await inParallel([5, 1, 4, 2, 3], 2, async (item) => {
    now++;
    most = Math.max(most, now);
    await turns(item);
    now--;
    return item * 10;
  });
  expect(answers).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

test('one fails: nothing more begins, and the error comes once what had begun has ended', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const all = inParallel([0, 1, 2, 3, 4, 5], 3, async (item) => {
    begun.push(item);
    if (item === 0) throw new Error('the first');
    await turns(20);
    ended.push(item);
  });
  await expect(all).rejects.toThrow('the first');
  expect(begun).toEqual([0, 1, 2]);
  expect(ended).toEqual([1, 2]);
});
