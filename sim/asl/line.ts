/** One line of control through states (an execution, a branch of a Parallel, an item of a Map) and the world it runs in. */
import type { Stream } from '../chance.ts';
import type { Kernel } from '../kernel.ts';
import type { Expressions } from './expressions.ts';
import type { History } from './history.ts';
import type { Flow } from './schema.ts';
import type { TaskTokens } from './task-tokens.ts';
import type { Tasks } from './tasks.ts';

export interface World {
  readonly kernel: Kernel;
  /** The wall clock at virtual zero. */
  readonly epochMs: number;
  readonly machineArn: string;
  readonly tasks: Tasks;
  readonly tokens: TaskTokens;
  readonly expressions: Expressions;
  readonly jitter: Stream;
  readonly ids: Stream;
}

/** The execution a line belongs to; a distributed Map's items each have one of their own. */
export interface Owner {
  /** `$states.context.Execution`. */
  readonly context: {
    readonly Id: string;
    readonly Name: string;
    readonly Input: unknown;
    readonly StartTime: string;
    RedriveCount: number;
  };
  readonly history: History;
}

export interface Line {
  readonly owner: Owner;
  readonly flow: Flow;
  /** `$states.context.Map.Item`. */
  readonly item?: { readonly Index: number; readonly Value: unknown } | undefined;
  at: string;
  input: unknown;
  variables: Record<string, unknown>;
  /** Whether the state it stands at has been entered: a redrive does not enter it again. */
  entered?: boolean;
  /** Lines of the Map or Parallel it stands at. */
  children?: Line[] | undefined;
  done?: { readonly output: unknown };
}

export function lineThrough(
  flow: Flow,
  { variables = {}, ...begin }: Pick<Line, 'owner' | 'item' | 'input'> & { variables?: Line['variables'] },
): Line {
  return { ...begin, variables, flow, at: flow.StartAt };
}

/** A line in a state: one visit, however many attempts. */
export interface Visit {
  readonly line: Line;
  readonly halt: AbortSignal;
  readonly enteredMs: number;
  retries: number;
  token?: string | undefined;
}

/** What states with lines of their own inside ask of whoever runs them. */
export interface Running {
  readonly world: World;
  /** Runs the line to its end and returns its output. */
  run(line: Line, halt: AbortSignal): Promise<unknown>;
  argumentsOf(state: { readonly Arguments?: unknown }, visit: Visit): Promise<unknown>;
  value(visit: Visit, template: unknown, field: string): Promise<unknown>;
  whole(visit: Visit, template: unknown, field: string): Promise<number | undefined>;
  wrong(visit: Visit, field: string, expected: string, got: unknown): Error;
}
