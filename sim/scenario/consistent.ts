/** What the fields of a scenario mean together: names that lead somewhere, nodes that can exist, subnets side by side. */
import type { Complaint } from '../../lambdas/core/complaints.ts';
import { typeLimits } from '../ec2/instance-types.ts';
import { KEPT_BY_AWS, Ranges, readCidr } from './cidr.ts';
import { columnsOf } from './columns.ts';
import type { NodeGroup, Scenario } from './format.ts';

/** Pods on the host's network on every node, which need no address (max-pods formula of the CNI). */
const HOST_NETWORK_PODS = 2;

/** Everything that cannot be meant. */
export const inconsistencies = (scenario: Scenario): Complaint[] => [
  ...subnets(scenario),
  ...nodeGroups(scenario),
  ...names(scenario),
  ...references(scenario),
  ...times(scenario),
];

function subnets({ subnets: all }: Scenario): Complaint[] {
  const complaints: Complaint[] = [];
  const ranges = new Ranges();
  for (const [index, { name, cidr, free }] of all.entries()) {
    const field = `subnets.${index}`;
    const { block, expected } = ranges.take(cidr, `subnet ${name}`);
    if (expected !== undefined) complaints.push({ field: `${field}.cidr`, expected, got: cidr });
    if (block === undefined) continue;
    const most = block.size - KEPT_BY_AWS;
    // Beside whole blocks, an aligned /28 is left at most 15 free addresses, or it would be whole.
    const room = free && free.blocks * 16 + Math.max(0, block.size / 16 - free.blocks) * 15;
    if (free !== undefined && free.addresses > Math.min(most, room ?? 0))
      complaints.push({
        field: `${field}.free.addresses`,
        expected: `at most ${Math.min(most, room ?? 0)} of ${cidr} with ${free.blocks} whole blocks`,
        got: free.addresses,
      });
    if (free !== undefined && free.blocks * 16 > free.addresses)
      complaints.push({
        field: `${field}.free.blocks`,
        expected: `at most ${Math.floor(free.addresses / 16)}: each holds 16 of the ${free.addresses} addresses`,
        got: free.blocks,
      });
  }
  return complaints;
}

function nodeGroups(scenario: Scenario): Complaint[] {
  return scenario.clusters.flatMap((cluster, at) => {
    let room = 0;
    const complaints = cluster.nodeGroups.flatMap((group, index): Complaint[] => {
      const field = `clusters.${at}.nodeGroups.${index}`;
      const limits = typeLimits(group.type);
      if (limits === undefined)
        return [{ field: `${field}.type`, expected: 'an instance type EC2 offers', got: group.type }];
      const maxPods = group.maxPods ?? limits.enisPerCard * (limits.ipv4PerEni - 1) + HOST_NETWORK_PODS;
      room += group.nodes * (maxPods - HOST_NETWORK_PODS);
      if (group.warmPool !== undefined && group.launchedBy === 'karpenter')
        return [{ field: `${field}.warmPool`, expected: 'nothing: Karpenter has none', got: group.warmPool }];
      const most = addressesFor(scenario, group);
      const nodes = mostNodes(scenario, group);
      if (nodes <= most) return [];
      return [{ field, expected: `at most ${most} nodes, the free addresses of its subnets`, got: nodes }];
    });
    if (complaints.length > 0) return complaints;
    const pods = cluster.workloads.reduce(
      (sum, each) => sum + (each.kind === 'CronJob' ? 0 : each.replicas),
      0,
    );
    if (pods <= room) return [];
    const expected = `at most ${room} replicas at the start, what max-pods of its nodes leaves`;
    return [{ field: `clusters.${at}.workloads`, expected, got: pods }];
  });
}

/** Nodes a group can come to have. */
function mostNodes({ story }: Scenario, { name, nodes, autoscale, warmPool }: NodeGroup): number {
  const asked = story.reduce(
    (sum, step) => sum + (step.do === 'launch' && step.nodeGroup === name ? step.nodes : 0),
    0,
  );
  return Math.max(nodes + asked, autoscale?.most ?? 0) + (warmPool ?? 0);
}

