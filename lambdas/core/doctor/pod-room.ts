/** Whether nodes can give addresses to the pods they may run, and to those that are expected. */
import { cardEnis, managedEnis, type Node, nodeGroupOf } from '../model.ts';
import { demandOf } from '../plan/demand.ts';
import { selfPaced } from '../plan/deployment-patch.ts';
import { entriesFree } from '../plan/standing.ts';
import type { RolloutAnnounced } from '../signals.ts';
import { burstBeyondAddresses } from './burst-room.ts';
import { FREE, many, type Rule, some } from './finding.ts';
import { podsAtMost, setEnv } from './remedies.ts';
import { addressableIn } from './room.ts';
import { addressesOn, type ClusterSeen, cooldownOf, ownNodes, type TypeSeen, typesOf } from './seen.ts';

/** kubelet's own grace, and a second more than a pod's address is held. */
const TERMINATION_GRACE_MS = 30_000;

export const maxPodsAboveAddressable: Rule = {
  name: 'max-pods-above-addressable',
  looksFor: 'kubelets that accept more pods than the node’s interfaces can address',
  source: 'amazon-vpc-cni-k8s, max-pods-calculator.sh and MAX_ENI; EKS User Guide, choosing an instance type',
  needs: ['settings', 'nodes'],
  judge: (seen) => {
    const over = typesOf(seen).flatMap((type) => {
      const nodes = type.nodes.filter(({ id }) => (type.podCaps.get(id) ?? 0) > type.holds);
      return nodes.length > 0 ? [{ ...type, nodes }] : [];
    });
    const [first] = over;
    if (first === undefined) return undefined;
    const values = over.map(({ type, holds, maxPods, podCap }) => `${holds + maxPods - podCap} for ${type}`);
    return {
      severity: 'red',
      title: 'Nodes accept more pods than they can address',
      evidence: `${some(over.map((each) => `${each.type} (${many(each.nodes.length, 'node')}): ${each.podCap} pods with an address allowed, ${each.holds} possible`))}${becauseOf(first)}`,
      consequence: `The scheduler fills such a node beyond its addresses: from pod ${first.holds + 1} on, each fails for as long as the node is full, whoever warms it.`,
      remedy: {
        says: `Set max-pods to ${some(values)}: spec.kubelet.config.maxPods of nodeadm’s NodeConfig in the launch template, spec.kubelet.maxPods of Karpenter’s EC2NodeClass. New nodes take it.${first.settings.maxEnis === undefined ? '' : ' Or remove MAX_ENI, if nothing else wants the ENIs.'}`,
        commands: [
          ...(over.some(({ nodes }) => nodes.some(({ tags }) => tags[KARPENTER] !== undefined))
            ? [nodeClass(first)]
            : []),
          ...(first.settings.maxEnis === undefined ? [] : [setEnv(seen, { MAX_ENI: undefined })]),
        ],
      },
      price: {
        ...FREE,
        also: `nodes replaced, and pods that fit nowhere wait for more of them${first.settings.maxEnis === undefined ? '' : '; for MAX_ENI aws-node restarts on every node'}`,
      },
    };
  },
};

const KARPENTER = 'karpenter.sh/nodepool';

const nodeClass = ({ holds, maxPods, podCap }: TypeSeen): readonly string[] => [
  ...['kubectl', 'patch', 'ec2nodeclass', 'NAME', '--type', 'merge', '--patch'],
  JSON.stringify({ spec: { kubelet: { maxPods: holds + maxPods - podCap } } }),
];

function becauseOf({ settings, limits }: TypeSeen): string {
  const why = [
    ...(settings.maxEnis === undefined ? [] : [`MAX_ENI=${settings.maxEnis}`]),
    ...(settings.customNetworking ? ['custom networking leaves the primary ENI unused'] : []),
    ...(settings.podEni && limits.trunks ? ['ENABLE_POD_ENI keeps an ENI for the trunk'] : []),
  ];
  return why.length > 0 ? `; ${why.join(', ')}` : '';
}

/** Whether neither another ENI nor another address fits. */
function isFull(node: Node, { settings, perEni, limits }: TypeSeen): boolean {
  const enis = managedEnis(node).filter(({ deviceIndex }) => !settings.customNetworking || deviceIndex !== 0);
  const most = Math.min(settings.maxEnis ?? limits.maxEnis, limits.maxEnis);
  return cardEnis(node).length >= most && enis.every((eni) => entriesFree(eni, perEni) === 0);
}

