/** The same snapshot without anything that names: ids, names and addresses are replaced, each by the same everywhere. Numbers,
 *  types, settings and zones stay, because they decide what happens. */
import { readCidr } from '../../sim/scenario/cidr.ts';
import type { Snapshot } from './format.ts';

/** Where the replaced subnets begin. */
const BASE = 10 * 2 ** 24;

export function anonymise(snapshot: Snapshot): Snapshot {
  const { cluster, subnets, nodes } = snapshot;
  const subnetIds = numbered(
    subnets.map(({ id }) => id),
    (nth) => `subnet-${hex(nth)}`,
  );
  const groups = numbered(
    nodes.map(({ nodeGroup }) => nodeGroup),
    (nth) => `group-${nth}`,
  );
  const others = numbered(
    subnets.flatMap(({ tags = {} }) => Object.keys(tags).flatMap((key) => clusterIn(key) ?? [])),
    (nth) => `cluster-${nth}`,
  );
  others.set(cluster.name, 'cluster');
  const cidrs = sideBySide(subnets);
  const subnetOf = (id: string): string => subnetIds.get(id) ?? id;
  const tagOf = (key: string): string => {
    const named = clusterIn(key);
    return named === undefined ? key : `${CLUSTER_TAG}${others.get(named)}`;
  };
  return {
    ...snapshot,
    anonymised: true,
    cluster: { ...cluster, name: 'cluster', vpcId: `vpc-${hex(1)}` },
    subnets: subnets.map(({ tags, ...subnet }, index) => ({
      ...subnet,
      id: subnetOf(subnet.id),
      cidr: cidrs[index] ?? subnet.cidr,
      ...(tags !== undefined && {
        tags: Object.fromEntries(Object.entries(tags).map(([key, text]) => [tagOf(key), text])),
      }),
    })),
    nodes: nodes.map((node, index) => ({
      ...node,
      id: `i-${hex(index + 1)}`,
      subnetId: subnetOf(node.subnetId),
      nodeGroup: groups.get(node.nodeGroup) ?? node.nodeGroup,
      enis: node.enis.map((eni) => ({ ...eni, subnetId: subnetOf(eni.subnetId) })),
    })),
  };
}

const CLUSTER_TAG = 'kubernetes.io/cluster/';
const clusterIn = (key: string): string | undefined =>
  key.startsWith(CLUSTER_TAG) ? key.slice(CLUSTER_TAG.length) : undefined;

const hex = (nth: number): string => nth.toString(16).padStart(17, '0');

/** Each different text once, in order of its first appearance. */
function numbered(texts: readonly string[], name: (nth: number) => string): Map<string, string> {
  const names = new Map<string, string>();
  for (const text of texts) if (!names.has(text)) names.set(text, name(names.size + 1));
  return names;
}

/** Blocks of the same sizes in the same order, one after the other; the largest first, so that each begins where it may. */
function sideBySide(subnets: Snapshot['subnets']): string[] {
  const sizes = subnets.map(({ cidr }, index) => {
    const block = readCidr(cidr);
    return { index, size: 'expected' in block ? 0 : block.size };
  });
  const cidrs: string[] = [];
  let next = BASE;
  for (const { index, size } of sizes.toSorted((a, b) => b.size - a.size)) {
    const address = [24, 16, 8, 0].map((shift) => Math.floor(next / 2 ** shift) % 256).join('.');
    cidrs[index] = `${address}/${32 - Math.log2(size)}`;
    next += size;
  }
  return cidrs;
}
