/** Saved queries of CloudWatch Logs Insights, over the lines that the functions write: one for each question that comes up. */
import { CfnQueryDefinition } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface QueriesProps {
  /** What the stack's log groups are named after. */
  readonly deployment: string;
  /** Rollouts can go out in waves: there are functions for them. */
  readonly waves: boolean;
}

interface Query {
  readonly name: string;
  /** Ends of the names of the log groups it looks into. */
  readonly functions: readonly string[];
  readonly lines: readonly string[];
}

const ALWAYS = ['on-signal', 'look-again', 'sweep'] as const;
const WAVES = [
  'plan-rollout',
  'warm-wave',
  'verify-wave',
  'hold-wave',
  'advance-wave',
  'report-rollout',
] as const;

/** Names have slashes for folders (CloudWatch Logs API reference, PutQueryDefinition). */
export class Queries extends Construct {
  constructor(scope: Construct, id: string, { deployment, waves }: QueriesProps) {
    super(scope, id);
    for (const query of queries(waves))
      new CfnQueryDefinition(this, query.name, {
        name: `eks-ip-prewarmer/${deployment}/${query.name}`,
        logGroupNames: query.functions.map((end) => `/eks-ip-prewarmer/${deployment}/${end}`),
        queryString: query.lines.join('\n| '),
      });
  }
}

/** What a fact is called stands where the line is written; what the logger keeps for itself goes by `fact_NAME`
 *  (adapters/powertools-journal.ts). */
export function queries(waves: boolean): readonly Query[] {
  const everywhere = waves ? [...ALWAYS, ...WAVES] : ALWAYS;
  return [
    {
      name: 'what-came-and-was-done',
      functions: ['on-signal'],
      lines: [
        'fields @timestamp, came, meant, planned.nodesWarmed, planned.addresses, done',
        "filter message = 'signal'",
        'sort @timestamp desc',
      ],
    },
    {
      name: 'plans',
      functions: ['on-signal', 'sweep', ...(waves ? ['warm-wave'] : [])],
      lines: [
        'fields @timestamp, cluster, mode, totals.nodesWarmed, totals.addresses, @message',
        "filter message = 'plan'",
        'sort @timestamp desc',
      ],
    },
    {
      name: 'what-observe-would-have-done',
      functions: ['on-signal', 'sweep'],
      // An instance is planned while pending and again when it runs: up to twice what the figures Would… say.
      lines: [
        "filter message = 'plan' and mode = 'observe'",
        'stats sum(totals.nodesWarmed) as nodes, sum(totals.addresses) as addresses, count(*) as plans by bin(1h)',
      ],
    },
    {
      name: 'calls-that-failed',
      functions: everywhere,
      lines: [
        "filter message = 'call failed'",
        'stats count(*) as times, latest(fact_message) as lastWords by action, kind, code',
        'sort times desc',
      ],
    },
    {
      name: 'late-attaches',
      functions: ['look-again'],
      lines: [
        'fields @timestamp, cluster, lateAttach.0, lateAttach.1, @message',
        "filter message = 'verified' and ispresent(lateAttach.0)",
        'sort @timestamp desc',
      ],
    },
    {
      name: 'ignored',
      functions: ['on-signal', 'look-again'],
      lines: ["filter message = 'ignored'", 'stats count(*) as times by why', 'sort times desc'],
    },
    {
      name: 'dead-letters',
      functions: ['on-signal', 'look-again'],
      lines: [
        'fields @timestamp, message, error, @message',
        "filter message in ['goes to the dead letters', 'stays on the queue']",
        'sort @timestamp desc',
      ],
    },
    {
      name: 'sweeps',
      functions: ['sweep'],
      lines: [
        'fields @timestamp, message, cluster, nodes, missedLaunches, closed, finished, orphansDeleted, orphansSuspected, podsGivenBack, code',
        "filter message in ['swept', 'sweep skipped', 'unknown cluster']",
        'sort @timestamp desc',
      ],
    },
    {
      name: 'policy',
      functions: everywhere,
      lines: [
        'fields @timestamp, message, cluster, nodeGroup, why, @message',
        "filter message in ['policy not read', 'policy not understood', 'policy does not fit', 'node group observed']",
        'sort @timestamp desc',
      ],
    },
    ...(waves ? [ROLLOUTS] : []),
  ];
}

const ROLLOUTS: Query = {
  name: 'rollouts',
  functions: ['on-signal', ...WAVES],
  lines: [
    'fields @timestamp, message, rolloutId, wave, waitsFor, pods, releasedPods, outcome, cause, remedy',
    "filter message in ['rollout', 'wave planned', 'wave ready', 'wave held', 'wave opened', 'wave advanced', 'rollout waits', 'rollout resumed', 'rollout finished']",
    'sort @timestamp asc',
  ],
};
