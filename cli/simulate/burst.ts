/** The pods that are to come: how many, how fast, in place of others or beside them, and where. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { IntOrPercent, RolloutAnnounced } from '../../lambdas/core/signals.ts';
import { MOST_PODS } from '../quantities.ts';
import type { SnapshotNode } from '../snapshot/format.ts';
import { whole } from '../usage.ts';

/** As a command line says it. */
export interface BurstOptions {
  readonly pods: number;
  /** Milliseconds. */
  readonly over: number;
  readonly startsIn: number;
  readonly rolling?: Rolling;
  readonly workload?: WorkloadName;
  readonly nodeGroup?: readonly string[];
  readonly podsPerNode?: number;
  readonly launches: boolean;
}

export interface Rolling {
  readonly maxSurge: IntOrPercent;
  readonly maxUnavailable: IntOrPercent;
}

interface WorkloadName {
  readonly namespace: string;
  readonly name: string;
}

export interface Burst {
  readonly workload: WorkloadName;
  readonly replicas: { readonly from: number; readonly to: number };
  /** The pods take the places of others. */
  readonly rolls: boolean;
  readonly strategy: Rolling;
  readonly minReadySeconds: number;
  readonly overMs: number;
  /** From the announcement to the first pod. */
  readonly startsInMs: number;
  readonly readyAfterMs: number;
  /** From being asked to end until its container has. */
  readonly exitMs: number;
  readonly terminationGraceMs: number;
  /** Pods with an address on each node now, if somebody knows: EC2 does not show it. */
  readonly podsPerNode?: number;
  /** Where the pods may go; anywhere when absent. */
  readonly nodeGroups?: readonly string[];
  /** Whether nodes are launched for pods that fit nowhere. */
  readonly launches: boolean;
  takes(node: Pick<SnapshotNode, 'nodeGroup'>): boolean;
}

/** Kubernetes' own. Source: Kubernetes API reference, DeploymentStrategy, PodSpec. */
const DEFAULT_SHARE = '25%';
const DEFAULT_GRACE_MS = 30_000;
/** Nobody says how long his pods take; an ordinary service's readiness probe and shut-down. */
const READY_AFTER_MS = 5_000;
const EXIT_MS = 2_000;
/** Adoption takes two minutes, and whoever builds an image knows earlier than that. */
const STARTS_IN_MS = 300_000;
const HOUR_MS = 3_600_000;

/** What cannot be meant, as one line. */
export const misfit = ({ rolling, over }: BurstOptions): string | undefined =>
  rolling !== undefined && over > 0
    ? '--over, --rolling: expected one of them, got both: a rolling update goes at the pace of its strategy'
    : undefined;

export const burstOf = ({
  pods,
  over,
  startsIn,
  rolling,
  workload = { namespace: 'default', name: 'burst' },
  nodeGroup,
  podsPerNode,
  launches,
}: BurstOptions): Burst => ({
  workload,
  replicas: { from: rolling === undefined ? 0 : pods, to: pods },
  rolls: rolling !== undefined,
  strategy: rolling ?? { maxSurge: DEFAULT_SHARE, maxUnavailable: DEFAULT_SHARE },
  minReadySeconds: 0,
  overMs: over,
  startsInMs: startsIn,
  readyAfterMs: READY_AFTER_MS,
  exitMs: EXIT_MS,
  terminationGraceMs: DEFAULT_GRACE_MS,
  ...(nodeGroup !== undefined && { nodeGroups: nodeGroup }),
  ...(podsPerNode !== undefined && { podsPerNode }),
  launches,
  takes: (node) => nodeGroup?.includes(node.nodeGroup) ?? true,
});