/** Every node needs one for itself. */
function addressesFor({ subnets: all }: Scenario, group: NodeGroup): number {
  const own = all.filter(({ name }) => group.subnets?.includes(name) ?? true);
  return own.reduce((sum, { cidr, free }) => {
    const block = readCidr(cidr);
    return sum + ('expected' in block ? 0 : (free?.addresses ?? block.size - KEPT_BY_AWS));
  }, 0);
}

function names(scenario: Scenario): Complaint[] {
  const { clusters, subnets: all } = scenario;
  const twice = (entries: readonly (readonly [field: string, name: string])[]): Complaint[] =>
    entries.flatMap(([field, name], index) =>
      entries.slice(0, index).some(([, earlier]) => earlier === name)
        ? [{ field, expected: 'a name used once', got: name }]
        : [],
    );
  const inClusters = (what: 'workloads' | 'nodeGroups'): (readonly [string, string])[] =>
    clusters.flatMap((cluster, at) =>
      cluster[what].map(({ name }, index) => [`clusters.${at}.${what}.${index}.name`, name] as const),
    );
  return [
    ...twice(all.map(({ name }, index) => [`subnets.${index}.name`, name])),
    ...twice(clusters.map(({ name }, index) => [`clusters.${index}.name`, name])),
    ...twice(inClusters('workloads')),
    ...twice(inClusters('nodeGroups')),
    ...twice(columnsOf(scenario).map(({ name }, index) => [`columns.${index}`, name])),
  ];
}

function references({ subnets: all, clusters, story, faults }: Scenario): Complaint[] {
  const complaints: Complaint[] = [];
  const mustBe = (field: string, name: string, known: readonly string[]): void => {
    if (!known.includes(name))
      complaints.push({ field, expected: `one of ${known.join(', ') || 'none: there is none'}`, got: name });
  };
  const subnetNames = all.map(({ name }) => name);
  const groups = clusters.flatMap(({ nodeGroups: each }) => each.map(({ name }) => name));
  const replicated = clusters.flatMap(({ workloads }) =>
    workloads.filter(({ kind }) => kind !== 'CronJob').map(({ name }) => name),
  );
  for (const [at, cluster] of clusters.entries())
    for (const [index, group] of cluster.nodeGroups.entries())
      for (const [which, name] of (group.subnets ?? []).entries())
        mustBe(`clusters.${at}.nodeGroups.${index}.subnets.${which}`, name, subnetNames);
  for (const [index, step] of story.entries()) {
    if (step.do === 'launch') mustBe(`story.${index}.nodeGroup`, step.nodeGroup, groups);
    else mustBe(`story.${index}.workload`, step.workload, replicated);
  }
  for (const [index, fault] of faults.entries())
    if ('subnet' in fault && fault.subnet !== undefined)
      mustBe(`faults.${index}.subnet`, fault.subnet, subnetNames);
  return complaints;
}

function times({ minutes, story, faults, slowMetadata }: Scenario): Complaint[] {
  const endSeconds = minutes * 60;
  const { leastSeconds = 0, mostSeconds = 0 } = slowMetadata ?? {};
  const expected = `at least ${leastSeconds} s`;
  return [
    ...(leastSeconds <= mostSeconds
      ? []
      : [{ field: 'slowMetadata.mostSeconds', expected, got: mostSeconds }]),
    ...story.flatMap(({ atSeconds }, index) =>
      atSeconds < endSeconds
        ? []
        : [
            {
              field: `story.${index}.atSeconds`,
              expected: `before the end at ${endSeconds} s`,
              got: atSeconds,
            },
          ],
    ),
    ...faults.flatMap(({ fromSeconds, toSeconds }, index) =>
      fromSeconds < toSeconds
        ? []
        : [{ field: `faults.${index}.toSeconds`, expected: `more than ${fromSeconds} s`, got: toSeconds }],
    ),
  ];
}
