/** How far a command is: on a terminal, once it takes its time, and gone when it ends. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progressOn } from '../../cli/progress.ts';

let written: string[];
const stream = (isTTY: boolean, columns = 80): NodeJS.WriteStream =>
  ({ isTTY, columns, write: (text: string) => written.push(text) }) as never;
/** What stands in the line that is written over and over. */
const line = (): string => (written.at(-1) ?? '').replace(/^\r/, '').replace('\u001b[K', '');

beforeEach(() => {
  written = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('what is over within two seconds says nothing', () => {
  const progress = progressOn(stream(true), 'Reading shop');
  progress.say('3 instances');
  vi.advanceTimersByTime(1_900);
  progress.end();
  vi.advanceTimersByTime(10_000);
  expect(written).toEqual([]);
});

test('what takes longer says how far it is and for how long, and takes the line away', () => {
  const progress = progressOn(stream(true), 'Reading shop');
  vi.advanceTimersByTime(3_000);
  progress.say('3 instances');
  vi.advanceTimersByTime(2_000);
  expect(line()).toBe('Reading shop: 3 instances, 5 s');
  progress.end();
  expect(written.at(-1)).toBe('\r\u001b[K');
});

test('what will keep the process busy is said before it does', () => {
  const progress = progressOn(stream(true), 'Plan for shop');
  progress.show('simulating');
  expect(line()).toBe('Plan for shop: simulating, 0 s');
  progress.end();
});

test('on a narrow terminal it keeps to its line, and in a pipe there is none', () => {
  const narrow = progressOn(stream(true, 20), 'Simulating cluster.json');
  narrow.show('present settings');
  narrow.end();
  expect(written[0]?.replace(/^\r/, '').replace('\u001b[K', '')).toHaveLength(19);
  written = [];
  const piped = progressOn(stream(false), 'Reading shop');
  piped.show('simulating');
  vi.advanceTimersByTime(10_000);
  piped.end();
  expect(written).toEqual([]);
});
