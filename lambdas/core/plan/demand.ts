/** How many addresses a signal asks for, where and by when. Each formula says why. */
import { IP_COOLDOWN_MS } from '../limits.ts';
import type { IntOrPercent, NodeSelector, RolloutAnnounced } from '../signals.ts';

export interface Demand {
  readonly id: string;
  readonly cluster: string;
  /** Addresses needed beyond those in use when the rollout starts, margin not included. */
  readonly addresses: number;
  /** Pods asked for at one instant, at most. */
  readonly atOnce: number;
  /** Over how long all of them are asked for; 0: at one instant. */
  readonly overMs: number;
  readonly startsAtMs: number;
  readonly selector: NodeSelector;
  readonly because: string;
}

export function demandOf(rollout: RolloutAnnounced): Demand {
  const { announcementId: id, cluster, replicas, strategy, startsAtMs, overMs, selector } = rollout;
  const growth = Math.max(0, replicas.to - replicas.from);
  const common = { id, cluster, startsAtMs, overMs, selector };
  if (replicas.from === 0 || growth > 0) {
    // A scale-out: the old pods keep their addresses, every new one needs one.
    return {
      ...common,
      addresses: growth,
      atOnce: overMs > 0 ? Math.ceil(growth / Math.max(1, overMs / 1000)) : growth,
      because: `${growth} new replicas, from ${replicas.from} to ${replicas.to}`,
    };
  }
  switch (strategy.type) {
    case 'rolling-update': {
      const surge = pods(strategy.maxSurge, replicas.to, 'up');
      const unavailable = pods(strategy.maxUnavailable, replicas.to, 'down');
      const step = Math.max(1, surge + unavailable);
      // Old pods hold their addresses while they terminate, freed ones cool: what is replaced within that time must find
      // fresh addresses. Faster than that, or at a pace not announced, the whole rollout is assumed to fit in it.
      const heldMs = rollout.terminationGraceMs + IP_COOLDOWN_MS;
      const held = overMs > heldMs ? Math.ceil((replicas.to * heldMs) / overMs) : replicas.to;
      const addresses = Math.min(replicas.to, surge + held);
      return {
        ...common,
        addresses,
        // From then on addresses come back as fast as they are asked for.
        overMs: Math.min(overMs, heldMs),
        atOnce: step,
        because: `${replicas.to} replicas replaced ${step} at a time; each old address is held for ${heldMs / 1000} s`,
      };
    }
    case 'recreate':
      return {
        ...common,
        addresses: replicas.to,
        atOnce: replicas.to,
        because: `all ${replicas.to} replicas recreated; the old addresses cool for ${IP_COOLDOWN_MS / 1000} s`,
      };
    case 'blue-green':
      return {
        ...common,
        addresses: replicas.to,
        atOnce: replicas.to,
        because: `all ${replicas.to} replicas exist twice during a blue/green switch`,
      };
    case 'stateful-set':
      return {
        ...common,
        addresses: replicas.to,
        atOnce: Math.max(1, pods(strategy.maxUnavailable, replicas.to, 'down')),
        because: `${replicas.to} replicas of a StatefulSet replaced; the old addresses cool for ${IP_COOLDOWN_MS / 1000} s`,
      };
    case 'job':
      return {
        ...common,
        addresses: strategy.completions,
        atOnce: replicas.to,
        because: `${strategy.completions} pods of a job, ${replicas.to} at a time`,
      };
  }
}

/** Whether old pods make way for new ones, so that their addresses come back after they cooled. */
export const replacesPods = (rollout: RolloutAnnounced): boolean =>
  rollout.replicas.from > 0 &&
  rollout.replicas.to <= rollout.replicas.from &&
  rollout.strategy.type !== 'blue-green';

/** Kubernetes rounds maxSurge up and maxUnavailable down. Source: Deployment spec, rolling update. */
export function pods(value: IntOrPercent, replicas: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  // Multiplied before divided: 7 % of 100 is 7, while 0.07 × 100 is a little more.
  const exact = (Number(value.slice(0, -1)) * replicas) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
