/** The part of Amazon States Language this interpreter runs: JSONata only. Every object is strict. */
import { z } from 'zod';
import { isExpression } from './expressions.ts';

const SECONDS = 99_999_999;
/** Source: Developer Guide, retrying after an error: below 31,622,401 s. */
const MAX_DELAY_SECONDS = 31_622_400;
const RESOURCE = /^arn:[\w-]+:states:::([\w:-]+?)(\.waitForTaskToken)?$/;

const expression = z.string().refine(isExpression, 'a JSONata expression {% … %}');
const orExpression = <T extends z.ZodType>(what: string, schema: T) =>
  z.union([schema, expression], { error: `${what}, or a JSONata expression {% … %}` });
const whole = (min: number, max: number) => {
  const what = `a whole number from ${min} to ${max}`;
  return z.number().refine((n) => Number.isInteger(n) && n >= min && n <= max, what);
};
const seconds = orExpression(`whole seconds from 0 to ${SECONDS}`, whole(0, SECONDS));
const count = orExpression('a whole number', whole(0, SECONDS));
const json = z.unknown().optional();

const base = { Comment: z.string().optional(), QueryLanguage: z.literal('JSONata').optional() };
const assigning = {
  Assign: z.record(z.string().regex(/^(?!states$)[\p{L}_][\p{L}\p{N}_]{0,79}$/u), z.unknown()).optional(),
  Output: json,
};
const moving = { Next: z.string().optional(), End: z.literal(true).optional() };

const errorEquals = z.array(z.string()).min(1);
const retrier = z.strictObject({
  ...{ Comment: base.Comment, ErrorEquals: errorEquals },
  IntervalSeconds: whole(1, SECONDS).optional(),
  MaxAttempts: whole(0, SECONDS).optional(),
  BackoffRate: z.number().min(1, 'at least 1').optional(),
  MaxDelaySeconds: whole(1, MAX_DELAY_SECONDS).optional(),
  JitterStrategy: z.enum(['FULL', 'NONE']).optional(),
});
const catcher = z.strictObject({
  ...{ Comment: base.Comment, ErrorEquals: errorEquals },
  ...assigning,
  Next: z.string(),
});
const failing = { Retry: z.array(retrier).optional(), Catch: z.array(catcher).optional() };
const work = { ...base, ...assigning, ...moving, ...failing };

const flow = z.lazy((): z.ZodType<Flow> => z.strictObject(flowFields));
const processor = z.lazy(
  (): z.ZodType<Processor> =>
    z.strictObject({
      ...flowFields,
      ProcessorConfig: z
        .union([
          z.strictObject({ Mode: z.literal('INLINE') }),
          z.strictObject({ Mode: z.literal('DISTRIBUTED'), ExecutionType: z.enum(['STANDARD', 'EXPRESS']) }),
        ])
        .optional(),
    }),
);

export const state = z.discriminatedUnion('Type', [
  z.strictObject({
    ...{ Type: z.literal('Task'), ...work },
    Resource: z.string().regex(RESOURCE, 'arn:aws:states:::service:action'),
    Arguments: json,
    TimeoutSeconds: seconds.optional(),
    HeartbeatSeconds: seconds.optional(),
  }),
  z.strictObject({ Type: z.literal('Pass'), ...base, ...assigning, ...moving }),
  z.strictObject({
    ...{ Type: z.literal('Wait'), ...base, ...assigning, ...moving },
    Seconds: seconds.optional(),
    Timestamp: z.string().optional(),
  }),
  z.strictObject({
    ...{ Type: z.literal('Choice'), ...base, ...assigning },
    Choices: z
      .array(
        z.strictObject({
          ...{ Comment: base.Comment, ...assigning },
          Condition: orExpression('true or false', z.boolean()),
          Next: z.string(),
        }),
      )
      .min(1),
    Default: z.string().optional(),
  }),
  z.strictObject({ Type: z.literal('Succeed'), ...base, Output: json }),
  z.strictObject({
    ...{ Type: z.literal('Fail'), ...base },
    Error: z.string().optional(),
    Cause: z.string().optional(),
  }),
  z.strictObject({
    ...{ Type: z.literal('Parallel'), ...work },
    Arguments: json,
    Branches: z.array(flow).min(1),
  }),
  z.strictObject({
    ...{ Type: z.literal('Map'), ...work },
    ItemProcessor: processor,
    Items: orExpression('an array', z.array(z.unknown())).optional(),
    ItemSelector: json,
    ItemBatcher: z
      .strictObject({
        BatchInput: json,
        MaxItemsPerBatch: count.optional(),
        MaxInputBytesPerBatch: count.optional(),
      })
      .optional(),
    MaxConcurrency: count.optional(),
    ToleratedFailureCount: count.optional(),
    ToleratedFailurePercentage: orExpression('0 to 100', z.number().min(0).max(100)).optional(),
    Label: z.string().max(40).optional(),
  }),
]);

const flowFields = {
  Comment: base.Comment,
  StartAt: z.string(),
  States: z.record(z.string().max(80), state),
};
export const machine = z.strictObject({
  ...flowFields,
  QueryLanguage: base.QueryLanguage,
  TimeoutSeconds: whole(1, SECONDS).optional(),
  Version: z.literal('1.0').optional(),
});

export type State = z.infer<typeof state>;
export type Kind<T extends State['Type']> = Extract<State, { Type: T }>;
export type Retrier = z.infer<typeof retrier>;
export type Catcher = z.infer<typeof catcher>;

/** States and where to begin: a machine, a branch, or what a Map does with each item. */
export interface Flow {
  Comment?: string | undefined;
  StartAt: string;
  States: Record<string, State>;
}

export interface Distributed {
  Mode: 'DISTRIBUTED';
  ExecutionType: 'STANDARD' | 'EXPRESS';
}

export interface Processor extends Flow {
  ProcessorConfig?: { Mode: 'INLINE' } | Distributed | undefined;
}

export type Definition = z.infer<typeof machine>;

/** `lambda:invoke` and whether the task waits for its token, of `arn:aws:states:::lambda:invoke.waitForTaskToken`. */
export function resourceOf({ Resource }: Kind<'Task'>): { name: string; callback: boolean } {
  const [, name = '', callback] = RESOURCE.exec(Resource) ?? [];
  return { name, callback: callback !== undefined };
}
