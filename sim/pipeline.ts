/** A deploy tool that goes by our waves: it makes as many pods as it is told may come, and no more. Where pods take the places of
 *  old ones it has two Deployments, as a canary's two ReplicaSets: the new one grows as the old one shrinks. */
import type { Deployment } from './cluster/deployment.ts';
import type { BusEvent, EventBus } from './event-bus.ts';

export interface Pipeline {
  readonly announcementId: string;
  /** Any, unless said. */
  readonly cluster?: string;
  readonly fresh: Pick<Deployment, 'scaleTo'>;
  /** Whose places the fresh pods take. */
  readonly old?: Pick<Deployment, 'scaleTo'>;
  /** Pods of both together. */
  readonly replicas: number;
}

interface Advanced {
  readonly announcementId: string;
  readonly cluster: string;
  readonly replicas: number;
}

/** From now on every wave that is released is deployed. An event that comes twice, or late, changes nothing. */
export function followWaves(
  bus: EventBus,
  { announcementId, cluster, fresh, old, replicas }: Pipeline,
): void {
  let reached = 0;
  const matches = ({ source, detail, 'detail-type': type }: BusEvent): boolean =>
    source === 'eks-ip-prewarmer' &&
    type === 'Wave Advanced' &&
    (detail as Advanced).announcementId === announcementId &&
    (cluster ?? (detail as Advanced).cluster) === (detail as Advanced).cluster;
  bus.addRule({
    matches,
    deliver: ({ detail }) => {
      const { replicas: to } = detail as Advanced;
      if (to <= reached) return;
      reached = to;
      fresh.scaleTo(to);
      old?.scaleTo(replicas - to);
    },
  });
}
