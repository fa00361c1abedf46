/** The only place that builds clients. Everything a function needs is connected once, when it is first used. */
import { randomUUID } from 'node:crypto';
import type { AutoScalingClientConfig } from '@aws-sdk/client-auto-scaling';
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { EKSClient, type EKSClientConfig } from '@aws-sdk/client-eks';
import { EventBridgeClient, type EventBridgeClientConfig } from '@aws-sdk/client-eventbridge';
import type { SFNClientConfig } from '@aws-sdk/client-sfn';
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { SSMClient, type SSMClientConfig } from '@aws-sdk/client-ssm';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoBudget } from '../adapters/dynamo-budget.ts';
import { DynamoLedger } from '../adapters/dynamo-ledger.ts';
import { DynamoReads } from '../adapters/dynamo-reads.ts';
import { DynamoRolloutBook } from '../adapters/dynamo-rollout-book.ts';
import { Ec2Vpc } from '../adapters/ec2-vpc.ts';
import { EksClusters } from '../adapters/eks-clusters.ts';
import { type Config, readEnvironment } from '../adapters/env-config.ts';
import { EventBridgeBus } from '../adapters/eventbridge-bus.ts';
import { KubeApi } from '../adapters/kube-api.ts';
import { type KubePatience, type KubeSend, overHttps } from '../adapters/kube-https.ts';
import { KubeWorkloads } from '../adapters/kube-workloads.ts';
import { PowertoolsJournal } from '../adapters/powertools-journal.ts';
import { SqsContinuations } from '../adapters/sqs-continuations.ts';
import { SqsDeadLetters } from '../adapters/sqs-dead-letters.ts';
import { SsmPolicy } from '../adapters/ssm-policy.ts';
import type { Ports, Settings } from '../core/ports.ts';

/** What a world other than AWS replaces: how clients reach it, its clock, its chance, and its stores. */
export interface Outside {
  readonly ec2?: EC2ClientConfig;
  readonly eks?: EKSClientConfig;
  readonly autoscaling?: AutoScalingClientConfig;
  readonly sqs?: SQSClientConfig;
  readonly dynamodb?: DynamoDBClientConfig;
  readonly ssm?: SSMClientConfig;
  readonly sfn?: SFNClientConfig;
  readonly events?: EventBridgeClientConfig;
  /** Carries requests to API servers of clusters. */
  readonly kubernetes?: KubeSend;
  readonly patience?: Partial<typeof PATIENCE>;
  readonly stores?: Stores;
  readonly clock?: Ports['clock'];
  readonly random?: Ports['random'];
  readonly runId?: Ports['runId'];
  readonly journal?: Ports['journal'];
}

/** What outlives a run. */
export type Stores = Pick<Ports, 'ledger' | 'budget' | 'reads' | 'rolloutBook'>;

interface Patience {
  readonly connectMs: number;
  /** From asking to the first byte of the answer, and between two bytes. */
  readonly answerMs: number;
}

/** Answer fast or fail: a Lambda that hangs is billed, and a message that fails comes back by itself. */
export const PATIENCE: {
  readonly asked: Patience;
  readonly looked: Patience;
  readonly lens: KubePatience;
} = {
  /** An API server answers in milliseconds, a page of 500 pods in a second or two. One in a network we are not in never does. */
  lens: { connectMs: 2_000, answerMs: 5_000 },
  /** EC2, EKS and SQS do something, or read a great deal: half a minute is a function's whole life. */
  asked: { connectMs: 2_000, answerMs: 8_000 },
  /** DynamoDB and Systems Manager look up an item in milliseconds. One that takes seconds is lost; and it is looked up
   *  before each node's calls, while the node boots. Step Functions and EventBridge take a note as soon. */
  looked: { connectMs: 1_000, answerMs: 2_000 },
};

/** What is not answered in time is broken off: its socket is closed and the call fails. Without `throwOnRequestTimeout` the
 *  SDK only logs that it is late; `requestTimeout` ends with the first byte, `socketTimeout` watches those that follow.
 *  Source: @smithy/node-http-handler 4.14. */
export const requestHandler = ({ connectMs, answerMs }: Patience) => ({
  connectionTimeout: connectMs,
  requestTimeout: answerMs,
  socketTimeout: answerMs,
  throwOnRequestTimeout: true,
});

/** Ports that few functions use. Those bring them along, so that the others need not load what that takes. */
type Extra = Pick<Ports, 'launchHooks' | 'rolloutMachine' | 'bus' | 'reads' | 'deliveries'>;
export type Extras = (reach: Reach) => Partial<Extra>;

/** How their clients are made, and what they need to know. */
export interface Reach {
  readonly autoscaling: AutoScalingClientConfig;
  readonly sfn: SFNClientConfig;
  readonly events: EventBridgeClientConfig;
  readonly sqs: SQSClient;
  readonly documents: () => DynamoDBDocumentClient;
  readonly config: Config;
  readonly clock: Ports['clock'];
  readonly journal: Ports['journal'];
}

/** For functions that only have something to say to those who follow a rollout. */
export const followers: Extras = ({ events }) => ({
  bus: new EventBridgeBus(() => new EventBridgeClient(events)),
});

/** For functions whose reads others have use for. */
export const sharing: Extras = ({ documents, config, clock, journal }) => ({
  reads: new DynamoReads(documents, config, clock, journal),
});

