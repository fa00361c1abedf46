import { Logger } from '@aws-lambda-powertools/logger';
import { afterEach, expect, test, vi } from 'vitest';
import { PowertoolsJournal } from '../../lambdas/adapters/powertools-journal.ts';

const NOW_MS = 1_795_000_000_000;

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
  return {
    journal: new PowertoolsJournal(() => NOW_MS, { logger }),
    asDeployed: () => new PowertoolsJournal(() => NOW_MS),
    read: () => lines.map((line) => JSON.parse(line)),
  };
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

test('a token or a secret is never written, wherever in the facts it is; what only sounds like one is', () => {
  const { asDeployed, read } = journal();
  asDeployed().warn('stays on the queue', {
    signals: [{ nodeId: 'i-0a', hook: { hookName: 'prewarm', token: 'T0KEN-1' } }],
    taskToken: 'T0KEN-2',
    headers: { Authorization: 'Bearer T0KEN-3' },
    SecretString: 'T0KEN-4',
    secretId: 'gate-secret',
    tokens: 41,
  });
  expect(JSON.stringify(read())).not.toContain('T0KEN');
  expect(read()).toEqual([
    expect.objectContaining({
      signals: [{ nodeId: 'i-0a', hook: { hookName: 'prewarm', token: 'withheld' } }],
      taskToken: 'withheld',
      secretId: 'gate-secret',
      tokens: 41,
    }),
  ]);
});

/** The metrics CloudWatch makes of a line, as its documentation tells: one for each name and set of dimensions. */
function metricsOf(line: Record<string, unknown>): string[] {
  const { CloudWatchMetrics } = line['_aws'] as {
    CloudWatchMetrics: {
      Namespace: string;
      Dimensions: string[][];
      Metrics: { Name: string; Unit: string }[];
    }[];
  };
  return CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Metrics.flatMap(({ Name, Unit }) =>
      Dimensions.map((names) => {
        const of = names.map((name) => `${name}=${line[name]}`).join(' ');
        return `${Namespace} ${Name}{${of}} = ${line[Name]} ${Unit}`;
      }),
    ),
  );
}

test('figures are one line that CloudWatch reads as metrics, with their units, of what they are said to be of', () => {
  const { journal: book, read } = journal();
  book.measure({ LateAttaches: 2, LeadTime: 12_500 }, { cluster: 'shop' });
  const [line, ...others] = read();
  expect(others).toEqual([]);
  expect(line._aws.Timestamp).toBe(NOW_MS);
  expect(metricsOf(line)).toEqual([
    'eks-ip-prewarmer LateAttaches{cluster=shop} = 2 Count',
    'eks-ip-prewarmer LeadTime{cluster=shop} = 12500 Milliseconds',
  ]);
});

test('figures of a part of a cluster are figures of the cluster too, for alarms that know no part', () => {
  const { journal: book, read } = journal();
  book.measure({ Throttled: 3 }, { cluster: 'shop', action: 'AttachNetworkInterface' });
  expect(read().flatMap(metricsOf)).toEqual([
    'eks-ip-prewarmer Throttled{cluster=shop action=AttachNetworkInterface} = 3 Count',
    'eks-ip-prewarmer Throttled{cluster=shop} = 3 Count',
  ]);
});

test('figures of the account have no dimension, and no dimension is empty', () => {
  const { journal: book, read } = journal();
  book.measure({ CircuitOpen: 0 }, {});
  book.measure({ BootP05: 19_000 }, { cluster: 'shop', nodeGroup: '' });
  expect(read().flatMap(metricsOf)).toEqual([
    'eks-ip-prewarmer CircuitOpen{} = 0 Count',
    'eks-ip-prewarmer BootP05{cluster=shop} = 19000 Milliseconds',
  ]);
});

test('measures do not add up: each is a line of its own; nothing measured, or nothing that is a number, is no line', () => {
  const { journal: book, read } = journal();
  book.measure({ NodesSeen: 1 }, { cluster: 'shop' });
  book.measure({ NodesSeen: 2 }, { cluster: 'depot' });
  book.measure({}, { cluster: 'shop' });
  book.measure({ LeadTime: Number.NaN }, { cluster: 'shop' });
  expect(read().map(metricsOf)).toEqual([
    ['eks-ip-prewarmer NodesSeen{cluster=shop} = 1 Count'],
    ['eks-ip-prewarmer NodesSeen{cluster=depot} = 2 Count'],
  ]);
});
