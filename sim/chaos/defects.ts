/**
 * Deliberate defects, each between core and its ports: what a wrong line in core would do to the world. The campaign must
 * find every one of them, or it proves nothing.
 */
import { IPAMD_INSTANCE_TAG, type World as ReadWorld } from '../../lambdas/core/model.ts';
import type { Policy } from '../../lambdas/core/policy.ts';
import type { Inventory, Ports } from '../../lambdas/core/ports.ts';
import type { NodeRecord } from '../../lambdas/core/records.ts';
import { ApiError, ReplyLost } from '../ec2/api.ts';
import type { Process } from '../kernel.ts';
import { PREWARMER } from '../stage.ts';
import type { World } from '../world.ts';

export interface Defect {
  /** One sentence: what it does wrong. */
  readonly says: string;
  /** Invariants that must notice. */
  readonly breaks: readonly string[];
  readonly inject: (ports: Ports, world: World) => Ports;
}

export const DEFECTS: Readonly<Record<string, Defect>> = {
  'no-lease': {
    says: 'Every run believes that it holds the lease of every node it asks for.',
    breaks: ['leased', 'one-at-a-time'],
    inject: (ports) => ({
      ...ports,
      ledger: over(ports.ledger, {
        lease: async (nodes, owner, untilMs, nowMs) => {
          const leased = new Map(await ports.ledger.lease(nodes, owner, untilMs, nowMs));
          for (const { nodeId, cluster, nodeGroup } of nodes)
            if (!leased.has(nodeId)) leased.set(nodeId, claimed(nodeId, cluster, nodeGroup, untilMs));
          return leased;
        },
        intend: async (intents, owner) => {
          await ports.ledger.intend(intents, owner);
          return new Set(intents.map(({ record }) => record.nodeId));
        },
      }),
    }),
  },
  'blind-retry': {
    says: 'An assign whose answer was lost is sent again at once, without a look.',
    breaks: ['addresses-within-plan', 'granted'],
    inject: (ports) => ({
      ...ports,
      vpc: over(ports.vpc, {
        assign: async (eniId, addresses) => {
          const answer = await ports.vpc.assign(eniId, addresses);
          const lost = !answer.ok && answer.failure.kind === 'uncertain';
          return lost ? ports.vpc.assign(eniId, addresses) : answer;
        },
      }),
    }),
  },
  'young-orphans': {
    says: 'The age of an unattached interface is ignored: a sweep deletes it at first sight.',
    breaks: ['orphans-only'],
    inject: (ports) => ({
      ...ports,
      ledger: over(ports.ledger, { suspects: async () => new SeenLongAgo() }),
    }),
  },
  'guard-off': {
    says: 'A launching node is warmed however late it is: neither the time nor ipamd’s tag stops an attach.',
    breaks: ['guard'],
    inject: (ports) => ({
      ...withPolicy(ports, { startP05Ms: 600_000 }),
      vpc: over(ports.vpc, {
        read: async (ask) => {
          const answer = await ports.vpc.read(ask);
          return answer.ok ? { ok: true, value: untagged(answer.value) } : answer;
        },
      }),
      ledger: over(ports.ledger, { lessons: async () => new Map() }),
    }),
  },
  'budget-ignored': {
    says: 'The shared budget is asked, and its answer ignored.',
    breaks: ['granted'],
    inject: (ports) => ({
      ...ports,
      budget: over(ports.budget, {
        spend: async (asks, as) => {
          await ports.budget.spend(asks, as);
          return { granted: asks.length, waitMs: 0 };
        },
      }),
    }),
  },
  'token-forgotten': {
    says: 'Each create has a client token of its own, so that a repeated one makes a second interface.',
    breaks: ['enis-within-plan'],
    inject: (ports) => ({
      ...ports,
      vpc: over(ports.vpc, {
        createEni: (ask) => ports.vpc.createEni({ ...ask, token: `${Math.floor(ports.random() * 1e15)}` }),
      }),
    }),
  },
  'reserve-ignored': {
    says: 'The last addresses of a subnet are taken like all others.',
    breaks: ['reserve', 'reserve-together'],
    inject: (ports) => withPolicy(ports, { subnetReserveAddresses: 0 }),
  },
  'stop-ignored': {
    says: 'The kill switch is read and not obeyed.',
    breaks: ['stops'],
    inject: (ports) => withPolicy(ports, { stopped: false }),
  },
  'finish-never': {
    says: 'DeleteOnTermination is taken for set without having been sent.',
    breaks: ['goes-with-node'],
    inject: (ports) => ({
      ...ports,
      vpc: over(ports.vpc, { deleteOnTermination: async () => ({ ok: true, value: undefined }) }),
    }),
  },
  'deletes-attached': {
    says: 'A sweep takes every interface of ours for unattached.',
    breaks: ['orphans-only'],
    inject: (ports) =>
      withInventory(ports, ({ own, ...rest }) => ({
        ...rest,
        own: own.map((eni) => ({ ...eni, attached: false })),
      })),
  },
  'deletes-foreign': {
    says: 'A sweep takes every interface on a node but the primary for an orphan of ours.',
    breaks: ['orphans-only'],
    inject: (ports) =>
      withInventory(ports, ({ own, world, ...rest }) => ({
        ...rest,
        world,
        own: [
          ...own,
          ...world.nodes.flatMap((node) =>
            node.enis
              .filter(({ deviceIndex }) => deviceIndex > 0)
              .map(({ id }) => ({ id, cluster: '', nodeId: node.id, attached: false })),
          ),
        ],
      })),
  },
  'orphans-forgotten': {
    says: 'No sweep remembers which interfaces it saw unattached.',
    breaks: ['no-leak'],
    inject: (ports) => ({ ...ports, ledger: over(ports.ledger, { suspect: async () => {} }) }),
  },
  'verification-lost': {
    says: 'Nobody looks whether what was attached was seen.',
    breaks: ['story-closed'],
    inject: (ports) => ({
      ...ports,
      continuations: over(ports.continuations, {
        later: (signals) =>
          ports.continuations.later(signals.filter(({ signal }) => signal.kind !== 'verify-due')),
      }),
    }),
  },
  'marks-forgotten': {
    says: 'A subnet that said it is full is asked again as if it had not.',
    breaks: ['full-left-alone'],
    inject: (ports) => ({
      ...ports,
      ledger: over(ports.ledger, { marks: async () => new Map(), mark: async () => {} }),
    }),
  },
  'tidies-up': {
    says: 'After an attach an address of the primary interface is released, because it looks idle.',
    breaks: ['never-taken', 'in-use'],
    inject: (ports, world) => ({
      ...ports,
      vpc: over(ports.vpc, {
        attachEni: async (ask) => {
          const answer = await ports.vpc.attachEni(ask);
          if (answer.ok) unassignOne(world, ask.nodeId);
          return answer;
        },
      }),
    }),
  },
};

