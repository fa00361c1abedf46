/** The figures every policy is judged by, read off the world when a scenario is over. */

import type { Pod } from '../cluster/node.ts';
import { PREWARMER, type Stage } from '../stage.ts';
import type { World } from '../world.ts';
import { quantileOf } from './statistics.ts';

export interface Measured {
  /** Pods of the rollout that was watched. */
  readonly pods: number;
  /** Refused requests for an address: each is a `failed to assign an IP address to container` event. */
  readonly failedRequests: number;
  /** From a pod's first request on its node to its address, ms. */
  readonly worstWaitMs: number;
  readonly p99WaitMs: number;
  /** Every attempt of every caller in the account, by action. */
  readonly ec2Calls: Readonly<Record<string, number>>;
  readonly throttled: number;
  /** Addresses held for nodes, or by ENIs not attached yet, that no pod used, integrated over the scenario. */
  readonly addressSecondsIdle: number;
  readonly lateAttach: number;
  /** Nodes that launched and that we left alone. */
  readonly nodesLeft: number;
  /** From the start to the last pod's address. */
  readonly rolloutSeconds: number;
}

/** Time between two looks at idle addresses. */
const LOOK_EVERY_MS = 1_000;

/** Watches a world from now on. */
export class Watch {
  readonly #world: World;
  readonly #fromMs: number;
  readonly #callsBefore: ReadonlyMap<string, number>;
  readonly #throttlesBefore: number;
  #idle = 0;

  constructor(world: World) {
    this.#world = world;
    this.#fromMs = world.kernel.nowMs;
    this.#callsBefore = calls(world);
    this.#throttlesBefore = throttles(world);
    const look = (): void => {
      this.#idle += idleAddresses(world) * (LOOK_EVERY_MS / 1000);
      world.kernel.after(LOOK_EVERY_MS, look);
    };
    world.kernel.after(LOOK_EVERY_MS, look);
  }

  measure(pods: readonly Pod[], stage: Stage | undefined): Measured {
    const waits = pods.flatMap(({ askedAtMs, gotAddressAtMs }) =>
      askedAtMs === undefined || gotAddressAtMs === undefined ? [] : [gotAddressAtMs - askedAtMs],
    );
    const last = Math.max(...pods.map(({ gotAddressAtMs }) => gotAddressAtMs ?? this.#world.kernel.nowMs));
    const before = this.#callsBefore;
    return {
      pods: pods.length,
      failedRequests: pods.reduce((sum, { failedRequests }) => sum + failedRequests, 0),
      worstWaitMs: Math.max(0, ...waits),
      p99WaitMs: quantileOf(waits, 0.99),
      ec2Calls: Object.fromEntries(
        [...calls(this.#world)]
          .map(([action, count]) => [action, count - (before.get(action) ?? 0)] as const)
          .filter(([, count]) => count > 0)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
      throttled: throttles(this.#world) - this.#throttlesBefore,
      addressSecondsIdle: Math.round(this.#idle),
      lateAttach: stage === undefined ? 0 : lateAttaches(stage),
      nodesLeft: stage === undefined ? 0 : nodesLeft(this.#world, stage),
      rolloutSeconds: Math.round((last - this.#fromMs) / 1000),
    };
  }
}

function calls(world: World): Map<string, number> {
  return new Map(world.account.calls.of('*'));
}

/** Calls of ours alone, by action. */
export const ourCalls = (world: World): ReadonlyMap<string, number> => world.account.calls.of(PREWARMER);

const throttles = (world: World): number =>
  [...world.account.calls.throttles.values()].reduce((sum, count) => sum + count, 0);

function idleAddresses(world: World): number {
  const onNodes = world.nodes.reduce((sum, node) => sum + node.idleAddresses, 0);
  const parked = world.account.enis().filter((eni) => eni.attachment === undefined);
  return onNodes + parked.reduce((sum, eni) => sum + 1 + eni.secondaryIps.length, 0);
}

const lateAttaches = (stage: Stage): number =>
  stage.journal
    .filter(({ what }) => what === 'verified')
    .reduce((sum, { facts }) => sum + (facts['lateAttach'] as readonly string[]).length, 0);

/** Nodes that booted in front of us and that have no ENI of ours. */
function nodesLeft(world: World, stage: Stage): number {
  const left = new Set(
    stage.journal
      .filter(({ what }) => what === 'plan')
      .flatMap(({ facts }) => facts['steps'] as readonly { do: string; nodeId: string }[])
      .filter((step) => step.do === 'leave')
      .map(({ nodeId }) => nodeId),
  );
  return world.nodes.filter(
    ({ instance, booted }) =>
      booted && left.has(instance.id) && !instance.enis.some((eni) => eni.tags.has('eks-ip-prewarmer/node')),
  ).length;
}
