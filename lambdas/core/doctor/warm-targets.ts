/** Traps in WARM_ENI_TARGET, WARM_IP_TARGET, MINIMUM_IP_TARGET and WARM_PREFIX_TARGET. */
import type { CniMode } from '../cni.ts';
import { ADDRESSES_PER_PREFIX, EC2_BUCKETS, ENI_GROWTH_MS } from '../limits.ts';
import { many, type Rule, some } from './finding.ts';
import { deployWarm, podsAtMost, priceOf, setEnv } from './remedies.ts';
import { type ClusterSeen, ownNodes, settingsFor, type TypeSeen, typesOf } from './seen.ts';

/** WARM_IP_TARGET where nothing is known of bursts. The CNI's own worked example uses it. */
const USUAL_WARM_IPS = 5;
/** Nodes from which on a pod more on each empties half of AWS's request bucket at once. */
const LARGE_CLUSTER_NODES = EC2_BUCKETS.AssignPrivateIpAddresses.size / 2;

/** Pods of an expected burst on each node that is there, as far as it may run them. */
export function burstPerNode(seen: ClusterSeen): number | undefined {
  const { burst } = seen.expected;
  const nodes = ownNodes(seen).length;
  if (burst === undefined || nodes === 0) return undefined;
  return Math.min(Math.ceil(burst.pods / nodes), ...typesOf(seen).map(({ podCap }) => podCap));
}

export const minimumWithoutWarm: Rule = {
  name: 'minimum-without-warm',
  looksFor: 'MINIMUM_IP_TARGET set and WARM_IP_TARGET not, below max-pods',
  source:
    'amazon-vpc-cni-k8s v1.23.1, ipamd.go: either one switches to IP targets, where the other counts as 0',
  needs: ['settings'],
  judge: (seen) => {
    const mode = settingsFor(seen)?.mode;
    if (mode === undefined || !usesIpTargets(mode) || mode.warmIpTarget > 0) return undefined;
    const { minimumIpTarget } = mode;
    const types = typesOf(seen);
    const over = types.filter(({ podCap }) => podCap > minimumIpTarget);
    if (types.length > 0 && over.length === 0) return undefined;
    const warmIpTarget = burstPerNode(seen) ?? USUAL_WARM_IPS;
    const runs = over.map(
      ({ type, podCap, nodes }) => `${type} (${many(nodes.length, 'node')}) may run ${podCap}`,
    );
    return {
      severity: 'red',
      title: `A node never gets more than ${minimumIpTarget} addresses`,
      evidence: `MINIMUM_IP_TARGET=${minimumIpTarget} and no WARM_IP_TARGET${runs.length > 0 ? `; pods with an address: ${some(runs)}` : ''}`,
      consequence: `With no warm target the CNI wants no address beyond the minimum: pod ${minimumIpTarget + 1} on a node fails until another one has ended and its address has cooled for 30 s.`,
      remedy: {
        says: `Set WARM_IP_TARGET=${warmIpTarget}: it keeps so many free whatever runs.`,
        commands: [setEnv(seen, { WARM_IP_TARGET: String(warmIpTarget) })],
      },
      price: priceOf(seen, { ...mode, warmIpTarget }),
    };
  },
};

const usesIpTargets = (mode: CniMode): mode is Extract<CniMode, { readonly minimumIpTarget: number }> =>
  mode.kind === 'ip-targets' || mode.kind === 'prefix-ip-targets';

