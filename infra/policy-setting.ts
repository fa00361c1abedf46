/** The policy document as it will be deployed: checked here, so that a mistake cannot be. */
import { complaintsOf } from '../lambdas/adapters/routed.ts';
import type { Complaint } from '../lambdas/core/complaints.ts';
import { type Overrides, type Policy, readPolicy } from '../lambdas/core/policy.ts';
import { isObject } from '../lambdas/core/policy-shapes.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import type { Trouble } from './trouble.ts';

/** Characters of a standard parameter's value. Source: Systems Manager User Guide, parameter tiers. */
const POLICY_CHARACTERS = 4_096;

const PAGE = 'All fields, with bounds and defaults: docs/policy.md';
/** Where the bound alone does not say what to do. */
const REMEDIES: readonly (readonly [field: RegExp, remedy: string])[] = [
  [
    /budgetShare$/,
    "It is the part of AWS's documented request rate that we may use: 0.5 leaves half to the CNI and others; to change nothing, say mode observe",
  ],
  [/^policy\.clusters\.[^.]+$/, 'Correct the name, or add the cluster to this deployment'],
];

export interface DocumentRead {
  /** Only to be used where there is no trouble. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly troubles: readonly Trouble[];
}

/** `nodeGroups`: what the clusters' own settings say of theirs. */
export function readDocument(
  given: unknown,
  clusters: readonly ClusterSettings[],
  nodeGroups: ReadonlyMap<string, unknown>,
): DocumentRead {
  const { document, troubles: twice } = merged(given ?? {}, nodeGroups);
  const names = clusters.map(({ name }) => name).filter((name) => typeof name === 'string');
  const { policy, complaints } = readPolicy(document, names.length > 0 ? names : undefined);
  const troubles = [
    ...twice,
    ...[...complaints, ...complaintsOf(policy)].map(remedied),
    ...troublesOfModes(policy, clusters),
  ];
  const characters = JSON.stringify(document).length;
  if (characters > POLICY_CHARACTERS)
    troubles.push({
      field: 'policy',
      expected: `at most ${POLICY_CHARACTERS} characters of JSON`,
      got: characters,
      remedy: 'Leave out what is as the defaults are, or deploy some clusters by themselves',
    });
  return { document: isObject(document) ? document : {}, troubles };
}

const remedied = (complaint: Complaint): Trouble => ({
  ...complaint,
  remedy: REMEDIES.find(([field]) => field.test(complaint.field))?.[1] ?? PAGE,
});

/** What the clusters' settings say of node groups becomes part of the document, where operators look for it later. */
function merged(
  given: unknown,
  nodeGroups: ReadonlyMap<string, unknown>,
): { readonly document: unknown; readonly troubles: Trouble[] } {
  if (!isObject(given) || nodeGroups.size === 0) return { document: given, troubles: [] };
  const all = isObject(given['clusters']) ? given['clusters'] : {};
  const troubles: Trouble[] = [];
  const clusters: Record<string, unknown> = { ...all };
  for (const [name, groups] of nodeGroups) {
    const own = isObject(all[name]) ? all[name] : {};
    if ('nodeGroups' in own)
      troubles.push({
        field: `policy.clusters.${name}.nodeGroups`,
        expected: 'nothing beside nodeGroups of the cluster',
        got: own['nodeGroups'],
        remedy: 'Say it in one of the two places',
      });
    clusters[name] = { ...own, nodeGroups: groups };
  }
  return { document: { ...given, clusters }, troubles };
}

/** No policy gives a right that the deployment has not. Whether a node group exists is known to the cluster alone: its sweep
 *  says so (`policy does not fit`, the figure PolicyMisfits). */
function troublesOfModes(policy: Policy, clusters: readonly ClusterSettings[]): Trouble[] {
  const observed = clusters.filter(({ mode }) => mode === 'observe');
  const beyond = (field: string, { mode }: Overrides, cluster: string): Trouble[] =>
    mode === 'warm'
      ? [
          {
            field: `${field}.mode`,
            expected: '"observe", as its cluster is: it holds no right to change anything',
            got: mode,
            remedy: `Say mode warm of the cluster ${cluster}, and observe of its other node groups`,
          },
        ]
      : [];
  const troubles = observed.flatMap(({ name }) => {
    const own = Object.hasOwn(policy.clusters, name) ? policy.clusters[name] : undefined;
    if (own === undefined) return [];
    const at = `policy.clusters.${name}`;
    return [
      ...beyond(at, own, name),
      ...Object.entries(own.nodeGroups ?? {}).flatMap(([group, groups]) =>
        beyond(`${at}.nodeGroups.${group}`, groups, name),
      ),
    ];
  });
  if (policy.soleAllocator && clusters.length > 0 && observed.length === clusters.length)
    troubles.push({
      field: 'policy.soleAllocator',
      expected: 'false where no cluster is warm: nodes would get their addresses from nobody',
      got: true,
      remedy: "Say mode warm, or enable the CNI's own provisioning",
    });
  return troubles;
}
