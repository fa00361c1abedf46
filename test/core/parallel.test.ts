import { expect, test } from 'vitest';
import { Crew, inParallel } from '../../lambdas/core/parallel.ts';

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

test('a crew: who joins while others work begins as soon as there is a place, and all are waited for', async () => {
  const crew = new Crew(2);
  const ended: number[] = [];
  const work = (item: number) => async (): Promise<void> => {
    await turns(item);
    ended.push(item);
  };
  for (const item of [300, 3, 50]) crew.join(work(item));
  await crew.oneDone();
  expect(ended).toEqual([3]);
  crew.join(work(1));
  await crew.allDone();
  expect(ended).toEqual([3, 50, 1, 300]);
  expect(crew.idle).toBe(true);
});

test('one of a crew fails: nothing more begins, and the error comes once what had begun has ended', async () => {
  const crew = new Crew(2);
  const ended: string[] = [];
  crew.join(async () => {
    throw new Error('the first');
  });
  crew.join(async () => {
    await turns(20);
    ended.push('the second');
  });
  crew.join(async () => {
    ended.push('the third');
  });
  await crew.oneDone();
  crew.join(async () => {
    ended.push('too late');
  });
  await expect(crew.allDone()).rejects.toThrow('the first');
  expect(ended).toEqual(['the second']);
});
