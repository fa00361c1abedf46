/** The page shows figures that the code publishes, by what it publishes them by, and everything the code publishes. */
import { expect, test } from 'vitest';
import { FIGURES, type Figure } from '../../lambdas/core/figures.ts';
import { EVERYTHING, OBSERVE, templateOf, WARM } from './synthesized.ts';

interface Shown {
  readonly figure: string;
  readonly by: readonly string[];
  readonly title: string;
}
interface Widget {
  readonly type: string;
  readonly x: number;
  readonly width: number;
  readonly properties: {
    readonly title?: string;
    readonly alarms?: readonly unknown[];
    readonly metrics?: readonly (readonly unknown[])[];
  };
}

function dashboardOf(context: Record<string, unknown>): { name: string; widgets: readonly Widget[] } {
  const [only, ...more] = Object.values(templateOf(context).findResources('AWS::CloudWatch::Dashboard'));
  expect(more).toEqual([]);
  if (only === undefined) throw new Error('no dashboard');
  const { DashboardName, DashboardBody } = only['Properties'];
  // What is known only once it is deployed (the Region, names of queues) is left open.
  const [, parts] = DashboardBody['Fn::Join'] as [string, unknown[]];
  const body = parts.map((part) => (typeof part === 'string' ? part : 'later')).join('');
  return { name: DashboardName, widgets: JSON.parse(body).widgets };
}

/** Every figure of ours on the page: lines of one metric, and searches. */
function shownIn(widgets: readonly Widget[]): Shown[] {
  return widgets.flatMap(({ properties: { title = '', metrics = [] } }) =>
    metrics.flatMap((line) => {
      const [first, name] = line;
      if (first === 'eks-ip-prewarmer') {
        const pairs = line.slice(2).filter((part) => typeof part === 'string');
        return [{ figure: String(name), by: pairs.filter((_, index) => index % 2 === 0), title }];
      }
      const { expression } = (first ?? {}) as { expression?: string };
      if (expression === undefined) return [];
      const search =
        /^SEARCH\('\{eks-ip-prewarmer,([\w,]+)\} MetricName="(\w+)"( cluster="demo")?', '\w+', 300\)$/;
      const [, by = '', figure = expression, own] = search.exec(expression) ?? [];
      const dimensions = by.split(',');
      expect(own !== undefined, expression).toBe(dimensions.includes('cluster'));
      return [{ figure, by: dimensions, title }];
    }),
  );
}

/** As adapters/powertools-journal.ts publishes it: by all its dimensions, and by the cluster alone. */
const publishedBy = (figure: string): readonly (readonly string[])[] => {
  const { by } = FIGURES[figure as Figure] ?? {};
  if (by === undefined) return [];
  const names: readonly string[] = by;
  return names.includes('cluster') && names.length > 1 ? [names, ['cluster']] : [names];
};

test.each([
  ['observe', OBSERVE],
  ['warm', WARM],
  ['every option', EVERYTHING],
])('in %s every line is a figure that is published, with dimensions it is published by', (_, context) => {
  const shown = shownIn(dashboardOf(context).widgets);
  expect(shown.length).toBeGreaterThan(20);
  for (const { figure, by, title } of shown)
    expect(publishedBy(figure), `${title}: ${figure} by ${by.join()}`).toContainEqual(by);
});

/** On no graph: those that alarms go by alone, and one that a gate's callers see for themselves. */
const ALARMS_ONLY = ['NotAllowed', 'QuotaReached', 'KillSwitchOn', 'PolicyRejected', 'PolicyMisfits'];
const NOT_SHOWN = [
  ...ALARMS_ONLY,
  'OldestOrphan',
  'GatesStuck',
  'GateAnswers',
  'NodesShort',
  'VpcInterfaces',
];

test('with every option on, every figure is on the page, but for those named here', () => {
  const shown = new Set(shownIn(dashboardOf(EVERYTHING).widgets).map(({ figure }) => figure));
  const missing = Object.keys(FIGURES).filter((figure) => !shown.has(figure));
  expect(missing.toSorted()).toEqual(NOT_SHOWN.toSorted());
});

test('one page a stack, named after it, with all its alarms on top', () => {
  const { name, widgets } = dashboardOf(EVERYTHING);
  expect(name).toBe('eks-ip-prewarmer-demo');
  const alarms = Object.keys(templateOf(EVERYTHING).findResources('AWS::CloudWatch::Alarm'));
  expect(widgets[0]).toMatchObject({ type: 'alarm' });
  expect(widgets[0]?.properties.alarms).toHaveLength(alarms.length);
  // CloudWatch API reference, dashboard body: 24 columns, 500 widgets.
  for (const { x, width } of widgets) expect(x + width).toBeLessThanOrEqual(24);
});

test('rollouts have their row where they can go out in waves, pods theirs where they can be seen', () => {
  const titles = (context: Record<string, unknown>) =>
    dashboardOf(context).widgets.map(({ properties: { title = '' } }) => title);
  const figures = (context: Record<string, unknown>) =>
    shownIn(dashboardOf(context).widgets).map(({ figure }) => figure);
  expect(titles(OBSERVE).some((title) => title.startsWith('Rollouts'))).toBe(false);
  expect(titles(WARM).some((title) => title.startsWith('Rollouts'))).toBe(true);
  expect(figures(WARM)).not.toContain('PodsPending');
  expect(figures(EVERYTHING)).toContain('PodsPending');
});
