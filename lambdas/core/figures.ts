/** Figures we publish, with their units: charts and alarms go by these names (infra), people too. */

/** CloudWatch's namespace of them. */
export const NAMESPACE = 'eks-ip-prewarmer';

/** CloudWatch's units. Source: CloudWatch API reference, MetricDatum. */
export type Unit = 'Count' | 'Milliseconds' | 'Percent' | 'Count/Second';

export const FIGURES = {
  /** Nodes on which ipamd found our ENIs when it started, or adopted them. */
  NodesSeen: 'Count',
  /** Nodes on which our attach came too late: what we promise not to cause. */
  LateAttaches: 'Count',
  /** Nodes on which ipamd had not shown our ENIs by the last look. */
  NodesNotSeen: 'Count',
  /** From our last attach to the look that found it seen: the longest it can have lain ready before its node used it. */
  LeadTime: 'Milliseconds',
  /** The same on a node that ran already: the longest its adoption can have taken. */
  AdoptionDelay: 'Milliseconds',
  /** What launches taught: 5 % of a node group's ipamds may start sooner than this after `running`. */
  BootP05: 'Milliseconds',
  /** The longest that adoptions on running nodes were seen to take: rollouts announced later ahead are left. */
  AdoptionMost: 'Milliseconds',
  /** EC2 requests of ours that changed something, by action. */
  CallsSpent: 'Count',
  Throttled: 'Count',
  /** 100 in peace; halved by each throttle. */
  BudgetPace: 'Percent',
  BudgetTokens: 'Count',
  /** Calls that failed for a reason that passes neither by itself nor with another plan: a missing right, a quota. */
  NotAllowed: 'Count',
  QuotaReached: 'Count',
  CircuitOpen: 'Count',
  BudgetTableUnreachable: 'Count',
  KillSwitchOn: 'Count',
  /** Events and messages that nothing was decided about, by class of reason. */
  Ignored: 'Count',
  /** The policy document that is there cannot be understood: the last good one holds, or nothing is changed. */
  PolicyRejected: 'Count',
  /** Node groups the policy names that are not there, and modes beyond what the deployment has rights for. */
  PolicyMisfits: 'Count',
  /** A node group that is only observed, because too many of its last attaches came too late. */
  NodeGroupsObserved: 'Count',
  OrphansDeleted: 'Count',
  OrphansSuspected: 'Count',
  /** Since when sweeps have seen the oldest unattached ENI of ours. */
  OldestOrphan: 'Milliseconds',
  /** Pods announced that no present node can take and no launching one has claimed. */
  OpenDemandPods: 'Count',
  SubnetFreeAddresses: 'Count',
  SubnetFreeBlocks: 'Count',
  /** Launch gates that a sweep found closed past their deadline and could not open; 1 too when it could not look. */
  GatesStuck: 'Count',
  /** Answers of the gate endpoint, by what was answered and what that rests on. */
  GateAnswers: 'Count',
  /** With the lens: pods that wait for a node. */
  PodsPending: 'Count',
  /** With the lens, of the pods on nodes that hold ENIs of ours: how many have an address of those. */
  PodsOnPrewarmed: 'Percent',
  /** Pods of batched rollouts whose waves were released. */
  PodsReleased: 'Count',
  /** Of rollouts under way: pods that wait for their waves, and how long the present wave has waited. */
  RolloutPodsLeft: 'Count',
  WaveWaited: 'Milliseconds',
  RolloutsCompleted: 'Count',
  RolloutsStopped: 'Count',
  /** Where we are the only allocator: nodes that have fewer addresses than they should. */
  NodesShort: 'Count',
} as const satisfies Readonly<Record<string, Unit>>;

export type Figure = keyof typeof FIGURES;
export type Figures = Partial<Readonly<Record<Figure, number>>>;
