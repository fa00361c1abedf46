/**
 * What a fleet makes the functions do, counted: the deployed handlers in a simulated world, an hour's story in a few minutes
 * each. Sweeps, bursts of launches, announced rollouts and rollouts in waves are counted apart, so that a month is so many of each.
 */

import { rolloutTemplate } from '../infra/rollout-template.ts';
import { PowertoolsJournal } from '../lambdas/adapters/powertools-journal.ts';
import type { Figure, Of } from '../lambdas/core/figures.ts';
import { RECORD_TTL_MS } from '../lambdas/core/records.ts';
import { Invocations } from '../sim/chaos/invocations.ts';
import { DEPLOYED } from '../sim/deployed.ts';
import { ROLLOUT_MACHINE, Stage } from '../sim/stage.ts';
import { World } from '../sim/world.ts';
import { unitsOf } from './cost-capacity.ts';

export interface Fleet {
  readonly nodes: number;
  readonly nodeGroups: number;
  readonly zones: number;
  /** Nodes that launch together. */
  readonly burstNodes: number;
  /** Pods that come with an announcement: all at once to one node group, where interfaces are lacking; in four waves to any. */
  readonly rolloutPods: number;
}

export interface Counts {
  readonly invocations: number;
  /** Virtual: waiting for EC2, SQS and the like. DynamoDB and the processor take none in this world. */
  readonly runSeconds: number;
  readonly sqsRequests: number;
  readonly reads: number;
  readonly writes: number;
  readonly events: number;
  readonly transitions: number;
  readonly logBytes: number;
}

export interface FleetCounts {
  readonly fleet: Fleet;
  readonly sweep: Counts;
  readonly burst: Counts;
  readonly announced: Counts;
  readonly waves: Counts;
  /** Metrics: each name with each set of dimensions it was published by. */
  readonly metrics: number;
}

const CLUSTER = 'shop';
/** 4 interfaces of 15 addresses. */
const TYPE = 'm5.xlarge';
const SWEEPS = 3;
const MINUTE_MS = 60_000;
const { sweepEveryMs: SWEEP_EVERY_MS } = DEPLOYED;
/** Until looks, lessons and what was put off are over. */
const STORY_MS = 12 * MINUTE_MS;
const NONE: Counts = {
  ...{ invocations: 0, runSeconds: 0, sqsRequests: 0, reads: 0, writes: 0 },
  ...{ events: 0, transitions: 0, logBytes: 0 },
};
/** Of a line beside its facts: level, service, time stamp, trace id. Source: Powertools for AWS Lambda, logger. */
const LINE_BYTES = 170;
/** What CloudWatch Logs adds to an event. Source: CloudWatch Logs API reference, PutLogEvents. */
const EVENT_BYTES = 26;
/** START, END and REPORT of an invocation. */
const INVOCATION_BYTES = 450;

export async function countFleet(fleet: Fleet): Promise<FleetCounts> {
  const { nodes, nodeGroups, zones, burstNodes, rolloutPods } = fleet;
  const world = new World({
    seed: 1,
    cluster: CLUSTER,
    subnets: Array.from({ length: zones }, (_, index) => ({
      id: `subnet-0a1b2c3d4e5f6071${index}`,
      vpcId: 'vpc-0a1b2c3d4e5f60718',
      zone: `eu-central-1${'abcdef'[index]}`,
      cidr: `10.${index}.0.0/16`,
    })),
  });
  const counter = new Counter(world);
  const { kernel, bus } = world;
  const groups = Array.from({ length: nodeGroups }, (_, index) =>
    world.addNodeGroup({
      name: `workers-${index}`,
      type: TYPE,
      launchedBy: 'karpenter',
      established: { nodes: Math.floor(nodes / nodeGroups), addresses: [14, 14] },
    }),
  );
  const run = (ms: number) => kernel.run(kernel.nowMs + ms);
  const announce = (name: string, more: object): void => {
    bus.put('eks-ip-prewarmer', 'Deployment Announced', {
      cluster: CLUSTER,
      announcementId: name,
      workload: { kind: 'Deployment', namespace: 'default', name },
      replicas: { from: 0, to: rolloutPods },
      ...more,
    });
  };
  const sweeps = async (count: number): Promise<void> => {
    for (let swept = 0; swept < count; swept++) {
      await run(5 * MINUTE_MS);
      counter.sweepNow();
      await run(MINUTE_MS);
    }
  };

  // Nobody launched within the hour in which launches are remembered; and quiet, as far as two sweeps can tell.
  await run(RECORD_TTL_MS);
  await sweeps(2);
  const sweep = divided(await counter.during(() => sweeps(SWEEPS)), SWEEPS);
  const burst = await counter.during(async () => {
    const [group] = groups;
    group?.scaleTo(group.desired + burstNodes);
    await run(STORY_MS);
  });
  await sweeps(2);
  const announced = await counter.during(async () => {
    // Of 28 addresses a node: what comes to one node group needs more.
    const more = { podsPerNode: 24, nodeSelection: { nodeGroups: ['workers-0'] } };
    announce('announced', { startsInSeconds: 300, overSeconds: 60, ...more });
    await run(STORY_MS);
  });
  const waves = await counter.during(async () => {
    announce('in-waves', { podsPerNode: 2, waves: { size: '25%' } });
    await run(STORY_MS);
  });
  // Published once more by those that have something to say now: counted as metrics only.
  await sweeps(1);
  // Its record is read by each sweep of the hour in which it is remembered, twice: is it done, and did it end?
  const remembered = { ...burst, reads: burst.reads + 2 * burstNodes * (RECORD_TTL_MS / SWEEP_EVERY_MS) };
  return { fleet, sweep, burst: remembered, announced, waves, metrics: counter.metrics };
}