/** The port with some methods replaced. */
function over<P extends object>(port: P, methods: Partial<P>): P {
  return new Proxy(port, {
    get: (_target, name) => {
      const own: unknown = Reflect.get(methods, name);
      return own ?? Reflect.get(port, name, port);
    },
  });
}

function withPolicy(ports: Ports, changed: Partial<Policy>): Ports {
  return {
    ...ports,
    settings: {
      clusters: ports.settings.clusters,
      get policy() {
        return { ...ports.settings.policy, ...changed };
      },
    },
    freshPolicy: async () => ({ ...(await ports.freshPolicy()), ...changed }),
  };
}

const withInventory = (ports: Ports, change: (inventory: Inventory) => Inventory): Ports => ({
  ...ports,
  vpc: over(ports.vpc, {
    inventory: async (ask) => {
      const answer = await ports.vpc.inventory(ask);
      return answer.ok ? { ok: true, value: change(answer.value) } : answer;
    },
  }),
});

const claimed = (
  nodeId: NodeRecord['nodeId'],
  cluster: string,
  nodeGroup: string,
  expiresAtMs: number,
): NodeRecord => ({ nodeId, cluster, nodeGroup, enis: [], outcome: { state: 'claimed' }, expiresAtMs });

/** Every interface was seen when time began. */
class SeenLongAgo extends Map<`eni-${string}`, number> {
  override get(): number {
    return 0;
  }
  override has(): boolean {
    return true;
  }
}

/** The world as read, without ipamd's tag on any primary interface. */
const untagged = (world: ReadWorld): ReadWorld => ({
  ...world,
  nodes: world.nodes.map((node) => ({
    ...node,
    enis: node.enis.map((eni) => {
      const { [IPAMD_INSTANCE_TAG]: _, ...tags } = eni.tags;
      return { ...eni, tags };
    }),
  })),
});

function unassignOne({ account, kernel }: World, nodeId: string): void {
  const [primary] = account.instance(nodeId).enis;
  const [address] = primary?.secondaryIps ?? [];
  if (primary === undefined || address === undefined) return;
  const input = { networkInterfaceId: primary.id, privateIpAddresses: [address] };
  function* release(): Process {
    try {
      yield* account.call({ name: PREWARMER }, 'UnassignPrivateIpAddresses', input);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof ReplyLost)) throw error;
    }
  }
  kernel.spawn(release());
}
