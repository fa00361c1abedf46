/** A state machine on a world of its own: virtual time, tasks given by the test. */

import type { Execution } from '../../sim/asl/execution.ts';
import { StateMachine } from '../../sim/asl/machine.ts';
import type { Tasks } from '../../sim/asl/tasks.ts';
import { Chance } from '../../sim/chance.ts';
import { Kernel } from '../../sim/kernel.ts';

export const ARN = 'arn:aws:states:eu-central-1:111122223333:stateMachine:rollout';
export const EPOCH_MS = Date.UTC(2026, 0, 1);

export interface Stage {
  readonly kernel: Kernel;
  readonly machine: StateMachine;
  /** Runs the world for so long. */
  seconds(count: number): Promise<void>;
}

export function stage(definition: object, tasks: Tasks = {}, { seed = 1 } = {}): Stage {
  const kernel = new Kernel();
  const machine = new StateMachine({
    ...{ arn: ARN, kernel, chance: new Chance(seed), epochMs: EPOCH_MS, tasks },
    definition: { QueryLanguage: 'JSONata', ...definition },
  });
  return { kernel, machine, seconds: (count) => kernel.run(kernel.nowMs + 1_000 * count) };
}

/** Runs one execution to its end, within a day of virtual time. */
export async function run(
  definition: object,
  { input = {}, tasks = {}, seed = 1 }: { input?: unknown; tasks?: Tasks; seed?: number } = {},
): Promise<Execution> {
  const { kernel, machine } = stage(definition, tasks, { seed });
  const execution = machine.start({ input });
  await kernel.run(86_400_000, () => execution.status !== 'RUNNING');
  return execution;
}

/** A machine of one state, called Only. */
export const only = (state: object): object => ({
  StartAt: 'Only',
  States: { Only: { End: true, ...state } },
});

/** A task of the resource `test:call`. */
export const call = (state: object = {}): object => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::test:call',
  ...state,
});

export const types = ({ history }: Execution): string[] => history.map(({ type }) => type);

export class Trouble extends Error {
  override readonly name = 'Trouble';
}
