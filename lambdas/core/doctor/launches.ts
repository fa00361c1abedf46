/** Nodes that would be launched for an expected burst. */
import { bound, type CniMode } from '../cni.ts';
import { many, type Rule } from './finding.ts';
import { addressableIn } from './pod-room.ts';
import { deployWarm } from './remedies.ts';
import { ownNodes, typesOf } from './seen.ts';

/** Addresses a node has when it is Ready: ipamd makes one growth step at its start. Source: amazon-vpc-cni-k8s v1.23.1, nodeInit. */
export function addressesAtReady(mode: CniMode, perEni: number): number {
  switch (mode.kind) {
    case 'warm-eni':
      return perEni;
    case 'ip-targets':
      return Math.min(perEni, bound(mode, 0, perEni));
    case 'prefix':
    case 'prefix-ip-targets':
      return bound(mode, 0, perEni);
    case 'provisioning-disabled':
      return 0;
  }
}

export const coldLaunches: Rule = {
  name: 'cold-launches',
  looksFor:
    'an expected burst (--burst) that needs new nodes, which take their whole backlog the moment they are Ready',
  source: 'amazon-vpc-cni-k8s v1.23.1, nodeInit: one growth step before the node is Ready',
  needs: ['settings', 'nodes'],
  judge: (seen) => {
    const { burst } = seen.expected;
    const [type] = typesOf(seen);
    if (burst === undefined || type === undefined || type.settings.mode.kind === 'provisioning-disabled')
      return undefined;
    const waiting = burst.pods - addressableIn(seen).freeSlots;
    const ready = addressesAtReady(type.settings.mode, type.perEni);
    if (waiting <= 0 || type.podCap <= ready) return undefined;
    const nodes = Math.ceil(waiting / type.podCap);
    const backlog = Math.ceil(waiting / nodes);
    if (backlog <= ready) return undefined;
    const enis = Math.ceil(backlog / type.perEni) - 1;
    return {
      severity: 'red',
      title: `${many(nodes, 'new node')} would start with ${ready} addresses for ${backlog} pods each`,
      evidence: `${burst.pods} pods expected, ${burst.pods - waiting} free slots on ${many(ownNodes(seen).length, 'node')}; a ${type.type} runs ${type.podCap} pods with an address`,
      consequence: `About ${nodes * (backlog - ready)} requests fail while the nodes grow: pods that wait are bound the moment a node is Ready.`,
      remedy: {
        says: 'Let the prewarmer attach full ENIs before the CNI starts (mode warm). See prefix-unused for a setting that makes it unnecessary.',
        commands: [deployWarm(seen)],
      },
      price: {
        calls: nodes * 3 * enis,
        addresses: nodes * enis * (type.perEni + 1),
        rolls: 0,
        also: 'most of which the CNI would ask for a minute later',
      },
    };
  },
};
