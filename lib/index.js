import { join } from "node:path";
import { Annotations, ArnFormat, CfnOutput, CfnParameter, Duration, RemovalPolicy, Stack, Token } from "aws-cdk-lib";
import { Effect, ManagedPolicy, PermissionsBoundary, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Architecture, CfnFunction, Code, Function as Function$1, FunctionUrlAuthType, RecursiveLoop, Runtime, Tracing } from "aws-cdk-lib/aws-lambda";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { existsSync } from "node:fs";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { CfnAccessEntry } from "aws-cdk-lib/aws-eks";
import { ParameterTier, StringParameter } from "aws-cdk-lib/aws-ssm";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction, SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { Choice, Condition, DefinitionBody, IntegrationPattern, JitterType, LogLevel, QueryLanguage, StateMachine, Succeed, TaskInput, Wait, WaitTime } from "aws-cdk-lib/aws-stepfunctions";
import { LambdaInvoke } from "aws-cdk-lib/aws-stepfunctions-tasks";
import { Schedule as Schedule$1, ScheduleExpression, ScheduleTargetInput } from "aws-cdk-lib/aws-scheduler";
import { SqsSendMessage } from "aws-cdk-lib/aws-scheduler-targets";
import { AttributeType, BillingMode, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
// lambdas/core/limits.ts
/** AWS's request bucket of one action in one account and Region: size in requests, refill in requests per second.
*  Source: EC2 Developer Guide, request throttling for the EC2 API. */
const EC2_BUCKETS = {
	DescribeInstances: {
		size: 100,
		perSecond: 20
	},
	DescribeSubnets: {
		size: 100,
		perSecond: 20
	},
	DescribeNetworkInterfaces: {
		size: 100,
		perSecond: 20
	},
	CreateNetworkInterface: {
		size: 100,
		perSecond: 5
	},
	AttachNetworkInterface: {
		size: 50,
		perSecond: 5
	},
	ModifyNetworkInterfaceAttribute: {
		size: 100,
		perSecond: 5
	},
	AssignPrivateIpAddresses: {
		size: 100,
		perSecond: 5
	},
	DeleteNetworkInterface: {
		size: 100,
		perSecond: 5
	}
};
// lambdas/core/policy-shapes.ts
const within = (from, to, unit = "") => ({
	is: "number",
	from,
	to,
	unit,
	whole: false
});
const whole$1 = (from, to, unit) => ({
	is: "number",
	from,
	to,
	unit,
	whole: true
});
const oneOf$3 = (...values) => ({
	is: "one of",
	values
});
const text$1 = (expected, pattern) => ({
	is: "text",
	expected,
	pattern
});
const YES_OR_NO = { is: "yes or no" };
const INSTANT_PATTERN = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
/** Everything that is wrong with a value, each with the path of its field. */
function complaintsOf$1(shape, got, field) {
	switch (shape.is) {
		case "map":
			if (!isObject$2(got)) return [{
				field,
				expected: expectedOf(shape),
				got
			}];
			return Object.entries(got).flatMap(([name, value]) => complaintsOf$1(shape.names, name, "").length > 0 ? [{
				field: `${field}.${name}`,
				expected: expectedOf(shape.names),
				got: name
			}] : complaintsOf$1(shape.of, value, `${field}.${name}`));
		case "object": {
			if (!isObject$2(got)) return [{
				field,
				expected: expectedOf(shape),
				got
			}];
			const missing = shape.needed === "all" ? Object.keys(shape.fields) : [];
			return [.../* @__PURE__ */ new Set([...missing, ...Object.keys(got)])].flatMap((name) => {
				const known = Object.hasOwn(shape.fields, name) ? shape.fields[name] : void 0;
				return known === void 0 ? [{
					field: `${field}.${name}`,
					expected: expectedName(Object.keys(shape.fields)),
					got: name
				}] : complaintsOf$1(known, Object.hasOwn(got, name) ? got[name] : void 0, `${field}.${name}`);
			});
		}
		case "list":
			if (!Array.isArray(got)) return [{
				field,
				expected: expectedOf(shape),
				got
			}];
			return got.flatMap((value, index) => complaintsOf$1(shape.of, value, `${field}.${index}`));
		default: return fits(shape, got) ? [] : [{
			field,
			expected: expectedOf(shape),
			got
		}];
	}
}
const isObject$2 = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const expectedName = (names) => `one of ${names.join(", ")}`;
function fits(shape, got) {
	switch (shape.is) {
		case "number": return typeof got === "number" && got >= shape.from && got <= shape.to && (!shape.whole || Number.isInteger(got));
		case "yes or no": return typeof got === "boolean";
		case "one of": return typeof got === "string" && shape.values.includes(got);
		case "text": return typeof got === "string" && shape.pattern.test(got);
		case "judged": return shape.ok(got);
		case "instant": return typeof got === "string" && INSTANT_PATTERN.test(got) && Number.isFinite(Date.parse(got));
	}
}
/** The middle of a complaint: `expected …, got …`. */
function expectedOf(shape) {
	switch (shape.is) {
		case "number": return `a ${shape.whole ? "whole " : ""}number from ${shape.from} to ${shape.to}${shape.unit}`;
		case "yes or no": return "true or false";
		case "one of": return `one of ${shape.values.map((value) => `"${value}"`).join(", ")}`;
		case "text":
		case "judged": return shape.expected;
		case "instant": return "a moment in UTC such as \"2026-01-31T09:00:00Z\"";
		case "list": return "a list";
		case "map":
		case "object": return `an object such as ${shape.example}`;
	}
}
// lambdas/core/routes.ts
const PARTS = {
	codepipeline: "state",
	codedeploy: "state",
	codebuild: "state",
	ecr: "tag",
	alarm: "state"
};
const isObject$1 = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isName = (value) => typeof value === "string" && value.length > 0 && value.length <= 256;
const onlyKeys = (value, ...keys) => Object.keys(value).every((key) => keys.includes(key));
const isWhen = (value) => {
	if (!isObject$1(value)) return false;
	const [by, ...more] = Object.keys(PARTS).filter((key) => Object.hasOwn(value, key));
	return by !== void 0 && more.length === 0 && onlyKeys(value, by, PARTS[by]) && Object.values(value).every(isName);
};
/** The frame of routes; what they announce is an announcement like any other (adapters/routed.ts). */
const isRoutes = (value) => Array.isArray(value) && value.every((route) => isObject$1(route) && onlyKeys(route, "when", "announce") && isWhen(route["when"]) && isObject$1(route["announce"]));
const DAY_SECONDS$1 = 86400;
/** Source: EventBridge Scheduler API reference, CreateSchedule, `Name` and `ScheduleExpression`. */
const SCHEDULE_NAME = /^[\w.-]{1,64}$/;
const EXPRESSION = /^(cron|rate|at)\([^()]{1,240}\)$/;
const isSchedules = (value) => isObject$1(value) && Object.entries(value).every(([name, schedule]) => SCHEDULE_NAME.test(name) && isObject$1(schedule) && onlyKeys(schedule, "at", "leadSeconds", "announce") && typeof schedule["at"] === "string" && EXPRESSION.test(schedule["at"]) && Number.isInteger(schedule["leadSeconds"]) && schedule["leadSeconds"] >= 0 && schedule["leadSeconds"] <= DAY_SECONDS$1 && isObject$1(schedule["announce"]));
// lambdas/core/policy.ts
/** Source: EC2 User Guide, resource ids. */
const idOf$1 = (prefix, what) => text$1(`the id of a ${what}`, new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`));
const LAUNCH_DEMAND = oneOf$3("full", "skeleton", "none");
const SHAPES = oneOf$3("any", "full", "skeleton");
const RESERVE = whole$1(0, 65536, " addresses");
const HOST_NETWORK_PODS = whole$1(0, 110, " pods");
const MAX_PODS = whole$1(1, 1e3, " pods");
const START_P05 = whole$1(0, 6e5, " ms");
/** Requests, or requests a second. */
const RATE = within(1, 1e5);
const BUDGET_SHARE = within(.01, 1);
const OVERRIDES = {
	mode: oneOf$3("observe", "warm"),
	launchDemand: LAUNCH_DEMAND,
	shapes: SHAPES,
	subnetReserveAddresses: RESERVE,
	maxPods: MAX_PODS,
	hostNetworkPods: HOST_NETWORK_PODS,
	startP05Ms: START_P05,
	budgetShare: BUDGET_SHARE,
	resumedAt: { is: "instant" }
};
const NODE_GROUPS = {
	is: "map",
	names: text$1("the name of a node group", /^[^\n]{1,255}$/),
	of: {
		is: "object",
		fields: OVERRIDES,
		needed: "none",
		example: "{\"mode\": \"observe\"}"
	},
	example: "{\"workers\": {\"mode\": \"observe\"}}"
};
const RULES = {
	margin: {
		default: 1.25,
		shape: within(1, 10)
	},
	budgetShare: {
		default: .5,
		shape: BUDGET_SHARE
	},
	subnetReserveAddresses: {
		default: 16,
		shape: RESERVE
	},
	launchDemand: {
		default: "full",
		shape: LAUNCH_DEMAND
	},
	shapes: {
		default: "any",
		shape: SHAPES
	},
	hostNetworkPods: {
		default: 2,
		shape: HOST_NETWORK_PODS
	},
	maxPods: {
		default: void 0,
		shape: MAX_PODS
	},
	startP05Ms: {
		default: 2e4,
		shape: START_P05
	},
	attachP95Ms: {
		default: 2e3,
		shape: whole$1(0, 6e4, " ms")
	},
	imdsP95Ms: {
		default: 8e3,
		shape: whole$1(0, 12e4, " ms")
	},
	imdsP99Ms: {
		default: 3e4,
		shape: whole$1(0, 3e5, " ms")
	},
	pipelineP99Ms: {
		default: 1e4,
		shape: whole$1(0, 3e5, " ms")
	},
	openDemandTtlMs: {
		default: 9e5,
		shape: whole$1(6e4, 864e5, " ms")
	},
	verifyAfterMs: {
		default: 45e3,
		shape: whole$1(1e3, 9e5, " ms")
	},
	verifyAttempts: {
		default: 4,
		shape: whole$1(1, 20, " looks")
	},
	stopped: {
		default: false,
		shape: YES_OR_NO
	},
	buckets: {
		default: {},
		shape: {
			is: "map",
			names: oneOf$3(...Object.keys(EC2_BUCKETS)),
			of: {
				is: "object",
				fields: {
					size: RATE,
					perSecond: RATE
				},
				needed: "all",
				example: "{\"size\": 100, \"perSecond\": 10}"
			},
			example: "{\"AttachNetworkInterface\": {\"size\": 100, \"perSecond\": 10}}"
		}
	},
	budgetStacks: {
		default: 1,
		shape: whole$1(1, 1e3, " stacks")
	},
	soleAllocator: {
		default: false,
		shape: YES_OR_NO
	},
	eniConfigs: {
		default: {},
		shape: {
			is: "map",
			names: text$1("an availability zone such as \"eu-central-1a\"", /^[a-z]{2}(-[a-z0-9]+)+-\d{1,2}[a-z]$/),
			of: {
				is: "object",
				fields: {
					subnetId: idOf$1("subnet", "subnet"),
					securityGroupIds: {
						is: "list",
						of: idOf$1("sg", "security group")
					}
				},
				needed: "all",
				example: "{\"subnetId\": \"subnet-0123456789abcdef0\", \"securityGroupIds\": []}"
			},
			example: "{\"eu-central-1a\": {\"subnetId\": \"subnet-0123456789abcdef0\", \"securityGroupIds\": []}}"
		}
	},
	cniEnv: {
		default: void 0,
		shape: {
			is: "map",
			names: text$1("the name of a setting", /^\w{1,255}$/),
			of: text$1("a text, as in the aws-node container", /^[\s\S]*$/),
			example: "{\"WARM_ENI_TARGET\": \"1\"}, as in the aws-node container"
		}
	},
	clusters: {
		default: {},
		shape: {
			is: "map",
			names: text$1("the name of an EKS cluster", /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/),
			of: {
				is: "object",
				fields: {
					...OVERRIDES,
					nodeGroups: NODE_GROUPS
				},
				needed: "none",
				example: "{\"nodeGroups\": {\"workers\": {\"mode\": \"observe\"}}}"
			},
			example: "{\"shop\": {\"nodeGroups\": {\"workers\": {\"mode\": \"observe\"}}}}"
		}
	},
	gateDeadlineMs: {
		default: 21e4,
		shape: whole$1(1e4, 9e5, " ms")
	},
	gateEndpointFails: {
		default: "open",
		shape: oneOf$3("open", "closed")
	},
	routes: {
		default: [],
		shape: {
			is: "judged",
			expected: "a list such as [{\"when\": {\"codepipeline\": \"cart\", \"state\": \"STARTED\"}, \"announce\": {\"cluster\": \"shop\", ...}}]",
			ok: isRoutes,
			schema: {
				type: "array",
				items: {
					type: "object",
					required: ["when", "announce"]
				}
			}
		}
	},
	launchHook: {
		default: void 0,
		shape: text$1("the name of a lifecycle hook of yours", /^[A-Za-z0-9_/-]{1,255}$/)
	},
	schedules: {
		default: {},
		shape: {
			is: "judged",
			expected: "an object such as {\"morning\": {\"at\": \"cron(40 8 ? * MON-FRI *)\", \"leadSeconds\": 1200, \"announce\": {...}}}",
			ok: isSchedules,
			schema: {
				type: "object",
				additionalProperties: {
					type: "object",
					required: [
						"at",
						"leadSeconds",
						"announce"
					]
				}
			}
		}
	}
};
const DEFAULT_POLICY = Object.fromEntries(Object.entries(RULES).map(([field, rule]) => [field, rule.default]));
/** Reads a policy document. All complaints come together; with any, the policy is not to be used. `clusters`: those that are
*  deployed, where they are known. */
function readPolicy(document, clusters) {
	if (document === void 0) return {
		policy: DEFAULT_POLICY,
		complaints: []
	};
	if (!isObject$2(document)) return {
		policy: DEFAULT_POLICY,
		complaints: [{
			field: "policy",
			expected: "an object",
			got: document
		}]
	};
	const complaints = [];
	const chosen = {};
	for (const [field, value] of Object.entries(document)) {
		if (field === "$schema" && typeof value === "string") continue;
		const wrong = Object.hasOwn(RULES, field) ? complaintsOf$1(RULES[field].shape, value, `policy.${field}`) : [{
			field: `policy.${field}`,
			expected: expectedName(Object.keys(RULES)),
			got: field
		}];
		if (wrong.length === 0) chosen[field] = value;
		complaints.push(...wrong);
	}
	const policy = {
		...DEFAULT_POLICY,
		...chosen
	};
	if (clusters !== void 0) {
		for (const got of Object.keys(policy.clusters)) if (!clusters.includes(got)) complaints.push({
			field: `policy.clusters.${got}`,
			expected: `a cluster that is deployed here, ${expectedName(clusters)}`,
			got
		});
	}
	return {
		policy,
		complaints
	};
}
// infra/alarm-topic.ts
/** ARN of the topic that hears of alarms. One that is made here is not encrypted: CloudWatch may not use the key that AWS manages
*  for SNS, and what an alarm says is no secret. */
function alarmTopic(scope, { alarmTopicArn, alarmEmail, name }) {
	if (alarmEmail === void 0) return alarmTopicArn;
	const topic = new Topic(scope, "AlarmTopic", {
		displayName: `eks-ip-prewarmer ${name}`,
		enforceSSL: true
	});
	topic.addSubscription(new EmailSubscription(alarmEmail));
	topic.addToResourcePolicy(new PolicyStatement({
		sid: "AlarmsOfThisAccount",
		principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
		actions: ["sns:Publish"],
		resources: [topic.topicArn],
		conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } }
	}));
	return topic.topicArn;
}
// lambdas/core/figures.ts
/** Figures we publish, with their units: charts and alarms go by these names (infra), people too. */
/** CloudWatch's namespace of them. */
const NAMESPACE = "eks-ip-prewarmer";
// infra/alarms.ts
/**
* What a person should hear of. Figures reach CloudWatch with the dimension `cluster` (adapters/powertools-journal.ts), or
* with none where they are the account's, and then every stack of the account rings. Each alarm says what it means and how
* to look; how often and for how long is derived beside it.
*/
var Alarms = class extends Construct {
	constructor(scope, id, props) {
		super(scope, id);
		const { deployment, clusters, topicArn } = props;
		const notify = topicArn === void 0 ? void 0 : new SnsAction(Topic.fromTopicArn(this, "Topic", topicArn));
		const all = clusters.flatMap(({ name: cluster, gate }, index) => watches({
			...props,
			gate
		}).filter(({ of }) => of !== "account" || index === 0).map((watch) => ({
			...watch,
			cluster: watch.of === "account" ? deployment : cluster
		})));
		for (const { cluster, ...watch } of all) {
			const id = cluster === deployment ? pascal(watch.name) : `${pascal(watch.name)}-${cluster}`;
			const alarm = new Alarm(this, id, {
				alarmName: `eks-ip-prewarmer/${cluster}/${watch.name}`,
				alarmDescription: watch.description,
				metric: new Metric({
					namespace: NAMESPACE,
					metricName: watch.figure,
					...watch.of !== "account" && { dimensionsMap: { cluster } },
					statistic: watch.statistic,
					period: watch.period
				}),
				threshold: watch.below ?? watch.atLeast ?? 1,
				comparisonOperator: watch.below === void 0 ? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD : ComparisonOperator.LESS_THAN_THRESHOLD,
				evaluationPeriods: watch.periods ?? 1,
				datapointsToAlarm: watch.ofThem ?? watch.periods ?? 1,
				treatMissingData: watch.silenceIsTrouble ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING
			});
			if (notify !== void 0) {
				alarm.addAlarmAction(notify);
				alarm.addOkAction(notify);
			}
		}
	}
};
function watches({ deployment, sweepEvery, soleAllocator, gate }) {
	const logs = `/eks-ip-prewarmer/${deployment}`;
	const twoSweeps = Duration.minutes(2 * sweepEvery.toMinutes());
	const fiveMinutes = Duration.minutes(5);
	return [
		{
			name: "circuit-open",
			figure: "CircuitOpen",
			of: "account",
			description: `Most of our recent EC2 calls failed for reasons other than throttling, so nothing is changed until a trial call succeeds; it closes by itself. Look for "call failed" in the log groups ${logs}/*: the codes say what EC2 objects to.`,
			statistic: Stats.MAXIMUM,
			period: twoSweeps
		},
		{
			name: "kill-switch-on",
			figure: "KillSwitchOn",
			description: `Nothing in EC2 is changed: the policy says "stopped", or it cannot be understood and may have meant to. Read the parameter /eks-ip-prewarmer/${deployment}/policy; "policy not understood" in the log groups ${logs}/* names what is wrong with it.`,
			statistic: Stats.MAXIMUM,
			period: twoSweeps
		},
		{
			name: "policy-rejected",
			figure: "PolicyRejected",
			description: `The policy has a mistake, so the last good version holds instead (and nothing is changed where none is known, or where the document may have meant to stop). Look for "policy not understood" in the log groups ${logs}/*: it names field, expectation and value.`,
			statistic: Stats.MAXIMUM,
			period: twoSweeps
		},
		{
			name: "node-groups-observed",
			figure: "NodeGroupsObserved",
			description: `More than 2 % of the last 50 attaches of a node group came too late, so nothing is changed there any more. Look for "node group observed" in the log group ${logs}/sweep. Once the cause is mended, set resumedAt of that node group in the policy to the present time.`,
			statistic: Stats.MAXIMUM,
			period: twoSweeps
		},
		{
			name: "late-attaches",
			figure: "LateAttaches",
			description: `Interfaces were attached after the node's address manager had started: what we promise not to cause, and pods there may wait longer than without us. Look for "verified" with lateAttach in the log group ${logs}/look-again, and compare startP05Ms of the policy.`,
			statistic: Stats.SUM,
			atLeast: 2,
			period: Duration.hours(1)
		},
		{
			name: "not-allowed",
			figure: "NotAllowed",
			description: `EC2 refused a call for want of a right, which no retry mends: a service control policy, a permission boundary, or a VPC other than the stack's. Look for "call failed" in the log groups ${logs}/*: it names the action.`,
			statistic: Stats.SUM,
			period: fiveMinutes
		},
		{
			name: "quota-reached",
			figure: "QuotaReached",
			description: `EC2 refused a call because a quota of the account is used up (network interfaces per Region, most likely). Nodes are left unwarmed until it is raised: Service Quotas, Amazon VPC. Look for "call failed" in the log groups ${logs}/*.`,
			statistic: Stats.SUM,
			period: fiveMinutes
		},
		{
			name: "budget-table-unreachable",
			figure: "BudgetTableUnreachable",
			of: "account",
			description: "The table of the shared request budget does not answer, so each function goes on at a low rate of its own. Look at the table in the stack's output BudgetTable (is it there, may the functions use it), then at the health of DynamoDB.",
			statistic: Stats.SUM,
			period: fiveMinutes,
			periods: 3,
			ofThem: 2
		},
		{
			name: "orphans-stay",
			figure: "OldestOrphan",
			description: `An unattached interface of ours has been there for two hours, and holds addresses of its subnet. In observe mode nothing deletes them. In warm mode look for "orphan not deleted" in the log group ${logs}/sweep.`,
			statistic: Stats.MAXIMUM,
			atLeast: Duration.hours(2).toMilliseconds(),
			period: twoSweeps
		},
		...gate ? [gatesStuck(logs, twoSweeps)] : [],
		...soleAllocator ? soleAllocatorWatches(logs) : []
	];
}
const gatesStuck = (logs, twoSweeps) => ({
	name: "gates-stuck",
	figure: "GatesStuck",
	description: `Launch gates are closed past their deadline and cannot be opened, or the API server does not answer us, so pods may wait behind them. Look for "lens: not seen" in the log groups ${logs}/*: it says what to do. To open one by hand: kubectl taint node NAME eks-ip-prewarmer/warming-`,
	statistic: Stats.MINIMUM,
	period: twoSweeps
});
/** Pods on a node that is short of addresses fail until we act, and nobody else will. A node counts once it is three minutes
*  old; three sweeps more, a minute apart, are one to see it, one to act, one to confirm. */
const soleAllocatorWatches = (logs) => [{
	name: "nodes-short",
	figure: "NodesShort",
	description: `Nodes that launched minutes ago still have fewer addresses than they should, and the CNI's own provisioning is disabled: pods there fail. Look for "plan" in the log group ${logs}/sweep: each node's step, or the reason why there is none.`,
	statistic: Stats.MAXIMUM,
	period: Duration.minutes(1),
	periods: 3
}, {
	name: "sweep-silent",
	figure: "NodesShort",
	description: `No sweep has finished for three minutes, and the CNI's own provisioning is disabled: nobody gives nodes addresses. Look at the log group ${logs}/sweep and the function's errors and throttles. If it does not come back soon, enable the CNI's provisioning.`,
	statistic: Stats.SAMPLE_COUNT,
	below: 1,
	period: Duration.minutes(1),
	periods: 3,
	silenceIsTrouble: true
}];
const pascal = (name) => name.replaceAll(/(?:^|-)(\w)/g, (_, letter) => letter.toUpperCase());
// infra/checks.ts
function judge(field, { expected, remedy, ok }, given) {
	return given === void 0 || ok(given) ? [] : [{
		field,
		expected,
		got: given,
		remedy
	}];
}
/** A text of this form, or what CloudFormation will make one: another construct's attribute. */
const matching = (pattern) => (given) => typeof given === "string" && (pattern.test(given) || Token.isUnresolved(given));
function unknownFields(given, known, within = "") {
	return Object.keys(given).filter((field) => !known.includes(field)).map((field) => ({
		field: `${within}${field}`,
		expected: `one of ${known.join(", ")}`,
		got: given[field],
		remedy: "Correct the name of the setting, or leave it out"
	}));
}
/** Source: EKS API reference, CreateCluster, `name`. */
const CLUSTER_NAME = /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/;
/** Source: EC2 User Guide, resource ids: 8 hexadecimal digits, or 17 since 2018. */
const VPC_ID = matching(/^vpc-([0-9a-f]{8}|[0-9a-f]{17})$/);
const FIELDS$1 = [
	"name",
	"mode",
	"vpcId",
	"lens",
	"gate",
	"nodeGroups"
];
const FIND_VPC = "To find it: aws eks describe-cluster --name NAME --query cluster.resourcesVpcConfig.vpcId";
function readClusters$1(given) {
	const nothing = {
		clusters: [],
		nodeGroups: /* @__PURE__ */ new Map()
	};
	if (!Array.isArray(given) || given.length === 0) return {
		...nothing,
		troubles: [{
			field: "clusters",
			expected: "a list such as [{\"name\": \"demo\"}]",
			got: given,
			remedy: "Name one in prewarmer.config.ts or as -c cluster=NAME; it is observed unless you say more"
		}]
	};
	const wrong = given.flatMap((one, index) => isObject$2(one) ? troublesOf(one, `clusters.${index}.`) : [{
		field: `clusters.${index}`,
		expected: "an object such as {\"name\": \"demo\"}",
		got: one,
		remedy: "Name a cluster"
	}]);
	const said = given.filter(isObject$2).map((one) => one);
	return {
		clusters: said.map(({ name, mode = "observe", vpcId, lens = false, gate = false }) => ({
			name,
			mode,
			vpcId,
			lens,
			gate
		})),
		troubles: [...wrong, ...troublesTogether(said)],
		nodeGroups: new Map(said.flatMap(({ name, nodeGroups }) => nodeGroups === void 0 ? [] : [[name, nodeGroups]]))
	};
}
function troublesOf(one, within) {
	const { name, mode, vpcId, lens, gate } = one;
	const troubles = unknownFields(one, FIELDS$1, within);
	const wrong = (field, expected, remedy) => troubles.push({
		field: `${within}${field}`,
		expected,
		got: one[field],
		remedy
	});
	if (Token.isUnresolved(name)) wrong("name", "a text that is known at synth", "Write the name out: condition keys of IAM are made of it");
	else if (typeof name !== "string" || !CLUSTER_NAME.test(name)) wrong("name", "the name of an EKS cluster", "To find it: aws eks list-clusters");
	if (mode !== void 0 && mode !== "observe" && mode !== "warm") wrong("mode", "\"observe\" or \"warm\"", "Leave it out to observe, which changes nothing");
	if (vpcId !== void 0 && !VPC_ID(vpcId)) wrong("vpcId", "the id of the cluster's VPC, such as \"vpc-0123456789abcdef0\"", FIND_VPC);
	for (const [field, on] of Object.entries({
		lens,
		gate
	})) if (on !== void 0 && typeof on !== "boolean") wrong(field, "true or false", "Leave it out to do without");
	if (gate === true && (lens === false || lens === void 0)) wrong("gate", "lens: true beside it", "Gates are nodes' taints: only the lens sees them (docs/lens.md)");
	return troubles;
}
/** What is wrong only where there are several. */
function troublesTogether(said) {
	const troubles = [];
	if (said.length > 15) troubles.push({
		field: "clusters",
		expected: `at most 15 clusters in one deployment`,
		got: said.length,
		remedy: "Deploy the others as a stack of their own that shares the budgetTable"
	});
	for (const [index, { name, mode, vpcId }] of said.entries()) {
		if (said.findIndex((other) => other.name === name) < index) troubles.push({
			field: `clusters.${index}.name`,
			expected: "each cluster once",
			got: name,
			remedy: "Leave the second one out"
		});
		if (said.length > 1 && mode === "warm" && vpcId === void 0) troubles.push({
			field: `clusters.${index}.vpcId`,
			expected: "the id of its VPC, as it is warm and not the only cluster",
			got: vpcId,
			remedy: FIND_VPC.replace("NAME", String(name))
		});
	}
	return troubles;
}
/** What the functions read in CLUSTERS (lambdas/adapters/env-config.ts). */
const environmentOf = (clusters) => JSON.stringify(clusters.map(({ name, mode, lens, gate }) => ({
	name,
	mode,
	...lens && { lens },
	...gate && { gate }
})));
// lambdas/adapters/our-events.ts
/** What our own events are called. */
const OUR_SOURCE = "eks-ip-prewarmer";
/** A pipeline says which pods come. */
const ANNOUNCED = "Deployment Announced";
/** A person lets a wave go that is held. */
const APPROVED = "Wave Approved";
/** A schedule of the policy fires. */
const DUE = "Prewarm Due";
/** Our own message to ourselves. */
const CONTINUATION = "Prewarm Continuation";
// lambdas/core/model.ts
/** Our tags. The cluster tag is also what IAM lets us touch (Service Authorization Reference, EC2:
*  aws:ResourceTag). */
const OUR_CLUSTER_TAG = "eks-ip-prewarmer/cluster";
// infra/permissions.ts
/**
* What the functions may do, statement by statement. Action, resource and condition key of each: IAM Service
* Authorization Reference, Amazon EC2 and Amazon EKS. Of clusters in `observe` no statement changes anything in EC2. In no
* mode may our code unassign an address or detach an interface: that a pod uses one is known to ipamd alone.
*
* Where several clusters are warm, a condition lists them: each request is still held to one of their tags and to one of their
* VPCs. IAM judges an interface and its subnet one by one, so it would not notice an interface of one cluster of ours that is
* created in the VPC of another; a statement for each cluster would not either.
*/
const READS = [
	"DescribeInstances",
	"DescribeSubnets",
	"DescribeNetworkInterfaces"
];
/** EC2's Describe actions know no resource. */
function readNodes() {
	return allow("ReadNodes", {
		actions: READS.map((action) => `ec2:${action}`),
		resources: ["*"]
	});
}
/** Clusters and their VPC CNI add-ons: enough to know what ipamd on their nodes will do. */
function readClusters(stack, names) {
	if (names.length === 0) return [];
	const eks = (resource, resourceName) => stack.formatArn({
		service: "eks",
		resource,
		resourceName,
		arnFormat: ArnFormat.SLASH_RESOURCE_NAME
	});
	return [allow("ReadCluster", {
		actions: ["eks:DescribeCluster"],
		resources: names.map((name) => eks("cluster", name))
	}), allow("ReadVpcCni", {
		actions: ["eks:DescribeAddon"],
		resources: names.map((name) => eks("addon", `${name}/vpc-cni/*`))
	})];
}
function useLedger({ ledger }) {
	return allow("UseLedger", {
		actions: [
			"GetItem",
			"BatchGetItem",
			"PutItem",
			"UpdateItem",
			"Query"
		].map((action) => `dynamodb:${action}`),
		resources: [ledger.tableArn]
	});
}
/** Look up one thing in the ledger, and change nothing. */
function readLedger({ ledger }) {
	return allow("ReadLedger", {
		actions: ["dynamodb:GetItem"],
		resources: [ledger.tableArn]
	});
}
/** The secret that callers of the gate endpoint show. */
function readGateSecret(secretArn) {
	return allow("ReadGateSecret", {
		actions: ["secretsmanager:GetSecretValue"],
		resources: [secretArn]
	});
}
function useBudget({ budget }) {
	return allow("UseBudget", {
		actions: ["GetItem", "PutItem"].map((action) => `dynamodb:${action}`),
		resources: [budget.tableArn]
	});
}
/** The policy, which holds the kill switch. Nothing here may write it: it is the operator's. */
function readLivePolicy(parameterArn) {
	return allow("ReadPolicy", {
		actions: ["ssm:GetParameter"],
		resources: [parameterArn]
	});
}
/** What must wait goes (back) on a queue with a delay. */
function continueOn(...queues) {
	return allow("Continue", {
		actions: ["sqs:SendMessage"],
		resources: queues.map((queue) => queue.queueArn)
	});
}
/** Tell whoever follows a rollout, as nobody but ourselves. */
function tellFollowers(stack) {
	return allow("TellFollowers", {
		actions: ["events:PutEvents"],
		resources: [stack.formatArn({
			service: "events",
			resource: "event-bus",
			resourceName: "default",
			arnFormat: ArnFormat.SLASH_RESOURCE_NAME
		})],
		conditions: { StringEquals: { "events:source": OUR_SOURCE } }
	});
}
/** Start batched rollouts, and let waves go that are held. */
function conduct({ stateMachineArn }) {
	return allow("Conduct", {
		actions: ["states:StartExecution", "states:SendTaskSuccess"],
		resources: [stateMachineArn]
	});
}
/** Let launches of these clusters' groups go on that wait at a hook: only where the policy names the hook. */
function answerHooks(stack, names) {
	return ofEach(names, "AnswerHooks", {
		actions: ["autoscaling:CompleteLifecycleAction"],
		resources: [stack.formatArn({
			service: "autoscaling",
			resource: "autoScalingGroup",
			resourceName: "*:autoScalingGroupName/*",
			arnFormat: ArnFormat.COLON_RESOURCE_NAME
		})]
	});
}
/** Create, attach and fill interfaces of these clusters' nodes, in their VPCs only. */
function warmNodes(stack, clusters) {
	if (clusters.length === 0) return [];
	const names = clusters.map(({ name }) => name);
	const vpcs = [...new Set(clusters.map(({ vpcId }) => vpcId))].map((id) => ec2(stack, "vpc", id));
	const asked = { [`aws:RequestTag/${OUR_CLUSTER_TAG}`]: oneOf$2(names) };
	const inOurVpc = { ArnEquals: { "ec2:Vpc": oneOf$2(vpcs) } };
	const interfaces = ec2(stack, "network-interface", "*");
	return [
		allow("CreateTagged", {
			actions: ["ec2:CreateNetworkInterface"],
			resources: [interfaces],
			conditions: { StringEquals: asked }
		}),
		allow("CreateInVpc", {
			actions: ["ec2:CreateNetworkInterface"],
			resources: [ec2(stack, "subnet", "*"), ec2(stack, "security-group", "*")],
			conditions: inOurVpc
		}),
		allow("TagWhileCreating", {
			actions: ["ec2:CreateTags"],
			resources: [interfaces],
			conditions: { StringEquals: {
				"ec2:CreateAction": "CreateNetworkInterface",
				...asked
			} }
		}),
		...ofEach(names, "AttachToNodes", {
			actions: ["ec2:AttachNetworkInterface"],
			resources: [ec2(stack, "instance", "*")]
		}),
		...onOurs(stack, names, "AttachOurs", ["AttachNetworkInterface", "ModifyNetworkInterfaceAttribute"]),
		allow("Fill", {
			actions: ["ec2:AssignPrivateIpAddresses"],
			resources: [interfaces],
			conditions: inOurVpc
		}),
		deny("StayOffAutoMode", {
			actions: ["ec2:AttachNetworkInterface", "ec2:AssignPrivateIpAddresses"],
			resources: ["*"],
			conditions: { Null: { "ec2:ManagedResourceOperator": "false" } }
		})
	];
}
/** Delete interfaces of ours that no node will get any more. Only the sweep may. */
function deleteOrphans(stack, names) {
	return onOurs(stack, names, "DeleteOurs", ["DeleteNetworkInterface"]);
}
/** Tell interfaces of ours to go away with their node. */
function finishOurs(stack, names) {
	return onOurs(stack, names, "FinishOurs", ["ModifyNetworkInterfaceAttribute"]);
}
/**
* What Lambda itself needs to put a function into subnets, in the role's name. The function's own code is not given it: whatever
* the code asks for carries the key. Source: Lambda Developer Guide, giving functions access to resources in a VPC, required
* permissions; and working with source function ARN.
*/
function enterVpc() {
	return allow("EnterVpc", {
		actions: [
			"CreateNetworkInterface",
			"DescribeNetworkInterfaces",
			"DescribeSubnets",
			"DeleteNetworkInterface",
			"AssignPrivateIpAddresses",
			"UnassignPrivateIpAddresses"
		].map((action) => `ec2:${action}`),
		resources: ["*"],
		conditions: { Null: { "lambda:SourceFunctionArn": "true" } }
	});
}
/** Interfaces we created carry our tag from their first moment on. */
function onOurs(stack, names, sid, actions) {
	if (names.length === 0) return [];
	return [allow(sid, {
		actions: actions.map((action) => `ec2:${action}`),
		resources: [ec2(stack, "network-interface", "*")],
		conditions: { StringEquals: { [`aws:ResourceTag/${OUR_CLUSTER_TAG}`]: oneOf$2(names) } }
	})];
}
/** On what the cluster owns, as EKS tags it: its name is in the key, so each has a statement of its own. */
const ofEach = (names, sid, terms) => names.map((name, index) => allow(index === 0 ? sid : `${sid}${index + 1}`, {
	...terms,
	conditions: { StringEquals: { [`aws:ResourceTag/kubernetes.io/cluster/${name}`]: "owned" } }
}));
const oneOf$2 = (values) => values.length === 1 && values[0] !== void 0 ? values[0] : values;
function ec2(stack, resource, resourceName) {
	return stack.formatArn({
		service: "ec2",
		resource,
		resourceName,
		arnFormat: ArnFormat.SLASH_RESOURCE_NAME
	});
}
const allow = (sid, terms) => new PolicyStatement({
	sid,
	effect: Effect.ALLOW,
	...terms
});
const deny = (sid, terms) => new PolicyStatement({
	sid,
	effect: Effect.DENY,
	...terms
});
// infra/task-function.ts
/** One function: its bundle, a role of its own that holds what it needs and no more, and its log group. */
var TaskFunction = class extends Construct {
	lambda;
	constructor(scope, id, props) {
		super(scope, id);
		const folder = join(props.bundles, props.name);
		if (!existsSync(join(folder, "index.mjs"))) throw new Error(`${folder} holds no bundle of ${props.name}: run npm run build first`);
		const logGroup = new LogGroup(this, "Logs", {
			logGroupName: `/eks-ip-prewarmer/${props.deployment}/${props.name}`,
			retention: props.logRetentionDays,
			removalPolicy: RemovalPolicy.DESTROY
		});
		const role = new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
		role.addToPolicy(new PolicyStatement({
			sid: "WriteOwnLogs",
			effect: Effect.ALLOW,
			actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
			resources: [logGroup.logGroupArn]
		}));
		for (const statement of props.permissions) role.addToPolicy(statement);
		if (props.vpc !== void 0) role.addToPolicy(enterVpc());
		this.lambda = new Function$1(this, "Function", {
			description: `eks-ip-prewarmer ${props.name} for ${props.deployment}`,
			runtime: Runtime.NODEJS_24_X,
			architecture: Architecture.ARM_64,
			handler: "index.handler",
			code: Code.fromAsset(folder),
			memorySize: 512,
			timeout: props.timeout,
			...props.reservedConcurrency !== void 0 && { reservedConcurrentExecutions: props.reservedConcurrency },
			environment: {
				...props.environment,
				POWERTOOLS_SERVICE_NAME: props.name
			},
			logGroup,
			role,
			tracing: Tracing.ACTIVE,
			recursiveLoop: RecursiveLoop.ALLOW
		});
		const { defaultChild } = this.lambda.node;
		if (props.vpc !== void 0 && CfnFunction.isCfnFunction(defaultChild)) defaultChild.vpcConfig = {
			subnetIds: [...props.vpc.subnetIds],
			securityGroupIds: [...props.vpc.securityGroupIds]
		};
	}
};
// infra/gate-endpoint.ts
/** Longer than policy, secret and ledger may take while none of them answers (lambdas/handlers/wiring.ts): the answer is then
*  the policy's, not a time-out. */
const TIMEOUT = Duration.seconds(20);
/** A URL that the whole internet can call runs no more than this at once. An answer takes tens of milliseconds, so two are some
*  dozens a second, where a rollout asks every ten seconds or so; and whoever floods it costs dollars a day, not thousands,
*  and leaves the account's concurrency to the other functions. */
const SECRET_CONCURRENCY = 2;
/** Where other tools ask whether a workload's addresses are there (docs/gate-endpoint.md). */
var GateEndpoint = class extends Construct {
	/** `/gate` included. */
	url;
	lambda;
	/** What callers show, where they do not sign. */
	secret;
	constructor(scope, id, { access, ...props }) {
		super(scope, id);
		const secret = access === "secret" ? this.#secretOf(props.deployment) : void 0;
		this.secret = secret;
		this.lambda = new TaskFunction(this, "Answer", {
			...props,
			name: "answer-gate",
			timeout: TIMEOUT,
			environment: {
				...props.environment,
				...secret && { GATE_SECRET: secret.secretArn }
			},
			permissions: [...props.permissions, ...secret ? [readGateSecret(secret.secretArn)] : []],
			...secret && { reservedConcurrency: SECRET_CONCURRENCY }
		}).lambda;
		const { url } = this.lambda.addFunctionUrl({ authType: secret ? FunctionUrlAuthType.NONE : FunctionUrlAuthType.AWS_IAM });
		this.url = `${url}gate`;
	}
	#secretOf(deployment) {
		Annotations.of(this).addWarningV2("eks-ip-prewarmer:gate-endpoint-public", "gateEndpoint=secret makes a URL that anybody can call; a secret alone tells callers apart. Where your tools can sign requests, use gateEndpoint=iam (docs/gate-endpoint.md).");
		return new Secret(this, "Secret", {
			description: `What callers of the gate endpoint of eks-ip-prewarmer for ${deployment} show`,
			generateSecretString: {
				passwordLength: 48,
				excludePunctuation: true
			},
			removalPolicy: RemovalPolicy.DESTROY
		});
	}
};
// infra/lens-access.ts
/** Groups that the cluster's own RBAC gives rights to (docs/lens.md): EKS says who we are, Kubernetes what we may. Names may
*  not begin with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`. Source: EKS User Guide, access entries. */
const LENS_GROUP = "eks-ip-prewarmer-lens";
const GATE_GROUP = "eks-ip-prewarmer-gate";
/** Each cluster that has the lens gets to know the functions that ask its API server, each with the groups it needs. */
function admit(scope, { deployment, clusters, rollouts, ...functions }) {
	for (const { name: cluster, mode, lens, gate } of clusters) {
		if (!lens) continue;
		new LensAccess(scope, cluster === deployment ? "Lens" : `Lens-${cluster}`, {
			cluster,
			enter: {
				OnSignal: {
					as: functions.onSignal,
					groups: [LENS_GROUP]
				},
				Sweep: {
					as: functions.sweep,
					groups: [LENS_GROUP, ...gate ? [GATE_GROUP] : []]
				},
				...gate && { LookAgain: {
					as: functions.lookAgain,
					groups: ["eks-ip-prewarmer-gate"]
				} },
				...rollouts !== void 0 && mode === "warm" && {
					WarmWave: {
						as: rollouts.warmWave,
						groups: ["eks-ip-prewarmer-lens"]
					},
					VerifyWave: {
						as: rollouts.verifyWave,
						groups: ["eks-ip-prewarmer-lens"]
					},
					AdvanceWave: {
						as: rollouts.advanceWave,
						groups: ["eks-ip-prewarmer-lens", "eks-ip-prewarmer-scale"]
					},
					ReportRollout: {
						as: rollouts.reportRollout,
						groups: ["eks-ip-prewarmer-lens"]
					}
				}
			}
		});
	}
}
/**
* The functions' roles become known to the cluster: whoever plans reads pods, whoever opens gates patches nodes, whoever
* advances waves scales Deployments. No access policy of EKS is attached: the smallest that shows nodes shows Secrets too. The
* cluster's authentication mode must be API or API_AND_CONFIG_MAP.
*/
var LensAccess = class extends Construct {
	constructor(scope, id, { cluster, enter }) {
		super(scope, id);
		for (const [name, { as, groups }] of Object.entries(enter)) {
			if (as.role === void 0) throw new Error(`${name} has no role`);
			new CfnAccessEntry(this, name, {
				clusterName: cluster,
				principalArn: as.role.roleArn,
				type: "STANDARD",
				kubernetesGroups: groups
			});
		}
	}
};
// infra/live-policy.ts
/**
* The policy, where an operator changes it without a deployment: running functions have it within seconds. CloudFormation
* compares a template with the template before, not with the world, and so writes this value only when the settings say
* something else than at the last deployment. Then an operator's change, a thrown kill switch too, is overwritten.
*/
var LivePolicy = class extends Construct {
	parameter;
	constructor(scope, id, { name, policy }) {
		super(scope, id);
		this.parameter = new StringParameter(this, "Parameter", {
			parameterName: `/eks-ip-prewarmer/${name}/policy`,
			description: `Policy of eks-ip-prewarmer for ${name}. {"stopped": true} stops all changes in EC2 within seconds`,
			stringValue: JSON.stringify(policy),
			tier: ParameterTier.STANDARD
		});
	}
};
// infra/private-endpoints.ts
/** Services that functions in a VPC without a way out call, as their endpoints are called: `com.amazonaws.REGION.NAME`. Their
*  log events and traces are sent by Lambda itself, from outside; tokens for API servers are signed, not asked for. */
function endpointsFor({ gateEndpoint, clusters }, { hooks }) {
	const warm = clusters.some(({ mode }) => mode === "warm");
	return [
		...[
			"ec2",
			"eks",
			"sqs",
			"ssm"
		],
		...warm ? ["states", "events"] : [],
		...hooks ? ["autoscaling"] : [],
		...gateEndpoint === "secret" ? ["secretsmanager"] : []
	];
}
function tellEndpoints(scope, interfaces) {
	Annotations.of(scope).addInfoV2("eks-ip-prewarmer:vpc-endpoints", `The functions run in your VPC. Unless a NAT gateway lets them out, it needs interface endpoints for ${interfaces.join(", ")} and a gateway endpoint for dynamodb; security groups must let HTTPS through.`);
}
// lambdas/core/complaints.ts
/** One line a person can act on. Long values are cut: a complaint is not a dump. */
function say({ field, expected, got }) {
	const shown = got === void 0 ? "nothing" : JSON.stringify(got) ?? String(got);
	return `${field}: expected ${expected}, got ${shown.length > 80 ? `${shown.slice(0, 77)}...` : shown}`;
}
const sayAll = (complaints) => complaints.map(say).join("; ");
// lambdas/core/rollouts/record.ts
const rolloutIdOf = ({ cluster, announcementId }) => `${cluster}/${announcementId}`;
// ../../work/main/node_modules/zod/v4/core/util.js
function jsonStringifyReplacer(_, value) {
	if (typeof value === "bigint") return value.toString();
	return value;
}
var Cached = class {
	constructor(getter) {
		this._getter = getter;
		this._value = void 0;
	}
	get value() {
		const getter = this._getter;
		if (getter !== void 0) {
			this._value = getter();
			this._getter = void 0;
		}
		return this._value;
	}
};
function cached(getter) {
	return new Cached(getter);
}
function nullish(input) {
	return input === null || input === void 0;
}
function cleanRegex(source) {
	const start = source.startsWith("^") ? 1 : 0;
	const end = source.endsWith("$") ? source.length - 1 : source.length;
	return source.slice(start, end);
}
function assignProp(target, prop, value) {
	Object.defineProperty(target, prop, {
		value,
		writable: true,
		enumerable: true,
		configurable: true
	});
}
/**
* Whichever object a def's `shape` currently answers from: the one the caller passed until the first read, the frozen copy after it.
*
* Its keys and descriptors read without invoking anything, which is what lets a discriminated union check its discriminator, and the cycle walk read a shape, without resolving a getter that references the schema being constructed. A def that answers `shape` from an accessor of its own has none.
*/
function rawShape(def) {
	const desc = Object.getOwnPropertyDescriptor(def, "shape");
	return desc?.get ? desc.get.raw : desc?.value;
}
const captureStackTrace = "captureStackTrace" in Error ? Error.captureStackTrace : (..._args) => {};
function isObject(data) {
	return typeof data === "object" && data !== null && !Array.isArray(data);
}
function escapeRegex(str) {
	return str.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
function clone(inst, def, params) {
	const cl = new inst._zod.constr(def ?? inst._zod.def);
	if (!def || params?.parent) cl._zod.parent = inst;
	return cl;
}
function normalizeParams(_params) {
	const params = _params;
	if (!params) return {};
	if (typeof params === "string") return { error: () => params };
	if (params?.message !== void 0) {
		if (params?.error !== void 0) throw new Error("Cannot specify both `message` and `error` params");
		params.error = params.message;
	}
	delete params.message;
	if (typeof params.error === "string") return {
		...params,
		error: () => params.error
	};
	return params;
}
function optionalKeys(shape) {
	return Object.keys(shape).filter((k) => {
		return shape[k]._zod.optin !== void 0 && shape[k]._zod.optout === "optional";
	});
}
function aborted(x, startIndex = 0) {
	if (x.aborted === true) return true;
	for (let i = startIndex; i < x.issues.length; i++) if (x.issues[i]?.continue !== true) return true;
	return false;
}
function explicitlyAborted(x, startIndex = 0) {
	if (x.aborted === true) return true;
	for (let i = startIndex; i < x.issues.length; i++) if (x.issues[i]?.continue === false) return true;
	return false;
}
function prefixIssues(path, issues) {
	return issues.map((iss) => {
		var _a;
		(_a = iss).path ?? (_a.path = []);
		iss.path.unshift(path);
		return iss;
	});
}
function unwrapMessage(message) {
	return typeof message === "string" ? message : message?.message;
}
/** The leading size checks of `defChecks` that set an upper bound, each paired with it. */
function sizeCaps(defChecks) {
	const caps = [];
	for (const ch of defChecks ?? []) {
		const d = ch._zod.def;
		if (!/_(length|size)$|_equals$/.test(d.check)) break;
		const max = d.maximum ?? d.length ?? d.size;
		if (max >= 0) caps.push([max, ch]);
	}
	return caps;
}
function attachSchema(issues, start, inst) {
	var _a;
	for (let i = start; i < issues.length; i++) (_a = issues[i]).schema ?? (_a.schema = inst);
}
function finalizeIssue(iss, ctx, config) {
	var _a;
	const traits = iss.inst?._zod?.traits;
	if (traits?.has("$ZodType")) {
		if (traits.has("$ZodCheck")) (_a = iss).schema ?? (_a.schema = iss.inst);
		else iss.schema = iss.inst;
	}
	const schemaError = iss.schema !== iss.inst ? iss.schema?._zod.def?.error : void 0;
	const message = iss.message ? iss.message : unwrapMessage(iss.inst?._zod.def?.error?.(iss)) ?? unwrapMessage(schemaError?.(iss)) ?? unwrapMessage(ctx?.error?.(iss)) ?? unwrapMessage(config.customError?.(iss)) ?? unwrapMessage(config.localeError?.(iss)) ?? "Invalid input";
	const full = {};
	for (const k of Object.keys(iss)) {
		if (k === "inst" || k === "schema" || k === "continue" || k === "input" || k === "__proto__") continue;
		full[k] = iss[k];
	}
	full.path ?? (full.path = []);
	full.message = message;
	if (ctx?.reportInput) full.input = iss.input;
	return full;
}
const highSurrogate = /[\uD800-\uDBFF]/;
function codePointLength(str) {
	const units = str.length;
	if (!highSurrogate.test(str)) return units;
	let count = units;
	for (let i = 0; i < units - 1; i++) if ((str.charCodeAt(i) & 64512) === 55296 && (str.charCodeAt(i + 1) & 64512) === 56320) {
		count--;
		i++;
	}
	return count;
}
function getLengthableOrigin(input) {
	if (Array.isArray(input)) return "array";
	if (typeof input === "string") return "string";
	return "unknown";
}
function issue(...args) {
	const [iss, input, inst] = args;
	if (typeof iss === "string") return {
		message: iss,
		code: "custom",
		input,
		inst
	};
	return { ...iss };
}
/**
* Installs a trait's members on its prototype. Each value builds that member for the instance on first read; the built value shadows the accessor as an own property, so a detached `const { parse } = schema` keeps working.
*
* Call this from a `proto` initializer, which runs once per prototype — never per instance.
*/
function members(proto, table) {
	for (const key in table) {
		const desc = Object.getOwnPropertyDescriptor(table, key);
		if (desc.get) Object.defineProperty(proto, key, {
			...desc,
			enumerable: false
		});
		else defineBound(proto, key, desc.value);
	}
}
/** Shadows a prototype member with an own value, so a getter that builds from the instance runs once. */
function own(inst, key, value, enumerable = true) {
	Object.defineProperty(inst, key, {
		configurable: true,
		writable: true,
		enumerable,
		value
	});
	return value;
}
/** Like {@link own}, for a member that was never an own data property and has to stay out of `Object.keys`. */
function hide(inst, key, value) {
	return own(inst, key, value, false);
}
function defineBound(proto, key, fn) {
	Object.defineProperty(proto, key, {
		configurable: true,
		get() {
			return this == null ? fn : own(this, key, fn.bind(this));
		},
		set(value) {
			own(this, key, value);
		}
	});
}
/** Returns the prototype to install on, or `undefined` if this group is already installed on it. */
function claim(inst, sentinel) {
	const proto = Object.getPrototypeOf(inst);
	return sentinel in proto ? void 0 : proto;
}
let installing;
let broke = false;
const breaker = {
	configurable: true,
	get() {
		broke = true;
	}
};
/**
* Installs a lazily-derived internal on the `_zod` prototype of `inst`'s
* constructor, computed from the internals object itself and cached there on
* first read. One accessor per constructor rather than one per instance.
*/
function defineLazyInternal(inst, key, compute) {
	const proto = Object.getPrototypeOf(inst._zod);
	if (key in proto && installing !== inst._zod) {
		installing = void 0;
		return;
	}
	installing = inst._zod;
	Object.defineProperty(proto, key, {
		configurable: true,
		get() {
			Object.defineProperty(this, key, breaker);
			const outer = broke;
			broke = false;
			try {
				const value = compute(this);
				if (broke) delete this[key];
				else Object.defineProperty(this, key, {
					configurable: true,
					writable: true,
					value
				});
				broke = broke || outer;
				return value;
			} catch (err) {
				delete this[key];
				broke = broke || outer;
				throw err;
			}
		},
		set(value) {
			Object.defineProperty(this, key, {
				configurable: true,
				writable: true,
				value
			});
		}
	});
}
/**
* Installs `key` on `inst`'s prototype, computed by `make` on first read and cached there as an own
* data property. One accessor per constructor rather than one per instance, because an own accessor
* puts every instance after the first into v8 dictionary mode. The key doubles as the sentinel.
*/
function installLazyProp(inst, key, make, enumerable) {
	const proto = claim(inst, key);
	if (!proto) return;
	Object.defineProperty(proto, key, {
		configurable: true,
		get() {
			const desc = {
				configurable: true,
				writable: true,
				enumerable,
				value: void 0
			};
			Object.defineProperty(this, key, desc);
			desc.value = make(this);
			Object.defineProperty(this, key, desc);
			return desc.value;
		},
		set(value) {
			Object.defineProperty(this, key, {
				configurable: true,
				writable: true,
				enumerable,
				value
			});
		}
	});
}
// ../../work/main/node_modules/zod/v4/core/core.js
var _a;
const _zodDesc = {
	value: void 0,
	enumerable: false
};
let _E = "captureStackTrace" in Error ? Error : null;
function newError(Definition) {
	const E = _E;
	if (E) {
		const saved = E.stackTraceLimit;
		if (typeof saved === "number") {
			try {
				E.stackTraceLimit = 0;
			} catch {
				_E = null;
				return new Definition();
			}
			try {
				return new Definition();
			} finally {
				E.stackTraceLimit = saved;
			}
		}
	}
	return new Definition();
}
/* @__NO_SIDE_EFFECTS__ */
function $constructor(name, initializer, proto, params) {
	const zodProto = {};
	function Internals(def) {
		this.def = def;
		this.constr = _;
		this.traits = /* @__PURE__ */ new Set();
	}
	Internals.prototype = zodProto;
	const protoMembers = proto;
	const initialized = protoMembers && /* @__PURE__ */ new WeakSet();
	function init(inst, def) {
		if (!inst._zod) {
			_zodDesc.value = new Internals(def);
			try {
				Object.defineProperty(inst, "_zod", _zodDesc);
			} finally {
				_zodDesc.value = void 0;
			}
		} else if (inst._zod.traits.has(name)) return;
		inst._zod.traits.add(name);
		initializer(inst, def);
		if (initialized) {
			const own = Object.getPrototypeOf(inst);
			const ctorProto = inst._zod.constr.prototype;
			let up = own;
			while (up && up !== ctorProto) up = Object.getPrototypeOf(up);
			const target = up ?? own;
			if (!initialized.has(target)) {
				initialized.add(target);
				members(target, protoMembers);
			}
		}
		const proto = _.prototype;
		for (const k in proto) {
			if (!Object.prototype.hasOwnProperty.call(proto, k)) continue;
			if (!(k in inst)) inst[k] = proto[k].bind(inst);
		}
	}
	const Parent = params?.Parent ?? Object;
	class Definition extends Parent {}
	Object.defineProperty(Definition, "name", { value: name });
	function _(def) {
		const inst = params?.Parent ? newError(Definition) : this;
		init(inst, def);
		const deferred = inst._zod.deferred;
		if (deferred) {
			for (const fn of deferred) fn();
			inst._zod.deferred = void 0;
		}
		const pp = globalThis.__zod_globalConfig?.postProcessor;
		if (pp) pp(inst);
		return inst;
	}
	Object.defineProperty(_, "init", { value: init });
	Object.defineProperty(_, Symbol.hasInstance, { value: (inst) => {
		if (params?.Parent && inst instanceof params.Parent) return true;
		return inst?._zod?.traits?.has(name);
	} });
	Object.defineProperty(_, "name", { value: name });
	return _;
}
var $ZodAsyncError = class extends Error {
	constructor() {
		super(`Encountered Promise during synchronous parse. Use .parseAsync() instead.`);
	}
};
(_a = globalThis).__zod_globalConfig ?? (_a.__zod_globalConfig = {});
const globalConfig = globalThis.__zod_globalConfig;
function config(newConfig) {
	if (newConfig) Object.assign(globalConfig, newConfig);
	return globalConfig;
}
// ../../work/main/node_modules/zod/v4/core/errors.js
function _getMessage() {
	const internals = this._zod;
	internals.message ?? (internals.message = JSON.stringify(internals.def, jsonStringifyReplacer, 2));
	return internals.message;
}
function _setMessage(value) {
	this._zod.message = value;
}
const _messageDesc = {
	get: _getMessage,
	set: _setMessage,
	enumerable: true,
	configurable: true
};
const _issuesDesc = {
	value: void 0,
	enumerable: false
};
const _installedToString = /* @__PURE__ */ new WeakSet([Object.prototype, Error.prototype]);
const initializer = (inst, def) => {
	inst.name = "$ZodError";
	_issuesDesc.value = def;
	Object.defineProperty(inst, "issues", _issuesDesc);
	_issuesDesc.value = void 0;
	Object.defineProperty(inst, "message", _messageDesc);
	const proto = Object.getPrototypeOf(inst);
	if (!_installedToString.has(proto)) {
		_installedToString.add(proto);
		Object.defineProperty(proto, "toString", {
			configurable: true,
			enumerable: false,
			get() {
				const value = () => this.message;
				Object.defineProperty(this, "toString", {
					value,
					configurable: true,
					writable: true
				});
				return value;
			},
			set(value) {
				Object.defineProperty(this, "toString", {
					value,
					configurable: true,
					writable: true
				});
			}
		});
	}
};
const $ZodRealError = /* @__PURE__ */ $constructor("$ZodError", initializer, void 0, { Parent: Error });
// ../../work/main/node_modules/zod/v4/core/parse.js
const _parse = (_Err) => {
	const fn = (schema, value, _ctx, _params) => {
		const ctx = _ctx ? {
			..._ctx,
			async: false
		} : { async: false };
		const result = schema._zod.run({
			value,
			issues: []
		}, ctx);
		if (result instanceof Promise) throw new $ZodAsyncError();
		if (result.issues.length) {
			const e = new ((_params?.Err) ?? _Err)(result.issues.map((iss) => finalizeIssue(iss, ctx, config())));
			captureStackTrace(e, _params?.callee ?? fn);
			throw e;
		}
		return result.value;
	};
	return fn;
};
const parse = /* @__PURE__*/ _parse($ZodRealError);
const _parseAsync = (_Err) => {
	const fn = async (schema, value, _ctx, params) => {
		const ctx = _ctx ? {
			..._ctx,
			async: true
		} : { async: true };
		let result = schema._zod.run({
			value,
			issues: []
		}, ctx);
		if (result instanceof Promise) result = await result;
		if (result.issues.length) {
			const e = new ((params?.Err) ?? _Err)(result.issues.map((iss) => finalizeIssue(iss, ctx, config())));
			captureStackTrace(e, params?.callee ?? fn);
			throw e;
		}
		return result.value;
	};
	return fn;
};
const parseAsync = /* @__PURE__*/ _parseAsync($ZodRealError);
const _safeParse = (_Err) => (schema, value, _ctx) => {
	const ctx = _ctx ? {
		..._ctx,
		async: false
	} : { async: false };
	const result = schema._zod.run({
		value,
		issues: []
	}, ctx);
	if (result instanceof Promise) throw new $ZodAsyncError();
	return result.issues.length ? failure(_Err, result.issues, ctx) : {
		success: true,
		data: result.value
	};
};
const safeParse = /* @__PURE__*/ _safeParse($ZodRealError);
function failure(Err, issues, ctx) {
	let error;
	return {
		success: false,
		get error() {
			if (!error) {
				error = new Err(issues.map((iss) => finalizeIssue(iss, ctx, config())));
				issues = void 0;
				ctx = void 0;
			}
			return error;
		},
		set error(e) {
			error = e;
			issues = void 0;
			ctx = void 0;
		}
	};
}
const _safeParseAsync = (_Err) => async (schema, value, _ctx) => {
	const ctx = _ctx ? {
		..._ctx,
		async: true
	} : { async: true };
	let result = schema._zod.run({
		value,
		issues: []
	}, ctx);
	if (result instanceof Promise) result = await result;
	return result.issues.length ? failure(_Err, result.issues, ctx) : {
		success: true,
		data: result.value
	};
};
const safeParseAsync = /* @__PURE__*/ _safeParseAsync($ZodRealError);
// ../../work/main/node_modules/zod/v4/core/checks.js
const $ZodCheck = /*@__PURE__*/ $constructor("$ZodCheck", (inst, def) => {
	var _a;
	inst._zod ?? (inst._zod = {});
	inst._zod.def = def;
	(_a = inst._zod).onattach ?? (_a.onattach = []);
});
/** Default `when` for length-based checks: run only on non-nullish values with a `length`. */
const _whenHasLength = (payload) => {
	const val = payload.value;
	return !nullish(val) && val.length !== void 0;
};
const $ZodCheckMinLength = /*@__PURE__*/ $constructor("$ZodCheckMinLength", (inst, def) => {
	var _a;
	$ZodCheck.init(inst, def);
	(_a = inst._zod.def).when ?? (_a.when = _whenHasLength);
	inst._zod.check = (payload) => {
		const input = payload.value;
		const units = input.length;
		if ((typeof input === "string" && units >= def.minimum && units < def.minimum * 2 ? codePointLength(input) : units) >= def.minimum) return;
		const origin = getLengthableOrigin(input);
		payload.issues.push({
			origin,
			code: "too_small",
			minimum: def.minimum,
			inclusive: true,
			input,
			inst,
			continue: !def.abort
		});
	};
});
// ../../work/main/node_modules/zod/v4/core/versions.js
const version = {
	major: 4,
	minor: 6,
	patch: 7
};
// ../../work/main/node_modules/zod/v4/core/schemas.js
const $ZodType = /*@__PURE__*/ $constructor("$ZodType", (inst, def) => {
	var _a;
	inst ?? (inst = {});
	inst._zod.def = def;
	inst._zod.bag = inst._zod.bag || {};
	inst._zod.version = version;
	const defChecks = inst._zod.def.checks;
	const checks = inst._zod.traits.has("$ZodCheck") ? [inst, ...defChecks ?? []] : defChecks?.length ? [...defChecks] : [];
	for (const ch of checks) for (const fn of ch._zod.onattach) fn(inst);
	if (checks.length === 0) {
		(_a = inst._zod).deferred ?? (_a.deferred = []);
		inst._zod.deferred?.push(() => {
			inst._zod.run = inst._zod.parse;
		});
	} else {
		const runChecks = (payload, checks, ctx) => {
			if (payload.memo) return payload;
			let isAborted = aborted(payload);
			let asyncResult;
			for (const ch of checks) {
				if (ch._zod.def.when) {
					if (explicitlyAborted(payload)) continue;
					if (!ch._zod.def.when(payload)) continue;
				} else if (isAborted) continue;
				const currLen = payload.issues.length;
				const _ = ch._zod.check(payload);
				if (_ instanceof Promise && ctx?.async === false) throw new $ZodAsyncError();
				if (asyncResult || _ instanceof Promise) asyncResult = (asyncResult ?? Promise.resolve()).then(async () => {
					await _;
					if (payload.issues.length === currLen) return;
					attachSchema(payload.issues, currLen, inst);
					if (!isAborted) isAborted = aborted(payload, currLen);
				});
				else {
					if (payload.issues.length === currLen) continue;
					attachSchema(payload.issues, currLen, inst);
					if (!isAborted) isAborted = aborted(payload, currLen);
				}
			}
			if (asyncResult) return asyncResult.then(() => {
				return payload;
			});
			return payload;
		};
		const handleCanaryResult = (canary, payload, ctx) => {
			if (aborted(canary)) {
				canary.aborted = true;
				return canary;
			}
			const checkResult = runChecks(payload, checks, ctx);
			if (checkResult instanceof Promise) {
				if (ctx.async === false) throw new $ZodAsyncError();
				return checkResult.then((checkResult) => inst._zod.parse(checkResult, ctx));
			}
			return inst._zod.parse(checkResult, ctx);
		};
		inst._zod.run = (payload, ctx) => {
			if (ctx.skipChecks) return inst._zod.parse(payload, ctx);
			if (ctx.direction === "backward") {
				const canary = inst._zod.parse({
					value: payload.value,
					issues: []
				}, {
					...ctx,
					skipChecks: true
				});
				if (canary instanceof Promise) return canary.then((canary) => {
					return handleCanaryResult(canary, payload, ctx);
				});
				return handleCanaryResult(canary, payload, ctx);
			}
			const result = inst._zod.parse(payload, ctx);
			if (result instanceof Promise) {
				if (ctx.async === false) throw new $ZodAsyncError();
				return result.then((result) => runChecks(result, checks, ctx));
			}
			return runChecks(result, checks, ctx);
		};
	}
}, {
	get "~standard"() {
		return hide(this, "~standard", standardProps(this));
	},
	set "~standard"(value) {
		own(this, "~standard", value);
	}
});
/** The Standard Schema surface for `inst`. Shared so wrappers can extend it without forcing it. */
const toStandardResult = (r, ctx) => r.issues.length ? { issues: r.issues.map((iss) => finalizeIssue(iss, ctx, config())) } : { value: r.value };
async function validateAsync(inst, value) {
	const ctx = { async: true };
	return toStandardResult(await inst._zod.run({
		value,
		issues: []
	}, ctx), ctx);
}
function standardProps(inst) {
	return {
		validate: (value) => {
			const ctx = { async: false };
			try {
				const r = inst._zod.run({
					value,
					issues: []
				}, ctx);
				if (!(r instanceof Promise)) return toStandardResult(r, ctx);
			} catch (_) {}
			return validateAsync(inst, value);
		},
		vendor: "zod",
		version: 1
	};
}
const $ZodNever = /*@__PURE__*/ $constructor("$ZodNever", (inst, def) => {
	$ZodType.init(inst, def);
	inst._zod.parse = (payload, _ctx) => {
		payload.issues.push({
			expected: "never",
			code: "invalid_type",
			input: payload.value,
			inst
		});
		return payload;
	};
});
function capSize(inst, size) {
	const caps = sizeCaps(inst._zod.def.checks);
	if (!caps.length) return;
	const cap = Math.min(...caps.map((c) => c[0]));
	const parse = inst._zod.parse;
	inst._zod.parse = (payload, ctx) => {
		const n = size(payload.value);
		if (n > cap && !ctx?.skipChecks && ctx?.direction !== "backward") {
			for (const [max, ch] of sizeCaps(inst._zod.def.checks)) if (n > max && ch._zod.def.when(payload)) {
				const start = payload.issues.length;
				ch._zod.check(payload);
				payload.issues[start].continue = false;
				attachSchema(payload.issues, start, inst);
				return payload;
			}
		}
		return parse(payload, ctx);
	};
}
const arraySize = (input) => Array.isArray(input) ? input.length : -1;
function handleArrayResult(result, final, index) {
	if (result.issues.length) final.issues.push(...prefixIssues(index, result.issues));
	final.value[index] = result.value;
}
const $ZodArray = /*@__PURE__*/ $constructor("$ZodArray", (inst, def) => {
	$ZodType.init(inst, def);
	const memo = globalConfig.memoizer;
	memo?.attach(inst);
	inst._zod.parse = (payload, ctx) => {
		const input = payload.value;
		if (!Array.isArray(input)) {
			payload.issues.push({
				expected: "array",
				code: "invalid_type",
				input,
				inst
			});
			return payload;
		}
		payload.value = memo ? memo.alloc(inst, payload, Array(input.length), ctx) : Array(input.length);
		const proms = [];
		const abortEarly = ctx?.abortEarly;
		for (let i = 0; i < input.length; i++) {
			const item = input[i];
			const result = def.element._zod.run({
				value: item,
				issues: []
			}, ctx);
			if (result instanceof Promise) proms.push(result.then((result) => handleArrayResult(result, payload, i)));
			else {
				handleArrayResult(result, payload, i);
				if (abortEarly && result.issues.length !== 0 && aborted(result)) break;
			}
		}
		if (proms.length) return Promise.all(proms).then(() => payload);
		return payload;
	};
	capSize(inst, arraySize);
});
function handlePropertyResult(result, final, key, input, optin, optout) {
	const isPresent = key in input;
	const isOptionalOut = optout === "optional";
	if (!isPresent && isOptionalOut && optin === "optional") return;
	if (result.issues.length) {
		if (optin !== void 0 && isOptionalOut && !isPresent) return;
		final.issues.push(...prefixIssues(key, result.issues));
	}
	if (!isPresent && optin === void 0) {
		if (!result.issues.length) final.issues.push({
			code: "invalid_type",
			expected: "nonoptional",
			input: void 0,
			path: [key]
		});
		return;
	}
	if (result.value === void 0) {
		if (isPresent || optin === "defaulted" && !isOptionalOut) final.value[key] = void 0;
	} else final.value[key] = result.value;
}
const NO_SYMBOL_KEYS = [];
function normalizeDef(def) {
	const keys = Object.keys(def.shape);
	const ownSymbols = Object.getOwnPropertySymbols(def.shape);
	const symbolKeys = ownSymbols.length ? ownSymbols : NO_SYMBOL_KEYS;
	const allKeys = symbolKeys.length ? [...keys, ...symbolKeys] : keys;
	for (const k of allKeys) if (!def.shape?.[k]?._zod?.traits?.has("$ZodType")) throw new Error(`Invalid element at key "${String(k)}": expected a Zod schema`);
	const okeys = optionalKeys(def.shape);
	return {
		...def,
		allKeys,
		symbolKeys,
		keySet: new Set(keys),
		numKeys: keys.length,
		optionalKeys: new Set(okeys)
	};
}
function handleCatchall(proms, input, payload, ctx, def, inst, abortEarly) {
	const unrecognized = [];
	const keySet = def.keySet;
	const _catchall = def.catchall._zod;
	const t = _catchall.def.type;
	const optin = _catchall.optin;
	const optout = _catchall.optout;
	let seen = 0;
	for (const key in input) {
		if (abortEarly && payload.issues.length !== seen) {
			if (aborted(payload, seen)) break;
			seen = payload.issues.length;
		}
		if (keySet.has(key)) continue;
		if (key === "__proto__") {
			if (t === "never") unrecognized.push(key);
			continue;
		}
		if (t === "never") {
			unrecognized.push(key);
			continue;
		}
		const r = _catchall.run({
			value: input[key],
			issues: []
		}, ctx);
		if (r instanceof Promise) proms.push(r.then((r) => handlePropertyResult(r, payload, key, input, optin, optout)));
		else handlePropertyResult(r, payload, key, input, optin, optout);
	}
	if (unrecognized.length) payload.issues.push({
		code: "unrecognized_keys",
		keys: unrecognized,
		input,
		inst,
		continue: true
	});
	if (!proms.length) return payload;
	return Promise.all(proms).then(() => {
		return payload;
	});
}
const $ZodObject = /*@__PURE__*/ $constructor("$ZodObject", (inst, def) => {
	$ZodType.init(inst, def);
	const desc = Object.getOwnPropertyDescriptor(def, "shape");
	const sh = desc?.get ? desc.get.raw : def.shape ?? {};
	if (sh) {
		const get = () => {
			const newSh = { ...sh };
			Object.defineProperty(def, "shape", { value: newSh });
			get.raw = newSh;
			return newSh;
		};
		get.raw = sh;
		Object.defineProperty(def, "shape", { get });
	}
	const _normalized = cached(() => normalizeDef(def));
	defineLazyInternal(inst, "propValues", (zod) => {
		const shape = zod.def.shape;
		const propValues = {};
		for (const key in shape) {
			const field = shape[key]._zod;
			if (field.values) {
				if (!Object.prototype.hasOwnProperty.call(propValues, key)) assignProp(propValues, key, /* @__PURE__ */ new Set());
				for (const v of field.values) propValues[key].add(v);
				if (field.optin !== void 0) propValues[key].add(void 0);
			}
		}
		return propValues;
	});
	const isObject$3 = isObject;
	const catchall = def.catchall;
	let value;
	const memo = globalConfig.memoizer;
	memo?.attach(inst);
	inst._zod.parse = (payload, ctx) => {
		value ?? (value = _normalized.value);
		const input = payload.value;
		if (!isObject$3(input)) {
			payload.issues.push({
				expected: "object",
				code: "invalid_type",
				input,
				inst
			});
			return payload;
		}
		payload.value = memo ? memo.alloc(inst, payload, {}, ctx) : {};
		const proms = [];
		const shape = value.shape;
		const abortEarly = ctx?.abortEarly;
		let seen = payload.issues.length;
		for (const key of value.allKeys) {
			if (abortEarly && payload.issues.length !== seen) {
				if (aborted(payload, seen)) break;
				seen = payload.issues.length;
			}
			if (key === "__proto__") continue;
			const el = shape[key];
			const optin = el._zod.optin;
			const optout = el._zod.optout;
			const r = el._zod.run({
				value: input[key],
				issues: []
			}, ctx);
			if (r instanceof Promise) proms.push(r.then((r) => handlePropertyResult(r, payload, key, input, optin, optout)));
			else handlePropertyResult(r, payload, key, input, optin, optout);
		}
		if (!catchall) return proms.length ? Promise.all(proms).then(() => payload) : payload;
		return handleCatchall(proms, input, payload, ctx, _normalized.value, inst, abortEarly === true);
	};
});
function handleUnionResults(results, final, inst, ctx) {
	for (const result of results) if (result.issues.length === 0) {
		final.value = result.value;
		return final;
	}
	const nonaborted = results.filter((r) => !aborted(r));
	if (nonaborted.length === 1) {
		final.value = nonaborted[0].value;
		return nonaborted[0];
	}
	final.issues.push({
		code: "invalid_union",
		input: final.value,
		inst,
		errors: results.map((result) => result.issues.map((iss) => finalizeIssue(iss, ctx, config())))
	});
	return final;
}
const $ZodUnion = /*@__PURE__*/ $constructor("$ZodUnion", (inst, def) => {
	$ZodType.init(inst, def);
	defineLazyInternal(inst, "optin", (zod) => zod.def.options.some((o) => o._zod.optin === "defaulted") ? "defaulted" : zod.def.options.some((o) => o._zod.optin !== void 0) ? "optional" : void 0);
	defineLazyInternal(inst, "optout", (zod) => zod.def.options.some((o) => o._zod.optout === "optional") ? "optional" : void 0);
	defineLazyInternal(inst, "values", (zod) => {
		if (zod.def.options.every((o) => o._zod.values)) return new Set(zod.def.options.flatMap((option) => Array.from(option._zod.values)));
	});
	defineLazyInternal(inst, "pattern", (zod) => {
		if (zod.def.options.every((o) => o._zod.pattern)) {
			const patterns = zod.def.options.map((o) => o._zod.pattern);
			return new RegExp(`^(${patterns.map((p) => cleanRegex(p.source)).join("|")})$`);
		}
	});
	const first = def.options.length === 1 ? def.options[0]._zod.run : null;
	inst._zod.parse = (payload, ctx) => {
		if (first) return first(payload, ctx);
		let async = false;
		const results = [];
		for (const option of def.options) {
			const result = option._zod.run({
				value: payload.value,
				issues: []
			}, ctx);
			if (result instanceof Promise) {
				results.push(result);
				async = true;
			} else {
				if (result.issues.length === 0) return result;
				results.push(result);
			}
		}
		if (!async) return handleUnionResults(results, payload, inst, ctx);
		return Promise.all(results).then((results) => {
			return handleUnionResults(results, payload, inst, ctx);
		});
	};
});
function discriminatorMap(def) {
	const map = /* @__PURE__ */ new Map();
	for (const option of def.options) {
		const values = option._zod.propValues?.[def.discriminator];
		if (!values || values.size === 0) throw new Error(`Invalid discriminated union option at index "${def.options.indexOf(option)}"`);
		for (const value of values) if (map.has(value)) {
			if (value !== void 0) throw new Error(`Duplicate discriminator value "${String(value)}"`);
			map.set(value, null);
		} else map.set(value, option);
	}
	return map;
}
const $ZodDiscriminatedUnion = /*@__PURE__*/ $constructor("$ZodDiscriminatedUnion", (inst, def) => {
	def.inclusive = false;
	$ZodUnion.init(inst, def);
	const _super = inst._zod.parse;
	defineLazyInternal(inst, "propValues", (zod) => {
		const propValues = {};
		let undefinedCount = 0;
		for (const option of zod.def.options) {
			const pv = option._zod.propValues;
			if (!pv || Object.keys(pv).length === 0) throw new Error(`Invalid discriminated union option at index "${zod.def.options.indexOf(option)}"`);
			if (pv[zod.def.discriminator]?.has(void 0)) undefinedCount++;
			for (const [k, v] of Object.entries(pv)) {
				if (!Object.prototype.hasOwnProperty.call(propValues, k)) assignProp(propValues, k, /* @__PURE__ */ new Set());
				for (const val of v) propValues[k].add(val);
			}
		}
		if (!zod.def.unionFallback && undefinedCount > 1) propValues[zod.def.discriminator]?.delete(void 0);
		return propValues;
	});
	def.options.forEach((option, i) => {
		const propShape = rawShape(option._zod.def);
		if (propShape && !Object.prototype.hasOwnProperty.call(propShape, def.discriminator)) throw new Error(`Invalid discriminated union option at index "${i}"`);
	});
	const disc = cached(() => discriminatorMap(def));
	inst._zod.parse = (payload, ctx) => {
		const input = payload.value;
		if (!isObject(input)) {
			payload.issues.push({
				code: "invalid_type",
				expected: "object",
				input,
				inst
			});
			return payload;
		}
		const value = input?.[def.discriminator];
		const opt = disc.value.get(value);
		if (opt && (value !== void 0 || ctx.direction !== "backward")) return opt._zod.run(payload, ctx);
		if (def.unionFallback || ctx.direction === "backward") return _super(payload, ctx);
		payload.issues.push({
			code: "invalid_union",
			errors: [],
			note: "No matching discriminator",
			discriminator: def.discriminator,
			options: Array.from(disc.value.keys()).filter((value) => disc.value.get(value) !== null),
			input,
			path: [def.discriminator],
			inst
		});
		return payload;
	};
});
const $ZodLiteral = /*@__PURE__*/ $constructor("$ZodLiteral", (inst, def) => {
	$ZodType.init(inst, def);
	const values = new Set(def.values);
	inst._zod.values = values;
	defineLazyInternal(inst, "pattern", (zod) => {
		const vals = zod.def.values;
		return new RegExp(vals.length ? `^(${vals.map((o) => typeof o === "string" ? escapeRegex(o) : o ? escapeRegex(o.toString()) : String(o)).join("|")})$` : "^[^\\s\\S]$");
	});
	inst._zod.parse = (payload, _ctx) => {
		const input = payload.value;
		if (values.has(input)) return payload;
		payload.issues.push({
			code: "invalid_value",
			values: def.values,
			input,
			inst
		});
		return payload;
	};
});
function handleOptionalResult(payload, result) {
	payload.value = result.issues.length ? void 0 : result.value;
	return payload;
}
const $ZodOptional = /*@__PURE__*/ $constructor("$ZodOptional", (inst, def) => {
	$ZodType.init(inst, def);
	defineLazyInternal(inst, "optin", (zod) => zod.def.innerType._zod.optin === "defaulted" ? "defaulted" : "optional");
	inst._zod.optout = "optional";
	defineLazyInternal(inst, "values", (zod) => {
		const values = zod.def.innerType._zod.values;
		return values ? /* @__PURE__ */ new Set([...values, void 0]) : void 0;
	});
	defineLazyInternal(inst, "pattern", (zod) => {
		const pattern = zod.def.innerType._zod.pattern;
		return pattern ? new RegExp(`^(${cleanRegex(pattern.source)})?$`) : void 0;
	});
	inst._zod.parse = (payload, ctx) => {
		if (payload.value === void 0) {
			if (def.innerType._zod.optin !== "defaulted") return payload;
			const result = def.innerType._zod.run({
				value: payload.value,
				issues: []
			}, ctx);
			if (result instanceof Promise) return result.then((result) => handleOptionalResult(payload, result));
			return handleOptionalResult(payload, result);
		}
		return def.innerType._zod.run(payload, ctx);
	};
});
const $ZodCustom = /*@__PURE__*/ $constructor("$ZodCustom", (inst, def) => {
	$ZodCheck.init(inst, def);
	$ZodType.init(inst, def);
	inst._zod.parse = (payload, _) => {
		return payload;
	};
	inst._zod.check = (payload) => {
		const input = payload.value;
		const r = def.fn(input);
		if (r instanceof Promise) return r.then((r) => handleRefineResult(r, payload, input, inst));
		handleRefineResult(r, payload, input, inst);
	};
});
function handleRefineResult(result, payload, input, inst) {
	if (!result) {
		const _iss = {
			code: "custom",
			input,
			inst,
			path: [...inst._zod.def.path ?? []],
			continue: !inst._zod.def.abort
		};
		if (inst._zod.def.params) _iss.params = inst._zod.def.params;
		payload.issues.push(issue(_iss));
	}
}
// ../../work/main/node_modules/zod/v4/core/api.js
// @__NO_SIDE_EFFECTS__
function _never(Class, params) {
	return new Class({
		type: "never",
		...normalizeParams(params)
	});
}
// @__NO_SIDE_EFFECTS__
function _minLength(minimum, params) {
	return new $ZodCheckMinLength({
		check: "min_length",
		...normalizeParams(params),
		minimum
	});
}
// @__NO_SIDE_EFFECTS__
function _custom(Class, fn, _params) {
	const norm = normalizeParams(_params);
	norm.abort ?? (norm.abort = true);
	return new Class({
		type: "custom",
		check: "custom",
		fn,
		...norm
	});
}
// @__NO_SIDE_EFFECTS__
function _refine(Class, fn, _params) {
	return new Class({
		type: "custom",
		check: "custom",
		fn,
		...normalizeParams(_params)
	});
}
// ../../work/main/node_modules/zod/v4/mini/schemas.js
const ZodMiniType = /*@__PURE__*/ $constructor("ZodMiniType", (inst, def) => {
	if (!inst._zod) throw new Error("Uninitialized schema in ZodMiniType.");
	$ZodType.init(inst, def);
	inst.def = def;
	inst.type = def.type;
}, {
	get with() {
		return this.check;
	},
	set with(value) {
		own(this, "with", value);
	},
	parse(data, params) {
		return parse(this, data, params, { callee: this.parse });
	},
	parseAsync(data, params) {
		return parseAsync(this, data, params, { callee: this.parseAsync });
	},
	safeParse(data, params) {
		return safeParse(this, data, params);
	},
	safeParseAsync(data, params) {
		return safeParseAsync(this, data, params);
	},
	check(...checks) {
		const def = this.def;
		return this.clone({
			...def,
			checks: [...def.checks ?? [], ...checks.map((ch) => typeof ch === "function" ? { _zod: {
				check: ch,
				def: { check: "custom" },
				onattach: []
			} } : ch)]
		}, { parent: true });
	},
	clone(_def, params) {
		return clone(this, _def, params);
	},
	brand() {
		return this;
	},
	register(reg, meta) {
		reg.add(this, meta);
		return this;
	},
	apply(fn, ...args) {
		return args.length === 0 ? fn(this) : fn(this, ...args);
	}
});
const ZodMiniNever = /*@__PURE__*/ $constructor("ZodMiniNever", (inst, def) => {
	$ZodNever.init(inst, def);
	ZodMiniType.init(inst, def);
});
// @__NO_SIDE_EFFECTS__
function never(params) {
	return /* @__PURE__ */ _never(ZodMiniNever, params);
}
const ZodMiniArray = /*@__PURE__*/ $constructor("ZodMiniArray", (inst, def) => {
	$ZodArray.init(inst, def);
	ZodMiniType.init(inst, def);
});
// @__NO_SIDE_EFFECTS__
function array(element, params) {
	return new ZodMiniArray({
		type: "array",
		element,
		...normalizeParams(params)
	});
}
const ZodMiniObject = /*@__PURE__*/ $constructor("ZodMiniObject", (inst, def) => {
	$ZodObject.init(inst, def);
	ZodMiniType.init(inst, def);
	installLazyProp(inst, "shape", (self) => self._zod.def.shape, false);
});
// @__NO_SIDE_EFFECTS__
function object(shape, params) {
	const def = {
		type: "object",
		shape: shape ?? {},
		...normalizeParams(params)
	};
	return new ZodMiniObject(def);
}
// @__NO_SIDE_EFFECTS__
function strictObject(shape, params) {
	return new ZodMiniObject({
		type: "object",
		shape,
		catchall: /* @__PURE__ */ never(),
		...normalizeParams(params)
	});
}
const ZodMiniUnion = /*@__PURE__*/ $constructor("ZodMiniUnion", (inst, def) => {
	$ZodUnion.init(inst, def);
	ZodMiniType.init(inst, def);
});
// @__NO_SIDE_EFFECTS__
function union(options, params) {
	return new ZodMiniUnion({
		type: "union",
		options,
		...normalizeParams(params)
	});
}
const ZodMiniDiscriminatedUnion = /*@__PURE__*/ $constructor("ZodMiniDiscriminatedUnion", (inst, def) => {
	$ZodDiscriminatedUnion.init(inst, def);
	ZodMiniType.init(inst, def);
});
// @__NO_SIDE_EFFECTS__
function discriminatedUnion(discriminator, options, params) {
	return new ZodMiniDiscriminatedUnion({
		type: "union",
		options,
		discriminator,
		...normalizeParams(params)
	});
}
const ZodMiniLiteral = /*@__PURE__*/ $constructor("ZodMiniLiteral", (inst, def) => {
	$ZodLiteral.init(inst, def);
	ZodMiniType.init(inst, def);
});
// @__NO_SIDE_EFFECTS__
function literal(value, params) {
	return new ZodMiniLiteral({
		type: "literal",
		values: Array.isArray(value) ? value : [value],
		...normalizeParams(params)
	});
}
const ZodMiniOptional = /*@__PURE__*/ $constructor("ZodMiniOptional", (inst, def) => {
	$ZodOptional.init(inst, def);
	ZodMiniType.init(inst, def);
});
// @__NO_SIDE_EFFECTS__
function optional(innerType) {
	return new ZodMiniOptional({
		type: "optional",
		innerType
	});
}
const ZodMiniCustom = /*@__PURE__*/ $constructor("ZodMiniCustom", (inst, def) => {
	$ZodCustom.init(inst, def);
	ZodMiniType.init(inst, def);
});
// @__NO_SIDE_EFFECTS__
function custom(fn, _params) {
	return /* @__PURE__ */ _custom(ZodMiniCustom, fn ?? (() => true), _params);
}
// @__NO_SIDE_EFFECTS__
function refine(fn, _params = {}) {
	return /* @__PURE__ */ _refine(ZodMiniCustom, fn, _params);
}
// lambdas/adapters/expectations.ts
/** zod schemas whose complaints say what was expected, in words a person can act on. */
/** What JSON Schema says of a value, where somebody asks (scripts/announcement-schema.ts). */
const asJsonSchema = /* @__PURE__ */ new WeakMap();
/** One value and what it has to be; `json`: the same in JSON Schema. */
const value = (expected, ok, json = {}) => {
	const schema = /* @__PURE__ */ custom(ok, { error: expected });
	asJsonSchema.set(schema, {
		description: expected,
		...json
	});
	return schema;
};
const text = (expected, pattern) => value(expected, (given) => typeof given === "string" && pattern.test(given), {
	type: "string",
	pattern: pattern.source
});
const whole = (low, high, unit) => value(`a whole number of ${unit} from ${low} to ${high}`, (given) => Number.isInteger(given) && given >= low && given <= high, {
	type: "integer",
	minimum: low,
	maximum: high
});
const yesOrNo = value("true or false", (given) => typeof given === "boolean", { type: "boolean" });
/** A map of texts that names at least one. */
const textsByName = (expected, name, text) => value(expected, (given) => typeof given === "object" && given !== null && !Array.isArray(given) && Object.keys(given).length > 0 && Object.entries(given).every(([key, one]) => name.test(key) && typeof one === "string" && text.test(one)), {
	type: "object",
	minProperties: 1,
	propertyNames: { pattern: name.source },
	additionalProperties: {
		type: "string",
		pattern: text.source
	}
});
/** Without the fields that are not there: zod tells an absent field by `undefined`. */
const given = (fields) => Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== void 0));
/** Source: EKS API reference, CreateCluster, `name`. */
const clusterName = text("the name of an EKS cluster", /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/);
/** Another's object: fields we do not know are none of our business. */
const theirs = (shape) => /* @__PURE__ */ object(shape, { error: "an object" });
/** An object of ours: a field we do not know is a mistake somebody made. */
const ours = (shape) => /* @__PURE__ */ strictObject(shape, { error: ({ code }) => code === "unrecognized_keys" ? `one of ${Object.keys(shape).join(", ")}` : "an object" });
const listOf = (item, expected) => (/* @__PURE__ */ array(item, { error: expected })).check(/* @__PURE__ */ _minLength(1, { error: expected }));
/** Everything that is wrong with `document`; `root` starts each field's path. */
function check(schema, document, root) {
	const result = safeParse(schema, document);
	if (result.success) return {
		ok: true,
		value: result.data
	};
	return {
		ok: false,
		complaints: result.error.issues.flatMap(({ path, message, ...issue }) => {
			const at = path.map(String);
			return (issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...at, key]) : [at]).map((full) => ({
				field: dotted(root, full),
				expected: message,
				got: valueAt(document, full)
			}));
		})
	};
}
const dotted = (root, path) => [...root === "" ? [] : [root], ...path].join(".");
function valueAt(document, path) {
	let found = document;
	for (const key of path) {
		if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return void 0;
		found = found[key];
	}
	return found;
}
// lambdas/adapters/announcement-shape.ts
/** What an announcement says, in Kubernetes' own words where it has any. docs/announcement.schema.json is made of this. */
/** Pods in one cluster that Kubernetes is built for. Source: Kubernetes, considerations for large clusters. */
const MOST_PODS = 15e4;
const DAY_SECONDS = 86400;
const NAME = /^\S{1,253}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const time = value("a time such as \"2026-01-31T09:00:00Z\"", (given) => typeof given === "string" && ISO.test(given) && Number.isFinite(Date.parse(given)), {
	type: "string",
	pattern: ISO.source
});
/** It becomes a tag's value and part of a key. Characters: EC2 User Guide, tag restrictions. */
const announcementId = text("1 to 128 letters, digits or any of _.:/=+@-", /^[\w.:/=+@-]{1,128}$/);
const pods = whole(0, MOST_PODS, "pods");
const replicas = ours({
	from: pods,
	to: pods
});
const workload = ours({
	kind: text("a kind such as \"Deployment\"", NAME),
	namespace: text("a namespace", NAME),
	name: text("a name", NAME)
});
const PERCENT = /^(\d{1,2}|100)%$/;
/** Kubernetes takes a maxSurge above 100% and gains nothing by it: no more new pods exist than there are replicas. Here it is
*  a slip of the hand. Source: Kubernetes API reference, RollingUpdateDeployment. */
const intOrPercent = value("a whole number of pods, or a percentage from \"0%\" to \"100%\"", (given) => Number.isInteger(given) && given >= 0 && given <= MOST_PODS || typeof given === "string" && PERCENT.test(given), { oneOf: [{
	type: "integer",
	minimum: 0,
	maximum: MOST_PODS
}, {
	type: "string",
	pattern: PERCENT.source
}] });
const nodeGroup = text("a node group", NAME);
/** Source of the characters: Kubernetes, labels and selectors. */
const labels = textsByName("an object of labels, such as {\"pool\": \"web\"}", /^[\w./-]{1,317}$/, /^[\w.-]{0,63}$/);
const selection = {
	nodeGroups: /* @__PURE__ */ optional(listOf(nodeGroup, "a list of node groups")),
	zones: /* @__PURE__ */ optional(listOf(text("an availability zone", NAME), "a list of availability zones")),
	labels: /* @__PURE__ */ optional(labels)
};
const podsPerNode = whole(0, 1e3, "pods");
const seconds$1 = whole(0, DAY_SECONDS, "seconds");
/** Kubernetes refuses it too, and so does nothing. Source: Kubernetes API reference, RollingUpdateDeployment. */
const movesNothing = (one) => one === 0 || one === "0%";
const STRATEGY = /* @__PURE__ */ discriminatedUnion("type", [
	ours({
		type: /* @__PURE__ */ literal("RollingUpdate"),
		maxSurge: /* @__PURE__ */ optional(intOrPercent),
		maxUnavailable: /* @__PURE__ */ optional(intOrPercent)
	}).check(/* @__PURE__ */ refine(({ maxSurge, maxUnavailable }) => !(movesNothing(maxSurge) && movesNothing(maxUnavailable)), {
		path: ["maxUnavailable"],
		error: "more than 0 where maxSurge is 0"
	})),
	ours({ type: /* @__PURE__ */ literal("Recreate") }),
	ours({ type: /* @__PURE__ */ literal("BlueGreen") }),
	ours({
		type: /* @__PURE__ */ literal("StatefulSet"),
		podManagementPolicy: /* @__PURE__ */ optional(value("\"OrderedReady\" or \"Parallel\"", (given) => given === "OrderedReady" || given === "Parallel", { enum: ["OrderedReady", "Parallel"] })),
		maxUnavailable: /* @__PURE__ */ optional(intOrPercent)
	}),
	ours({
		type: /* @__PURE__ */ literal("Job"),
		completions: whole(1, MOST_PODS, "pods"),
		podSeconds: /* @__PURE__ */ optional(whole(1, DAY_SECONDS, "seconds")),
		everySeconds: /* @__PURE__ */ optional(whole(1, 31 * DAY_SECONDS, "seconds"))
	})
], { error: "an object whose type is one of RollingUpdate, Recreate, BlueGreen, StatefulSet, Job" });
/** A percentage of none is no wave. */
const waveSize = value("\"auto\", a whole number of pods, or a percentage from \"1%\" to \"100%\"", (given) => given === "auto" || Number.isInteger(given) && given >= 1 && given <= MOST_PODS || typeof given === "string" && PERCENT.test(given) && !movesNothing(given), { oneOf: [
	{ const: "auto" },
	{
		type: "integer",
		minimum: 1,
		maximum: MOST_PODS
	},
	{
		type: "string",
		pattern: "^([1-9]|[1-9]\\d|100)%$"
	}
] });
const choice = (...choices) => value(`one of ${choices.map((one) => `"${one}"`).join(", ")}`, (given) => choices.includes(given), { enum: choices });
/** How a rollout goes out that is batched. The longest an execution may take: a week, well below the year Step Functions gives. */
const WAVES = ours({
	size: /* @__PURE__ */ optional(waveSize),
	gate: /* @__PURE__ */ optional(choice("none", "event", "callback", "approve")),
	advance: /* @__PURE__ */ optional(choice("announce", "scale")),
	deadline: /* @__PURE__ */ optional(time),
	deadlineSeconds: /* @__PURE__ */ optional(whole(60, 7 * DAY_SECONDS, "seconds")),
	longestPauseSeconds: /* @__PURE__ */ optional(whole(60, DAY_SECONDS, "seconds")),
	smallest: /* @__PURE__ */ optional(whole(1, MOST_PODS, "pods"))
}).check(/* @__PURE__ */ refine(({ deadline, deadlineSeconds }) => deadline === void 0 || deadlineSeconds === void 0, {
	path: ["deadlineSeconds"],
	error: "nothing beside deadline"
}));
/** What a pipeline says before it changes a workload. */
const ANNOUNCEMENT = ours({
	cluster: clusterName,
	workload,
	replicas,
	strategy: /* @__PURE__ */ optional(STRATEGY),
	terminationGracePeriodSeconds: /* @__PURE__ */ optional(seconds$1),
	startsAt: /* @__PURE__ */ optional(time),
	startsInSeconds: /* @__PURE__ */ optional(seconds$1),
	overSeconds: /* @__PURE__ */ optional(seconds$1),
	nodeSelection: /* @__PURE__ */ optional(ours(selection)),
	podsPerNode: /* @__PURE__ */ optional(podsPerNode),
	podReadySeconds: /* @__PURE__ */ optional(seconds$1),
	podExitSeconds: /* @__PURE__ */ optional(seconds$1),
	newVersion: /* @__PURE__ */ optional(yesOrNo),
	hostNetwork: /* @__PURE__ */ optional(yesOrNo),
	waves: /* @__PURE__ */ optional(WAVES),
	announcementId: /* @__PURE__ */ optional(announcementId)
}).check(/* @__PURE__ */ refine(({ startsAt, startsInSeconds }) => startsAt === void 0 || startsInSeconds === void 0, {
	path: ["startsInSeconds"],
	error: "nothing beside startsAt"
}));
// lambdas/adapters/announcements.ts
/** Announcements in, signals out: what is left unsaid is what Kubernetes would do. */
/** Kubernetes' defaults. Source: Kubernetes API reference, Deployment and StatefulSet strategy, Pod. */
const DEFAULT_SURGE = "25%";
const DEFAULT_SET_UNAVAILABLE = 1;
const DEFAULT_GRACE_SECONDS = 30;
/** `id` and `atMs` are the event's; `field` is where the announcement stands in it. */
function readAnnouncement(detail, { id, atMs, field }) {
	const checked = check(ANNOUNCEMENT, detail, field);
	if (!checked.ok) return malformed(checked.complaints);
	const { cluster, workload, replicas, strategy, nodeSelection, podsPerNode, hostNetwork, newVersion, waves, ...said } = checked.value;
	if (waves === void 0 && newVersion !== true && needsNone(replicas, strategy)) return {
		kind: "ignored",
		as: "no address needed",
		why: sayAll([{
			field: `${field}.replicas`,
			expected: "as many pods as before, or more: fewer need no address, unless newVersion is true",
			got: replicas
		}])
	};
	const unsaid = [...strategy === void 0 ? ["strategy"] : [], ...said.terminationGracePeriodSeconds === void 0 ? ["terminationGrace"] : []];
	return {
		kind: "rollout-announced",
		announcementId: said.announcementId ?? id,
		cluster,
		workload,
		replicas,
		strategy: strategyOf(strategy),
		startsAtMs: said.startsAt === void 0 ? atMs + 1e3 * (said.startsInSeconds ?? 0) : Date.parse(said.startsAt),
		overMs: (said.overSeconds ?? 0) * 1e3,
		terminationGraceMs: (said.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1e3,
		selector: given(nodeSelection ?? {}),
		...given({
			podsPerNode,
			hostNetwork,
			newVersion,
			waves: waves && wavesOf(waves, atMs),
			podReadyMs: inMs(said.podReadySeconds),
			podExitMs: inMs(said.podExitSeconds)
		}),
		...unsaid.length > 0 && { unsaid },
		attempt: 0
	};
}
/** Where nothing is said: as large as it can be, nobody asked, four hours in all and a quarter of one for each wave. */
const DEADLINE_SECONDS = 14400;
const LONGEST_PAUSE_SECONDS = 900;
function wavesOf(said, atMs) {
	const { size = "auto", gate = "none", advance = "announce", deadline, smallest = 1 } = said;
	return {
		size,
		gate,
		advance,
		smallestPods: smallest,
		deadlineMs: deadline === void 0 ? atMs + 1e3 * (said.deadlineSeconds ?? DEADLINE_SECONDS) : Date.parse(deadline),
		longestPauseMs: 1e3 * (said.longestPauseSeconds ?? LONGEST_PAUSE_SECONDS)
	};
}
const inMs = (seconds) => seconds === void 0 ? void 0 : seconds * 1e3;
const malformed = (complaints) => ({
	kind: "ignored",
	as: "malformed",
	why: sayAll(complaints)
});
/** A scale-down gives addresses back. Of a blue/green switch all new pods come beside the old ones, however few; a job's
*  pods come whatever ran before. */
const needsNone = ({ from, to }, strategy) => to < from && strategy?.type !== "BlueGreen" && strategy?.type !== "Job";
function strategyOf(said = { type: "RollingUpdate" }) {
	switch (said.type) {
		case "RollingUpdate": {
			const { maxSurge = DEFAULT_SURGE, maxUnavailable = DEFAULT_SURGE } = said;
			return {
				type: "rolling-update",
				maxSurge,
				maxUnavailable
			};
		}
		case "Recreate": return { type: "recreate" };
		case "BlueGreen": return { type: "blue-green" };
		case "StatefulSet": {
			const { podManagementPolicy, maxUnavailable = DEFAULT_SET_UNAVAILABLE } = said;
			return {
				type: "stateful-set",
				podManagement: podManagementPolicy === "Parallel" ? "parallel" : "ordered",
				maxUnavailable
			};
		}
		case "Job": {
			const { completions, podSeconds, everySeconds } = said;
			return {
				type: "job",
				completions,
				...podSeconds !== void 0 && { podRunMs: 1e3 * podSeconds },
				...everySeconds !== void 0 && { everyMs: 1e3 * everySeconds }
			};
		}
	}
}
// lambdas/adapters/event-shapes.ts
/** The shapes of events we understand: EventBridge's envelope and what AWS's services put in it, as far as we need it. */
const nodeId = value("an instance id", (given) => typeof given === "string" && /^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(given));
const any = text("a text", /^/);
const name = text("a name of 1 to 300 characters", /^[^\n]{1,300}$/);
const oneOf$1 = (...values) => value(`one of ${values.join(", ")}`, (given) => values.includes(given));
value("an object", (given) => typeof given === "object" && given !== null);
/** Source: EC2 User Guide, state change events. */
const STATE_CHANGE = theirs({
	"instance-id": nodeId,
	state: oneOf$1("pending", "running", "stopping", "stopped", "shutting-down", "terminated")
});
/** Source: EC2 User Guide, Spot Instance interruption notices and rebalance recommendations. */
const INTERRUPTION = theirs({
	"instance-id": nodeId,
	"instance-action": oneOf$1("terminate", "stop", "hibernate")
});
const REBALANCE = theirs({ "instance-id": nodeId });
/** Source: EC2 Auto Scaling User Guide, EventBridge event reference. Origin and destination come with a warm pool only. */
const LAUNCH_ACTION = theirs({
	EC2InstanceId: nodeId,
	LifecycleTransition: oneOf$1("autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"),
	AutoScalingGroupName: name,
	LifecycleHookName: name,
	LifecycleActionToken: name
});
const LAUNCHED = theirs({ EC2InstanceId: nodeId });
const LAUNCH_FAILED = theirs({
	AutoScalingGroupName: name,
	StatusMessage: /* @__PURE__ */ optional(any)
});
const REFRESH = theirs({
	AutoScalingGroupName: name,
	InstanceRefreshId: name
});
/** Source: CloudTrail User Guide, record contents. */
const API_CALL = theirs({
	eventName: name,
	errorCode: /* @__PURE__ */ optional(any),
	requestID: name,
	requestParameters: value("an object", (given) => typeof given === "object" && given !== null)
});
const nodes = whole(0, 1e5, "nodes");
/** Source: EC2 Auto Scaling API reference, SetDesiredCapacity and UpdateAutoScalingGroup. */
const GROUP_CALL = theirs({
	autoScalingGroupName: name,
	desiredCapacity: /* @__PURE__ */ optional(nodes)
});
/** Source: EKS API reference, UpdateNodegroupConfig and UpdateNodegroupVersion. The cluster is a part of the path, whose name
*  in CloudTrail is not documented: both spellings are taken. */
const NODEGROUP_CALL = /* @__PURE__ */ union([theirs({
	name: clusterName,
	nodegroupName: name,
	...scaling()
}), theirs({
	clusterName,
	nodegroupName: name,
	...scaling()
})], { error: "an object with clusterName (or name) and nodegroupName" });
function scaling() {
	return { scalingConfig: /* @__PURE__ */ optional(theirs({ desiredSize: /* @__PURE__ */ optional(nodes) })) };
}
/** Source: EC2 API reference, CreateFleet. CloudTrail writes EC2's lists as objects or lists, as they come. */
const FLEET_CALL = theirs({ CreateFleetRequest: theirs({
	TargetCapacitySpecification: theirs({ TotalTargetCapacity: nodes }),
	TagSpecification: /* @__PURE__ */ optional(value("tags", () => true))
}) });
/** Source: CodePipeline, CodeDeploy, CodeBuild and ECR User Guides, events. */
const PIPELINE = theirs({
	pipeline: name,
	"execution-id": name,
	state: name
});
const DEPLOYMENT = theirs({
	application: name,
	deploymentGroup: name,
	deploymentId: name,
	state: name
});
const BUILD = theirs({
	"project-name": name,
	"build-id": name,
	"build-status": name
});
const IMAGE = theirs({
	"action-type": name,
	result: name,
	"repository-name": name,
	"image-digest": name,
	"image-tag": /* @__PURE__ */ optional(any)
});
/** Source: CloudWatch User Guide, alarm events. */
const ALARM = theirs({
	alarmName: name,
	state: theirs({
		value: name,
		timestamp: name
	})
});
/** Source: Step Functions Developer Guide, events of execution status changes. The input is JSON as text; `null` where it was
*  too large to be told. */
const EXECUTION = theirs({
	status: oneOf$1("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"),
	input: any
});
/** Ours: a person lets a wave go. */
const APPROVED_DETAIL = ours({
	cluster: clusterName,
	announcementId,
	wave: /* @__PURE__ */ optional(whole(1, 1e3, "waves"))
});
/** Ours: a schedule of the policy fires. */
const DUE_DETAIL = ours({ schedule: name });
// lambdas/adapters/aws-events.ts
/** Events of AWS's services, as signals. */
/** Reads the detail as `shape` has it, or says all that is wrong with it. */
const reading = (shape, read) => (event) => {
	const checked = check(shape, event.detail, "detail");
	return checked.ok ? read(checked.value, event) : malformed(checked.complaints);
};
const noNeed = (complaint) => ({
	kind: "ignored",
	as: "no address needed",
	why: sayAll([complaint])
});
const launching$1 = (nodeId, phase, atMs) => ({
	kind: "node-launching",
	nodeId,
	phase,
	atMs,
	attempt: 0
});
const stateChanged = reading(STATE_CHANGE, ({ "instance-id": nodeId, state }, { atMs }) => {
	if (state === "pending" || state === "running") return launching$1(nodeId, state, atMs);
	return noNeed({
		field: "detail.state",
		expected: "pending or running, when addresses are needed",
		got: state
	});
});
const displaced$1 = (nodeId, cause, atMs) => ({
	kind: "pods-displaced",
	nodeId,
	cause,
	atMs,
	attempt: 0
});
const interrupted = reading(INTERRUPTION, ({ "instance-id": nodeId }, { atMs }) => displaced$1(nodeId, "spot interruption", atMs));
const rebalance = reading(REBALANCE, ({ "instance-id": nodeId }, { atMs }) => displaced$1(nodeId, "rebalance recommendation", atMs));
/** When the instance began to run no event of Auto Scaling's tells: it counts as one that may still be pending. */
const launchAction = reading(LAUNCH_ACTION, (action, { atMs }) => {
	const { EC2InstanceId: nodeId, LifecycleTransition: transition } = action;
	if (transition !== "autoscaling:EC2_INSTANCE_LAUNCHING") return noNeed({
		field: "detail.LifecycleTransition",
		expected: "a launch",
		got: transition
	});
	const { AutoScalingGroupName: groupName, LifecycleHookName: hookName, LifecycleActionToken: token } = action;
	return {
		...launching$1(nodeId, "pending", atMs),
		hook: {
			groupName,
			hookName,
			token
		}
	};
});
const launched = reading(LAUNCHED, ({ EC2InstanceId: nodeId }, { atMs }) => launching$1(nodeId, "pending", atMs));
const launchFailed = reading(LAUNCH_FAILED, ({ StatusMessage: got }) => noNeed({
	field: "detail.StatusMessage",
	expected: "an instance that launched",
	got
}));
const refreshStarted = reading(REFRESH, ({ AutoScalingGroupName: name, InstanceRefreshId: requestId }, { atMs }) => scaleOut$1({
	by: "Auto Scaling group",
	name
}, { are: "replaced" }, requestId, atMs));
const scaleOut$1 = (group, nodes, requestId, atMs) => ({
	kind: "scale-out-coming",
	group,
	nodes,
	requestId,
	atMs,
	attempt: 0
});
const PARAMETERS = "detail.requestParameters";
const called = reading(API_CALL, (call, { atMs }) => {
	const { eventName, errorCode, requestID, requestParameters } = call;
	if (errorCode !== void 0) return noNeed({
		field: "detail.errorCode",
		expected: "a call that succeeded",
		got: errorCode
	});
	const as = (shape, read) => {
		const checked = check(shape, requestParameters, PARAMETERS);
		return checked.ok ? read(checked.value) : malformed(checked.complaints);
	};
	const desired = (group, field, count) => count === void 0 ? noNeed({
		field: `${PARAMETERS}.${field}`,
		expected: "a number of nodes, when it changes",
		got: count
	}) : scaleOut$1(group, {
		are: "desired",
		count
	}, requestID, atMs);
	switch (eventName) {
		case "SetDesiredCapacity":
		case "UpdateAutoScalingGroup": return as(GROUP_CALL, ({ autoScalingGroupName: name, desiredCapacity }) => desired({
			by: "Auto Scaling group",
			name
		}, "desiredCapacity", desiredCapacity));
		case "UpdateNodegroupConfig": return as(NODEGROUP_CALL, (asked) => desired(nodeGroupOf(asked), "scalingConfig.desiredSize", asked.scalingConfig?.desiredSize));
		case "UpdateNodegroupVersion": return as(NODEGROUP_CALL, (asked) => scaleOut$1(nodeGroupOf(asked), { are: "replaced" }, requestID, atMs));
		case "CreateFleet": return as(FLEET_CALL, ({ CreateFleetRequest: { TargetCapacitySpecification, TagSpecification } }) => {
			const name = nodePoolIn(TagSpecification);
			const count = TargetCapacitySpecification.TotalTargetCapacity;
			return name === void 0 ? noNeed({
				field: `${PARAMETERS}.CreateFleetRequest.TagSpecification`,
				expected: "the tag karpenter.sh/nodepool",
				got: TagSpecification
			}) : scaleOut$1({
				by: "node pool",
				name
			}, {
				are: "more",
				count
			}, requestID, atMs);
		});
		default: return noNeed({
			field: "detail.eventName",
			expected: `one of ${CALLS.join(", ")}`,
			got: eventName
		});
	}
});
/** API calls that bring nodes, as CloudTrail tells them: infra/signal-rules.ts asks for these. */
const CALLS = [
	"SetDesiredCapacity",
	"UpdateAutoScalingGroup",
	"UpdateNodegroupConfig",
	"UpdateNodegroupVersion",
	"CreateFleet"
];
const nodeGroupOf = (asked) => ({
	by: "node group",
	cluster: "clusterName" in asked ? asked.clusterName : asked.name,
	name: asked.nodegroupName
});
/** Karpenter tags what its fleets launch (Karpenter, cloud provider AWS, tags). */
function nodePoolIn(given) {
	if (Array.isArray(given)) return given.map(nodePoolIn).find((name) => name !== void 0);
	if (typeof given !== "object" || given === null) return void 0;
	const { Key, Value, Tag } = given;
	if (Key === "karpenter.sh/nodepool" && typeof Value === "string" && /^[^\n]{1,253}$/.test(Value)) return Value;
	return Tag === void 0 ? void 0 : nodePoolIn(Tag);
}
const piped = reading(PIPELINE, ({ pipeline: name, state, "execution-id": key }) => ({
	by: "codepipeline",
	name,
	state,
	key
}));
const deployed = reading(DEPLOYMENT, ({ application, deploymentGroup, state, deploymentId: key }) => ({
	by: "codedeploy",
	name: `${application}/${deploymentGroup}`,
	state,
	key
}));
const built = reading(BUILD, ({ "project-name": name, "build-status": state, "build-id": id }) => ({
	by: "codebuild",
	name,
	state,
	key: id.split(":").at(-1) ?? id
}));
const pushed = reading(IMAGE, (image) => {
	const { "action-type": action, result, "repository-name": name, "image-digest": key, "image-tag": tag } = image;
	return action === "PUSH" && result === "SUCCESS" ? {
		by: "ecr",
		name,
		state: tag,
		key
	} : noNeed({
		field: "detail.action-type",
		expected: "a PUSH with SUCCESS",
		got: `${action} with ${result}`
	});
});
const alarmed = reading(ALARM, ({ alarmName: name, state: { value: state, timestamp: key } }) => ({
	by: "alarm",
	name,
	state,
	key
}));
/** An execution of ours: the rule asks for no other machine's. Its input names its rollout. */
const executed = reading(EXECUTION, ({ status, input }) => {
	const rolloutId = rolloutIn(input);
	if (rolloutId === void 0) return malformed([{
		field: "detail.input",
		expected: "a rollout as JSON, {\"rolloutId\": ...}",
		got: input
	}]);
	if (status === "RUNNING" || status === "SUCCEEDED") return noNeed({
		field: "detail.status",
		expected: "FAILED, TIMED_OUT or ABORTED",
		got: status
	});
	return {
		kind: "rollout-ended",
		rolloutId,
		status
	};
});
function rolloutIn(input) {
	try {
		const { rolloutId } = JSON.parse(input);
		return typeof rolloutId === "string" ? rolloutId : void 0;
	} catch {
		return;
	}
}
const API_CALLED = { "AWS API Call via CloudTrail": called };
/** By source and detail type. */
const AWS_EVENTS = {
	"aws.ec2": {
		"EC2 Instance State-change Notification": stateChanged,
		"EC2 Spot Instance Interruption Warning": interrupted,
		"EC2 Instance Rebalance Recommendation": rebalance,
		...API_CALLED
	},
	"aws.autoscaling": {
		"EC2 Instance-launch Lifecycle Action": launchAction,
		"EC2 Instance Launch Successful": launched,
		"EC2 Instance Launch Unsuccessful": launchFailed,
		"EC2 Auto Scaling Instance Refresh Started": refreshStarted,
		...API_CALLED
	},
	"aws.eks": API_CALLED,
	"aws.states": { "Step Functions Execution Status Change": executed },
	"aws.codepipeline": { "CodePipeline Pipeline Execution State Change": piped },
	"aws.codedeploy": { "CodeDeploy Deployment State-change Notification": deployed },
	"aws.codebuild": { "CodeBuild Build State Change": built },
	"aws.ecr": { "ECR Image Action": pushed },
	"aws.cloudwatch": { "CloudWatch Alarm State Change": alarmed }
};
// lambdas/adapters/routed.ts
function readDue(name, schedules, { atMs, id }) {
	const schedule = Object.hasOwn(schedules, name) ? schedules[name] : void 0;
	if (schedule === void 0) return {
		kind: "ignored",
		as: "no route",
		why: say({
			field: "detail.schedule",
			expected: "a schedule of the policy",
			got: name
		})
	};
	return announce(inLead(schedule), {
		id: idOf(`${name}/${id}`),
		atMs,
		field: `policy.schedules.${name}.announce`
	});
}
const inLead = ({ announce: said, leadSeconds: startsInSeconds }) => ({
	...said,
	startsInSeconds
});
const idOf = (text) => text.replace(/[^\w.:/=+@-]/g, "_").slice(0, 128);
function announce(said, place) {
	const fixed = ONCE.filter((field) => Object.hasOwn(said, field));
	if (fixed.length === 0) return readAnnouncement(said, place);
	return {
		kind: "ignored",
		as: "malformed",
		why: fixed.map((field) => say({
			field: `${place.field}.${field}`,
			expected: "nothing: the event says it",
			got: said[field]
		})).join("; ")
	};
}
/** What is true of one rollout, and wrong of the next. */
const ONCE = ["announcementId", "startsAt"];
/** What is wrong with the announcements of a policy, before any event comes. */
function complaintsOf({ routes, schedules }) {
	const now = {
		id: "x",
		atMs: 0
	};
	return [...routes.map(({ announce: said }, index) => ({
		said,
		field: `policy.routes.${index}.announce`
	})), ...Object.entries(schedules).map(([name, schedule]) => ({
		said: inLead(schedule),
		field: `policy.schedules.${name}.announce`
	}))].flatMap(({ said, field }) => {
		const signal = announce(said, {
			...now,
			field
		});
		return signal.kind === "ignored" ? [{
			field,
			expected: `an announcement (${signal.why})`,
			got: said
		}] : [];
	});
}
// lambdas/adapters/signal-shapes.ts
/** Signals that we put on a queue ourselves, as core has them. */
const DAY_MS = 864e5;
/** Latest date JavaScript can hold. Source: ECMAScript, time values. */
const MOST_MS = 864e13;
/** Tries are counted up to a few dozen; what is beyond is no message of ours. */
const attempt = whole(0, 1e3, "tries");
const atMs = whole(0, MOST_MS, "milliseconds");
const duration = whole(0, 31 * DAY_MS, "milliseconds");
const oneOf = (...values) => value(`one of ${values.map((one) => `"${one}"`).join(", ")}`, (given) => values.includes(given));
const words = text("a text of 1 to 300 characters", /^[^\n]{1,300}$/);
const onlyTrue = /* @__PURE__ */ optional(value("true, or nothing", (given) => given === true));
const launching = ours({
	kind: /* @__PURE__ */ literal("node-launching"),
	nodeId,
	phase: oneOf("pending", "running"),
	atMs,
	gated: onlyTrue,
	hook: /* @__PURE__ */ optional(ours({
		groupName: words,
		hookName: words,
		token: words
	})),
	attempt
});
const strategy = /* @__PURE__ */ discriminatedUnion("type", [
	ours({
		type: /* @__PURE__ */ literal("rolling-update"),
		maxSurge: intOrPercent,
		maxUnavailable: intOrPercent
	}),
	ours({ type: /* @__PURE__ */ literal("recreate") }),
	ours({ type: /* @__PURE__ */ literal("blue-green") }),
	ours({
		type: /* @__PURE__ */ literal("stateful-set"),
		podManagement: oneOf("ordered", "parallel"),
		maxUnavailable: intOrPercent
	}),
	ours({
		type: /* @__PURE__ */ literal("job"),
		completions: pods,
		podRunMs: /* @__PURE__ */ optional(duration),
		everyMs: /* @__PURE__ */ optional(duration)
	})
], { error: "an object whose type is \"rolling-update\", \"recreate\", \"blue-green\", \"stateful-set\" or \"job\"" });
const SIGNAL = /* @__PURE__ */ discriminatedUnion("kind", [
	launching,
	ours({
		kind: /* @__PURE__ */ literal("rollout-announced"),
		announcementId,
		cluster: clusterName,
		workload,
		replicas,
		strategy,
		startsAtMs: atMs,
		overMs: duration,
		terminationGraceMs: duration,
		selector: ours({
			...selection,
			exceptNodes: /* @__PURE__ */ optional(listOf(nodeId, "a list of instance ids"))
		}),
		podsPerNode: /* @__PURE__ */ optional(podsPerNode),
		podExitMs: /* @__PURE__ */ optional(duration),
		podReadyMs: /* @__PURE__ */ optional(duration),
		newVersion: /* @__PURE__ */ optional(yesOrNo),
		hostNetwork: /* @__PURE__ */ optional(yesOrNo),
		unsaid: /* @__PURE__ */ optional(listOf(oneOf("strategy", "terminationGrace"), "a list of what was not said")),
		cause: /* @__PURE__ */ optional(words),
		attempt
	}),
	ours({
		kind: /* @__PURE__ */ literal("pods-displaced"),
		nodeId,
		cause: oneOf("spot interruption", "rebalance recommendation"),
		atMs,
		attempt
	}),
	ours({
		kind: /* @__PURE__ */ literal("scale-out-coming"),
		group: /* @__PURE__ */ discriminatedUnion("by", [
			ours({
				by: /* @__PURE__ */ literal("node group"),
				cluster: clusterName,
				name: words
			}),
			ours({
				by: /* @__PURE__ */ literal("Auto Scaling group"),
				name: words
			}),
			ours({
				by: /* @__PURE__ */ literal("node pool"),
				name: words
			})
		], { error: "an object whose by is \"node group\", \"Auto Scaling group\" or \"node pool\"" }),
		nodes: /* @__PURE__ */ discriminatedUnion("are", [
			ours({
				are: /* @__PURE__ */ literal("desired"),
				count: pods
			}),
			ours({
				are: /* @__PURE__ */ literal("more"),
				count: pods
			}),
			ours({ are: /* @__PURE__ */ literal("replaced") })
		], { error: "an object whose are is \"desired\", \"more\" or \"replaced\"" }),
		requestId: words,
		atMs,
		attempt
	}),
	ours({
		kind: /* @__PURE__ */ literal("verify-due"),
		cluster: clusterName,
		nodeIds: listOf(nodeId, "a list of instance ids"),
		ipamdStarted: /* @__PURE__ */ optional(yesOrNo),
		attempt
	}),
	ours({
		kind: /* @__PURE__ */ literal("boot-look"),
		cluster: clusterName,
		launches: listOf(ours({
			nodeId,
			nodeGroup,
			runningAtMs: atMs,
			notStartedAtMs: atMs
		}), "a list of launches"),
		looksLeft: whole(1, 100, "looks"),
		attempt
	}),
	ours({
		kind: /* @__PURE__ */ literal("gate-look"),
		cluster: clusterName,
		gates: listOf(ours({
			nodeId,
			name: /* @__PURE__ */ optional(words),
			runningAtMs: atMs,
			notStartedAtMs: /* @__PURE__ */ optional(atMs),
			seenByMs: /* @__PURE__ */ optional(atMs),
			again: onlyTrue
		}), "a list of launch gates"),
		attempt
	})
], { error: "an object whose kind is \"node-launching\", \"rollout-announced\", \"pods-displaced\", \"scale-out-coming\", \"verify-due\", \"boot-look\" or \"gate-look\"" });
// lambdas/adapters/eventbridge-signals.ts
/** Our own events. */
const OUR_EVENTS = {
	[ANNOUNCED]: ({ id, atMs, detail }) => readAnnouncement(detail, {
		id,
		atMs,
		field: "detail"
	}),
	[APPROVED]: approved,
	[DUE]: due,
	[CONTINUATION]: continued
};
Object.entries({
	...AWS_EVENTS,
	[OUR_SOURCE]: OUR_EVENTS
}).flatMap(([source, types]) => Object.keys(types).map((type) => `${source} / ${type}`));
function approved({ detail }) {
	const checked = check(APPROVED_DETAIL, detail, "detail");
	if (!checked.ok) return malformed(checked.complaints);
	const { wave, ...of } = checked.value;
	return {
		kind: "wave-approved",
		rolloutId: rolloutIdOf(of),
		...given({ wave })
	};
}
function due({ id, atMs, detail }, { policy }) {
	const checked = check(DUE_DETAIL, detail, "detail");
	if (!checked.ok) return malformed(checked.complaints);
	return readDue(checked.value.schedule, policy.schedules, {
		id,
		atMs
	});
}
function continued({ detail }) {
	const checked = check(SIGNAL, detail, "detail");
	if (!checked.ok) return malformed(checked.complaints);
	const signal = checked.value;
	switch (signal.kind) {
		case "gate-look": return {
			...signal,
			gates: signal.gates.map(given)
		};
		case "verify-due":
		case "node-launching": return given(signal);
		case "rollout-announced": {
			const { strategy, selector } = signal;
			return {
				...given(signal),
				selector: given(selector),
				strategy: given(strategy)
			};
		}
		case "pods-displaced":
		case "scale-out-coming":
		case "boot-look": return signal;
	}
}
// infra/signal-queue.ts
/** A queue and its dead letters: what is still not done after five tries waits there, fourteen days, for a person. */
var SignalQueue = class extends Construct {
	queue;
	deadLetters;
	#props;
	constructor(scope, id, props) {
		super(scope, id);
		this.#props = props;
		this.deadLetters = deadLetterQueue(this, "DeadLetters");
		this.queue = new Queue(this, "Queue", {
			encryption: QueueEncryption.SQS_MANAGED,
			enforceSSL: true,
			visibilityTimeout: Duration.seconds(6 * props.functionTimeout.toSeconds() + props.window.toSeconds()),
			retentionPeriod: Duration.days(1),
			deadLetterQueue: {
				queue: this.deadLetters,
				maxReceiveCount: 5
			}
		});
	}
	readBy(reader) {
		reader.addEventSource(new SqsEventSource(this.queue, {
			batchSize: this.#props.batchSize,
			maxBatchingWindow: this.#props.window,
			maxConcurrency: this.#props.readers,
			reportBatchItemFailures: true
		}));
	}
};
function deadLetterQueue(scope, id) {
	return new Queue(scope, id, {
		encryption: QueueEncryption.SQS_MANAGED,
		enforceSSL: true,
		retentionPeriod: Duration.days(14)
	});
}
// infra/queues.ts
/** Time limit of the functions that handle signals: reads, a decision, a few paced calls. They never sleep. */
const SIGNAL_TIMEOUT = Duration.seconds(30);
/** Where signals gather. How many are read at a time is what keeps a burst of them from emptying EC2's request buckets. */
function queues(scope) {
	return {
		launches: new SignalQueue(scope, "Launches", {
			functionTimeout: SIGNAL_TIMEOUT,
			window: Duration.seconds(1),
			batchSize: 100,
			readers: 5
		}),
		signals: new SignalQueue(scope, "Signals", {
			functionTimeout: SIGNAL_TIMEOUT,
			window: Duration.seconds(1),
			batchSize: 2,
			readers: 2
		}),
		verifications: new SignalQueue(scope, "Verifications", {
			functionTimeout: SIGNAL_TIMEOUT,
			window: Duration.seconds(1),
			batchSize: 10,
			readers: 2
		})
	};
}
// lambdas/core/rollouts/errors.ts
const ROLLOUT_STOPPED = "RolloutStopped";
const ROLLOUT_UNKNOWN = "RolloutUnknown";
const NOT_HELD = "NotHeld";
// infra/rollout-machine.ts
/**
* Takes a batched rollout from wave to wave. It reads like the picture:
*
*     Plan rollout → Warm wave ⟲ → Verify wave ⟲ → (Hold wave) → Advance wave ⟲ → Settle → Plan rollout … → Report rollout
*
* Each function answers where to `go`, which is all that the machine chooses on; what is decided, and why, is in
* lambdas/core/rollouts. Whatever fails for good goes to the report, which fails in its turn with the cause as a sentence, so
* that the execution can be redriven: the report then sends it back to the plan.
*/
/** A function that is killed, throttled or cut off, whatever it was doing: the next try reads the world and goes on. */
const RETRIED = {
	interval: Duration.seconds(2),
	backoffRate: 2,
	maxDelay: Duration.seconds(30)
};
/** What keeps Lambda from answering, as Step Functions calls it. Source: Developer Guide, handling errors, Lambda. */
const LAMBDA_TROUBLE = [
	"Lambda.ServiceException",
	"Lambda.AWSLambdaException",
	"Lambda.SdkClientException",
	"Lambda.TooManyRequestsException",
	"Lambda.Unknown",
	"Sandbox.Timedout"
];
/** Longer than any rollout may take (announcement-shape.ts): only what runs away meets it. */
const RUNAWAY = Duration.days(8);
/** A time limit by JSONata. `Timeout.at` writes TimeoutSecondsPath, which is JSONPath's. Source: aws-cdk-lib 2.276, task-base. */
const seconds = (expression) => ({ seconds: expression });
const ROLLOUT = { rolloutId: "{% $states.context.Execution.Input.rolloutId %}" };
var RolloutMachine = class extends Construct {
	machine;
	#functions;
	constructor(scope, id, { functions, logs }) {
		super(scope, id);
		this.#functions = functions;
		const plan = this.#planRollout();
		const warm = this.#warmWave();
		const verify = this.#verifyWave();
		const hold = this.#holdWave();
		const advance = this.#advanceWave();
		const report = this.#reportRollout();
		for (const phase of [
			plan,
			warm,
			verify,
			hold,
			advance
		]) phase.addCatch(report, { errors: ["States.ALL"] });
		plan.next(this.#choose("Next wave?", {
			warm,
			advance
		}).otherwise(report));
		warm.next(this.#choose("Warmed?", {
			verify,
			plan,
			wait: this.#wait("Wait for requests").next(warm)
		}).otherwise(report));
		verify.next(this.#choose("Verified?", {
			advance,
			plan,
			hold,
			wait: this.#wait("Wait for addresses").next(verify)
		}).otherwise(report));
		hold.next(verify);
		advance.next(this.#choose("Advanced?", {
			plan,
			verify,
			settle: this.#wait("Settle").next(plan),
			wait: this.#wait("Wait for pods").next(advance)
		}).otherwise(report));
		report.next(this.#choose("Resumed?", { plan }).otherwise(Succeed.jsonata(this, "Done")));
		this.machine = new StateMachine(this, "Machine", {
			definitionBody: DefinitionBody.fromChainable(plan),
			queryLanguage: QueryLanguage.JSONATA,
			timeout: RUNAWAY,
			tracingEnabled: true,
			...logs !== void 0 && { logs: {
				destination: logs,
				level: LogLevel.ERROR
			} }
		});
	}
	#planRollout() {
		return this.#phase("Plan rollout", this.#functions.planRollout, {}, { opened: false });
	}
	/** Loops while there is something left to ask EC2 for. */
	#warmWave() {
		return this.#phase("Warm wave", this.#functions.warmWave);
	}
	/** Loops until the addresses are there; looks again once a gate was opened, because that may have taken hours. */
	#verifyWave() {
		return this.#phase("Verify wave", this.#functions.verifyWave, { opened: "{% $opened %}" });
	}
	/** Waits, and costs nothing, until somebody sends the token back. A refusal is not tried again. */
	#holdWave() {
		const hold = LambdaInvoke.jsonata(this, "Hold wave", {
			lambdaFunction: this.#functions.holdWave,
			integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
			payload: TaskInput.fromObject({
				...ROLLOUT,
				token: "{% $states.context.Task.Token %}"
			}),
			taskTimeout: seconds("{% $states.input.holdSeconds %}"),
			retryOnServiceExceptions: false,
			assign: { opened: true }
		});
		hold.addRetry({
			...RETRIED,
			errors: [...LAMBDA_TROUBLE, NOT_HELD],
			maxAttempts: 4,
			jitterStrategy: JitterType.FULL
		});
		return hold;
	}
	/** Loops until its pods were seen ready, where they can be seen. */
	#advanceWave() {
		return this.#phase("Advance wave", this.#functions.advanceWave);
	}
	#reportRollout() {
		return this.#phase("Report rollout", this.#functions.reportRollout, {
			redrives: "{% $states.context.Execution.RedriveCount %}",
			last: "{% $states.input %}"
		});
	}
	#phase(name, lambdaFunction, more = {}, assign) {
		const phase = LambdaInvoke.jsonata(this, name, {
			lambdaFunction,
			payload: TaskInput.fromObject({
				...ROLLOUT,
				...more
			}),
			outputs: "{% $states.result.Payload %}",
			retryOnServiceExceptions: false,
			...assign !== void 0 && { assign }
		});
		phase.addRetry({
			errors: [ROLLOUT_STOPPED, ROLLOUT_UNKNOWN],
			maxAttempts: 0
		});
		phase.addRetry({
			...RETRIED,
			errors: ["States.ALL"],
			maxAttempts: 4,
			jitterStrategy: JitterType.FULL
		});
		return phase;
	}
	#choose(name, ways) {
		const choice = Choice.jsonata(this, name);
		for (const [go, to] of Object.entries(ways)) choice.when(Condition.jsonata(`{% $states.input.go = '${go}' %}`), to);
		return choice;
	}
	#wait(name) {
		return Wait.jsonata(this, name, { time: WaitTime.seconds("{% $ceil($states.input.waitMs / 1000) %}") });
	}
};
// infra/rollouts.ts
/** A wave's reads and one round of its calls: it goes on asking for ten seconds. */
const WAVE_TIMEOUT = Duration.seconds(30);
/** Batched rollouts: the machine, a function for each of its phases, and the word that an execution ended. */
var Rollouts = class extends Construct {
	machine;
	warmWave;
	verifyWave;
	advanceWave;
	reportRollout;
	constructor(scope, id, props) {
		super(scope, id);
		const { deployment, task, decide, signals } = props;
		const tells = () => tellFollowers(Stack.of(this));
		const planRollout = task("PlanRollout", "plan-rollout", WAVE_TIMEOUT, []);
		this.warmWave = task("WarmWave", "warm-wave", WAVE_TIMEOUT, [...decide(), tells()]);
		this.verifyWave = task("VerifyWave", "verify-wave", WAVE_TIMEOUT, [...props.look(), tells()]);
		const holdWave = task("HoldWave", "hold-wave", WAVE_TIMEOUT, [tells()]);
		this.advanceWave = task("AdvanceWave", "advance-wave", WAVE_TIMEOUT, [...props.ask(), tells()]);
		this.reportRollout = task("ReportRollout", "report-rollout", WAVE_TIMEOUT, [...props.ask(), tells()]);
		const { advanceWave, reportRollout, verifyWave, warmWave } = this;
		const logs = new LogGroup(this, "Logs", {
			logGroupName: `/aws/vendedlogs/states/eks-ip-prewarmer/${deployment}/rollouts`,
			retention: props.logRetentionDays,
			removalPolicy: RemovalPolicy.DESTROY
		});
		this.machine = new RolloutMachine(this, "Rollout", {
			functions: {
				planRollout,
				warmWave,
				verifyWave,
				holdWave,
				advanceWave,
				reportRollout
			},
			logs
		}).machine;
		new Rule(this, "Ended", {
			description: "Executions that ended otherwise than by their own report: aborted by hand, for one",
			eventPattern: {
				source: ["aws.states"],
				detailType: ["Step Functions Execution Status Change"],
				detail: {
					stateMachineArn: [this.machine.stateMachineArn],
					status: [
						"ABORTED",
						"TIMED_OUT",
						"FAILED"
					]
				}
			},
			targets: [new SqsQueue(signals.queue, {
				deadLetterQueue: signals.deadLetters,
				maxEventAge: Duration.hours(1)
			})]
		});
	}
};
// infra/schedules.ts
/** A peak is news for as long as its pods may still come. */
const MAX_EVENT_AGE$1 = Duration.minutes(15);
/** Peaks that are known beforehand: each fires as an event of ours that names its schedule, straight into the queue. What it
*  announces stands in the policy, and may change without a deployment; when it fires may not. */
var Schedules = class extends Construct {
	constructor(scope, id, { signals, schedules, accountId, region }) {
		super(scope, id);
		for (const [name, { at, leadSeconds }] of Object.entries(schedules)) new Schedule$1(this, name, {
			description: `Pods come ${leadSeconds} s later, as policy.schedules.${name} says`,
			schedule: ScheduleExpression.expression(at),
			target: new SqsSendMessage(signals.queue, {
				input: ScheduleTargetInput.fromObject({
					version: "0",
					id: "<aws.scheduler.execution-id>",
					source: "eks-ip-prewarmer",
					"detail-type": "Prewarm Due",
					account: accountId,
					time: "<aws.scheduler.scheduled-time>",
					region,
					resources: [],
					detail: { schedule: name }
				}),
				deadLetterQueue: signals.deadLetters,
				maxEventAge: MAX_EVENT_AGE$1,
				retryAttempts: 10
			})
		});
	}
};
// infra/policy-setting.ts
/** The policy document as it will be deployed: checked here, so that a mistake cannot be. */
/** Characters of a standard parameter's value. Source: Systems Manager User Guide, parameter tiers. */
const POLICY_CHARACTERS = 4096;
const PAGE = "All fields, with bounds and defaults: docs/policy.md";
/** Where the bound alone does not say what to do. */
const REMEDIES = [[/budgetShare$/, "It is the part of AWS's documented request rate that we may use: 0.5 leaves half to the CNI and others; to change nothing, say mode observe"], [/^policy\.clusters\.[^.]+$/, "Correct the name, or add the cluster to this deployment"]];
/** `nodeGroups`: what the clusters' own settings say of theirs. */
function readDocument(given, clusters, nodeGroups) {
	const { document, troubles: twice } = merged(given ?? {}, nodeGroups);
	const names = clusters.map(({ name }) => name).filter((name) => typeof name === "string");
	const { policy, complaints } = readPolicy(document, names.length > 0 ? names : void 0);
	const troubles = [
		...twice,
		...[...complaints, ...complaintsOf(policy)].map(remedied),
		...troublesOfModes(policy, clusters)
	];
	const characters = JSON.stringify(document).length;
	if (characters > POLICY_CHARACTERS) troubles.push({
		field: "policy",
		expected: `at most ${POLICY_CHARACTERS} characters of JSON`,
		got: characters,
		remedy: "Leave out what is as the defaults are, or deploy some clusters by themselves"
	});
	return {
		document: isObject$2(document) ? document : {},
		troubles
	};
}
const remedied = (complaint) => ({
	...complaint,
	remedy: REMEDIES.find(([field]) => field.test(complaint.field))?.[1] ?? PAGE
});
/** What the clusters' settings say of node groups becomes part of the document, where operators look for it later. */
function merged(given, nodeGroups) {
	if (!isObject$2(given) || nodeGroups.size === 0) return {
		document: given,
		troubles: []
	};
	const all = isObject$2(given["clusters"]) ? given["clusters"] : {};
	const troubles = [];
	const clusters = { ...all };
	for (const [name, groups] of nodeGroups) {
		const own = isObject$2(all[name]) ? all[name] : {};
		if ("nodeGroups" in own) troubles.push({
			field: `policy.clusters.${name}.nodeGroups`,
			expected: "nothing beside nodeGroups of the cluster",
			got: own["nodeGroups"],
			remedy: "Say it in one of the two places"
		});
		clusters[name] = {
			...own,
			nodeGroups: groups
		};
	}
	return {
		document: {
			...given,
			clusters
		},
		troubles
	};
}
/** No policy gives a right that the deployment has not. Whether a node group exists is known to the cluster alone: its sweep
*  says so (`policy does not fit`, the figure PolicyMisfits). */
function troublesOfModes(policy, clusters) {
	const observed = clusters.filter(({ mode }) => mode === "observe");
	const beyond = (field, { mode }, cluster) => mode === "warm" ? [{
		field: `${field}.mode`,
		expected: "\"observe\", as its cluster is: it holds no right to change anything",
		got: mode,
		remedy: `Say mode warm of the cluster ${cluster}, and observe of its other node groups`
	}] : [];
	const troubles = observed.flatMap(({ name }) => {
		const own = Object.hasOwn(policy.clusters, name) ? policy.clusters[name] : void 0;
		if (own === void 0) return [];
		const at = `policy.clusters.${name}`;
		return [...beyond(at, own, name), ...Object.entries(own.nodeGroups ?? {}).flatMap(([group, groups]) => beyond(`${at}.nodeGroups.${group}`, groups, name))];
	});
	if (policy.soleAllocator && clusters.length > 0 && observed.length === clusters.length) troubles.push({
		field: "policy.soleAllocator",
		expected: "false where no cluster is warm: nodes would get their addresses from nobody",
		got: true,
		remedy: "Say mode warm, or enable the CNI's own provisioning"
	});
	return troubles;
}
// infra/signal-events.ts
const of = (source, ...detailType) => ({
	source: [source],
	detailType
});
/** EC2's events carry no tags, so every instance of the account knocks. What names a pipeline, a repository or an alarm means
*  something only by a route of the policy, and CloudTrail's comes late and needs a trail: those are off unless asked for. */
const SIGNAL_EVENTS = [
	{
		name: "instances",
		id: "InstanceLaunching",
		description: "EC2 instances that start: any of them may be a node of the cluster",
		into: "launches",
		pattern: {
			...of("aws.ec2", "EC2 Instance State-change Notification"),
			detail: { state: ["pending", "running"] }
		}
	},
	{
		name: "autoScaling",
		id: "LifecycleAction",
		description: "Launches that wait at a lifecycle hook",
		into: "launches",
		pattern: of("aws.autoscaling", "EC2 Instance-launch Lifecycle Action")
	},
	{
		name: "autoScaling",
		id: "WarmPoolFilled",
		description: "Instances that stopped in a warm pool; EC2 tells of all other launches sooner",
		into: "launches",
		pattern: {
			...of("aws.autoscaling", "EC2 Instance Launch Successful"),
			detail: { Destination: ["WarmPool"] }
		}
	},
	{
		name: "autoScaling",
		id: "InstanceRefresh",
		description: "Groups whose nodes are all replaced",
		into: "signals",
		pattern: of("aws.autoscaling", "EC2 Auto Scaling Instance Refresh Started")
	},
	{
		name: "spot",
		id: "NodesLeaving",
		description: "Spot instances that are taken back, or are likely to be: their pods come to other nodes",
		into: "signals",
		pattern: of("aws.ec2", "EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation")
	},
	{
		name: "announcements",
		id: "DeploymentAnnounced",
		description: "Rollouts that a pipeline announces before their pods exist",
		into: "signals",
		pattern: of("eks-ip-prewarmer", "Deployment Announced", "Prewarm Due", "Wave Approved")
	},
	{
		name: "cloudTrail",
		id: "NodesAskedFor",
		description: "Calls that ask for nodes, as CloudTrail tells them: late",
		into: "signals",
		pattern: {
			source: [
				"aws.autoscaling",
				"aws.eks",
				"aws.ec2"
			],
			detailType: ["AWS API Call via CloudTrail"],
			detail: { eventName: [...CALLS] }
		}
	},
	{
		name: "codePipeline",
		id: "PipelineChanged",
		description: "Pipelines, for the routes of the policy",
		into: "signals",
		pattern: of("aws.codepipeline", "CodePipeline Pipeline Execution State Change")
	},
	{
		name: "codeDeploy",
		id: "DeploymentChanged",
		description: "Deployments of CodeDeploy, for the routes of the policy",
		into: "signals",
		pattern: of("aws.codedeploy", "CodeDeploy Deployment State-change Notification")
	},
	{
		name: "codeBuild",
		id: "BuildChanged",
		description: "Builds, for the routes of the policy",
		into: "signals",
		pattern: of("aws.codebuild", "CodeBuild Build State Change")
	},
	{
		name: "ecr",
		id: "ImagePushed",
		description: "Images that are pushed, for the routes of the policy",
		into: "signals",
		pattern: {
			...of("aws.ecr", "ECR Image Action"),
			detail: {
				"action-type": ["PUSH"],
				result: ["SUCCESS"]
			}
		}
	},
	{
		name: "alarms",
		id: "AlarmChanged",
		description: "Alarms of CloudWatch, for the routes of the policy",
		into: "signals",
		pattern: of("aws.cloudwatch", "CloudWatch Alarm State Change")
	}
];
/** What is listened to unless the settings say otherwise. */
const SIGNAL_DEFAULTS = {
	instances: true,
	autoScaling: true,
	spot: true,
	announcements: true,
	cloudTrail: false,
	codePipeline: false,
	codeDeploy: false,
	codeBuild: false,
	ecr: false,
	alarms: false
};
// infra/settings.ts
/** What an operator says, read once: complained about completely, or with every default filled in. */
/** CloudWatch's values, but for the one that keeps events for ever. */
const RETENTIONS = Object.values(RetentionDays).filter((days) => typeof days === "number" && days !== RetentionDays.INFINITE);
/** What is judged by itself. */
const CHECKS = {
	name: {
		expected: "at most 100 letters, digits, \"-\" or \"_\"",
		remedy: "Leave it out to use the first cluster's name",
		ok: (given) => typeof given === "string" && /^[0-9A-Za-z][\w-]{0,99}$/.test(given)
	},
	gateEndpoint: {
		expected: "\"iam\" or \"secret\"",
		remedy: "Choose \"iam\" where your tools can sign requests; leave it out for no URL",
		ok: (given) => given === "iam" || given === "secret"
	},
	budgetTable: {
		expected: "the name of a DynamoDB table, another deployment's output BudgetTable",
		remedy: "Leave it out for a table of its own",
		ok: matching(/^[\w.-]{3,255}$/)
	},
	alarmTopicArn: {
		expected: "the ARN of an SNS topic, such as \"arn:aws:sns:eu-central-1:111122223333:pager\"",
		remedy: "To find it: aws sns list-topics",
		ok: matching(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/)
	},
	alarmEmail: {
		expected: "an e-mail address",
		remedy: "Name one address, such as \"platform@example.com\", or a topic as alarmTopicArn",
		ok: matching(/^[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+$/)
	},
	logRetentionDays: {
		expected: `one of CloudWatch's values in days, ${RETENTIONS.join(", ")}`,
		remedy: "Leave it out for 30",
		ok: (given) => RETENTIONS.some((days) => days === given)
	},
	permissionsBoundary: {
		expected: "the ARN of an IAM policy, such as \"arn:aws:iam::111122223333:policy/boundary\"",
		remedy: "To find it: aws iam list-policies --scope Local",
		ok: matching(/^arn:aws[a-z-]*:iam::(aws|\d{12}):policy\/[\w+=,.@/-]{1,640}$/)
	},
	bundles: {
		expected: "a folder",
		remedy: "Leave it out for the package's own functions",
		ok: (given) => typeof given === "string"
	}
};
const FIELDS = [...[
	"clusters",
	"policy",
	"signals",
	"vpc"
], ...Object.keys(CHECKS)];
/** `given` comes from TypeScript, JavaScript or JSON: nothing of its shape is taken for granted. */
function readSettings(given) {
	if (!isObject$2(given)) return { troubles: [{
		field: "settings",
		expected: "an object such as {\"clusters\": [{\"name\": \"demo\"}]}",
		got: given,
		remedy: "Name a cluster"
	}] };
	const { clusters, troubles: ofClusters, nodeGroups } = readClusters$1(given["clusters"]);
	const policy = readDocument(given["policy"], clusters, nodeGroups);
	const troubles = [
		...unknownFields(given, FIELDS),
		...ofClusters,
		...Object.entries(CHECKS).flatMap(([field, check]) => judge(field, check, given[field])),
		...policy.troubles,
		...troublesOfSignals(given["signals"]),
		...troublesOfVpc(given["vpc"]),
		...troublesOfTwoTopics(given)
	];
	if (troubles.length > 0) return { troubles };
	const said = given;
	return { settings: {
		name: said.name ?? clusters[0]?.name ?? "",
		clusters,
		policy: policy.document,
		signals: {
			...SIGNAL_DEFAULTS,
			...said.signals
		},
		gateEndpoint: said.gateEndpoint,
		budgetTable: said.budgetTable,
		alarmTopicArn: said.alarmTopicArn,
		alarmEmail: said.alarmEmail,
		logRetentionDays: said.logRetentionDays ?? RetentionDays.ONE_MONTH,
		permissionsBoundary: said.permissionsBoundary,
		vpc: said.vpc
	} };
}
function troublesOfSignals(given) {
	const names = Object.keys(SIGNAL_DEFAULTS);
	const remedy = "Name only those that are to differ from the defaults";
	if (given === void 0) return [];
	if (!isObject$2(given)) return [{
		field: "signals",
		expected: "an object such as {\"codePipeline\": true}",
		got: given,
		remedy
	}];
	return [...unknownFields(given, names, "signals."), ...names.flatMap((name) => judge(`signals.${name}`, {
		expected: "true or false",
		remedy,
		ok: (on) => typeof on === "boolean"
	}, given[name]))];
}
/** Source of the ids: EC2 User Guide, resource ids: 8 hexadecimal digits, or 17 since 2018. */
const IDS = {
	subnetIds: {
		what: "subnets",
		ok: matching(/^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/)
	},
	securityGroupIds: {
		what: "security groups",
		ok: matching(/^sg-([0-9a-f]{8}|[0-9a-f]{17})$/)
	}
};
function troublesOfVpc(given) {
	if (given === void 0) return [];
	const remedy = "Name private subnets of one VPC and a security group that lets HTTPS out, or leave vpc out to stay outside of any";
	if (!isObject$2(given)) return [{
		field: "vpc",
		expected: "an object such as {\"subnetIds\": [\"subnet-…\"], \"securityGroupIds\": [\"sg-…\"]}",
		got: given,
		remedy
	}];
	return [...unknownFields(given, Object.keys(IDS), "vpc."), ...Object.entries(IDS).flatMap(([field, { what, ok }]) => {
		const ids = given[field];
		return Array.isArray(ids) && (Token.isUnresolved(ids) || ids.length > 0 && ids.every(ok)) ? [] : [{
			field: `vpc.${field}`,
			expected: `ids of ${what}, at least one`,
			got: ids,
			remedy
		}];
	})];
}
function troublesOfTwoTopics({ alarmTopicArn, alarmEmail }) {
	if (alarmTopicArn === void 0 || alarmEmail === void 0) return [];
	return [{
		field: "alarmEmail",
		expected: "nothing beside alarmTopicArn",
		got: alarmEmail,
		remedy: "Leave one of the two out, and subscribe the address to the topic"
	}];
}
// infra/signal-rules.ts
/** EventBridge gives up on an event then. A launch is over, and an announcement's demand has expired, in that time. */
const MAX_EVENT_AGE = Duration.minutes(15);
/** The events that are listened to, and the clock. */
var SignalRules = class extends Construct {
	constructor(scope, id, { queues, on, sweep, sweepEvery }) {
		super(scope, id);
		for (const { name, id: rule, description, into, pattern } of SIGNAL_EVENTS) if (on[name]) new Rule(this, rule, {
			description,
			eventPattern: pattern,
			targets: [to(queues[into])]
		});
		new Rule(this, "SweepDue", {
			description: "Rebuilds what events missed, and collects half-made interfaces",
			schedule: Schedule.rate(sweepEvery),
			targets: [new LambdaFunction(sweep, {
				deadLetterQueue: deadLetterQueue(this, "SweepDeadLetters"),
				maxEventAge: sweepEvery,
				retryAttempts: 2
			})]
		});
	}
};
/** What EventBridge cannot deliver joins what we could not handle: one place to look, one way to send it again. */
const to = ({ queue, deadLetters }) => new SqsQueue(queue, {
	deadLetterQueue: deadLetters,
	maxEventAge: MAX_EVENT_AGE
});
// infra/tables.ts
/** What outlives a function: the ledger remembers promises and deeds; the budget counts EC2 requests. */
var Tables = class extends Construct {
	ledger;
	budget;
	constructor(scope, id, { budgetTable }) {
		super(scope, id);
		const common = {
			partitionKey: {
				name: "pk",
				type: AttributeType.STRING
			},
			billingMode: BillingMode.PAY_PER_REQUEST,
			encryption: TableEncryption.AWS_MANAGED,
			pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
			removalPolicy: RemovalPolicy.DESTROY
		};
		this.ledger = new Table(this, "Ledger", {
			...common,
			sortKey: {
				name: "sk",
				type: AttributeType.STRING
			},
			timeToLiveAttribute: "expiresAt"
		});
		this.budget = budgetTable === void 0 ? new Table(this, "Budget", common) : Table.fromTableName(this, "SharedBudget", budgetTable);
	}
};
// infra/trouble.ts
/** Settings that cannot be deployed: one line each, with what to do about it. */
const sayTrouble = (trouble) => `${say(trouble)}. ${trouble.remedy}`;
function complain(troubles) {
	return [
		"These settings cannot be deployed:",
		...troubles.map((trouble) => `  ${sayTrouble(trouble)}`),
		"All settings, with units and defaults: docs/deploy.md"
	].join("\n");
}
/** An operator's mistake, not a defect: where in the code it was noticed is of no use to anybody. */
var SettingsError = class extends Error {
	name = "SettingsError";
	troubles;
	constructor(troubles) {
		super(complain(troubles));
		this.troubles = troubles;
		this.stack = `${this.name}: ${this.message}`;
	}
};
// infra/ip-prewarmer.ts
/** Time limit of the sweep for each cluster, of which it reads everything: thousands of nodes in pages of 1,000 interfaces. */
const SWEEP_TIMEOUT = Duration.seconds(60);
/** What events missed is noticed then. */
const SWEEP_EVERY = Duration.minutes(5);
/** As often as EventBridge can: pods wait on a node that only we give addresses to. */
const SOLE_ALLOCATOR_SWEEPS_EVERY = Duration.minutes(1);
/** What `npm run build` writes, and what the published package carries. */
const OWN_BUNDLES = join(import.meta.dirname, "../dist");
/**
* The prewarmer of one or several clusters of an account and Region:
*
*     rules ─┬→ launches ─┬→ on-signal ──→ verifications ──→ look-again
*            ├→ signals  ─┘      │                               │
*            └→ every 5 minutes ─┼──→ sweep ──→ ledger, budget ←─┘
*                                └── policy, at most 5 s old, to all three; their figures to the alarms
*
*     new IpPrewarmer(this, 'Prewarmer', { clusters: [{ name: 'shop' }] });
*
* Throws one `SettingsError` that names everything that is wrong with its props, a line each.
*/
var IpPrewarmer = class extends Construct {
	onSignal;
	lookAgain;
	sweep;
	/** What announcements may be sent to, and where dead letters lie. */
	queues;
	tables;
	/** Operators change the policy here, without a deployment. */
	policyParameter;
	/** Batched rollouts, where a cluster is warm. */
	rolloutMachine;
	/** Where other tools ask, where that is wanted. */
	gateEndpoint;
	constructor(scope, id, props) {
		super(scope, id);
		const { settings, troubles } = readSettings(props);
		if (troubles) throw new SettingsError(troubles);
		const { name: deployment, clusters, logRetentionDays, vpc } = settings;
		const { account, region } = Stack.of(this);
		const bundles = props.bundles ?? OWN_BUNDLES;
		const { soleAllocator, schedules, launchHook } = readPolicy(settings.policy).policy;
		const sweepEvery = soleAllocator ? SOLE_ALLOCATOR_SWEEPS_EVERY : SWEEP_EVERY;
		this.tables = new Tables(this, "Tables", settings);
		this.policyParameter = new LivePolicy(this, "Policy", settings).parameter;
		this.queues = queues(this);
		const { tables } = this;
		const { launches, signals, verifications } = this.queues;
		const common = {
			bundles,
			deployment,
			logRetentionDays,
			vpc,
			environment: {
				CLUSTERS: environmentOf(clusters),
				POLICY_PARAMETER: this.policyParameter.parameterName,
				LEDGER_TABLE: tables.ledger.tableName,
				BUDGET_TABLE: tables.budget.tableName,
				LAUNCH_QUEUE_URL: launches.queue.queueUrl,
				SIGNAL_QUEUE_URL: signals.queue.queueUrl,
				VERIFY_QUEUE_URL: verifications.queue.queueUrl,
				ACCOUNT_ID: account,
				POWERTOOLS_LOG_LEVEL: "INFO"
			}
		};
		const readPolicyOnly = readLivePolicy(this.policyParameter.parameterArn);
		const task = (construct, name, timeout, permissions) => new TaskFunction(this, construct, {
			...common,
			name,
			timeout,
			permissions: [
				readPolicyOnly,
				useLedger(tables),
				...permissions
			]
		}).lambda;
		const stack = Stack.of(this);
		const warm = this.#warm(clusters);
		const warmNames = warm.map(({ name }) => name);
		const names = clusters.map(({ name }) => name);
		const lensed = clusters.filter(({ lens }) => lens).map(({ name }) => name);
		const gated = clusters.filter(({ gate }) => gate).map(({ name }) => name);
		const decide = () => [
			readNodes(),
			...readClusters(stack, names),
			useBudget(tables),
			...warmNodes(stack, warm)
		];
		this.onSignal = task("OnSignal", "on-signal", SIGNAL_TIMEOUT, [
			...decide(),
			continueOn(launches.queue, signals.queue, verifications.queue),
			...warm.length > 0 ? [tellFollowers(stack)] : [],
			...launchHook === void 0 ? [] : answerHooks(stack, names)
		]);
		this.lookAgain = task("LookAgain", "look-again", SIGNAL_TIMEOUT, [
			continueOn(verifications.queue, ...gated.length > 0 ? [launches.queue] : []),
			...readClusters(stack, gated),
			readNodes(),
			useBudget(tables),
			...finishOurs(stack, warmNames)
		]);
		const sweepSeconds = Math.min(clusters.length * SWEEP_TIMEOUT.toSeconds(), sweepEvery.toSeconds());
		this.sweep = task("Sweep", "sweep", Duration.seconds(sweepSeconds), [
			...decide(),
			continueOn(launches.queue, verifications.queue),
			...deleteOrphans(stack, warmNames)
		]);
		this.sweep.configureAsyncInvoke({ retryAttempts: 0 });
		launches.readBy(this.onSignal);
		signals.readBy(this.onSignal);
		verifications.readBy(this.lookAgain);
		const rollouts = warm.length > 0 ? new Rollouts(this, "Rollouts", {
			deployment,
			logRetentionDays,
			task,
			signals,
			decide: () => [...decide(), continueOn(verifications.queue)],
			look: () => [readNodes(), ...readClusters(stack, names)],
			ask: () => readClusters(stack, lensed)
		}) : void 0;
		this.rolloutMachine = rollouts?.machine;
		if (rollouts !== void 0) {
			this.onSignal.addEnvironment("ROLLOUT_MACHINE_ARN", rollouts.machine.stateMachineArn);
			this.onSignal.addToRolePolicy(conduct(rollouts.machine));
		}
		admit(this, {
			deployment,
			clusters,
			...this,
			rollouts
		});
		this.gateEndpoint = settings.gateEndpoint === void 0 ? void 0 : new GateEndpoint(this, "Gate", {
			...common,
			access: settings.gateEndpoint,
			permissions: [readPolicyOnly, readLedger(tables)]
		});
		new SignalRules(this, "Rules", {
			queues: {
				launches,
				signals
			},
			on: settings.signals,
			sweep: this.sweep,
			sweepEvery
		});
		new Schedules(this, "Schedules", {
			signals,
			schedules,
			accountId: account,
			region
		});
		new Alarms(this, "Alarms", {
			deployment,
			clusters,
			sweepEvery,
			soleAllocator,
			topicArn: alarmTopic(this, settings)
		});
		if (settings.permissionsBoundary !== void 0) PermissionsBoundary.of(this).apply(ManagedPolicy.fromManagedPolicyArn(this, "Boundary", settings.permissionsBoundary));
		if (vpc !== void 0) tellEndpoints(this, endpointsFor(settings, { hooks: launchHook !== void 0 }));
	}
	/** Synthesizing needs no VPC; deploying does: CloudFormation refuses to begin without a value. */
	#warm(clusters) {
		return clusters.filter(({ mode }) => mode === "warm").map(({ name, vpcId }) => ({
			name,
			vpcId: vpcId ?? this.#askForVpc()
		}));
	}
	#askForVpc() {
		return new CfnParameter(this, "VpcId", {
			type: "AWS::EC2::VPC::Id",
			description: "The cluster's VPC: the rights to create and fill interfaces end there"
		}).valueAsString;
	}
};
// infra/props.ts
/** Types a `prewarmer.config.ts`; it changes nothing. */
const defineConfig = (props) => props;
// infra/stack.ts
/** The prewarmer as a stack of its own, with what its operators need to know as outputs. */
var PrewarmerStack = class extends Stack {
	prewarmer;
	constructor(scope, id, { prewarmer: props, ...stackProps }) {
		super(scope, id, stackProps);
		const prewarmer = new IpPrewarmer(this, "Default", props);
		this.prewarmer = prewarmer;
		const { queues, tables, gateEndpoint } = prewarmer;
		const outputs = {
			RolloutMachine: prewarmer.rolloutMachine?.stateMachineArn,
			GateUrl: gateEndpoint?.url,
			GateFunction: gateEndpoint?.lambda.functionArn,
			GateSecret: gateEndpoint?.secret?.secretArn,
			OnSignalFunction: prewarmer.onSignal.functionName,
			SignalQueue: queues.signals.queue.queueName,
			DeadLettersLaunches: queues.launches.deadLetters.queueName,
			DeadLettersSignals: queues.signals.deadLetters.queueName,
			DeadLettersVerifications: queues.verifications.deadLetters.queueName,
			LedgerTable: tables.ledger.tableName,
			PolicyParameter: prewarmer.policyParameter.parameterName,
			BudgetTable: tables.budget.tableName
		};
		for (const [name, value] of Object.entries(outputs)) if (value !== void 0) new CfnOutput(this, name, { value });
	}
};
export { IpPrewarmer, PrewarmerStack, SettingsError, defineConfig };
