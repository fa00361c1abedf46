/** Nodes that would be launched for an expected burst. */
import { bound, type CniMode } from '../cni.ts';
import { ADDRESSES_PER_PREFIX } from '../limits.ts';
import { type Finding, many, type Price, type Rule } from './finding.ts';
import { deployWarm, priceOf, setEnv } from './remedies.ts';
import { addressableIn } from './room.ts';
import { type ClusterSeen, ownNodes, type TypeSeen, typesOf } from './seen.ts';

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

/** Pods of a burst that fit on no node that is there, the nodes of the most frequent type that they take, and how many wait for
 *  each; 0 where all fit. */
export function launchesFor(seen: ClusterSeen, pods: number) {
  const podCap = typesOf(seen)[0]?.podCap ?? 0;
  const waiting = Math.max(0, pods - addressableIn(seen).freeSlots);
  const nodes = podCap === 0 ? 0 : Math.ceil(waiting / podCap);
  return { waiting, nodes, backlog: nodes === 0 ? 0 : Math.ceil(waiting / nodes) };
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
    const { waiting, nodes, backlog } = launchesFor(seen, burst.pods);
    const ready = addressesAtReady(type.settings.mode, type.perEni);
    if (backlog <= ready) return undefined;
    return {
      severity: 'red',
      title: `${many(nodes, 'new node')} would start with ${ready} addresses for ${backlog} pods each`,
      evidence: `${burst.pods} pods expected, ${burst.pods - waiting} free slots on ${many(ownNodes(seen).length, 'node')}; a node of type ${type.type} runs ${type.podCap} pods with an address`,
      consequence: `About ${nodes * (backlog - ready)} requests fail while the nodes grow: pods that wait are bound the moment a node is Ready.`,
      ...remedyFor(seen, type, { nodes, backlog }),
    };
  },
};

/** By what the CNI keeps of what it finds at its start. */
function remedyFor(
  seen: ClusterSeen,
  { settings: { mode }, perEni, limits }: TypeSeen,
  { nodes, backlog }: { readonly nodes: number; readonly backlog: number },
): Pick<Finding, 'remedy' | 'price'> {
  const enis = Math.ceil(backlog / perEni) - 1;
  const attaching = {
    calls: nodes * 3 * enis,
    addresses: nodes * enis * (perEni + 1),
    also: 'most of which the CNI would ask for a minute later',
  };
  switch (mode.kind) {
    case 'warm-eni':
    case 'provisioning-disabled':
      return {
        remedy: {
          says: `Let the prewarmer attach full ENIs before the CNI starts (mode warm).${limits.prefixes ? ' See prefix-unused for a setting that makes it unnecessary.' : ''}`,
          commands: [deployWarm(seen)],
        },
        price: { ...attaching, rolls: 0 },
      };
    case 'ip-targets':
      // One ENI is there at Ready, however high the target; the others come before only if somebody attaches them.
      return {
        remedy: {
          says: `Set MINIMUM_IP_TARGET=${backlog}${enis > 0 ? `, and let the prewarmer attach what is beyond one ENI before the CNI starts (mode warm): up to the target it is kept` : ': they are there when a node is Ready'}.`,
          commands: [
            setEnv(seen, { MINIMUM_IP_TARGET: String(backlog) }),
            ...(enis > 0 ? [deployWarm(seen)] : []),
          ],
        },
        price: {
          ...withLaunches(priceOf(seen, { ...mode, minimumIpTarget: backlog }), attaching),
          ...(enis > 0 && { also: `of the calls ${attaching.calls} for nodes that launch` }),
        },
      };
    case 'prefix': {
      const warmPrefixTarget = Math.ceil(backlog / ADDRESSES_PER_PREFIX);
      return {
        remedy: {
          says: `Set WARM_PREFIX_TARGET=${warmPrefixTarget}: one call brings them before a node is Ready. The prewarmer is not needed, and the CNI would give back what it brings.`,
          commands: [setEnv(seen, { WARM_PREFIX_TARGET: String(warmPrefixTarget) })],
        },
        price: priceOf(seen, { kind: 'prefix', warmPrefixTarget }),
      };
    }
    case 'prefix-ip-targets':
      return {
        remedy: {
          says: `Set MINIMUM_IP_TARGET=${backlog}: one call brings the prefixes before a node is Ready. The prewarmer is not needed, and the CNI would give back what it brings.`,
          commands: [setEnv(seen, { MINIMUM_IP_TARGET: String(backlog) })],
        },
        price: priceOf(seen, { ...mode, minimumIpTarget: backlog }),
      };
  }
}

const withLaunches = (price: Price, more: { readonly calls: number; readonly addresses: number }): Price => ({
  ...price,
  calls: price.calls + more.calls,
  addresses: price.addresses + more.addresses,
});