/** What a pipeline would announce of it; `nodeGroups` by the names they have where it is announced. */
export const announcementOf = (
  burst: Burst,
  {
    cluster,
    startsAtMs,
    nodeGroups,
  }: { cluster: string; startsAtMs: number; nodeGroups?: readonly string[] },
): Readonly<Record<string, unknown>> => ({
  cluster,
  workload: { kind: 'Deployment', ...burst.workload },
  replicas: burst.replicas,
  startsAt: new Date(startsAtMs).toISOString(),
  overSeconds: Math.round(burst.overMs / 1000),
  terminationGracePeriodSeconds: Math.round(burst.terminationGraceMs / 1000),
  strategy: { type: 'RollingUpdate', ...burst.strategy },
  ...(burst.podsPerNode !== undefined && { podsPerNode: burst.podsPerNode }),
  ...(nodeGroups !== undefined && { nodeSelection: { nodeGroups } }),
});

/** The same as the signal it becomes. */
export const signalOf = (burst: Burst, cluster: string, startsAtMs: number): RolloutAnnounced => ({
  kind: 'rollout-announced',
  announcementId: 'asked',
  cluster,
  workload: { kind: 'Deployment', ...burst.workload },
  replicas: burst.replicas,
  strategy: { type: 'rolling-update', ...burst.strategy },
  startsAtMs,
  overMs: burst.overMs,
  terminationGraceMs: burst.terminationGraceMs,
  selector: burst.nodeGroups === undefined ? {} : { nodeGroups: burst.nodeGroups },
  ...(burst.podsPerNode !== undefined && { podsPerNode: burst.podsPerNode }),
  attempt: 0,
});

/** Reads a number of pods. */
export const podsOption = whole(1, MOST_PODS);

/** The options both `plan` and `simulate` ask about pods with, beside their number. */
export const withBurst = (command: Command): Command =>
  command
    .addOption(
      new Option('--over <time>', 'spread evenly over this time, such as 90s or 3m')
        .argParser(duration)
        .default(0, 'all at once'),
    )
    .addOption(
      new Option('--starts-in <time>', 'from now, or from the announcement, to the first pod')
        .argParser(duration)
        .default(STARTS_IN_MS, '5m'),
    )
    .option(
      '--rolling <strategy>',
      'they replace as many, by a rolling update: maxSurge=25%[,maxUnavailable=25%]',
      rolling,
    )
    .option('--node-group <names>', 'node groups the pods may go to, separated by commas', words)
    .option(
      '--pods-per-node <n>',
      'pods with an address on each node now; told from addresses unless said',
      whole(0, 1_000),
    )
    .option('--no-launches', 'no node is launched for pods that fit nowhere');

export function duration(text: string): number {
  const [, number, unit = 's'] = /^(\d{1,5})(s|m|h)?$/.exec(text) ?? [];
  const ms = Number(number) * { s: 1_000, m: 60_000, h: HOUR_MS }[unit as 's' | 'm' | 'h'];
  if (ms >= 0 && ms <= HOUR_MS) return ms;
  throw new InvalidArgumentError(`expected a time of at most 1h such as 90s or 3m, got "${text}"`);
}

export function rolling(text: string): Rolling {
  const said: Partial<Record<keyof Rolling, IntOrPercent>> = {};
  for (const part of text.split(',')) {
    const [, name, number, percent] = /^(maxSurge|maxUnavailable)=(\d{1,6})(%?)$/.exec(part) ?? [];
    if (name === undefined || (percent === '%' && Number(number) > 100))
      throw new InvalidArgumentError(
        `expected maxSurge=25%, maxUnavailable=0 or both with a comma between, got "${text}"`,
      );
    said[name as keyof Rolling] = percent === '%' ? `${Number(number)}%` : Number(number);
  }
  const { maxSurge = DEFAULT_SHARE, maxUnavailable = DEFAULT_SHARE } = said;
  if (Number.parseInt(String(maxSurge), 10) === 0 && Number.parseInt(String(maxUnavailable), 10) === 0)
    throw new InvalidArgumentError('expected more than 0 of maxSurge or of maxUnavailable, got 0 of both');
  return { maxSurge, maxUnavailable };
}

export function words(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => name === ''))
    throw new InvalidArgumentError(`expected names separated by commas, got "${text}"`);
  return names;
}
