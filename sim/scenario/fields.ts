/** The small words scenario files are made of, each with the sentence that says what was expected. */
import * as z from 'zod';

export const number = (expected: string, low: number, high: number) =>
  z.number({ error: expected }).min(low, { error: expected }).max(high, { error: expected });
export const whole = (expected: string, low: number, high: number) =>
  number(expected, low, high).int({ error: expected });
export const text = (expected: string, pattern: RegExp) =>
  z.string({ error: expected }).regex(pattern, { error: expected });
export const object = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `one of ${Object.keys(shape).join(', ')}` : 'an object',
  });
export const list = <S extends z.core.$ZodType>(item: S, what: string) =>
  z.array(item, { error: `a list of ${what}` });

export const name = text('a name of 1 to 40 letters, digits or -', /^[a-z0-9A-Z][a-z0-9A-Z-]{0,39}$/);
/** Two virtual hours: longer than anything ipamd does but its hourly search for leaked ENIs. */
export const seconds = number('a number of seconds from 0 to 7200', 0, 7_200);
/** Considerations for large clusters (Kubernetes): 5,000 nodes, 150,000 pods. */
export const nodes = whole('a whole number of nodes from 0 to 5000', 0, 5_000);
export const pods = whole('a whole number of pods from 0 to 150000', 0, 150_000);
export const share = number('a share from 0 to 1', 0, 1);
