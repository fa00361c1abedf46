/** The product's own ports over an account that is only read: what it would remember is in memory, and what it would do is
 *  refused. */
import { KubeApi } from '../../lambdas/adapters/kube-api.ts';
import { overHttps } from '../../lambdas/adapters/kube-https.ts';
import { KubeWorkloads } from '../../lambdas/adapters/kube-workloads.ts';
import type { Kubernetes } from '../../lambdas/core/kubernetes.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import type { Ports } from '../../lambdas/core/ports.ts';
import { PATIENCE } from '../../lambdas/handlers/wiring.ts';
import { MemoryBudget } from '../../sim/stores/memory-budget.ts';
import { MemoryLedger } from '../../sim/stores/memory-ledger.ts';
import { MemoryReads } from '../../sim/stores/memory-reads.ts';
import { MemoryRolloutBook } from '../../sim/stores/memory-rollout-book.ts';
import { kubeDoor } from '../../sim/wire/kube-door.ts';
import type { Account } from '../account-clients.ts';

/** Only a plan is asked for: whoever comes here would change something. */
const never = (what: string) => async (): Promise<never> => {
  throw new Error(`${what} is no read, and was not done`);
};

export function readingPorts(
  account: Account,
  cluster: string,
  { policy, kubernetes }: { readonly policy: Policy; readonly kubernetes?: Kubernetes | undefined },
): Ports {
  const { clock, vpc, clusters, region } = account;
  return {
    clock,
    home: { accountId: '', region },
    vpc: {
      read: (ask) => vpc.read(ask),
      inventory: (ask) => vpc.inventory(ask),
      createEni: never('CreateNetworkInterface'),
      attachEni: never('AttachNetworkInterface'),
      deleteOnTermination: never('ModifyNetworkInterfaceAttribute'),
      assign: never('AssignPrivateIpAddresses'),
      deleteEni: never('DeleteNetworkInterface'),
    },
    clusters,
    ...(kubernetes !== undefined && { kubernetes }),
    budget: new MemoryBudget(() => policy, clock),
    ledger: new MemoryLedger(),
    reads: new MemoryReads(clock),
    rolloutBook: new MemoryRolloutBook(),
    launchHooks: { complete: never('CompleteLifecycleAction') },
    rolloutMachine: { start: never('StartExecution'), open: never('SendTaskSuccess') },
    bus: { put: never('PutEvents') },
    continuations: { later: never('SendMessage') },
    deadLetters: { bury: never('SendMessage') },
    journal: { note: () => {}, warn: () => {}, measure: () => {} },
    settings: {
      clusters: [{ name: cluster, mode: 'warm', ...(kubernetes !== undefined && { lens: true as const }) }],
      policy,
    },
    freshPolicy: async () => policy,
    random: () => 0,
    runId: () => 'plan',
  };
}

/** The cluster's API server, asked as whoever is signed in. */
export const lensOn = ({ eks, region, clock, simulated }: Account): Kubernetes =>
  new KubeWorkloads(
    new KubeApi(
      eks,
      region,
      simulated === undefined ? overHttps(PATIENCE.lens) : kubeDoor(simulated.world),
      clock,
    ),
    clock,
  );