export const nodesFull: Rule = {
  name: 'nodes-full',
  looksFor: 'nodes whose interfaces are all full: nothing can be warmed there, pacing alone helps',
  source: 'amazon-vpc-cni-k8s v1.23.1, increaseDatastorePool and IP_COOLDOWN_PERIOD',
  needs: ['settings', 'nodes'],
  judge: (seen) => {
    const full = typesOf(seen).flatMap((type) =>
      type.nodes.filter((node) => isFull(node, type)).map((node) => ({ node, type })),
    );
    if (full.length === 0) return undefined;
    const groups = [...Map.groupBy(full, ({ node }) => nodeGroupOf(node.tags))];
    const minReadySeconds = (TERMINATION_GRACE_MS + cooldownOf(seen)) / 1000 + 1;
    const patch = { spec: { minReadySeconds, strategy: { rollingUpdate: { maxSurge: 1 } } } };
    return {
      severity: 'yellow',
      title: `${many(full.length, 'node')} of ${ownNodes(seen).length} cannot hold another address`,
      evidence: `${some(
        groups.map(
          ([group, nodes]) => `${group}: ${many(nodes.length, 'node')}, for example ${nodes[0]?.node.id}`,
        ),
      )}${withPod(full)}`,
      consequence: `A rolling update there starts new pods before the addresses of old ones are free: each is withheld for ${cooldownOf(seen) / 1000} s after its pod has ended. What surges beyond the free ones fails. Warming cannot help.`,
      remedy: {
        says: `Let Kubernetes pace updates of what runs there: minReadySeconds=${minReadySeconds} (termination grace and cooldown) and a small maxSurge; or announce rollouts with waves (docs/rollouts.md).`,
        commands: [['kubectl', 'patch', 'deployment', 'NAME', '--patch', JSON.stringify(patch)]],
      },
      price: { ...FREE, also: `${minReadySeconds} s for each step of a rollout` },
    };
  },
};

/** How many of their addresses have one: known where pods were counted. */
function withPod(full: readonly { readonly node: Node; readonly type: TypeSeen }[]): string {
  if (full.some(({ node }) => node.counted?.pods === undefined)) return '';
  const all = full.reduce((sum, { node, type }) => sum + addressesOn(node, type.settings), 0);
  const taken = full.reduce((sum, { node, type }) => sum + podsAtMost(node, type), 0);
  return `; ${taken} of their ${all} addresses have a pod`;
}

export const rolloutBeyondAddresses: Rule = {
  name: 'rollout-beyond-addresses',
  looksFor:
    'a rolling update (--rollout): its surge, and addresses of pods that have just ended, against what the nodes can address',
  source: 'Kubernetes, DeploymentSpec; amazon-vpc-cni-k8s, IP_COOLDOWN_PERIOD',
  needs: ['settings', 'nodes'],
  judge: (seen) => {
    const { rollout } = seen.expected;
    if (rollout === undefined || ownNodes(seen).length === 0) return undefined;
    const announced = announcedAs(seen, rollout);
    const { addresses, because } = demandOf(announced, cooldownOf(seen));
    const can = addressableIn(seen);
    const free = Math.min(can.pods, can.freeAddresses);
    if (addresses <= free) return undefined;
    const paced = selfPaced(announced, free, cooldownOf(seen));
    return {
      severity: 'red',
      title: `A rolling update needs ${addresses} addresses, and ${free} are surely free`,
      evidence: `${rollout.replicas} replicas, maxSurge ${rollout.strategy.maxSurge}, maxUnavailable ${rollout.strategy.maxUnavailable}: ${because}`,
      consequence: `About ${addresses - free} new pods fail at first, and the deploy tool sees their events.`,
      remedy: {
        says:
          paced === undefined
            ? 'No address is free: make room first (fewer pods on these nodes, or more nodes).'
            : `Let Kubernetes pace it: ${paced.because}.`,
        commands:
          paced === undefined
            ? []
            : [['kubectl', 'patch', 'deployment', 'NAME', '--patch', JSON.stringify(paced.patch)]],
      },
      price:
        paced === undefined
          ? FREE
          : { ...FREE, also: `the rollout takes ${Math.round(paced.takesMs / 1000)} s at least` },
    };
  },
};

const announcedAs = (
  { cluster, nowMs }: ClusterSeen,
  { replicas, strategy }: NonNullable<ClusterSeen['expected']['rollout']>,
): RolloutAnnounced => ({
  kind: 'rollout-announced',
  announcementId: 'doctor',
  cluster: cluster.name,
  workload: { kind: 'Deployment', namespace: 'default', name: 'NAME' },
  replicas: { from: replicas, to: replicas },
  strategy,
  startsAtMs: nowMs,
  overMs: 0,
  terminationGraceMs: TERMINATION_GRACE_MS,
  selector: {},
  attempt: 0,
});

export const POD_ROOM_RULES: readonly Rule[] = [
  maxPodsAboveAddressable,
  burstBeyondAddresses,
  rolloutBeyondAddresses,
  nodesFull,
];
