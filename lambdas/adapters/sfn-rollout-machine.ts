/** Batched rollouts on their state machine, through Step Functions' SDK. */
import { createHash } from 'node:crypto';
import { SendTaskSuccessCommand, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Clock, RolloutMachine } from '../core/ports.ts';

/** Longest name of an execution, and of the parts of ours. Source: Step Functions API reference, StartExecution, `name`. */
const NAME_LENGTH = 80;
const HASH_LENGTH = 24;
const WORD_LENGTH = (NAME_LENGTH - HASH_LENGTH - 2) / 2;

/** By name: bundles leave the errors' classes out (infra/bundles.ts). Source: Step Functions API reference. */
const ALREADY_EXISTS = 'ExecutionAlreadyExists';
const NOBODY_WAITS = ['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'];

/** An execution that began so long before it was asked for was begun by somebody else; clocks differ by less. */
const SURELY_EARLIER_MS = 1_000;

export interface MachinePlace {
  /** Absent where the stack has no such machine. */
  readonly rolloutMachineArn: string | undefined;
}

export class SfnRolloutMachine implements RolloutMachine {
  readonly #make: () => SFNClient;
  readonly #place: MachinePlace;
  readonly #clock: Clock;
  #client: SFNClient | undefined;

  /** `make`: called with the first rollout, because most announcements have no waves. */
  constructor(make: () => SFNClient, place: MachinePlace, clock: Clock) {
    this.#make = make;
    this.#place = place;
    this.#clock = clock;
  }

  /** Step Functions answers the same name and input with the execution while that runs, as though it had just begun: only its
   *  date tells. One that began within the last second passes for ours: `started` may be said twice, `known` never too early. */
  async start(rolloutId: string): Promise<'started' | 'known'> {
    const { rolloutMachineArn: stateMachineArn } = this.#place;
    if (stateMachineArn === undefined)
      throw new Error(
        `rollout ${rolloutId} cannot go out in waves: ROLLOUT_MACHINE_ARN names no state machine`,
      );
    const askedAtMs = this.#clock();
    try {
      const { startDate } = await this.#sfn.send(
        new StartExecutionCommand({
          stateMachineArn,
          name: executionName(rolloutId),
          // Nothing else: another input of the same name would be refused while the execution runs.
          input: JSON.stringify({ rolloutId }),
        }),
      );
      const earlier = startDate !== undefined && startDate.getTime() < askedAtMs - SURELY_EARLIER_MS;
      return earlier ? 'known' : 'started';
    } catch (error) {
      if (error instanceof Error && error.name === ALREADY_EXISTS) return 'known';
      throw error;
    }
  }

  /** Asked again because the first answer was lost, it says `gone` of what it has opened itself. */
  async open(token: string): Promise<'opened' | 'gone'> {
    try {
      await this.#sfn.send(
        new SendTaskSuccessCommand({ taskToken: token, output: JSON.stringify({ opened: true }) }),
      );
      return 'opened';
    } catch (error) {
      if (error instanceof Error && NOBODY_WAITS.includes(error.name)) return 'gone';
      throw error;
    }
  }

  get #sfn(): SFNClient {
    this.#client ??= this.#make();
    return this.#client;
  }
}

/** The name of a rollout's execution: `<cluster>-<announcement>-<hash>`, the words cut and cleaned for people, the hash so that
 *  no two rollouts share one. */
export function executionName(rolloutId: string): string {
  const [cluster = '', ...announcement] = rolloutId.split('/');
  const words = [cluster, announcement.join('/')]
    .map((word) =>
      word
        .replace(/[^\w-]+/g, '-')
        .slice(0, WORD_LENGTH)
        .replace(/^-+|-+$/g, ''),
    )
    .filter((word) => word !== '');
  const hash = createHash('sha256').update(rolloutId).digest('hex').slice(0, HASH_LENGTH);
  return [...words, hash].join('-');
}