const divided = (counts: Counts, by: number): Counts =>
  Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, value / by])) as unknown as Counts;

/** Stands between core and its ports, and around the functions and their queues. */
class Counter {
  readonly #world: World;
  readonly #stage: Stage;
  #now: { -readonly [K in keyof Counts]: Counts[K] } = { ...NONE };
  readonly #metrics = new Set<string>();
  #journalRead = 0;
  #figuresRead = 0;
  #transitionsRead = 0;

  constructor(world: World) {
    this.#world = world;
    const invocations = new Invocations();
    this.#stage = new Stage(world, {
      mode: 'warm',
      sweep: false,
      rollouts: rolloutTemplate(),
      wrap: (ports) =>
        invocations.around(ports, async ({ port, method, args }, send) => {
          const answer = await send();
          const { reads, writes } = unitsOf(port, method, args, answer);
          this.#now.reads += reads;
          this.#now.writes += writes;
          if (port === 'bus') this.#now.events++;
          return answer;
        }),
      invoke: async (_name, work) => {
        const startMs = world.kernel.nowMs;
        this.#now.invocations++;
        const answer = await work();
        this.#now.runSeconds += (world.kernel.nowMs - startMs) / 1000;
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
        // Ten messages to a request, received and deleted (SQS quotas).
        this.#now.sqsRequests += 2 * Math.ceil(records.length / 10);
        return records;
      };
    }
  }

  get metrics(): number {
    return this.#metrics.size;
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
  async during(story: () => Promise<void>): Promise<Counts> {
    this.#take();
    await story();
    return this.#take();
  }

  #take(): Counts {
    const taken = this.#now;
    const { journal, figures } = this.#stage;
    for (const { what, facts } of journal.slice(this.#journalRead))
      taken.logBytes +=
        LINE_BYTES + EVENT_BYTES + Buffer.byteLength(JSON.stringify({ message: what, ...facts }));
    const book = new PowertoolsJournal(() => this.#world.clockMs, {
      line: (text) => {
        taken.logBytes += EVENT_BYTES + Buffer.byteLength(text);
        for (const metric of metricsIn(text)) this.#metrics.add(metric);
      },
    });
    for (const { figures: measured, of } of figures.slice(this.#figuresRead))
      book.measure(measured, of as Of<Figure>);
    taken.logBytes += taken.invocations * INVOCATION_BYTES;
    const { stepFunctions } = this.#world;
    const executions = stepFunctions.machine(stepFunctions.arnOf(ROLLOUT_MACHINE))?.executions ?? [];
    const transitions = executions.reduce((sum, execution) => sum + execution.transitions, 0);
    taken.transitions = transitions - this.#transitionsRead;
    [this.#journalRead, this.#figuresRead, this.#transitionsRead] = [
      journal.length,
      figures.length,
      transitions,
    ];
    this.#now = { ...NONE };
    return taken;
  }
}

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
