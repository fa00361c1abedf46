/** Step Functions in a world: its Standard machines, one keeper of task tokens for all of them, and an event on the bus whenever
 *  an execution starts, ends or is redriven. */
import type { Execution } from './asl/execution.ts';
import { StateMachine } from './asl/machine.ts';
import { TaskTokens } from './asl/task-tokens.ts';
import type { Tasks } from './asl/tasks.ts';
import type { Chance } from './chance.ts';
import type { EventBus } from './event-bus.ts';
import type { Kernel } from './kernel.ts';

export interface StepFunctionsWorld {
  readonly kernel: Kernel;
  readonly chance: Chance;
  readonly bus: Pick<EventBus, 'put'>;
  readonly region: string;
  readonly accountId: string;
  /** Unix time in ms, of virtual time 0. */
  readonly epochMs: number;
}

export interface NewMachine {
  readonly name: string;
  /** Amazon States Language as an object. */
  readonly definition: unknown;
  readonly tasks: Tasks;
}

/** An execution with the machine it is of. */
export interface Found {
  readonly machine: StateMachine;
  readonly execution: Execution;
}

/** Above it, input or output is left out of an event, bytes. Source: Developer Guide, EventBridge payloads (248 KB). */
const PAYLOAD_IN_EVENT_BYTES = 248 * 1_024;

export class StepFunctions {
  readonly tokens = new TaskTokens();
  readonly #world: StepFunctionsWorld;
  readonly #machines = new Map<string, StateMachine>();

  constructor(world: StepFunctionsWorld) {
    this.#world = world;
  }

  addMachine({ name, definition, tasks }: NewMachine): StateMachine {
    const { kernel, chance, epochMs } = this.#world;
    const arn = this.arnOf(name);
    if (this.#machines.has(arn)) throw new Error(`a state machine called ${name} already exists`);
    const machine: StateMachine = new StateMachine({
      ...{ arn, definition, tasks, kernel, chance, epochMs, tokens: this.tokens },
      onChange: (execution) => this.#tell({ machine, execution }),
    });
    this.#machines.set(arn, machine);
    return machine;
  }

  /** The ARN of the machine of this name, whether it is there or not. */
  arnOf(name: string): string {
    const { region, accountId } = this.#world;
    return `arn:aws:states:${region}:${accountId}:stateMachine:${name}`;
  }

  machine(arn: string): StateMachine | undefined {
    return this.#machines.get(arn);
  }

  execution(arn: string): Found | undefined {
    for (const machine of this.#machines.values()) {
      const execution = machine.executions.find((each) => each.arn === arn);
      if (execution !== undefined) return { machine, execution };
    }
    return undefined;
  }

  /** Source: Developer Guide, Step Functions event examples. What a redrive says is not documented; its status changes. */
  #tell(found: Found): void {
    const { input, output, ...told } = this.describe(found);
    const escaped = (text: string | null): number =>
      text === null ? 0 : Buffer.byteLength(JSON.stringify(text));
    const outputFits = escaped(output) <= PAYLOAD_IN_EVENT_BYTES;
    const inputFits = escaped(input) + escaped(output) <= PAYLOAD_IN_EVENT_BYTES;
    const detail = {
      ...told,
      input: inputFits ? input : null,
      inputDetails: { included: inputFits },
      output: outputFits ? output : null,
      outputDetails: output === null ? null : { included: outputFits },
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
    };
    const { arn } = found.execution;
    this.#world.bus.put('aws.states', 'Step Functions Execution Status Change', detail, [arn]);
  }

  /** As its events say it: dates in epoch ms, `null` for what there is none of. */
  describe({ machine, execution }: Found) {
    const { epochMs } = this.#world;
    const date = (ms: number | undefined): number | null => (ms === undefined ? null : epochMs + ms);
    const { status, output, error, cause, redriveCount } = execution;
    const refused = machine.whyNotRedrivable(execution);
    return {
      executionArn: execution.arn,
      stateMachineArn: machine.arn,
      name: execution.name,
      status,
      startDate: epochMs + execution.startedMs,
      stopDate: date(execution.stoppedMs),
      input: JSON.stringify(execution.input),
      output: status === 'SUCCEEDED' ? JSON.stringify(output) : null,
      error: error ?? null,
      cause: cause ?? null,
      redriveCount,
      redriveDate: date(execution.redrivenMs),
      redriveStatus: refused === undefined ? 'REDRIVABLE' : 'NOT_REDRIVABLE',
      redriveStatusReason: refused ?? null,
    };
  }
}
