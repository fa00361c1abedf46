/** What core needs of the world. Adapters implement these over AWS; the simulator's twins implement the stores again. */

import type { RoomAsk } from './budget/flight.ts';
import type { Asked } from './budget/metered.ts';
import type { Answer } from './failures.ts';
import type { Figure, Of } from './figures.ts';
import type { Kubernetes } from './kubernetes.ts';
import type { MutatingAction } from './limits.ts';
import type { Lesson, Samples } from './looks/lessons.ts';
import type { Cluster, EniId, Node, NodeId, SubnetId, World } from './model.ts';
import type { Mark } from './plan/marks.ts';
import type { OpenDemand } from './plan/open-demand.ts';
import type { Sight } from './plan/standing.ts';
import type { Mode, Policy } from './policy.ts';
import type { Readiness, WorkloadAt } from './readiness.ts';
import type { Leasing, NodeRecord } from './records.ts';
import type { RolloutRecord } from './rollouts/record.ts';
import type { Circle, SharedRead, Turn, TurnAsk } from './shared-reads.ts';
import type { LaunchHook, OwnMessage } from './signals.ts';

/** Epoch milliseconds. */
export type Clock = () => number;

/** EC2. No method retries: running out and failing are answers, and waiting is not done here. */
export interface Vpc {
  /** One read for a whole decision: instances, their ENIs with tags, and the subnets of `vpcIds`, all pages, by filter.
   *  Instances EC2 does not know are absent from the answer. */
  read(ask: {
    readonly nodes: NamedNodes | { readonly ofCluster: string };
    readonly vpcIds: readonly string[];
  }): Promise<Answer<World>>;
  /** Creates an unattached ENI with `addresses` secondary addresses and our tags. The same `token` and content again
   *  returns the same ENI. */
  createEni(ask: NewEni): Promise<Answer<EniId>>;
  /** Returns the attachment id. */
  attachEni(ask: {
    readonly eniId: EniId;
    readonly nodeId: NodeId;
    readonly deviceIndex: number;
    /** Broken off then, ms, if that is sooner than any other call. */
    readonly answerMs?: number;
  }): Promise<Answer<string>>;
  /** Makes the ENI go away with its instance. Attaching cannot say so (EC2 API reference, AttachNetworkInterface). */
  deleteOnTermination(eniId: EniId, attachmentId: string): Promise<Answer<void>>;
  /** Adds `addresses` secondary addresses. Has no token: after an uncertain answer look before asking again. */
  assign(eniId: EniId, addresses: number, answerMs?: number): Promise<Answer<void>>;
  /** Everything a sweep looks at, each page read once: the nodes of a cluster, all ENIs of its VPC that are ours, and how
   *  much room the subnets have. */
  inventory(ask: {
    readonly cluster: string;
    readonly vpcIds: readonly string[];
  }): Promise<Answer<Inventory>>;
  /** Deletes an unattached ENI of ours. Deleting one that is gone succeeds. */
  deleteEni(eniId: EniId): Promise<Answer<void>>;
}

export interface NamedNodes {
  readonly ids: readonly NodeId[];
  /** As they were a moment ago: of these only the ENIs are read. */
  readonly known?: readonly Node[];
  /** All are told of as pending. Those that are, and never ran, come without tags on their ENIs, which nobody has
   *  touched yet. */
  readonly pending?: true;
}

export interface NewEni {
  readonly subnetId: SubnetId;
  readonly groupIds: readonly string[];
  readonly addresses: number;
  /** At most 64 ASCII characters. */
  readonly token: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly description: string;
}

export interface OwnEni {
  readonly id: EniId;
  readonly cluster: string;
  readonly nodeId: NodeId | undefined;
  readonly attached: boolean;
}

export interface Inventory {
  readonly world: World;
  /** ENIs with our tag of the cluster, attached or not. */
  readonly own: readonly OwnEni[];
  /** Aligned /28 blocks of each subnet in which no ENI holds an address; reserved ranges are not told apart. */
  readonly freeBlocks: ReadonlyMap<SubnetId, number>;
  /** ENIs in the VPC, everybody's. */
  readonly interfaces: number;
}

export interface Clusters {
  /** Read at most once a minute and environment; `undefined` when EKS does not know the name. */
  describe(name: string): Promise<Answer<Cluster | undefined>>;
}

/** Who asks for requests. No class takes what another has been waiting for: none starves, however busy the others are. */
export type CallClass =
  /** A node that is starting: seconds count. */
  | 'launch'
  /** An announced rollout on nodes that run. */
  | 'rollout'
  /** What keeps running nodes at what they should have. */
  | 'refill'
  /** What can wait: finishing, orphans. */
  | 'sweep';

/** How many of the asks, from the first on, may be carried out now. */
export interface Granted {
  readonly granted: number;
  /** When the next ask would fit, in ms from now; 0 when all were granted. */
  readonly waitMs: number;
  /** Said when something other than an empty bucket stands in the way. */
  readonly because?: 'circuit open' | 'table unreachable' | 'room taken';
}

