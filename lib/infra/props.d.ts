/** What an operator may say of a deployment. Only the cluster's name has to be said; then it observes, and changes nothing. */
import type { Overrides, Policy } from '../lambdas/core/policy.ts';
import type { SignalName } from './signal-events.ts';
export interface IpPrewarmerProps {
    /** Clusters of the stack's account and Region, at least one. They share one policy, one request budget and the functions. */
    readonly clusters: readonly ClusterProps[];
    /**
     * Ends the names of log groups, policy parameter and account-wide alarms: at most 100 letters, digits, `-` or `_`.
     * @default the first cluster's name
     */
    readonly name?: string;
    /**
     * The policy document: only what differs from the defaults; fields, units and bounds in docs/policy.md. What requests for EC2
     * we allow ourselves, for one, is `budgetShare`, a share of AWS's documented rate from 0.01 to 1.
     * @default {} (budgetShare 0.5, and every other default)
     */
    readonly policy?: PolicyDocument;
    /**
     * Which events are listened to, by service.
     * @default instances, autoScaling, spot and announcements are on, all others off
     */
    readonly signals?: Partial<Readonly<Record<SignalName, boolean>>>;
    /**
     * A URL at which other tools ask whether a workload's addresses are there, and how they say who they are: `iam`, by an AWS
     * signature, or `secret`, by a text that everybody who knows the URL may try (docs/gate-endpoint.md).
     * @default no such URL
     */
    readonly gateEndpoint?: 'iam' | 'secret';
    /**
     * Name of the request budget's table of another deployment in this account and Region: EC2 counts the account's requests.
     * Say how many share it as `policy.budgetStacks`.
     * @default a table of its own
     */
    readonly budgetTable?: string;
    /**
     * ARN of an SNS topic that hears of every alarm and of its end; its own policy must let CloudWatch publish.
     * @default alarms tell nobody
     */
    readonly alarmTopicArn?: string;
    /**
     * E-mail address that hears of them, through a topic made for it; SNS asks it once for consent. Not beside `alarmTopicArn`.
     * @default alarms tell nobody
     */
    readonly alarmEmail?: string;
    /**
     * Days that log events are kept; one of CloudWatch's values.
     * @default 30
     */
    readonly logRetentionDays?: number;
    /**
     * ARN of the IAM policy that bounds every role made here.
     * @default none
     */
    readonly permissionsBoundary?: string;
    /**
     * Where the functions get their network interfaces, for API servers or AWS endpoints that only answer inside.
     * @default outside of any VPC
     */
    readonly vpc?: VpcProps;
    /**
     * Folder with one bundle per function.
     * @default the package's own
     */
    readonly bundles?: string;
}
export interface ClusterProps {
    /** Its name in EKS, as a text known at synth: condition keys of IAM are made of it. */
    readonly name: string;
    /**
     * `observe` decides and changes nothing in EC2; `warm` adds those rights, for this cluster's tag and VPC alone.
     * @default observe
     */
    readonly mode?: 'observe' | 'warm';
    /**
     * The cluster's VPC, `vpc-…`: rights end there.
     * @default the one warm cluster of a deployment has a parameter for it; of several, each must say it
     */
    readonly vpcId?: string;
    /**
     * Whether the functions may ask the cluster's API server, as far as its RBAC lets them (docs/lens.md).
     * @default false
     */
    readonly lens?: boolean;
    /**
     * Whether nodes may come with our start-up taint, which we take off; only with the lens.
     * @default false
     */
    readonly gate?: boolean;
    /**
     * What differs in a node group, by its name: mode, launchDemand, shapes, subnetReserveAddresses, maxPods, hostNetworkPods,
     * startP05Ms, budgetShare, resumedAt (docs/policy.md). The same as `policy.clusters.NAME.nodeGroups`.
     * @default none differs
     */
    readonly nodeGroups?: Readonly<Record<string, Overrides>>;
}
/** All functions go there. They then reach AWS through a NAT gateway or through endpoints; a synth names those. */
export interface VpcProps {
    /** Ids of subnets of one VPC, at least one; two zones are better. */
    readonly subnetIds: readonly string[];
    /** Ids of security groups that let HTTPS out, to the endpoints and to the clusters' API servers; at least one. */
    readonly securityGroupIds: readonly string[];
}
export type PolicyDocument = Partial<Policy> & {
    readonly $schema?: string;
};
/** Types a `prewarmer.config.ts`; it changes nothing. */
export declare const defineConfig: (props: IpPrewarmerProps) => IpPrewarmerProps;
