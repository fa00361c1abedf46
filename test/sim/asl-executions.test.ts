/** Executions: their names, their end, their redrive, and the quotas they run into. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Execution } from '../../sim/asl/execution.ts';
import { call, only, run, stage, Trouble, types } from './asl-stage.ts';

const hour = only({ Type: 'Wait', Seconds: 3_600 });

describe('a name', () => {
  test('started again with the same input is the execution that runs', async () => {
    const { machine, seconds } = stage(hour);
    const first = machine.start({ name: 'release-1', input: { to: 50 } });
    await seconds(10);
    expect(machine.start({ name: 'release-1', input: { to: 50 } })).toBe(first);
    expect(machine.executions).toHaveLength(1);
  });

  test('with another input, or once it has ended, is refused as ExecutionAlreadyExists', async () => {
    const { machine, seconds } = stage(hour);
    machine.start({ name: 'release-1', input: { to: 50 } });
    const again = (to: number) => () => machine.start({ name: 'release-1', input: { to } });
    expect(again(60)).toThrow(expect.objectContaining({ name: 'ExecutionAlreadyExists' }));
    await seconds(3_601);
    expect(again(50)).toThrow(expect.objectContaining({ name: 'ExecutionAlreadyExists' }));
  });
});

test('a stopped execution is ABORTED where it stands, and nothing more is recorded of it', async () => {
  const { kernel, machine, seconds } = stage(
    only({
      Type: 'Map',
      ItemProcessor: { StartAt: 'Each', States: { Each: call({ End: true }) } },
    }),
    { 'test:call': () => kernel.park((resolve) => kernel.after(60_000, () => resolve('late'))) },
  );
  const execution = machine.start({ name: 'x', input: [1, 2] });
  await seconds(10);
  machine.stop('x', { error: 'Enough', cause: 'by hand' });
  const recorded = execution.history.length;
  await seconds(100);
  expect(execution).toMatchObject({
    status: 'ABORTED',
    error: 'Enough',
    cause: 'by hand',
    stoppedMs: 10_000,
  });
  expect(types(execution).at(-1)).toBe('ExecutionAborted');
  expect(execution.history).toHaveLength(recorded);
});

describe('a redrive', () => {
  const machineOf = (last: object) => ({
    StartAt: 'Once',
    States: {
      Once: call({ Arguments: 'once', Assign: { got: '{% $states.result %}' }, Next: 'Break' }),
      Break: last,
    },
  });

  test('goes on at the failed state with its input and variables, its retries counted anew', async () => {
    const calls: unknown[] = [];
    let broken = true;
    const { machine, seconds } = stage(
      machineOf(
        call({
          Arguments: '{% [$got, $states.input, $states.context.Execution.RedriveCount] %}',
          Retry: [{ ErrorEquals: ['Trouble'], MaxAttempts: 1 }],
          End: true,
        }),
      ),
      {
        'test:call': async (input) => {
          calls.push(input);
          if (input !== 'once' && broken) throw new Trouble('down');
          return input === 'once' ? 'kept' : input;
        },
      },
    );
    const execution = machine.start({ name: 'x' });
    await seconds(60);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Trouble' });
    expect(calls).toHaveLength(3);
    const before = execution.history.length;
    machine.redrive('x');
    await seconds(60);
    expect(execution.status).toBe('FAILED');
    expect(calls).toHaveLength(5);
    broken = false;
    machine.redrive('x');
    await seconds(60);
    expect(execution).toMatchObject({
      status: 'SUCCEEDED',
      output: ['kept', 'kept', 2],
      error: undefined,
      redriveCount: 2,
    });
    expect(calls.filter((input) => input === 'once')).toHaveLength(1);
    expect(types(execution)[before]).toBe('ExecutionRedriven');
    expect(types(execution).filter((type) => type === 'TaskStateEntered')).toHaveLength(2);
  });

  test('of a Map repeats only the iterations that failed or were aborted', async () => {
    const calls: unknown[] = [];
    let broken = true;
    const { machine, seconds } = stage(
      only({
        Type: 'Map',
        MaxConcurrency: 1,
        ItemProcessor: { StartAt: 'Each', States: { Each: call({ End: true }) } },
      }),
      {
        'test:call': async (input) => {
          calls.push(input);
          if (input === 2 && broken) throw new Trouble('down');
          return input;
        },
      },
    );
    const execution = machine.start({ name: 'x', input: [1, 2, 3] });
    await seconds(1);
    expect(execution.status).toBe('FAILED');
    broken = false;
    machine.redrive('x');
    await seconds(1);
    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: [1, 2, 3] });
    expect(calls).toEqual([1, 2, 2, 3]);
    expect(types(execution).filter((type) => type === 'MapIterationStarted')).toHaveLength(4);
  });

  test('directly after a stop runs on as one execution, not two', async () => {
    const { machine, seconds } = stage(hour);
    const execution = machine.start({ name: 'x' });
    await seconds(10);
    machine.stop('x');
    machine.redrive('x');
    await seconds(3_601);
    expect(execution.stoppedMs).toBe(3_610_000);
    expect(types(execution)).toEqual([
      'ExecutionStarted',
      'WaitStateEntered',
      'ExecutionAborted',
      'ExecutionRedriven',
      'WaitStateExited',
      'ExecutionSucceeded',
    ]);
  });

  test('is refused while it runs, after success, and after 14 days', async () => {
    const refused = expect.objectContaining({ name: 'ExecutionNotRedrivable' });
    const { machine, seconds } = stage(hour);
    machine.start({ name: 'x' });
    expect(() => machine.redrive('x')).toThrow(refused);
    await seconds(3_601);
    expect(() => machine.redrive('x')).toThrow(refused);
    const other = stage({ StartAt: 'No', States: { No: { Type: 'Fail' } } });
    other.machine.start({ name: 'x' });
    await other.seconds(14 * 86_400 + 1);
    expect(() => other.machine.redrive('x')).toThrow(refused);
  });
});

describe('the history', () => {
  /** A loop of `rounds` rounds: Pass and Choice, four events each. */
  const loop = async (rounds: number, extra: object[]) => {
    const names = extra.map((_, i) => `Extra${i}`);
    const { machine, seconds } = stage({
      StartAt: 'Begin',
      States: {
        Begin: { Type: 'Pass', Assign: { n: 0 }, Next: 'Count' },
        Count: { Type: 'Pass', Assign: { n: '{% $n + 1 %}' }, Next: 'Again' },
        Again: {
          Type: 'Choice',
          Choices: [{ Condition: `{% $n < ${rounds} %}`, Next: 'Count' }],
          Default: names[0] ?? 'End',
        },
        ...Object.fromEntries(extra.map((state, i) => [names[i], { ...state, Next: names[i + 1] ?? 'End' }])),
        End: { Type: 'Succeed' },
      },
    });
    const execution = machine.start({ name: 'x' });
    await seconds(1);
    return { machine, execution };
  };

  test('holds 25,000 events if the last one is the success', async () => {
    // 1 start + 2 Begin + 4 × 6,248 + 2 extra + 2 End + 1 success
    const { execution } = await loop(6_248, [{ Type: 'Pass' }]);
    expect(execution.status).toBe('SUCCEEDED');
    expect(execution.history).toHaveLength(25_000);
  });

  test('ends the execution otherwise, and no redrive is possible', async () => {
    const { machine, execution } = await loop(6_248, [{ Type: 'Pass' }, { Type: 'Pass' }]);
    expect(execution).toMatchObject({
      status: 'FAILED',
      cause: 'The execution reached the maximum number of history events (25000).',
    });
    expect(execution.history).toHaveLength(25_000);
    expect(types(execution).at(-1)).toBe('ExecutionFailed');
    expect(() => machine.redrive('x')).toThrow('Execution history event limit exceeded.');
  });

  /** A random state, with the events and transitions it must cost, said apart from the interpreter. */
  interface Drawn {
    readonly state: object;
    readonly events: number;
    readonly transitions: number;
  }
  const leaf: fc.Arbitrary<Drawn> = fc.oneof(
    fc.constant({ state: { Type: 'Pass' }, events: 2, transitions: 1 }),
    fc.nat(100).map((Seconds) => ({ state: { Type: 'Wait', Seconds }, events: 2, transitions: 1 })),
    fc.nat(3).map((failures) => ({
      state: call({
        Arguments: `{% [${failures}, $states.context.State.RetryCount] %}`,
        Retry: [{ ErrorEquals: ['Trouble'], JitterStrategy: 'FULL' }],
      }),
      events: 2 + 3 * (failures + 1),
      transitions: 1 + failures,
    })),
  );
  const flowOf = (drawn: readonly Drawn[]) => ({
    StartAt: '0',
    States: Object.fromEntries(
      drawn.map(({ state }, i) => [
        `${i}`,
        { ...state, ...(i + 1 < drawn.length ? { Next: `${i + 1}` } : { End: true }) },
      ]),
    ),
  });
  const sum = (drawn: readonly Drawn[], what: 'events' | 'transitions'): number =>
    drawn.reduce((total, each) => total + each[what], 0);
  const several = (of: fc.Arbitrary<Drawn>) => fc.array(of, { minLength: 1, maxLength: 4 });
  const nested = (of: fc.Arbitrary<Drawn>): fc.Arbitrary<Drawn> =>
    fc.oneof(
      fc.tuple(several(of), fc.nat(4)).map(([inner, items]) => ({
        state: { Type: 'Map', Items: Array(items).fill(0), MaxConcurrency: 2, ItemProcessor: flowOf(inner) },
        events: 4 + items * (2 + sum(inner, 'events')),
        transitions: 1 + items * sum(inner, 'transitions'),
      })),
      fc.array(several(of), { minLength: 1, maxLength: 3 }).map((branches) => ({
        state: { Type: 'Parallel', Branches: branches.map(flowOf) },
        events: 4 + sum(branches.flat(), 'events'),
        transitions: 1 + sum(branches.flat(), 'transitions'),
      })),
    );

  test('has as many events, and the bill as many transitions, as each state is documented to make', async () => {
    await fc.assert(
      fc.asyncProperty(
        several(fc.oneof(leaf, nested(fc.oneof(leaf, nested(leaf))))),
        fc.nat(),
        async (drawn, seed) => {
          const execution: Execution = await run(flowOf(drawn), {
            seed,
            tasks: {
              'test:call': async (input) => {
                const [failures, retries] = input as [number, number];
                if (retries < failures) throw new Trouble('again');
                return null;
              },
            },
          });
          expect(execution.status).toBe('SUCCEEDED');
          expect(execution.history).toHaveLength(2 + sum(drawn, 'events'));
          expect(execution.transitions).toBe(sum(drawn, 'transitions'));
          expect(execution.history.map(({ id }) => id)).toEqual(execution.history.map((_, i) => i + 1));
        },
      ),
      { numRuns: 60 },
    );
  });
});
