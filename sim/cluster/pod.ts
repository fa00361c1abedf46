/**
 * A pod and what a user sees of it. Created → scheduled to a node → sandbox with an address → image → Running → Ready;
 * later asked to end, and gone when its container has exited. The scheduler moves it to a node, that node's kubelet does
 * the rest, and its owner (a Deployment, …) is told of every step that matters to it.
 */

/** What all pods of one workload have in common. Times in ms. */
export interface PodTemplate {
  /** The container image: pulled once on each node, then present (imagePullPolicy IfNotPresent). */
  readonly image: string;
  readonly imagePullMs: number;
  /** From the container's start until its readiness probe succeeds. */
  readonly readyAfterMs: number;
  /** How much longer that, and a run, may take: drawn for each pod, from nothing to this. */
  readonly spreadMs: number;
  /** After this long a container that was asked to end is killed. */
  readonly terminationGraceMs: number;
  /** How long the container needs to end by itself once asked. */
  readonly exitMs: number;
  /** How much sooner it may end: drawn for each pod, from nothing to this. */
  readonly exitSpreadMs: number;
  /** The container ends by itself this long after its start: a Job's pod. */
  readonly runMs: number | undefined;
  readonly selector: NodeSelector;
}

/** Which nodes a pod may go to; nothing said means all. */
export interface NodeSelector {
  readonly nodeGroups?: readonly string[];
  readonly zones?: readonly string[];
}

/** Kubernetes' terminationGracePeriodSeconds (Kubernetes API reference, PodSpec). */
export const DEFAULT_GRACE_MS = 30_000;

/** Image there, ready at once, ends at once: a pod that is nothing but its address. */
export const BARE_POD: PodTemplate = {
  image: 'pause',
  imagePullMs: 0,
  readyAfterMs: 0,
  spreadMs: 0,
  terminationGraceMs: DEFAULT_GRACE_MS,
  exitMs: 0,
  exitSpreadMs: 0,
  runMs: undefined,
  selector: {},
};

/** Who hears of a pod's steps, in the instant they happen. */
export interface PodOwner {
  ready(pod: Pod): void;
  /** Somebody asked for its end: its owner, or whoever drains its node. */
  ending(pod: Pod): void;
  /** The pod's object is gone: its container has ended and its address is back. */
  gone(pod: Pod): void;
}

export type PodEventReason =
  | 'Scheduled'
  | 'FailedScheduling'
  | 'FailedCreatePodSandBox'
  | 'Pulling'
  | 'Pulled'
  | 'Started'
  | 'Killing';

/** An event as `kubectl get events` shows it. */
export interface PodEvent {
  readonly atMs: number;
  readonly type: 'Normal' | 'Warning';
  readonly reason: PodEventReason;
  readonly message: string;
}

/** The node it runs on, as far as its pods and their owners mind. */
export interface PodHost {
  readonly instanceId: string;
  readonly zone: string;
  readonly terminated: boolean;
  readonly instance: { readonly enis: readonly { readonly privateIp: string }[] };
  end(pod: Pod): void;
}

export class Pod {
  readonly name: string;
  readonly createdAtMs: number;
  readonly template: PodTemplate;
  readonly owner: PodOwner | undefined;
  readonly events: PodEvent[] = [];
  node: PodHost | undefined;
  scheduledAtMs: number | undefined;
  /** When kubelet first asked for an address. */
  askedAtMs: number | undefined;
  gotAddressAtMs: number | undefined;
  ip: string | undefined;
  runningAtMs: number | undefined;
  readyAtMs: number | undefined;
  /** When somebody asked for its end. */
  endingAtMs: number | undefined;
  goneAtMs: number | undefined;
  /** Refused ADDs: each is a `FailedCreatePodSandBox` event of the pod. */
  failedRequests = 0;

  constructor(name: string, createdAtMs: number, template: PodTemplate = BARE_POD, owner?: PodOwner) {
    this.name = name;
    this.createdAtMs = createdAtMs;
    this.template = template;
    this.owner = owner;
  }

  /** Its object is no more. */
  get deleted(): boolean {
    return this.goneAtMs !== undefined;
  }

  /** Neither gone nor asked to end. */
  get alive(): boolean {
    return this.goneAtMs === undefined && this.endingAtMs === undefined;
  }

  get ready(): boolean {
    return this.readyAtMs !== undefined && this.alive;
  }

  record(atMs: number, type: PodEvent['type'], reason: PodEventReason, message: string): void {
    this.events.push({ atMs, type, reason, message });
  }

  /** Asked to end, now. False when it was already, or is gone. */
  askToEnd(atMs: number): boolean {
    if (!this.alive) return false;
    this.endingAtMs = atMs;
    this.owner?.ending(this);
    return true;
  }

  /** The pod is gone now. Told once. */
  leave(atMs: number): void {
    if (this.goneAtMs !== undefined) return;
    this.goneAtMs = atMs;
    this.owner?.gone(this);
  }
}