export const warmTargetZero: Rule = {
  name: 'warm-target-zero',
  looksFor: 'WARM_ENI_TARGET=0, or WARM_PREFIX_TARGET=0 without IP targets',
  source:
    'amazon-vpc-cni-k8s v1.23.1, isDatastorePoolTooLow; its entrypoint refuses prefixes without a target',
  needs: ['settings'],
  judge: (seen) => {
    const mode = settingsFor(seen)?.mode;
    if (mode?.kind === 'warm-eni' && mode.warmEniTarget === 0)
      return {
        severity: 'red',
        title: 'Nodes grow only when no address is left',
        evidence: 'WARM_ENI_TARGET=0, and no IP target',
        consequence: `The pod that takes the last address is served; the next ones fail until an ENI more is there, up to ${ENI_GROWTH_MS / 1000} s and a retry of kubelet later. An ENI without pods is given back and asked for again.`,
        remedy: {
          says: 'Set WARM_ENI_TARGET=1, the CNI’s default.',
          commands: [setEnv(seen, { WARM_ENI_TARGET: '1' })],
        },
        price: priceOf(seen, { kind: 'warm-eni', warmEniTarget: 1 }),
      };
    if (mode?.kind === 'prefix' && mode.warmPrefixTarget === 0)
      return {
        severity: 'red',
        title: 'aws-node will not start with prefixes and no warm target',
        evidence: 'ENABLE_PREFIX_DELEGATION=true, WARM_PREFIX_TARGET=0, and no IP target',
        consequence: 'The container’s entrypoint ends with an error, and no node gets Ready.',
        remedy: {
          says: 'Set WARM_PREFIX_TARGET=1, the default.',
          commands: [setEnv(seen, { WARM_PREFIX_TARGET: '1' })],
        },
        price: priceOf(seen, { kind: 'prefix', warmPrefixTarget: 1 }),
      };
    return undefined;
  },
};

export const targetAboveOneEni: Rule = {
  name: 'target-above-one-eni',
  looksFor: 'a target that one ENI cannot meet: it is reached only after the node is Ready',
  source: 'amazon-vpc-cni-k8s v1.23.1, nodeInit makes one growth step; the pool manager one every 5 s',
  needs: ['settings', 'nodes'],
  judge: (seen) => {
    const late = typesOf(seen).flatMap((type) => {
      const wanted = wantedAtStart(type);
      return wanted > type.perEni && !type.settings.prefixes ? [{ ...type, wanted }] : [];
    });
    const [first] = late;
    if (first === undefined) return undefined;
    const { type, wanted, perEni } = first;
    const enisMore = Math.ceil(wanted / perEni) - 1;
    return {
      severity: 'yellow',
      title: `A node is Ready with fewer addresses than its target of ${wanted}`,
      evidence: some(
        late.map(
          (each) => `${each.type}: ${each.perEni} of ${each.wanted} (${many(each.nodes.length, 'node')})`,
        ),
      ),
      consequence: `Pods that wait for the node come the moment it is Ready. The other ${many(enisMore, 'ENI')} of a ${type} come one by one, up to ${ENI_GROWTH_MS / 1000} s each; pods beyond ${perEni} fail meanwhile.`,
      remedy: {
        says: `Let the prewarmer attach them before the CNI starts (mode warm)${first.limits.prefixes ? ', or take prefixes, of which one call brings many (rule prefix-unused)' : ''}.`,
        commands: [deployWarm(seen)],
      },
      price: {
        calls: 3 * enisMore,
        addresses: 0,
        rolls: 0,
        also: 'the calls for each node that launches, in place of the CNI’s own',
      },
    };
  },
};

/** Addresses a node without pods wants. */
function wantedAtStart({ settings: { mode }, perEni, holds }: TypeSeen): number {
  const wanted =
    mode.kind === 'warm-eni'
      ? mode.warmEniTarget * perEni
      : mode.kind === 'ip-targets'
        ? Math.max(mode.warmIpTarget, mode.minimumIpTarget)
        : 0;
  return Math.min(wanted, holds);
}

