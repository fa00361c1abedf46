/** Parallel and Map: lines of control inside a state. */
import { expect, test } from 'vitest';
import { call, only, run, stage, Trouble, types } from './asl-stage.ts';

const counted = (all: readonly string[]): Record<string, number> =>
  Object.fromEntries([...new Set(all)].map((one) => [one, all.filter((other) => other === one).length]));

const waitThen = (Seconds: number | string, end: object = { Type: 'Succeed' }): object => ({
  StartAt: 'Rest',
  States: { Rest: { Type: 'Wait', Seconds, Next: 'End' }, End: end },
});

test('branches run at once, see the variables outside, and keep their own', async () => {
  const execution = await run({
    StartAt: 'Set',
    States: {
      Set: { Type: 'Pass', Assign: { n: 1 }, Output: 'in', Next: 'Both' },
      Both: {
        Type: 'Parallel',
        Branches: [
          {
            StartAt: 'Change',
            States: {
              Change: { Type: 'Pass', Assign: { m: '{% $n + 1 %}' }, Next: 'Say' },
              Say: { Type: 'Wait', Seconds: 10, Output: '{% $m %}', End: true },
            },
          },
          {
            StartAt: 'Look',
            States: { Look: { Type: 'Wait', Seconds: 20, Output: '{% [$n, $states.input] %}', End: true } },
          },
        ],
        Next: 'After',
      },
      After: {
        Type: 'Succeed',
        Output: { n: '{% $n %}', m: '{% $exists($m) %}', both: '{% $states.input %}' },
      },
    },
  });
  expect(execution).toMatchObject({
    output: { n: 1, m: false, both: [2, [1, 'in']] },
    stoppedMs: 20_000,
    transitions: 6,
  });
});

test('one branch fails: the others are aborted, and the error is the Parallel’s, to retry or catch', async () => {
  let failures = 1;
  const execution = await run(
    only({
      Type: 'Parallel',
      Retry: [{ ErrorEquals: ['Trouble'], IntervalSeconds: 5 }],
      Branches: [waitThen(60), waitThen(10, call({ End: true }))],
    }),
    {
      tasks: {
        'test:call': async () => {
          if (failures-- > 0) throw new Trouble('once');
          return 'fine';
        },
      },
    },
  );
  expect(execution).toMatchObject({ status: 'SUCCEEDED', stoppedMs: 75_000 });
  expect(counted(types(execution))).toMatchObject({
    ParallelStateEntered: 1,
    ParallelStateStarted: 2,
    ParallelStateFailed: 1,
    ParallelStateSucceeded: 1,
    WaitStateEntered: 4,
    WaitStateExited: 3,
    WaitStateAborted: 1,
  });
});

/** How many tasks were at work at once, at most. */
function busy() {
  const seen = { now: 0, most: 0 };
  const { machine, kernel } = stage(
    only({
      Type: 'Map',
      Items: '{% $states.input.items %}',
      MaxConcurrency: '{% $states.input.atOnce %}',
      ItemProcessor: { StartAt: 'Each', States: { Each: call({ End: true }) } },
    }),
    {
      'test:call': (input) => {
        seen.most = Math.max(seen.most, ++seen.now);
        return kernel.park((resolve) => {
          kernel.after(1_000, () => {
            seen.now--;
            resolve(input);
          });
        });
      },
    },
  );
  return { seen, machine, kernel };
}

test.each([
  [3, 3],
  [0, 40],
  [100, 40],
])(
  'an inline Map with MaxConcurrency %i has %i iterations at work, results in order',
  async (atOnce, most) => {
    const { seen, machine, kernel } = busy();
    const items = Array.from({ length: 90 }, (_, i) => i);
    const execution = machine.start({ input: { items, atOnce } });
    await kernel.run(3_600_000);
    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: items });
    expect(seen.most).toBe(most);
    expect(execution.stoppedMs).toBe(1_000 * Math.ceil(90 / most));
  },
);

test('ItemSelector makes each item’s input from item, place and the Map’s own input', async () => {
  const execution = await run(
    only({
      Type: 'Map',
      Items: ['a', 'b'],
      ItemSelector: {
        place: '{% $states.context.Map.Item.Index %}',
        item: '{% $states.context.Map.Item.Value %}',
        wave: '{% $states.input.wave %}',
      },
      ItemProcessor: {
        StartAt: 'Each',
        States: {
          Each: {
            Type: 'Pass',
            Output: '{% [$states.input, $states.context.Map.Item.Value] %}',
            End: true,
          },
        },
      },
    }),
    { input: { wave: 7 } },
  );
  expect(execution.output).toEqual([
    [{ place: 0, item: 'a', wave: 7 }, 'a'],
    [{ place: 1, item: 'b', wave: 7 }, 'b'],
  ]);
});

