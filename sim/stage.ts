/**
 * Puts the product into the world as the stack deploys it: the real handlers with the real SDK clients, fed by queues,
 * rules and a schedule. The one place of the simulator that knows them (docs/decisions/0001-boundaries.md).
 */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Figures } from '../lambdas/core/figures.ts';
import { type Mode, readPolicy } from '../lambdas/core/policy.ts';
import type { Journal, Ports } from '../lambdas/core/ports.ts';
import { advanceWave } from '../lambdas/handlers/advance-wave.ts';
import { holdWave } from '../lambdas/handlers/hold-wave.ts';
import { lookAgain } from '../lambdas/handlers/look-again.ts';
import { type Answer, onSignal, onSignalExtras } from '../lambdas/handlers/on-signal.ts';
import { planRollout } from '../lambdas/handlers/plan-rollout.ts';
import { reportRollout } from '../lambdas/handlers/report-rollout.ts';
import { sweeper } from '../lambdas/handlers/sweep.ts';
import { verifyWave } from '../lambdas/handlers/verify-wave.ts';
import { warmWave } from '../lambdas/handlers/warm-wave.ts';
import { connect, type Stores } from '../lambdas/handlers/wiring.ts';
import { type LambdaFunction, lambdaInvoke } from './asl/tasks.ts';
import { definitionIn } from './asl/template.ts';
import type { Stream } from './chance.ts';
import { DEPLOYED, type DeployedQueues, deployQueues, type SignalsOn } from './deployed.ts';
import { COLD_START, WARM_START } from './latencies.ts';
import { consume } from './queue-consumer.ts';
import { MemoryBudget } from './stores/memory-budget.ts';
import { MemoryLedger } from './stores/memory-ledger.ts';
import { MemoryReads } from './stores/memory-reads.ts';
import { MemoryRolloutBook } from './stores/memory-rollout-book.ts';
import { inProcessDoor, virtualClient } from './wire/door.ts';
import { kubeDoor } from './wire/kube-door.ts';
import type { World } from './world.ts';

export interface StageOptions {
  readonly mode: Mode;
  /** The policy document, as an operator writes it. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** Events listened to otherwise than by default. */
  readonly signals?: SignalsOn;
  /** Whether the clusters' API servers may be asked, and whether nodes may come with our start-up taint. */
  readonly lens?: 'lens' | 'lens and gate';
  /** The template that deploys the rollout machine; without one announcements of waves start nothing. */
  readonly rollouts?: unknown;
  /** Whether the sweep runs every five minutes. */
  readonly sweep?: boolean;
  /** What stands between core and its ports: a watch, a defect, trouble. */
  readonly wrap?: (ports: Ports) => Ports;
  /** How one invocation of a function is run; as it is, unless said. */
  readonly invoke?: <A>(name: string, run: () => Promise<A>) => Promise<A>;
  /** The policy document as it is now, where an operator changes it while the world runs. */
  readonly policyNow?: () => Readonly<Record<string, unknown>>;
}

/** One line of the journal. */
export interface Note {
  readonly atMs: number;
  readonly level: 'note' | 'warn';
  readonly what: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Figures that were published. */
export interface Measured {
  readonly atMs: number;
  readonly figures: Figures;
  readonly of: Readonly<Record<string, string>>;
}

/** Name under which the account counts our calls. */
export const PREWARMER = 'prewarmer';

/** What the machine is called here. */
export const ROLLOUT_MACHINE = 'rollout';

const { queues: QUEUES, timeLimitMs } = DEPLOYED;

export class Stage {
  readonly journal: Note[] = [];
  readonly figures: Measured[] = [];
  /** What outlives an invocation. */
  readonly stores: Stores;
  readonly queues: DeployedQueues['queues'];
  readonly deadLetters: DeployedQueues['deadLetters'];
  readonly #world: World;
  readonly #onSignal: (event: unknown) => Promise<SQSBatchResponse | Answer>;
  readonly #sweep: () => Promise<unknown>;
  readonly #invoke: NonNullable<StageOptions['invoke']>;