export const ipTargetChurn: Rule = {
  name: 'ip-target-churn',
  looksFor: 'WARM_IP_TARGET with CronJob churn, or on a cluster of 50 nodes and more',
  source: 'amazon-vpc-cni-k8s, docs/eni-and-ip-target.md; EC2 Developer Guide, request throttling',
  needs: ['settings', 'nodes'],
  judge: (seen) => {
    const mode = settingsFor(seen)?.mode;
    if (mode === undefined || !usesIpTargets(mode) || mode.warmIpTarget === 0) return undefined;
    const types = typesOf(seen).filter(({ podCap }) => podCap > mode.minimumIpTarget);
    const nodes = types.reduce((sum, each) => sum + each.nodes.length, 0);
    const { churn } = seen.expected;
    if (nodes === 0 || (churn === undefined && nodes < LARGE_CLUSTER_NODES)) return undefined;
    // A prefix is asked for once in 16 pods: on many nodes at once only where their pods come and go together.
    if (churn === undefined && mode.kind === 'prefix-ip-targets') return undefined;
    const touched = churn === undefined ? nodes : Math.min(nodes, churn.pods);
    const perSecond = churn === undefined ? 0 : touched / (churn.everyMs / 1000);
    const { size, perSecond: refill } = EC2_BUCKETS.AssignPrivateIpAddresses;
    const busiest = Math.max(...types.flatMap((type) => type.nodes.map((node) => podsAtMost(node, type))));
    const more = churn === undefined ? 0 : Math.ceil(churn.pods / touched);
    const enough = Math.min(
      Math.max(...types.map(({ podCap }) => podCap)),
      busiest + more + mode.warmIpTarget,
    );
    if (enough <= mode.minimumIpTarget) return undefined;
    const waitS = Math.max(0, Math.ceil((touched - size) / refill));
    return {
      severity: perSecond > refill / 2 || touched > size ? 'red' : 'yellow',
      title:
        mode.kind === 'prefix-ip-targets'
          ? 'Pods that come and go together are calls to EC2'
          : 'Each pod that comes or goes is a call to EC2',
      evidence:
        churn === undefined
          ? `WARM_IP_TARGET=${mode.warmIpTarget}, MINIMUM_IP_TARGET=${mode.minimumIpTarget}; ${many(nodes, 'node')} that may run more pods than the minimum`
          : `WARM_IP_TARGET=${mode.warmIpTarget}; ${churn.pods} pods every ${churn.everyMs / 1000} s on ${many(touched, 'node')}: up to ${perSecond.toFixed(1)} AssignPrivateIpAddresses a second, and as many to give back`,
      consequence: `AWS grants ${refill} a second for the whole account and Region, ${size} in reserve. One pod more on each of ${many(touched, 'node')} takes ${touched} at once${waitS > 0 ? `: the last one waits ${waitS} s` : ''}, and Karpenter and other clusters wait with it.`,
      remedy: {
        says: `Set MINIMUM_IP_TARGET=${enough}, what the busiest node has in use and keeps free: then its pool stays as it is.`,
        commands: [setEnv(seen, { MINIMUM_IP_TARGET: String(enough) })],
      },
      price: priceOf(seen, { ...mode, minimumIpTarget: enough }),
    };
  },
};

/** Whether the CNI gives back within seconds what others bring to a node that runs: then only its settings help. */
export const trims = ({ kind }: CniMode): boolean =>
  kind === 'ip-targets' || kind === 'prefix' || kind === 'prefix-ip-targets';

/** A mode that keeps at least so many addresses free on a node, as its variables. */
export function keepingFree(
  mode: CniMode,
  addresses: number,
  perEni: number,
): { env: Record<string, string>; mode: CniMode } {
  switch (mode.kind) {
    case 'ip-targets':
    case 'prefix-ip-targets':
      return { env: { WARM_IP_TARGET: String(addresses) }, mode: { ...mode, warmIpTarget: addresses } };
    case 'prefix': {
      const warmPrefixTarget = Math.ceil(addresses / ADDRESSES_PER_PREFIX);
      return { env: { WARM_PREFIX_TARGET: String(warmPrefixTarget) }, mode: { ...mode, warmPrefixTarget } };
    }
    case 'warm-eni':
    case 'provisioning-disabled': {
      const warmEniTarget = Math.ceil(addresses / perEni);
      return { env: { WARM_ENI_TARGET: String(warmEniTarget) }, mode: { kind: 'warm-eni', warmEniTarget } };
    }
  }
}

export const WARM_TARGET_RULES: readonly Rule[] = [
  minimumWithoutWarm,
  warmTargetZero,
  targetAboveOneEni,
  ipTargetChurn,
];