/** Shared request allowance for EC2. Never sleeps; running out is an answer, and so is a table that does not answer. */
export interface Budget {
  /** Grants the longest run of `asks` (each the calls of one node) from the first on, by one conditional write; with `room`,
   *  as far as subnets have it beside what other runs were granted. */
  spend(asks: readonly Asked[], as: CallClass, room?: RoomAsk): Promise<Granted>;
  /** What became of granted calls. A throttle halves that action's pace for everybody; many troubles open the circuit. One
   *  write, and none when nothing went wrong. */
  report(seen: Seen): Promise<void>;
  /** How things stand, to be published. */
  standing(): Promise<BudgetStanding>;
}

export interface Seen {
  /** The run whose calls are over, where it took the last addresses of a subnet. */
  readonly landed?: string;
  readonly throttled: readonly MutatingAction[];
  /** Calls that failed for a reason that speaks against EC2 or us (failures.ts, `trouble`). */
  readonly troubles: number;
  /** Granted calls that were not made, because one before them failed; none when absent. The circuit opens when most of the
   *  calls *made* fail. */
  readonly notMade?: number;
}

export interface BudgetStanding {
  readonly circuitOpen: boolean;
  /** Of each action that was ever asked for: requests left now, and the pace, 1 in peace. */
  readonly actions: Partial<
    Readonly<Record<MutatingAction, { readonly tokens: number; readonly pace: number }>>
  >;
}

export interface Ledger {
  /** Remembers demand for nodes to come; the same id again changes nothing while that demand lives. */
  announce(demand: OpenDemand, nowMs: number): Promise<void>;
  /** Demand of a cluster that has not expired. */
  openDemand(cluster: string, nowMs: number): Promise<readonly OpenDemand[]>;
  /** Writes the claimed demand if nobody else wrote since it was read; `false` when somebody did: read again. */
  claim(demand: OpenDemand): Promise<boolean>;
  /** Takes the lease of each node that nobody else holds; returns those it got, with what the ledger knows of them. */
  lease(
    nodes: readonly Leasing[],
    owner: string,
    untilMs: number,
    nowMs: number,
  ): Promise<ReadonlyMap<NodeId, NodeRecord>>;
  /** Writes records of what is about to be done, and keeps their leases until then. Returns the nodes whose lease still holds:
   *  also one that ran out, as long as nobody else took it. */
  intend(intents: readonly Intent[], owner: string): Promise<ReadonlySet<NodeId>>;
  /** Writes records back and gives their leases up. A record whose lease somebody else took since is not written. */
  release(records: readonly NodeRecord[], owner: string): Promise<void>;
  /** Looks records up without a lease. */
  nodes(ids: readonly NodeId[]): Promise<ReadonlyMap<NodeId, NodeRecord>>;
  /** When each node of the cluster last changed, as far as we saw. */
  sights(cluster: string): Promise<ReadonlyMap<NodeId, Sight>>;
  saw(cluster: string, sights: ReadonlyMap<NodeId, Sight>): Promise<void>;
  /** Unattached ENIs of ours that earlier sweeps saw, with the time of the first sight, epoch ms. */
  suspects(cluster: string): Promise<ReadonlyMap<EniId, number>>;
  suspect(cluster: string, firstSeenMs: ReadonlyMap<EniId, number>): Promise<void>;
  /** Subnets and zones that said they were full, by id; all clusters share them. */
  marks(): Promise<ReadonlyMap<string, Mark>>;
  /** Adds to them; what is not named stays. */
  mark(marks: ReadonlyMap<string, Mark>): Promise<void>;
  /** What launches of a cluster's node groups taught, by node group. */
  lessons(cluster: string): Promise<ReadonlyMap<string, Lesson>>;
  /** Adds samples by node group. */
  learn(cluster: string, samples: ReadonlyMap<string, Samples>, nowMs: number): Promise<void>;
}

export interface Intent {
  readonly record: NodeRecord;
  /** Epoch ms. */
  readonly leaseUntilMs: number;
}

/** What is kept of batched rollouts, and of what was said of workloads' addresses. */
export interface RolloutBook {
  /** `undefined` when none of that id is known. */
  find(rolloutId: string): Promise<RolloutRecord | undefined>;
  /** Writes it with its version counted up, if nobody wrote since it was read: at version 0 only if there is none yet.
   *  Returns what was written; `undefined` when somebody else wrote: read again. */
  keep(record: RolloutRecord): Promise<RolloutRecord | undefined>;
  /** What was last said of a workload's addresses, if that has not expired. */
  readiness(of: WorkloadAt, nowMs: number): Promise<Readiness | undefined>;
  say(readiness: Readiness): Promise<void>;
}

