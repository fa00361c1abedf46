/** A plan as a person reads it: the journal's line, then node by node, or many nodes together. */
import type { SelfPaced } from '../lambdas/core/plan/deployment-patch.ts';
import type { Step } from '../lambdas/core/plan/steps.ts';
import type { Told } from '../lambdas/core/telling.ts';
import type { Answer } from '../lambdas/handlers/on-signal.ts';
import type { Explained } from './explain-world.ts';

/** Nodes of a plan above which they are shown in groups. */
const NODES_ONE_BY_ONE = 20;

export function explanation({ answer, told }: Explained): string {
  const lines = told.map(line);
  if ('ignored' in answer) return [...lines, `ignored: ${answer.ignored}`].join('\n\n');
  return [...lines, ...answer.reports.map(plan)].join('\n\n');
}

/** The same words as in the journal. */
function line({ came, meant, planned, done }: Told): string {
  const { calls, addresses, nodesWarmed, nodesFine, shortfalls, openDemand = 0 } = planned;
  const requests = counts(calls) || 'no calls';
  const short = [
    ...Object.entries(shortfalls).map(([reason, nodes]) => `${nodesIn(nodes)} ${reason}`),
    ...(openDemand > 0 ? [`${openDemand} pods wait for nodes to launch`] : []),
  ];
  return [
    `came     ${came}`,
    `meant    ${meant}`,
    `planned  ${nodesIn(nodesWarmed)} warmed with ${addresses} addresses, ${nodesFine} fine as they are; ${requests}`,
    `short    ${short.join(', ') || 'of nothing'}`,
    `done     ${done}`,
  ].join('\n');
}

const nodesIn = (count: number): string => `${count} ${count === 1 ? 'node' : 'nodes'}`;

const counts = (all: Readonly<Record<string, number>>): string =>
  Object.entries(all)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');

type Report = Extract<Answer, { reports: unknown }>['reports'][number];

function plan(report: Report): string {
  if (!('steps' in report)) return JSON.stringify(report);
  const { cluster, steps, observed = {} } = report;
  const nodes = new Set(steps.flatMap((step) => ('nodeId' in step ? [step.nodeId] : [])));
  const only = Object.entries(observed).map(([group, why]) => `  ${group} is only observed: ${why}`);
  const body = nodes.size > NODES_ONE_BY_ONE ? grouped(steps) : steps.map(oneByOne);
  const after =
    'pacing' in report && report.pacing !== undefined
      ? [
          `  pace: ${report.pacing.podsPerWave} pods every ${report.pacing.everyMs / 1000} s, ${report.pacing.waves} waves: ${report.pacing.because}`,
          ...patch(report.selfPaced),
        ]
      : 'pacingUnknown' in report && report.pacingUnknown !== undefined
        ? [`  pace: ${report.pacingUnknown}`]
        : [];
  const on = nodes.size > 0 ? nodesIn(nodes.size) : 'no node of it is concerned';
  return [`Plan for ${cluster}, ${on}`, ...only, ...body, ...after].join('\n');
}

/** What to paste. */
const patch = (self: SelfPaced | undefined): string[] =>
  self === undefined
    ? []
    : [
        `  Kubernetes paces itself in ${self.takesMs / 1000} s or more with this patch (kubectl patch deployment NAME --patch '…'): ${self.because}`,
        `    ${JSON.stringify(self.patch)}`,
      ];

const oneByOne = (step: Step): string =>
  `  ${'nodeId' in step ? step.nodeId : 'advice'}  ${what(step)}: ${step.because}`;

/** Nodes that get the same kind of step, with the first one's reason: numbers in it differ from node to node. */
function grouped(steps: readonly Step[]): string[] {
  return [...Map.groupBy(steps, what)].map(([kind, some]) => {
    const nodes = new Set(some.map((step) => ('nodeId' in step ? step.nodeId : '')));
    return `  ${nodesIn(nodes.size)}  ${kind}, for example: ${some[0]?.because}`;
  });
}

/** What is done, in short. */
export function what(step: Step): string {
  switch (step.do) {
    case 'attach':
      return `attach ${step.shape} ENI (${step.addresses} addresses, ${step.subnetId}, ${step.until === 'created' ? 'made now, attached once it runs' : 'at once'})`;
    case 'fill':
      return `fill ${step.addresses} addresses`;
    case 'finish':
      return 'finish an ENI of ours';
    case 'leave':
      return `leave, ${step.reason}`;
    case 'advise':
      return `set ${step.setting}`;
  }
}