/** A hook that nobody answers runs out by itself, messages come back when their queue says so, and who shares no reads has every
 *  turn; what else was not brought along is missed. */
const NOT_BROUGHT: Extra = {
  deliveries: { hide: async () => {} },
  launchHooks: { complete: async () => {} },
  reads: {
    last: async () => undefined,
    turn: async ({ ids }) => ({ ids, others: [] }),
    share: async () => {},
  },
  rolloutMachine: { start: async () => missed('rolloutMachine'), open: async () => missed('rolloutMachine') },
  bus: { put: async () => missed('bus') },
};

function missed(port: keyof Extra): never {
  throw new Error(`this function was started without ${port} (handlers/wiring.ts, Extras)`);
}

/** Throws one error that names every setting that is wrong. */
export function connect(
  env: Readonly<Record<string, string | undefined>>,
  outside: Outside = {},
  extras: Extras = () => ({}),
): Ports {
  const read = readEnvironment(env);
  if (!read.ok) throw new SettingsError(read.message);
  const { config } = read;
  const { region } = config;
  const clock = outside.clock ?? Date.now;
  const journal = outside.journal ?? new PowertoolsJournal(clock);
  const patience = { ...PATIENCE, ...outside.patience };
  const asked = { region, requestHandler: requestHandler(patience.asked) };
  const looked = { region, requestHandler: requestHandler(patience.looked) };
  // One attempt: a repeated assign would assign twice, and waiting happens on the queue, not in a billed function.
  const ec2 = new EC2Client({ ...asked, maxAttempts: 1, ...outside.ec2 });
  const eks = new EKSClient({ ...asked, ...outside.eks });
  const sqs = new SQSClient({ ...asked, ...outside.sqs });
  const policy = policyOf(
    config,
    clock,
    journal,
    () => new SSMClient({ ...looked, maxAttempts: 2, ...outside.ssm }),
  );
  // Three attempts at most: whoever asks twice has started one execution, and followers can be told twice.
  const told = { ...looked, maxAttempts: 3 };
  const settings: Settings = {
    clusters: config.settings.clusters,
    get policy() {
      return policy.last;
    },
  };
  // One for all stores: its connections are shared. None is made where all of them come from outside.
  let made: DynamoDBDocumentClient | undefined;
  const documents = (): DynamoDBDocumentClient => {
    made ??= DynamoDBDocumentClient.from(
      new DynamoDBClient({ ...looked, maxAttempts: 3, ...outside.dynamodb }),
      { marshallOptions: { removeUndefinedValues: true } },
    );
    return made;
  };
  const lens = config.settings.clusters.some((cluster) => cluster.lens === true);
  return {
    clock,
    home: { accountId: config.accountId, region },
    ...(lens && {
      kubernetes: new KubeWorkloads(
        new KubeApi(eks, region, outside.kubernetes ?? overHttps(patience.lens), clock),
        clock,
      ),
    }),
    vpc: new Ec2Vpc(ec2, clock),
    clusters: new EksClusters(eks, clock),
    continuations: new SqsContinuations(sqs, config, clock),
    deadLetters: new SqsDeadLetters(sqs, config),
    ...NOT_BROUGHT,
    ...extras({
      autoscaling: { ...asked, ...outside.autoscaling },
      sfn: { ...told, ...outside.sfn },
      events: { ...told, ...outside.events },
      sqs,
      documents,
      config,
      clock,
      journal,
    }),
    journal,
    settings,
    freshPolicy: () => policy.fresh(),
    random: outside.random ?? Math.random,
    runId: outside.runId ?? randomUUID,
    ...(outside.stores ?? stores({ ...config, settings }, clock, documents())),
  };
}

/** An operator's mistake, not a defect: where in the code it was noticed is of no use to anybody. */
class SettingsError extends Error {
  override readonly name = 'SettingsError';
  constructor(message: string) {
    super(message);
    this.stack = `${this.name}: ${message}`;
  }
}

/** Deployed, the policy is in a parameter; where somebody runs a function by hand, in the environment. */
function policyOf(
  { policyParameter, settings: { policy, clusters } }: Config,
  clock: Ports['clock'],
  journal: Ports['journal'],
  ssm: () => SSMClient,
): Pick<SsmPolicy, 'last' | 'fresh'> {
  if (policyParameter === undefined) return { last: policy, fresh: async () => policy };
  const at = { parameter: policyParameter, clusters: clusters.map(({ name }) => name) };
  return new SsmPolicy(ssm(), at, clock, journal);
}

function stores(
  config: Config,
  clock: Ports['clock'],
  documents: DynamoDBDocumentClient,
): Omit<Stores, 'reads'> {
  return {
    ledger: new DynamoLedger(documents, config),
    rolloutBook: new DynamoRolloutBook(documents, config),
    budget: new DynamoBudget(documents, config, clock),
  };
}

/** A Lambda handler over `make`: connected on the first event, and again on the next one if that failed. Each event finds
 *  the policy as it is now. */
export function start<E, A>(
  make: (ports: Ports) => (event: E) => Promise<A>,
  extras?: Extras,
): (event: E) => Promise<A> {
  let connected: { readonly ports: Ports; readonly run: (event: E) => Promise<A> } | undefined;
  return async (event) => {
    if (connected === undefined) {
      const ports = connect(process.env, {}, extras);
      connected = { ports, run: make(ports) };
    }
    await connected.ports.freshPolicy();
    return connected.run(event);
  };
}
