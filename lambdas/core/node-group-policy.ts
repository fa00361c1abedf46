/** The policy as it holds for one node group, and whether we may act there: what its cluster and the group itself say over
 *  what the document says of all, what the deployment has rights for, and what late attaches have taught. */
import type { Complaint } from './complaints.ts';
import { type Lesson, lateOf, MOST_LATE } from './looks/lessons.ts';
import type { Mode, Overrides, Policy } from './policy.ts';

export type NodeGroupPolicy = Policy & Pick<Overrides, 'mode' | 'resumedAt'>;

export function policyFor(policy: Policy, cluster: string, nodeGroup: string): NodeGroupPolicy {
  const own = named(policy.clusters, cluster);
  if (own === undefined) return policy;
  const { nodeGroups = {}, ...common } = own;
  return { ...policy, ...common, ...named(nodeGroups, nodeGroup) };
}

/** `because`: said where the cluster is warm and the node group is not. */
export interface Acting {
  readonly mode: Mode;
  readonly because?: string;
  /** Late attaches, where they are the reason. */
  readonly late?: number;
}

/** `deployed`: the cluster's mode. Whatever the policy says, observe holds no right to change anything. */
export function actingIn(
  policy: NodeGroupPolicy,
  deployed: Mode,
  lesson: Lesson | undefined,
  nowMs: number,
): Acting {
  if (deployed === 'observe') return { mode: 'observe' };
  if (policy.mode === 'observe') return { mode: 'observe', because: 'the policy says so' };
  const { late, of } = lateOf(lesson, resumedAtMs(policy, nowMs));
  if (late <= MOST_LATE) return { mode: 'warm' };
  const because = `${late} of its last ${of} attaches came too late; resumedAt in the policy switches it back`;
  return { mode: 'observe', because, late };
}

/** Node groups that are only observed though their cluster is warm, each with the reason, for a plan. */
export function observedIn(groups: readonly (readonly [nodeGroup: string, because: string | undefined])[]): {
  readonly observed?: Readonly<Record<string, string>>;
} {
  const observed = Object.fromEntries(
    groups.flatMap(([group, because]) => (because === undefined ? [] : [[group, because]])),
  );
  return Object.keys(observed).length > 0 ? { observed } : {};
}

/** Since when attaches count. A moment that has not come yet is no act of anybody's: it says nothing. */
export function resumedAtMs({ resumedAt }: NodeGroupPolicy, nowMs: number): number {
  const atMs = resumedAt === undefined ? Number.NEGATIVE_INFINITY : Date.parse(resumedAt);
  return atMs <= nowMs ? atMs : Number.NEGATIVE_INFINITY;
}

/** What the policy says of a cluster and what cannot be so, seen from the cluster. `known`: its node groups. */
export function misfits(
  policy: Policy,
  { name, mode }: { readonly name: string; readonly mode: Mode },
  known: ReadonlySet<string>,
): Complaint[] {
  const { nodeGroups = {}, ...cluster } = named(policy.clusters, name) ?? {};
  const field = `policy.clusters.${name}`;
  const beyond = (where: string, { mode: wanted }: Overrides): Complaint[] =>
    wanted === 'warm' && mode === 'observe'
      ? [
          {
            field: `${where}.mode`,
            expected: '"observe", as the cluster is deployed: it holds no right to change anything',
            got: wanted,
          },
        ]
      : [];
  const groups = [...known].sort().join(', ') || 'none yet';
  return [
    ...beyond(field, cluster),
    ...Object.entries(nodeGroups).flatMap(([group, own]) => [
      ...(known.has(group)
        ? []
        : [
            {
              field: `${field}.nodeGroups.${group}`,
              expected: `a node group of ${name} (${groups})`,
              got: group,
            },
          ]),
      ...beyond(`${field}.nodeGroups.${group}`, own),
    ]),
  ];
}

const named = <T>(all: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(all, name) ? all[name] : undefined;
