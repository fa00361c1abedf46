/** The only place that builds clients. Everything a function needs is connected once, when it is first used. */
import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { EKSClient, type EKSClientConfig } from '@aws-sdk/client-eks';
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoBudget } from '../adapters/dynamo-budget.ts';
import { DynamoLedger } from '../adapters/dynamo-ledger.ts';
import { Ec2Vpc } from '../adapters/ec2-vpc.ts';
import { EksClusters } from '../adapters/eks-clusters.ts';
import { readEnvironment } from '../adapters/env-config.ts';
import { PowertoolsJournal } from '../adapters/powertools-journal.ts';
import { SqsContinuations } from '../adapters/sqs-continuations.ts';
import type { Ports } from '../core/ports.ts';

/** What a world other than AWS replaces: how clients reach it, its clock, its chance, and its stores. */
export interface Outside {
  readonly ec2?: EC2ClientConfig;
  readonly eks?: EKSClientConfig;
  readonly sqs?: SQSClientConfig;
  readonly stores?: Pick<Ports, 'ledger' | 'budget'>;
  readonly clock?: Ports['clock'];
  readonly random?: Ports['random'];
  readonly runId?: Ports['runId'];
  readonly journal?: Ports['journal'];
}

/** Connect and answer fast or fail: a Lambda that hangs is billed, and a message that fails comes back by itself. */
const REQUEST_HANDLER = { connectionTimeout: 2_000, requestTimeout: 8_000, throwOnRequestTimeout: true };

/** Throws one error that names every setting that is wrong. */
export function connect(env: Readonly<Record<string, string | undefined>>, outside: Outside = {}): Ports {
  const read = readEnvironment(env);
  if (!read.ok) throw new SettingsError(read.message);
  const { config } = read;
  const { region } = config;
  const clock = outside.clock ?? Date.now;
  // One attempt: a repeated assign would assign twice, and waiting happens on the queue, not in a billed function.
  const ec2 = new EC2Client({ region, maxAttempts: 1, requestHandler: REQUEST_HANDLER, ...outside.ec2 });
  const eks = new EKSClient({ region, requestHandler: REQUEST_HANDLER, ...outside.eks });
  const sqs = new SQSClient({ region, requestHandler: REQUEST_HANDLER, ...outside.sqs });
  return {
    clock,
    vpc: new Ec2Vpc(ec2, clock),
    clusters: new EksClusters(eks, clock),
    continuations: new SqsContinuations(sqs, config, clock),
    journal: outside.journal ?? new PowertoolsJournal(),
    settings: config.settings,
    freshPolicy: async () => config.settings.policy,
    random: outside.random ?? Math.random,
    runId: outside.runId ?? randomUUID,
    ...(outside.stores ?? stores(config, clock)),
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

type Config = Extract<ReturnType<typeof readEnvironment>, { ok: true }>['config'];

function stores(config: Config, clock: Ports['clock']): Pick<Ports, 'ledger' | 'budget'> {
  const client = new DynamoDBClient({ region: config.region, requestHandler: REQUEST_HANDLER });
  const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  return { ledger: new DynamoLedger(documents, config), budget: new DynamoBudget(documents, config, clock) };
}

/** A Lambda handler over `make`: connected on the first event, and again on the next one if that failed. */
export function start<E, A>(make: (ports: Ports) => (event: E) => Promise<A>): (event: E) => Promise<A> {
  let run: ((event: E) => Promise<A>) | undefined;
  return async (event) => {
    run ??= make(connect(process.env));
    return run(event);
  };
}
