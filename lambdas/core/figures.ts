/** Figures we publish, with their units and what they are told apart by: charts and alarms go by these names (infra), people
 *  too. */

/** CloudWatch's namespace of them. */
export const NAMESPACE = 'eks-ip-prewarmer';

/** CloudWatch's units. Source: CloudWatch API reference, MetricDatum. */
export type Unit = 'Count' | 'Milliseconds' | 'Percent' | 'Count/Second';

/** What figures are told apart by: words that repeat, because each new value of one is a metric that is paid for. Never an
 *  instance, a workload or a rollout. */
export type Dimension = 'cluster' | 'nodeGroup' | 'subnet' | 'zone' | 'action' | 'reason' | 'answer' | 'told';

export const FIGURES = {
  /** Nodes that were given interfaces or addresses, once for each run that gave some. */
  NodesWarmed: { unit: 'Count', by: ['cluster'] },
  /** Nodes that a plan left though they should have had something, by the reason why not; counted anew by each plan. */
  NodesLeft: { unit: 'Count', by: ['cluster', 'reason'] },
  /** What observing alone kept from being done: nodes, new interfaces, and addresses taken from subnets, interfaces' own
   *  included. What is made while an instance is pending counts once it runs. */
  WouldWarmNodes: { unit: 'Count', by: ['cluster'] },
  WouldAttachInterfaces: { unit: 'Count', by: ['cluster'] },
  WouldTakeAddresses: { unit: 'Count', by: ['cluster'] },
  /** Nodes on which ipamd found our ENIs when it started, or adopted them. */
  NodesSeen: { unit: 'Count', by: ['cluster'] },
  /** Nodes on which our attach came too late: what we promise not to cause. */
  LateAttaches: { unit: 'Count', by: ['cluster'] },
  /** Nodes on which ipamd had not shown our ENIs by the last look. */
  NodesNotSeen: { unit: 'Count', by: ['cluster'] },
  /** From our last attach to the look that found it seen: the longest it can have lain ready before its node used it. */
  LeadTime: { unit: 'Milliseconds', by: ['cluster'] },
  /** The same on a node that ran already: the longest its adoption can have taken. */
  AdoptionDelay: { unit: 'Milliseconds', by: ['cluster'] },
  /** What launches taught: 5 % of a node group's ipamds may start sooner than this after `running`. */
  BootP05: { unit: 'Milliseconds', by: ['cluster', 'nodeGroup'] },
  /** The longest that adoptions on running nodes were seen to take: rollouts announced later ahead are left. */
  AdoptionMost: { unit: 'Milliseconds', by: ['cluster', 'nodeGroup'] },
  /** EC2 requests of ours that changed something, by action. */
  CallsSpent: { unit: 'Count', by: ['cluster', 'action'] },
  Throttled: { unit: 'Count', by: ['cluster', 'action'] },
  /** 100 in peace; halved by each throttle. */
  BudgetPace: { unit: 'Percent', by: ['action'] },
  BudgetTokens: { unit: 'Count', by: ['action'] },
  /** Calls that failed for a reason that passes neither by itself nor with another plan: a missing right, a quota. */
  NotAllowed: { unit: 'Count', by: ['cluster', 'action'] },
  QuotaReached: { unit: 'Count', by: ['cluster', 'zone'] },
  CircuitOpen: { unit: 'Count', by: [] },
  BudgetTableUnreachable: { unit: 'Count', by: [] },
  KillSwitchOn: { unit: 'Count', by: ['cluster'] },
  /** Events and messages that nothing was decided about, by class of reason. */
  Ignored: { unit: 'Count', by: ['reason'] },
  /** The policy document that is there cannot be understood: the last good one holds, or nothing is changed. */
  PolicyRejected: { unit: 'Count', by: ['cluster'] },
  /** Node groups the policy names that are not there, and modes beyond what the deployment has rights for. */
  PolicyMisfits: { unit: 'Count', by: ['cluster'] },
  /** A node group that is only observed, because too many of its last attaches came too late. */
  NodeGroupsObserved: { unit: 'Count', by: ['cluster', 'nodeGroup'] },
  OrphansDeleted: { unit: 'Count', by: ['cluster'] },
  OrphansSuspected: { unit: 'Count', by: ['cluster'] },
  /** Since when sweeps have seen the oldest unattached ENI of ours. */
  OldestOrphan: { unit: 'Milliseconds', by: ['cluster'] },
  /** Pods announced that no present node can take and no launching one has claimed. */
  OpenDemandPods: { unit: 'Count', by: ['cluster'] },
  SubnetFreeAddresses: { unit: 'Count', by: ['cluster', 'subnet'] },
  SubnetFreeBlocks: { unit: 'Count', by: ['cluster', 'subnet'] },
  /** Where the CNI is in prefix mode: subnets of nodes without a free /28 block. */
  SubnetsWithoutBlock: { unit: 'Count', by: ['cluster'] },
  /** Addresses that the largest burst known beforehand needs (sweep/room.ts), and how many of them the nodes' subnets do
   *  not have above the reserve. */
  PlannedBurst: { unit: 'Count', by: ['cluster'] },
  BurstLacks: { unit: 'Count', by: ['cluster'] },
  /** ENIs in the cluster's VPC, and their share of what the policy says that the Region may have. Other VPCs' are not seen. */
  VpcInterfaces: { unit: 'Count', by: ['cluster'] },
  InterfaceQuotaUsed: { unit: 'Percent', by: ['cluster'] },
  /** Launch gates that a sweep found closed past their deadline and could not open; 1 too when it could not look. */
  GatesStuck: { unit: 'Count', by: ['cluster'] },
  /** Answers of the gate endpoint, by what was answered and what that rests on. */
  GateAnswers: { unit: 'Count', by: ['cluster', 'answer', 'told'] },
  /** With the lens: pods that wait for a node. */
  PodsPending: { unit: 'Count', by: ['cluster'] },
  /** With the lens, of the pods on nodes that hold ENIs of ours: how many have an address of those. */
  PodsOnPrewarmed: { unit: 'Percent', by: ['cluster'] },
  /** Pods of batched rollouts whose waves were released. */
  PodsReleased: { unit: 'Count', by: ['cluster'] },
  /** Of rollouts under way: pods that wait for their waves, and how long the present wave has waited. */
  RolloutPodsLeft: { unit: 'Count', by: ['cluster'] },
  WaveWaited: { unit: 'Milliseconds', by: ['cluster'] },
  RolloutsCompleted: { unit: 'Count', by: ['cluster'] },
  RolloutsStopped: { unit: 'Count', by: ['cluster'] },
  /** Where we are the only allocator: nodes that have fewer addresses than they should. */
  NodesShort: { unit: 'Count', by: ['cluster'] },
  /** Nodes that a sweep saw. The last thing it says: where it is missing, no sweep came to its end. */
  NodesSwept: { unit: 'Count', by: ['cluster'] },
} as const satisfies Readonly<Record<string, { readonly unit: Unit; readonly by: readonly Dimension[] }>>;

export type Figure = keyof typeof FIGURES;
/** Of what figures are told, each of its dimensions. */
export type Of<F extends Figure> = { readonly [D in (typeof FIGURES)[F]['by'][number]]: string };
export type Figures = Partial<Readonly<Record<Figure, number>>>;
