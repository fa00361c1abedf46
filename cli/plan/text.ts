/** A plan as a person reads it: node by node with reasons, totals, what to paste, and what is to be expected without it. */
import type { RolloutReport } from '../../lambdas/core/decide-rollout.ts';
import { many } from '../../lambdas/core/doctor/finding.ts';
import type { AdviseStep, Step } from '../../lambdas/core/plan/steps.ts';
import { what as inShort } from '../explain-text.ts';
import type { Comparison } from '../simulate/run.ts';
import { burstIn, failedIn, KEY, table } from '../simulate/text.ts';
import { count, wrapped } from '../tables.ts';
import { pacing } from './pacing.ts';
import type { PlanRead } from './read.ts';

/** Nodes of a plan above which those that are treated alike are shown together. */
const NODES_ONE_BY_ONE = 20;
const NAMED_OF_A_GROUP = 3;

export function planText(
  { burst, report, effort, cluster }: PlanRead,
  where: string,
  played?: Comparison,
): string {
  const nodes = new Set(report.steps.flatMap((step) => ('nodeId' in step ? [step.nodeId] : [])));
  const perNode = report.steps.filter((step) => step.do !== 'advise');
  const body = nodes.size > NODES_ONE_BY_ONE ? together(perNode) : perNode.map(oneByOne);
  const advice = report.steps.filter((step) => step.do === 'advise');
  return [
    wrapped(`Plan for ${cluster.name} in ${where}: ${burstIn(burst)}. Nothing is changed.`),
    wrapped(`Demand: ${many(report.pods, 'address', 'addresses')}, margin included: ${report.demand}.`, '  '),
    ...(played === undefined ? [] : [wrapped(verdict(played), '  ')]),
    '',
    ...(body.length > 0 ? body : ['no node that runs can be helped']),
    ...advice.map(advised),
    '',
    ...totals(report, effort),
    ...pacing(report, burst.workload),
  ].join('\n');
}

/** What a person wants to know first; the table below has the rest. */
const verdict = ({ outcomes }: Comparison): string =>
  `Failed requests, simulated: ${outcomes
    .map((outcome) => `${outcome.way.name}${outcome.stopped === undefined ? '' : ':'} ${failedIn(outcome)}`)
    .join('; ')}.`;

const oneByOne = (step: Step): string =>
  wrapped(`${'nodeId' in step ? step.nodeId : ''}  ${what(step)}: ${step.because}`, '    ');

/** Numbers in the reasons differ from node to node: the first one's stands for all. */
function together(steps: readonly Step[]): string[] {
  return [...Map.groupBy(steps, what)].map(([kind, some]) => {
    const ids = [...new Set(some.map((step) => ('nodeId' in step ? step.nodeId : '')))];
    const more = ids.length - NAMED_OF_A_GROUP;
    const which = `${ids.slice(0, NAMED_OF_A_GROUP).join(', ')}${more > 0 ? `, ${count(more)} more` : ''}`;
    return wrapped(
      `${many(ids.length, 'node')}  ${kind}, for example: ${some[0]?.because} (${which})`,
      '    ',
    );
  });
}

const advised = ({ setting, because }: AdviseStep): string =>
  wrapped(`advice  set ${setting}: ${because}`, '    ');

function what(step: Step): string {
  switch (step.do) {
    case 'attach':
      return `attach a ${step.shape} ENI with ${step.addresses} addresses in ${step.subnetId}`;
    case 'fill':
      return `add ${step.addresses} addresses to ${step.eniId}`;
    default:
      return inShort(step);
  }
}

function totals({ totals: all, openDemand }: RolloutReport, effort: PlanRead['effort']): string[] {
  const { calls, addresses, nodesWarmed } = all;
  const waiting: string[][] =
    openDemand > 0
      ? [
          [
            'wait for nodes',
            `${many(openDemand, 'pod')}, margin included: each node that launches is warmed for its share`,
          ],
        ]
      : [];
  if (nodesWarmed === 0) return titled([['nodes warmed', '0: no EC2 call, no address idle'], ...waiting]);
  const requests = Object.entries(calls).map(([action, number]) => `${number} ${action}`);
  const { nodes, afterSeconds } = effort.givesBack;
  const kept =
    nodes === 0
      ? 'all of it, for as long as its pods run'
      : `all of it once its pods are there; if none come, ${nodes === 1 ? '1 node gives' : `${count(nodes)} nodes give`} some back after ${afterSeconds} s or more`;
  return titled([
    ['nodes warmed', count(nodesWarmed)],
    ['addresses', `${count(addresses)} from subnets, ENIs’ own included`],
    ['EC2 calls', requests.join(', ')],
    ['ready', `in ${effort.readySeconds} s at most, at our share of EC2’s request rate`],
    ['idle', `${count(effort.addressSecondsIdle)} address-seconds until the pods have come`],
    ['the CNI keeps', kept],
    ...waiting,
  ]);
}

const titled = (rows: readonly (readonly string[])[]): string[] => [
  'Totals',
  ...rows.map(([name = '', text = '']) => wrapped(`  ${name.padEnd(14)}  ${text}`, ' '.repeat(18))),
];

/** What is to be expected, or why that is not known; and what a reader of the plan has to know. */
export const expectation = (
  played: Comparison | undefined,
  notSimulated: string | undefined,
  notes: readonly string[],
): string =>
  [
    ...(notSimulated === undefined ? [] : [wrapped(`Not simulated: ${notSimulated}.`), '']),
    ...(played === undefined
      ? []
      : ['To be expected, simulated on this very cluster:', '', table(played.outcomes), '', KEY, '']),
    ...notes.map((note) => wrapped(`- ${note}`, '  ')),
  ].join('\n');
