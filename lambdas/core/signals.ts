/** What happened, in our words. Adapters parse raw events into these; everything else in core starts from one. */
import type { NodeId } from './model.ts';

export interface Workload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** An instance appeared (EC2 state-change `pending`) or entered `running`. */
export interface NodeLaunching {
  readonly kind: 'node-launching';
  readonly nodeId: NodeId;
  readonly phase: 'pending' | 'running';
  /** The event's own time: whole seconds, as EventBridge stamps it. */
  readonly atMs: number;
  /** The lifecycle hook that holds it, where one does. */
  readonly hook?: LaunchHook;
  /** Its launch gate was seen closed: no pod comes before we open it, so an attach that ipamd's start misses does no harm. */
  readonly gated?: true;
  /** Which try this is: 0 for the event itself, counted up each time it went back on the queue. */
  readonly attempt: number;
}

/** One instance's wait at a lifecycle hook of its Auto Scaling group. */
export interface LaunchHook {
  readonly groupName: string;
  readonly hookName: string;
  readonly token: string;
}

/** Pods will come: our `Deployment Announced` event. */
export interface RolloutAnnounced {
  readonly kind: 'rollout-announced';
  /** The announcer's id, or the event's: the same announcement twice has one effect. */
  readonly announcementId: string;
  readonly cluster: string;
  readonly workload: Workload;
  readonly replicas: { readonly from: number; readonly to: number };
  readonly strategy: RolloutStrategy;
  readonly startsAtMs: number;
  /** How long the new replicas take to be asked for, from the first to the last; 0 when all at once, or not known. */
  readonly overMs: number;
  /** A pod that was asked to end is gone after this long, at the latest. */
  readonly terminationGraceMs: number;
  /** How long pods in fact take to end, when the announcer knows: an address is held for that long, no longer. */
  readonly podExitMs?: number;
  /** The least time from a pod's request for an address until it counts as available (readiness and minReadySeconds), when
   *  the announcer knows: it sets the pace at which Kubernetes replaces pods. */
  readonly podReadyMs?: number;
  readonly selector: NodeSelector;
  /** Pods with an address on each node now, when the announcer knows: EC2 does not show it. */
  readonly podsPerNode?: number;
  /** The pods' template changes too, so that growing pods replace those that are there. Where the replicas stay as many, or
   *  become fewer, that is what an announcement means. */
  readonly newVersion?: boolean;
  /** The pods use the node's own address: they need none. */
  readonly hostNetwork?: boolean;
  /** Why the pods come, where nobody announced them. */
  readonly cause?: string;
  /** What the announcement did not say: Kubernetes' defaults stand there, which the Deployment's own settings replace where the
   *  lens can read them. */
  readonly unsaid?: readonly Unsaid[];
  /** It goes out in waves, paced by the state machine. */
  readonly waves?: WaveOptions;
  readonly attempt: number;
}

/** How a batched rollout goes out. */
export interface WaveOptions {
  /** Pods of a wave: as many as can be addressed, a number, or a share of all pods of the rollout. */
  readonly size: 'auto' | IntOrPercent;
  /** Who lets a wave go whose addresses are ready: nobody is asked (`none`), or only told (`event`); whoever gets its task
   *  token (`callback`), or a person who says so by hand (`approve`). */
  readonly gate: 'none' | 'event' | 'callback' | 'approve';
  /** How its pods come: whoever announced them is told to make them, or we scale the Deployment, which takes the lens. */
  readonly advance: 'announce' | 'scale';
  /** From then on no wave is begun, epoch ms. */
  readonly deadlineMs: number;
  /** How long one wave may wait for its addresses or its pods before the rollout is stopped. */
  readonly longestPauseMs: number;
  /** A wave of fewer pods waits for more addresses, unless it is the last. */
  readonly smallestPods: number;
}

export type Unsaid = 'strategy' | 'terminationGrace';

export type RolloutStrategy =
  | {
      readonly type: 'rolling-update';
      readonly maxSurge: IntOrPercent;
      readonly maxUnavailable: IntOrPercent;
    }
  | { readonly type: 'recreate' }
  | { readonly type: 'blue-green' }
  /** A pod keeps its name, so the old one is gone before the new one asks; there is no surge. */
  | {
      readonly type: 'stateful-set';
      /** One pod after the other, each when the one before is ready; or all at once. An update of a set goes one by one either
       *  way, unless `maxUnavailable` is more than 1. Source: Kubernetes, StatefulSet. */
      readonly podManagement: 'ordered' | 'parallel';
      readonly maxUnavailable: IntOrPercent;
    }
  /** `replicas.to` pods at a time until `completions` have ended; each gives its address back when it ends. */
  | {
      readonly type: 'job';
      readonly completions: number;
      /** How long one pod has its address, from request to end, when the announcer knows; where pods differ the shortest,
       *  for a CronJob the longest. */
      readonly podRunMs?: number;
      /** From one run's start to the next one's, for a CronJob. */
      readonly everyMs?: number;
    };

/** Kubernetes' own notation: a number of pods, or a percentage such as `25%`. */
export type IntOrPercent = number | `${number}%`;

