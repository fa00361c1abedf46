/** What every wire protocol here needs: a request, a response, and the world that answers. */
import type { Stream } from '../chance.ts';
import type { Ec2 } from '../ec2/api.ts';
import type { EventBus } from '../event-bus.ts';
import type { Kernel } from '../kernel.ts';
import type { Queues } from '../queues.ts';
import type { StepFunctions } from '../step-functions.ts';
import type { AutoScaling } from './auto-scaling.ts';
import type { EksCluster } from './clusters.ts';

export interface WireRequest {
  readonly method: string;
  /** Without the query string; percent-encoded as it came. */
  readonly path: string;
  /** What follows the `?`; empty when nothing does. */
  readonly query?: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface WireWorld {
  readonly kernel: Kernel;
  /** Where request ids come from: one stream for all doors into this world, so that no two requests share an id. */
  readonly requestIds: Stream;
  readonly ec2: Ec2;
  readonly queues: Queues;
  readonly bus: Pick<EventBus, 'put'>;
  readonly stepFunctions: StepFunctions;
  readonly clusters: readonly EksCluster[];
  /** Absent in a world without Auto Scaling groups. */
  readonly autoScaling?: AutoScaling;
  /** For example `eu-central-1`. */
  readonly region: string;
  /** Twelve digits. */
  readonly accountId: string;
  /** Unix time, in ms, of virtual time 0: dates on the wire count from it. */
  readonly epochMs: number;
}