  constructor(world: World, options: StageOptions) {
    this.#world = world;
    const { queues, deadLetters } = deployQueues(world, options.signals);
    this.queues = queues;
    this.deadLetters = deadLetters;

    const clock = (): number => world.clockMs;
    const rate = () => readPolicy(options.policyNow?.() ?? options.policy).policy;
    this.stores = {
      ledger: new MemoryLedger(),
      budget: new MemoryBudget(rate, clock),
      reads: new MemoryReads(clock),
      rolloutBook: new MemoryRolloutBook(),
    };
    const door = inProcessDoor(world);
    const { region } = world;
    const client = (service: 'ec2' | 'eks' | 'autoscaling' | 'sqs' | 'states' | 'events') =>
      virtualClient({ door, service, region, callerName: PREWARMER });
    const jitter = world.chance.stream('jitter');
    const runIds = world.chance.stream('run ids');
    const outside = {
      ec2: client('ec2'),
      eks: client('eks'),
      autoscaling: client('autoscaling'),
      sqs: client('sqs'),
      sfn: client('states'),
      events: client('events'),
      kubernetes: kubeDoor(world),
      clock,
      random: () => jitter.next(),
      runId: () => runIds.hex(32),
      journal: this.#journal(),
      stores: this.stores,
    };
    const env = {
      AWS_REGION: region,
      ACCOUNT_ID: world.accountId,
      CLUSTERS: JSON.stringify(
        world.clusters.map(({ name }) => ({
          name,
          mode: options.mode,
          ...(options.lens !== undefined && { lens: true }),
          ...(options.lens === 'lens and gate' && { gate: true }),
        })),
      ),
      ...(options.policy !== undefined && { POLICY: JSON.stringify(options.policy) }),
      LEDGER_TABLE: 'ledger',
      BUDGET_TABLE: 'budget',
      LAUNCH_QUEUE_URL: this.queues.launches.url,
      SIGNAL_QUEUE_URL: this.queues.signals.url,
      VERIFY_QUEUE_URL: this.queues.verifications.url,
      LAUNCH_DEAD_LETTERS_URL: this.deadLetters.launches.url,
      SIGNAL_DEAD_LETTERS_URL: this.deadLetters.signals.url,
      VERIFY_DEAD_LETTERS_URL: this.deadLetters.verifications.url,
      ROLLOUT_MACHINE_ARN: world.stepFunctions.arnOf(ROLLOUT_MACHINE),
    };
    const connected = this.#withPolicy(connect(env, outside, onSignalExtras), options.policyNow);
    const ports = options.wrap?.(connected) ?? connected;
    const { invoke = (_name, run) => run() } = options;
    // Every invocation begins with the policy as it is then, as handlers/wiring.ts has it.
    this.#invoke = (name, run) =>
      invoke(name, async () => {
        await ports.freshPolicy();
        return run();
      });
    this.#onSignal = this.#asLambda('on-signal', onSignal(ports));
    const look = this.#asLambda('look-again', lookAgain(ports));
    this.#sweep = this.#asLambda('sweep', sweeper(ports));

    const batch = (event: SQSEvent): Promise<SQSBatchResponse> =>
      this.#onSignal(event) as Promise<SQSBatchResponse>;
    consume(world.kernel, {
      ...QUEUES.launches,
      queue: this.queues.launches,
      pollers: QUEUES.launches.readers,
      timeLimitMs,
      handler: batch,
    });
    consume(world.kernel, {
      ...QUEUES.signals,
      queue: this.queues.signals,
      pollers: QUEUES.signals.readers,
      timeLimitMs,
      handler: batch,
    });
    consume(world.kernel, {
      ...QUEUES.verifications,
      queue: this.queues.verifications,
      pollers: QUEUES.verifications.readers,
      timeLimitMs,
      handler: look,
    });
    if (options.rollouts !== undefined) this.#conduct(options.rollouts, ports);
    const alone = options.policy?.['soleAllocator'] === true;
    const everyMs = alone ? DEPLOYED.soleAllocatorSweepsEveryMs : DEPLOYED.sweepEveryMs;
    if (options.sweep ?? true) this.#schedule(everyMs);
  }

  /** Invokes on-signal with an event, or with `{ plan: event }`, and waits for its answer in virtual time. */
  ask(payload: unknown): Promise<Answer> {
    return this.#onSignal(payload) as Promise<Answer>;
  }

  sweepNow(): Promise<unknown> {
    return this.#sweep();
  }

  /** The rollout machine as a deployment would have it, with the real functions for its tasks. */
  #conduct(template: unknown, ports: Ports): void {
    const task = <E>(
      name: string,
      handler: (event: E) => Promise<unknown>,
    ): Record<string, LambdaFunction> => ({
      [name]: this.#asLambda<[unknown], unknown>(name, (event) => handler(event as E)),
    });
    const { region, accountId, stepFunctions } = this.#world;
    const resolve = (id: string): string | undefined => (id === 'AWS::Region' ? region : accountId);
    stepFunctions.addMachine({
      name: ROLLOUT_MACHINE,
      definition: definitionIn(template, resolve),
      tasks: {
        'lambda:invoke': lambdaInvoke({
          ...task('plan-rollout', planRollout(ports)),
          ...task('warm-wave', warmWave(ports)),
          ...task('verify-wave', verifyWave(ports)),
          ...task('hold-wave', holdWave(ports)),
          ...task('advance-wave', advanceWave(ports)),
          ...task('report-rollout', reportRollout(ports)),
        }),
      },
    });
  }

  #schedule(everyMs: number): void {
    const { kernel } = this.#world;
    const again = (): void => {
      kernel.after(everyMs, () => {
        kernel.activity(this.#sweep, () => {});
        again();
      });
    };
    again();
  }

  /** A function takes its time to start: long the first time, little afterwards. */
  #asLambda<E extends unknown[], A>(
    name: string,
    run: (...event: E) => Promise<A>,
  ): (...event: E) => Promise<A> {
    const { kernel, chance } = this.#world;
    const stream: Stream = chance.stream(`function ${name}`);
    let cold = true;
    return async (...event) => {
      const startMs = stream.from(cold ? COLD_START : WARM_START);
      cold = false;
      await kernel.park<void>((resolve) => {
        kernel.after(startMs, () => resolve());
      });
      return this.#invoke(name, () => run(...event));
    };
  }

  /** The policy an operator may change at any time, as the functions read it. */
  #withPolicy(ports: Ports, now: StageOptions['policyNow']): Ports {
    if (now === undefined) return ports;
    let policy = readPolicy(now()).policy;
    return {
      ...ports,
      settings: {
        ...ports.settings,
        get policy() {
          return policy;
        },
      },
      freshPolicy: async () => {
        policy = readPolicy(now()).policy;
        return policy;
      },
    };
  }

  #journal(): Journal {
    const write =
      (level: Note['level']) =>
      (what: string, facts: Readonly<Record<string, unknown>>): void => {
        this.journal.push({ atMs: this.#world.kernel.nowMs, level, what, facts });
      };
    return {
      note: write('note'),
      warn: write('warn'),
      measure: (figures, of) => this.figures.push({ atMs: this.#world.kernel.nowMs, figures, of }),
    };
  }
}