export interface NodeSelector {
  readonly nodeGroups?: readonly string[];
  readonly zones?: readonly string[];
  /** Every one of them, with its value, as far as a node's tags tell its labels (model.ts, `labelsOf`). */
  readonly labels?: Readonly<Record<string, string>>;
  /** Nodes that are about to go. */
  readonly exceptNodes?: readonly NodeId[];
}

/** A node goes, its pods come to others: a spot instance is taken back, or is likely to be. */
export interface PodsDisplaced {
  readonly kind: 'pods-displaced';
  readonly nodeId: NodeId;
  readonly cause: 'spot interruption' | 'rebalance recommendation';
  readonly atMs: number;
  readonly attempt: number;
}

/** Somebody asked for nodes, or to replace them. Told late, often after the launches themselves. */
export interface ScaleOutComing {
  readonly kind: 'scale-out-coming';
  readonly group: NodeGroupName;
  readonly nodes:
    | { readonly are: 'desired'; readonly count: number }
    | { readonly are: 'more'; readonly count: number }
    /** All of the group, one by one or in steps. */
    | { readonly are: 'replaced' };
  /** What AWS calls the request or the refresh: one that is told twice has one effect. */
  readonly requestId: string;
  readonly atMs: number;
  readonly attempt: number;
}

export type NodeGroupName =
  | { readonly by: 'node group'; readonly cluster: string; readonly name: string }
  | { readonly by: 'Auto Scaling group'; readonly name: string }
  | { readonly by: 'node pool'; readonly name: string };

/** A person, the CLI or a program asks: the same JSON as an event, answered with the plan. */
export interface Asked {
  readonly kind: 'asked';
  /** `plan` shows and changes nothing; `do` acts as the event itself would. */
  readonly want: 'plan' | 'do';
  readonly about: Asks;
}

/** A message of our own: look whether what we attached was seen by ipamd. */
export interface VerifyDue {
  readonly kind: 'verify-due';
  readonly cluster: string;
  readonly nodeIds: readonly NodeId[];
  /** At the last look ipamd had started on these nodes, and our ENI had no tag of it yet. */
  readonly ipamdStarted?: boolean;
  readonly attempt: number;
}

/** A message of our own: look whether ipamd has started on launching nodes, to learn how soon it does. */
export interface BootLook {
  readonly kind: 'boot-look';
  readonly cluster: string;
  readonly launches: readonly {
    readonly nodeId: NodeId;
    readonly nodeGroup: string;
    readonly runningAtMs: number;
    /** The last look that found it not started. */
    readonly notStartedAtMs: number;
  }[];
  /** This one included. */
  readonly looksLeft: number;
  readonly attempt: number;
}

/** A message of our own: look whether launch gates can be opened (launches/gate.ts). */
export interface GateLook {
  readonly kind: 'gate-look';
  readonly cluster: string;
  readonly gates: readonly Gate[];
  readonly attempt: number;
}

/** A node that runs and may be waiting behind its launch gate. */
export interface Gate {
  readonly nodeId: NodeId;
  /** Its name in the cluster, as far as we know. */
  readonly name?: string;
  readonly runningAtMs: number;
  /** The last look that found ipamd not started. */
  readonly notStartedAtMs?: number;
  /** The first look that found ipamd's tag on all our ENIs. */
  readonly seenByMs?: number;
  /** It was planned for once more, since behind a gate nothing is too late. */
  readonly again?: true;
}

/** A person lets a wave go that is held (`gate: "approve"`). */
export interface WaveApproved {
  readonly kind: 'wave-approved';
  readonly rolloutId: string;
  /** The one that was looked at; absent: whichever is held. */
  readonly wave?: number;
}

/** The execution of a batched rollout ended, and perhaps nobody reported it: it was aborted by hand, say. */
export interface RolloutEnded {
  readonly kind: 'rollout-ended';
  readonly rolloutId: string;
  readonly status: 'ABORTED' | 'TIMED_OUT' | 'FAILED';
}

/** What asks for addresses. */
export type Asks = NodeLaunching | RolloutAnnounced | PodsDisplaced | ScaleOutComing;

export type Signal = Asks | Asked | VerifyDue | BootLook | GateLook | WaveApproved | RolloutEnded;

/** What we put on a queue ourselves. */
export type OwnMessage = Exclude<Signal, { kind: 'asked' | 'wave-approved' | 'rollout-ended' }>;

/** Classes of reasons, few enough to count each: a metric of every `why` would be one of its own. */
export type IgnoredAs =
  | 'unknown event'
  | 'malformed'
  /** Another account or Region. */
  | 'elsewhere'
  /** Ours to hear of, and nothing to do with a cluster of ours. */
  | 'not ours'
  | 'no address needed'
  | 'no route'
  | 'too late'
  | 'gone'
  /** EC2 could not be read: it is tried again. */
  | 'unread'
  /** A batched rollout that cannot be begun. */
  | 'refused';

/** Not ours, not understood or not needed: acknowledged, counted, and said why. */
export interface Ignored {
  readonly kind: 'ignored';
  readonly as: IgnoredAs;
  readonly why: string;
}
