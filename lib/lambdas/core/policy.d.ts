/** What an operator may choose. Every field has a default, bounds, and a reason; nothing else is accepted. */
import type { Complaint } from './complaints.ts';
import { type Ec2Action, type RequestBucket } from './limits.ts';
import type { SubnetId } from './model.ts';
import { type Shape } from './policy-shapes.ts';
import { type Route, type Schedule } from './routes.ts';
export interface Policy {
    /** Demand is multiplied by this before placement: schedulers and announcements are never exact. */
    readonly margin: number;
    /** Share of AWS's documented request rate we allow ourselves; the rest is for ipamd, Karpenter and people. */
    readonly budgetShare: number;
    /** Free addresses in a subnet that we never touch. 16 is what EKS recommends to keep free per cluster subnet. */
    readonly subnetReserveAddresses: number;
    /** What a launching node gets when nobody announced pods: an autoscaler saw pending pods, so `full` by default. */
    readonly launchDemand: 'full' | 'skeleton' | 'none';
    /** What a running node may get: new ENIs with addresses (`full`), empty ones that the CNI fills itself (`skeleton`), or
     *  whichever the plan finds better. */
    readonly shapes: 'any' | 'full' | 'skeleton';
    /** Pods on the host's network on every node, which need no address. The CNI's own max-pods formula counts 2. */
    readonly hostNetworkPods: number;
    /** max-pods of the kubelets where it is not the type's own figure; `undefined`: the CNI's formula. */
    readonly maxPods: number | undefined;
    /** Earliest ipamd start after `running` to count on until 20 launches of the node group are known. */
    readonly startP05Ms: number;
    /** AttachNetworkInterface, call to effect, 95th percentile until learnt. The recordings of ipamd use 0.8 to 1 s. */
    readonly attachP95Ms: number;
    /** Attach to visible in instance metadata, 95th percentile until learnt. The recordings of ipamd use 2.5 to 8 s. */
    readonly imdsP95Ms: number;
    /** The same, 99th percentile, for nodes that already run. Field reports go up to 30 s. */
    readonly imdsP99Ms: number;
    /** Event to finished attach on our side, 99th percentile. */
    readonly pipelineP99Ms: number;
    /** How long announced pods that found no node wait for one to launch. */
    readonly openDemandTtlMs: number;
    /** When to look whether ipamd saw what we attached. After the start of nearly every node. */
    readonly verifyAfterMs: number;
    /** How often to look before it is reported as not seen. */
    readonly verifyAttempts: number;
    /** The kill switch: while `true` nothing in EC2 is changed by anybody, at once; decisions are still recorded. */
    readonly stopped: boolean;
    /** Request buckets of this account where AWS raised (or lowered) them, by EC2 action: size in requests, refill per second. */
    readonly buckets: Partial<Readonly<Record<Ec2Action, RequestBucket>>>;
    /** Stacks of this account and Region that share one budget table: while it does not answer, each goes on with its part. */
    readonly budgetStacks: number;
    /** Where the CNI's own provisioning is disabled: we are the only one who gives nodes addresses, and answer for it. */
    readonly soleAllocator: boolean;
    /** Where pods' ENIs go with custom networking, by availability zone: what the zone's ENIConfig says. */
    readonly eniConfigs: Readonly<Record<string, EniConfig>>;
    /** The aws-node environment where the CNI is not an EKS add-on and nobody could tell us otherwise. */
    readonly cniEnv: Readonly<Record<string, string>> | undefined;
    /** How long after `running` a launch gate is opened at the latest, whatever has become of the addresses. An event that
     *  comes a minute late, the seconds our queues and an attach take (20), half a minute in which an attach is put off because a
     *  reconcile is near, that of the CNI which adopts it (65), metadata (8), and 10 until what was seen is usable are 193 s. */
    readonly gateDeadlineMs: number;
    /** What the gate endpoint answers for a workload that nobody announced, and while the store does not answer. Open: other
     *  tools go on as without us; closed: they wait. */
    readonly gateEndpointFails: 'open' | 'closed';
    /** What differs in a cluster or a node group, by their names. The nearer one counts (node-group-policy.ts). */
    readonly clusters: Readonly<Record<string, ClusterOverrides>>;
    /** Which rollout an event of another service means. */
    readonly routes: readonly Route[];
    /** Name of the Auto Scaling lifecycle hook that waits for us; `undefined`: none, others' are left alone. */
    readonly launchHook: string | undefined;
    /** Peaks that are known beforehand, by name. `at` is looked at when the stack is deployed, the rest when it fires. */
    readonly schedules: Readonly<Record<string, Schedule>>;
}
/** Fields that a cluster or a node group may have of its own. */
export interface Overrides extends Partial<Pick<Policy, 'launchDemand' | 'shapes' | 'subnetReserveAddresses' | 'hostNetworkPods' | 'startP05Ms'>> {
    readonly maxPods?: number;
    /** Most of AWS's documented request rate that it may take, within the document's share: others are not kept waiting by it. */
    readonly budgetShare?: number;
    /** `observe` decides and changes nothing. `warm` gives no right that the deployment has not. */
    readonly mode?: 'observe' | 'warm';
    /** The operator's act after attaches came too late: those of launches before this moment count no more. */
    readonly resumedAt?: string;
}
export interface ClusterOverrides extends Overrides {
    readonly nodeGroups?: Readonly<Record<string, Overrides>>;
}
/** A zone's ENIConfig, as the CNI reads it. No groups: the primary ENI's. */
export interface EniConfig {
    readonly subnetId: SubnetId;
    readonly securityGroupIds: readonly string[];
}
export interface Rule<T> {
    readonly default: T;
    readonly shape: Shape;
}
export declare const RULES: {
    readonly [K in keyof Policy]: Rule<Policy[K]>;
};
export declare const DEFAULT_POLICY: Policy;
/** Reads a policy document. All complaints come together; with any, the policy is not to be used. `clusters`: those that are
 *  deployed, where they are known. */
export declare function readPolicy(document: unknown, clusters?: readonly string[]): {
    readonly policy: Policy;
    readonly complaints: readonly Complaint[];
};
