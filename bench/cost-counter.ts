/** Stands between core and its ports, and around the functions and their queues, and counts what is paid for. */
import { rolloutTemplate } from '../infra/rollout-template.ts';
import { PowertoolsJournal } from '../lambdas/adapters/powertools-journal.ts';
import { MESSAGES_PER_BATCH } from '../lambdas/adapters/sqs-queues.ts';
import type { Figure, Of } from '../lambdas/core/figures.ts';
import type { Execution } from '../sim/asl/execution.ts';
import { Invocations } from '../sim/chaos/invocations.ts';
import { ROLLOUT_MACHINE, Stage } from '../sim/stage.ts';
import type { World } from '../sim/world.ts';
import { type CostTables, type StoreCall, storeCall } from './cost-tables.ts';

/** What can be added up. */
export interface Sums {
  readonly invocations: number;
  /** Virtual: waiting for EC2, SQS and the like. DynamoDB and the processor take none in this world. */
  readonly waitMs: number;
  /** Nodes in answers of EC2 that the functions work through. */
  readonly nodesRead: number;
  readonly sqsRequests: number;
  readonly tableReads: number;
  readonly tableWrites: number;
  readonly events: number;
  readonly transitions: number;
  readonly logBytes: number;
}

/** `metrics`: as CloudWatch tells them apart, a name with a set of dimensions and their values. */
export type Counted = Sums & { readonly metrics: ReadonlySet<string> };

const NONE: Sums = {
  ...{ invocations: 0, waitMs: 0, nodesRead: 0, sqsRequests: 0, tableReads: 0, tableWrites: 0 },
  ...{ events: 0, transitions: 0, logBytes: 0 },
};

/** Of a line beside its facts: level, service, time stamp, trace id. Source: Powertools for AWS Lambda, logger. */
const LINE_BYTES = 170;
/** What CloudWatch Logs adds to an event. Source: CloudWatch Logs API reference, PutLogEvents. */
const EVENT_BYTES = 26;
/** START, END and REPORT of an invocation, and the trace's id. */
const INVOCATION_BYTES = 450;

/** Of so many messages received, deleted or hidden. */
const requestsFor = (messages: number): number => Math.ceil(messages / MESSAGES_PER_BATCH);

export class Counter {
  readonly #world: World;
  readonly #tables: CostTables;
  readonly #stage: Stage;
  #now: { -readonly [K in keyof Sums]: number } = { ...NONE };
  #calls: StoreCall[] = [];
  #read = { journal: 0, figures: 0, transitions: 0 };

  constructor(world: World, tables: CostTables) {
    this.#world = world;
    this.#tables = tables;
    const invocations = new Invocations();
    this.#stage = new Stage(world, {
      mode: 'warm',
      sweep: false,
      rollouts: rolloutTemplate(),
      wrap: (ports) =>
        invocations.around(ports, async ({ port, method, args }, send) => {
          this.#calls.push(...storeCall({ port, method, args, atMs: world.clockMs }));
          if (port === 'bus') this.#now.events++;
          if (port === 'deliveries') this.#now.sqsRequests += requestsFor((args[0] as unknown[]).length);
          const answer = await send();
          if (port === 'vpc') this.#now.nodesRead += nodesIn(answer);
          return answer;
        }),
      invoke: async (_name, work) => {
        const startMs = world.kernel.nowMs;
        this.#now.invocations++;
        const answer = await work();
        this.#now.waitMs += world.kernel.nowMs - startMs;
        return answer;
      },
    });
    for (const queue of Object.values(this.#stage.queues)) {
      const [send, receive] = [queue.send.bind(queue), queue.receive.bind(queue)];
      queue.send = (body, delayMs) => {
        this.#now.sqsRequests++;
        return send(body, delayMs);
      };
      queue.receive = (most, hiddenMs) => {
        const records = receive(most, hiddenMs);
        // Received and deleted.
        this.#now.sqsRequests += 2 * requestsFor(records.length);
        return records;
      };
    }
  }

  /** Of the rollout machine. */
  get executions(): readonly Execution[] {
    const { stepFunctions } = this.#world;
    return stepFunctions.machine(stepFunctions.arnOf(ROLLOUT_MACHINE))?.executions ?? [];
  }

  sweepNow(): void {
    this.#world.kernel.activity(
      () => this.#stage.sweepNow(),
      ({ status }) => {
        if (status === 'rejected') throw new Error('a sweep failed');
      },
    );
  }

  /** What was counted while `story` was told. */
  async during(story: () => Promise<void>): Promise<Counted> {
    await this.#take();
    await story();
    return this.#take();
  }

  async #take(): Promise<Counted> {
    const taken = this.#now;
    const calls = this.#calls;
    this.#now = { ...NONE };
    this.#calls = [];
    const { reads, writes } = await this.#tables.replay(calls);
    taken.tableReads = reads;
    taken.tableWrites = writes;
    const { journal, figures } = this.#stage;
    const transitions = this.executions.reduce((sum, execution) => sum + execution.transitions, 0);
    taken.transitions = transitions - this.#read.transitions;
    taken.logBytes = taken.invocations * INVOCATION_BYTES;
    for (const { what, facts } of journal.slice(this.#read.journal))
      taken.logBytes +=
        LINE_BYTES + EVENT_BYTES + Buffer.byteLength(JSON.stringify({ message: what, ...facts }));
    const metrics = new Set<string>();
    const book = new PowertoolsJournal(() => this.#world.clockMs, {
      line: (text) => {
        taken.logBytes += EVENT_BYTES + Buffer.byteLength(text);
        for (const metric of metricsIn(text)) metrics.add(metric);
      },
    });
    for (const { figures: measured, of } of figures.slice(this.#read.figures))
      book.measure(measured, of as Of<Figure>);
    this.#read = { journal: journal.length, figures: figures.length, transitions };
    return { ...taken, metrics };
  }
}

/** Of an answer of EC2's that shows nodes. */
function nodesIn(answer: unknown): number {
  const { value } = answer as { value?: { nodes?: unknown[]; world?: { nodes: unknown[] } } };
  return (value?.nodes ?? value?.world?.nodes ?? []).length;
}

/** As CloudWatch tells metrics apart. */
function metricsIn(text: string): string[] {
  const line = JSON.parse(text) as Record<string, unknown> & {
    _aws: { CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string }[] }[] };
  };
  return line._aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) =>
    Metrics.flatMap(({ Name }) =>
      Dimensions.map((names) => [Name, ...names.map((name) => `${name}=${line[name]}`)].join(' ')),
    ),
  );
}
