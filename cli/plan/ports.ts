/** The product's own ports over an account that is only read: what it would remember is in memory, and what it would do is
 *  refused. */
import type { KubeApi } from '../../lambdas/adapters/kube-api.ts';
import { KubeWorkloads } from '../../lambdas/adapters/kube-workloads.ts';
import { succeeded } from '../../lambdas/core/failures.ts';
import type { Kubernetes, NamedNode } from '../../lambdas/core/kubernetes.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import type { Clock, Ports } from '../../lambdas/core/ports.ts';
import { MemoryBudget } from '../../sim/stores/memory-budget.ts';
import { MemoryLedger } from '../../sim/stores/memory-ledger.ts';
import { MemoryReads } from '../../sim/stores/memory-reads.ts';
import { MemoryRolloutBook } from '../../sim/stores/memory-rollout-book.ts';
import type { Account } from '../account-clients.ts';
import type { Counted } from '../kubernetes.ts';

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
    deliveries: { hide: never('ChangeMessageVisibility') },
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

/** The lens as whoever is signed in has it, with pods as they were counted already. */
export class CountedLens extends KubeWorkloads {
  readonly #counted: Counted;

  constructor(api: KubeApi, clock: Clock, counted: Counted) {
    super(api, clock);
    this.#counted = counted;
  }

  override async pods(_cluster: string, nodes: readonly NamedNode[]) {
    return succeeded(this.#counted.podsOn(nodes));
  }
}