const failOn = (...bad: unknown[]) => ({
  'test:call': async (item: unknown) => {
    if (bad.includes(item)) throw new Trouble(`item ${item}`);
    return item;
  },
});
const mapOf = (fields: object, config?: object) => ({
  Type: 'Map',
  ItemProcessor: {
    ...(config ? { ProcessorConfig: config } : {}),
    StartAt: 'Each',
    States: { Each: call({ Next: 'Rest' }), Rest: { Type: 'Wait', Seconds: 5, End: true } },
  },
  ...fields,
});
const CHILDREN = { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' };

test('one item fails: the Map fails with its error, and the other iterations are aborted', async () => {
  const execution = await run(only(mapOf({})), { input: [1, 2, 3], tasks: failOn(2) });
  expect(execution).toMatchObject({ status: 'FAILED', error: 'Trouble', cause: 'item 2' });
  expect(counted(types(execution))).toMatchObject({
    MapIterationStarted: 3,
    MapIterationFailed: 1,
    MapIterationAborted: 2,
    MapStateFailed: 1,
    ExecutionFailed: 1,
  });
  expect(execution.history.find(({ type }) => type === 'MapIterationFailed')).toMatchObject({ index: 1 });
});

test.each([
  ['inline', undefined],
  ['distributed', CHILDREN],
])('a %s Map tolerates the share of failures it names, and no more', async (_, config) => {
  const input = [1, 2, 3, 4];
  const half = only(mapOf({ ToleratedFailurePercentage: 50 }, config));
  const failed = { Error: 'Trouble', Cause: 'item 2' };
  expect((await run(half, { input, tasks: failOn(2) })).output).toEqual([1, failed, 3, 4]);
  expect(await run(half, { input, tasks: failOn(1, 2, 3) })).toMatchObject({
    status: 'FAILED',
    error: 'States.ExceedToleratedFailureThreshold',
  });
});

test('children of a distributed Map keep their own history, and their transitions are billed', async () => {
  const execution = await run(only(mapOf({}, CHILDREN)), { input: [1, 2, 3], tasks: failOn() });
  expect(types(execution)).toEqual([
    'ExecutionStarted',
    'MapStateEntered',
    'MapStateStarted',
    'MapRunStarted',
    'MapRunSucceeded',
    'MapStateSucceeded',
    'MapStateExited',
    'ExecutionSucceeded',
  ]);
  expect(execution).toMatchObject({ output: [1, 2, 3], transitions: 1 + 3 * 2 });
  const express = { ...CHILDREN, ExecutionType: 'EXPRESS' };
  expect(await run(only(mapOf({}, express)), { input: [1], tasks: failOn() })).toMatchObject({
    transitions: 1,
  });
});

test('a child of a distributed Map does not see the variables outside', async () => {
  const execution = await run({
    StartAt: 'Set',
    States: {
      Set: { Type: 'Pass', Assign: { n: 1 }, Output: [1], Next: 'All' },
      All: {
        Type: 'Map',
        ItemProcessor: {
          ProcessorConfig: CHILDREN,
          StartAt: 'Look',
          States: { Look: { Type: 'Pass', Output: '{% $n %}', End: true } },
        },
        End: true,
      },
    },
  });
  expect(execution).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
  expect(execution.cause).toContain('States.QueryEvaluationError');
});

test('ItemBatcher gives children several items and a shared part; failures count in items', async () => {
  const got: unknown[] = [];
  const batched = only({
    ...mapOf({ ToleratedFailurePercentage: 40 }, CHILDREN),
    ItemBatcher: { MaxItemsPerBatch: 2, BatchInput: { wave: '{% $states.input.wave %}' } },
    Items: '{% $states.input.items %}',
  });
  const tasks = (bad: number) => ({
    'test:call': async (input: unknown) => {
      got.push(input);
      if ((input as { Items: number[] }).Items.includes(bad)) throw new Trouble('bad');
      return null;
    },
  });
  const input = { items: [1, 2, 3, 4, 5], wave: 9 };
  const execution = await run(batched, { input, tasks: tasks(1) });
  expect(execution.status).toBe('SUCCEEDED');
  expect(got).toEqual([[1, 2], [3, 4], [5]].map((Items) => ({ BatchInput: { wave: 9 }, Items })));
  expect(await run(batched, { input: { ...input, items: [1, 2, 3, 4] }, tasks: tasks(1) })).toMatchObject({
    error: 'States.ExceedToleratedFailureThreshold',
  });
});

test('an Express child ends after five minutes, whatever it would catch', async () => {
  const slow = {
    Type: 'Map',
    Items: [1],
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
      ...waitThen(301),
    },
  };
  const execution = await run(only(slow));
  expect(execution).toMatchObject({ error: 'States.ExceedToleratedFailureThreshold', stoppedMs: 300_000 });
  expect(execution.cause).toContain('States.Timeout');
});

test('a redriven distributed Map runs on with the children that failed, in their own history', async () => {
  let bad: unknown[] = [2];
  const calls: unknown[] = [];
  const { machine, seconds } = stage(only(mapOf({}, CHILDREN)), {
    'test:call': (item) => {
      calls.push(item);
      return failOn(...bad)['test:call'](item);
    },
  });
  const execution = machine.start({ name: 'x', input: [1, 2] });
  await seconds(60);
  expect(execution.status).toBe('FAILED');
  bad = [];
  machine.redrive('x');
  await seconds(60);
  expect(execution).toMatchObject({ status: 'SUCCEEDED', output: [1, 2] });
  expect(calls).toEqual([1, 2, 2]);
  expect(types(execution)).toContain('MapRunRedriven');
});
