import { Logger } from '@aws-lambda-powertools/logger';
import { afterEach, expect, test, vi } from 'vitest';
import { PowertoolsJournal } from '../../lambdas/adapters/powertools-journal.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A journal, and the lines it wrote to the function's log. */
function journal() {
  const lines: string[] = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      lines.push(...String(chunk).trim().split('\n'));
      return true;
    });
  const logger = new Logger({ serviceName: 'on-signal', logLevel: 'INFO' });
  return { journal: new PowertoolsJournal(logger), read: () => lines.map((line) => JSON.parse(line)) };
}

test('a note is one JSON line: what happened, and each fact under its name', () => {
  const { journal: book, read } = journal();
  book.note('plan', { cluster: 'shop', totals: { addresses: 20 }, steps: [{ do: 'attach' }] });
  expect(read()).toEqual([
    expect.objectContaining({
      level: 'INFO',
      message: 'plan',
      service: 'on-signal',
      cluster: 'shop',
      totals: { addresses: 20 },
      steps: [{ do: 'attach' }],
    }),
  ]);
});

test('a fact with a name the logger keeps for itself is not lost', () => {
  const { journal: book, read } = journal();
  book.warn('call failed', { code: 'IncorrectState', message: 'The instance is not running.' });
  expect(read()).toEqual([
    expect.objectContaining({
      level: 'WARN',
      message: 'call failed',
      code: 'IncorrectState',
      fact_message: 'The instance is not running.',
    }),
  ]);
});