/** The state machine that takes batched rollouts from wave to wave. */
export interface RolloutMachine {
  /** Starts it for this rollout, once: `known` when it was started before, even if it has ended since. */
  start(rolloutId: string): Promise<'started' | 'known'>;
  /** Lets a wave go that is held. `gone`: nobody waits for this any more. */
  open(token: string): Promise<'opened' | 'gone'>;
}

/** EventBridge's default bus, for those who follow a rollout. */
export interface Bus {
  /** Puts an event of ours on it. Throws when it was not taken. */
  put(detailType: RolloutEvent, detail: Readonly<Record<string, unknown>>): Promise<void>;
}

export type RolloutEvent =
  /** Something else is waited for than before, or nothing any more. */
  | 'Rollout Progress'
  /** The addresses of a wave are there. */
  | 'Wave Ready'
  /** The pods of a wave may come now. */
  | 'Wave Advanced'
  /** Completed or stopped; with a cause and a remedy when stopped. */
  | 'Rollout Finished';

export interface LaunchHooks {
  /** Lets the launch go on. Fails when nobody waits any more, too. */
  complete(hook: LaunchHook): Promise<void>;
}

/** Reads of EC2 that runs share (shared-reads.ts). */
export interface Reads {
  /** The last one, however old; `undefined` when there is none, or it was too large to be left. */
  last(among: Circle): Promise<SharedRead | undefined>;
  turn(ask: TurnAsk): Promise<Turn>;
  share(read: SharedRead, among: Circle): Promise<void>;
}

/** Work that must wait goes back on the queue; nobody sleeps in a billed function. */
export interface Continuations {
  /** Delivers each signal again after `delayMs` (at most 15 minutes), with its attempt counted up by the caller. */
  later(signals: readonly Delayed[]): Promise<void>;
}

export interface Delayed {
  readonly signal: OwnMessage;
  readonly delayMs: number;
}

/** Messages that a run works on. Until it is done with them, no other run sees them. */
export interface Deliveries {
  /** From now on each stays hidden for its time, and comes back should the run not be done with it by then. One that cannot be
   *  hidden comes back when its queue says so. */
  hide(messages: readonly Hidden[]): Promise<void>;
}

export interface Hidden {
  readonly delivery: Delivery;
  readonly forMs: number;
}

export interface Delivery {
  readonly queueArn: string;
  readonly receiptHandle: string;
}

/** Where messages lie that nobody could work on, for a person to look at. */
export interface DeadLetters {
  /** Puts one there with the reason on it. `false`: it could not, and the queue will move it by itself, without. */
  bury(message: { readonly body: string; readonly queueArn: string }, why: string): Promise<boolean>;
}

/** One line per fact: what was decided or done, for which node or cluster, and why. */
export interface Journal {
  note(what: string, facts: Readonly<Record<string, unknown>>): void;
  warn(what: string, facts: Readonly<Record<string, unknown>>): void;
  /** Figures for charts and alarms; `of` says of what, by the dimensions that figures.ts has for them. */
  measure<F extends Figure>(figures: { readonly [K in F]?: number }, of: Of<F>): void;
}

export interface ClusterSetting {
  readonly name: string;
  readonly mode: Mode;
  /** We may ask its API server. */
  readonly lens?: true;
  /** Its nodes may come with our start-up taint, and we take it off; only with the lens. */
  readonly gate?: true;
}

export interface Settings {
  readonly clusters: readonly ClusterSetting[];
  /** As it was last read; {@link Ports.freshPolicy} reads it anew. */
  readonly policy: Policy;
}

/** Where we are deployed: events of other accounts and Regions are not ours. */
export interface Home {
  readonly accountId: string;
  readonly region: string;
}

export interface Ports {
  readonly clock: Clock;
  readonly home: Home;
  readonly vpc: Vpc;
  readonly clusters: Clusters;
  /** Absent where no cluster has the lens. */
  readonly kubernetes?: Kubernetes;
  readonly budget: Budget;
  readonly ledger: Ledger;
  readonly reads: Reads;
  readonly launchHooks: LaunchHooks;
  readonly rolloutBook: RolloutBook;
  readonly rolloutMachine: RolloutMachine;
  readonly bus: Bus;
  readonly continuations: Continuations;
  readonly deliveries: Deliveries;
  readonly deadLetters: DeadLetters;
  readonly journal: Journal;
  readonly settings: Settings;
  /** The policy as it is now, at most a few seconds old: the kill switch is in it. `settings` follows. */
  readonly freshPolicy: () => Promise<Policy>;
  /** In [0, 1): for jitter. */
  readonly random: () => number;
  /** A fresh name for this run, used as the lease's owner. */
  readonly runId: () => string;
  /** Said when a run that plans begins to act: whoever gets a node's message before its lease ends, ms from now, would find it held.
   *  Absent where that makes no difference. */
  readonly acts?: (leases: ReadonlyMap<NodeId, number>) => Promise<void>;
}
