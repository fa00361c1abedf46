/** What the fields of a snapshot mean together: ids that lead somewhere, nodes that can exist, subnets side by side. */
import type { Complaint } from '../../lambdas/core/complaints.ts';
import { ADDRESSES_PER_PREFIX } from '../../lambdas/core/limits.ts';
import { typeLimits } from '../../sim/ec2/instance-types.ts';
import { KEPT_BY_AWS, Ranges } from '../../sim/scenario/cidr.ts';
import type { Snapshot, SnapshotNode } from './format.ts';

export const inconsistencies = (snapshot: Snapshot): Complaint[] => [
  ...subnets(snapshot),
  ...snapshot.nodes.flatMap((node, index) => inNode(node, `nodes.${index}`, snapshot)),
  ...twice(snapshot.nodes.map(({ id }, index) => [`nodes.${index}.id`, id])),
];

function subnets({ subnets: all, nodes }: Snapshot): Complaint[] {
  const complaints: Complaint[] = [];
  const ranges = new Ranges();
  for (const [index, { id, cidr, freeAddresses, freeBlocks }] of all.entries()) {
    const field = `subnets.${index}`;
    const { block, expected } = ranges.take(cidr, id);
    if (expected !== undefined) complaints.push({ field: `${field}.cidr`, expected, got: cidr });
    if (block === undefined) continue;
    const most = block.size - KEPT_BY_AWS - heldIn(id, nodes);
    if (freeAddresses > most)
      complaints.push({
        field: `${field}.freeAddresses`,
        expected: `at most ${Math.max(0, most)}, what the nodes leave of ${cidr}`,
        got: freeAddresses,
      });
    if (freeBlocks * ADDRESSES_PER_PREFIX > freeAddresses)
      complaints.push({
        field: `${field}.freeBlocks`,
        expected: `at most ${Math.floor(freeAddresses / ADDRESSES_PER_PREFIX)}, 16 of the ${freeAddresses} addresses each`,
        got: freeBlocks,
      });
  }
  return [...complaints, ...twice(all.map(({ id }, index) => [`subnets.${index}.id`, id]))];
}

/** Addresses that the nodes of the snapshot hold in a subnet: the ENIs' own included. */
function heldIn(subnetId: string, nodes: readonly SnapshotNode[]): number {
  let held = 0;
  for (const { enis } of nodes)
    for (const eni of enis)
      if (eni.subnetId === subnetId) held += 1 + eni.secondaryIps + eni.prefixes * ADDRESSES_PER_PREFIX;
  return held;
}

function inNode(node: SnapshotNode, field: string, { subnets: all }: Snapshot): Complaint[] {
  const complaints: Complaint[] = [];
  const expect = (ok: boolean, at: string, expected: string, got: unknown): void => {
    if (!ok) complaints.push({ field: `${field}.${at}`, expected, got });
  };
  const known = (id: string): boolean => all.some((subnet) => subnet.id === id);
  expect(known(node.subnetId), 'subnetId', 'the id of one of the subnets', node.subnetId);
  for (const [index, eni] of node.enis.entries())
    expect(known(eni.subnetId), `enis.${index}.subnetId`, 'the id of one of the subnets', eni.subnetId);
  const limits = typeLimits(node.type);
  expect(limits !== undefined, 'type', 'an instance type EC2 offers', node.type);
  if (limits === undefined) return complaints;

  const places = node.enis.map(
    ({ networkCardIndex = 0, deviceIndex }) => `${networkCardIndex}/${deviceIndex}`,
  );
  expect(places.includes('0/0'), 'enis', 'one with deviceIndex 0, the primary', places.join(', '));
  for (const [index, place] of places.entries())
    expect(
      places.indexOf(place) === index,
      `enis.${index}.deviceIndex`,
      'one that no other ENI of the node has',
      node.enis[index]?.deviceIndex,
    );
  const onCard = node.enis.filter(({ networkCardIndex = 0 }) => networkCardIndex === 0).length;
  expect(
    onCard <= limits.enisPerCard,
    'enis',
    `at most ${limits.enisPerCard}, as ${node.type} takes`,
    onCard,
  );
  const perEni = limits.ipv4PerEni - 1;
  for (const [index, { secondaryIps, prefixes }] of node.enis.entries())
    expect(
      secondaryIps + prefixes <= perEni,
      `enis.${index}`,
      `at most ${perEni} secondary addresses and prefixes, as ${node.type} takes`,
      secondaryIps + prefixes,
    );
  const takesPrefixes = limits.prefixes || node.enis.every(({ prefixes }) => prefixes === 0);
  expect(takesPrefixes, 'enis', `no prefixes: ${node.type} takes none`, 'prefixes');
  return complaints;
}

const twice = (entries: readonly (readonly [field: string, id: string])[]): Complaint[] => {
  const seen = new Set<string>();
  return entries.flatMap(([field, id]) => {
    const again = seen.has(id);
    seen.add(id);
    return again ? [{ field, expected: 'an id used once', got: id }] : [];
  });
};
