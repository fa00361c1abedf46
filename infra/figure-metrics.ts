/** Our figures as CloudWatch knows them: what adapters/powertools-journal.ts publishes, and by what it is told apart. */
import type { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { type Dimension, FIGURES, type Figure, NAMESPACE } from '../lambdas/core/figures.ts';

export interface Reading {
  readonly statistic: string;
  readonly period: Duration;
  readonly label?: string;
}

export const dimensionsOf = (figure: Figure): readonly Dimension[] => FIGURES[figure].by;

/** One metric: the cluster's as a whole, or the account's where the figure is told of nothing. */
export function metricOf(figure: Figure, cluster: string | undefined, reading: Reading): Metric {
  const by = dimensionsOf(figure);
  const dimensionsMap = by.length > 0 && cluster !== undefined ? { cluster } : {};
  if (by.length > 0 && !(by.includes('cluster') && cluster !== undefined))
    throw new Error(`${figure} is told by ${by.join(', ')}: only a search finds all of it`);
  return new Metric({
    namespace: NAMESPACE,
    metricName: figure,
    dimensionsMap,
    ...reading,
  });
}

/** A line for each value of what the figure is told apart by: node groups, subnets, actions, reasons. */
export function searchOf(
  figure: Figure,
  cluster: string | undefined,
  { statistic, period, label = '' }: Reading,
) {
  const by = dimensionsOf(figure);
  const own = by.includes('cluster') && cluster !== undefined ? ` cluster="${cluster}"` : '';
  const schema = [NAMESPACE, ...by].join(',');
  const expression = `SEARCH('{${schema}} MetricName="${figure}"${own}', '${statistic}', ${period.toSeconds()})`;
  return new MathExpression({ expression, usingMetrics: {}, label, period });
}
