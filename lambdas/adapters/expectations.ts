/** zod schemas whose complaints say what was expected, in words a person can act on. */
import * as z from 'zod/mini';
import type { Complaint } from '../core/complaints.ts';

/** What JSON Schema says of a value, where somebody asks (scripts/announcement-schema.ts). */
const asJsonSchema = new WeakMap<object, object>();
export const jsonSchemaOf = (schema: object): object | undefined => asJsonSchema.get(schema);

/** One value and what it has to be; `json`: the same in JSON Schema. */
export const value = <T>(expected: string, ok: (value: unknown) => boolean, json: object = {}) => {
  const schema = z.custom<T>(ok, { error: expected });
  asJsonSchema.set(schema, { description: expected, ...json });
  return schema;
};

export const text = (expected: string, pattern: RegExp) =>
  value<string>(expected, (given) => typeof given === 'string' && pattern.test(given), {
    type: 'string',
    pattern: pattern.source,
  });

export const whole = (low: number, high: number, unit: string) =>
  value<number>(
    `a whole number of ${unit} from ${low} to ${high}`,
    (given) => Number.isInteger(given) && (given as number) >= low && (given as number) <= high,
    { type: 'integer', minimum: low, maximum: high },
  );

export const yesOrNo = value<boolean>('true or false', (given) => typeof given === 'boolean', {
  type: 'boolean',
});

/** A map of texts that names at least one. */
export const textsByName = (expected: string, name: RegExp, text: RegExp) =>
  value<Readonly<Record<string, string>>>(
    expected,
    (given) =>
      typeof given === 'object' &&
      given !== null &&
      !Array.isArray(given) &&
      Object.keys(given).length > 0 &&
      Object.entries(given).every(
        ([key, one]) => name.test(key) && typeof one === 'string' && text.test(one),
      ),
    {
      type: 'object',
      minProperties: 1,
      propertyNames: { pattern: name.source },
      additionalProperties: { type: 'string', pattern: text.source },
    },
  );

/** Without the fields that are not there: zod tells an absent field by `undefined`. */
export const given = <T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

/** Source: EKS API reference, CreateCluster, `name`. */
export const clusterName = text('the name of an EKS cluster', /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/);

/** Another's object: fields we do not know are none of our business. */
export const theirs = <S extends z.core.$ZodLooseShape>(shape: S) => z.object(shape, { error: 'an object' });

/** An object of ours: a field we do not know is a mistake somebody made. */
export const ours = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `one of ${Object.keys(shape).join(', ')}` : 'an object',
  });

export const listOf = <S extends z.core.$ZodType>(item: S, expected: string) =>
  z.array(item, { error: expected }).check(z.minLength(1, { error: expected }));

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly complaints: readonly Complaint[] };

/** Everything that is wrong with `document`; `root` starts each field's path. */
export function check<S extends z.core.$ZodType>(
  schema: S,
  document: unknown,
  root: string,
): Checked<z.core.output<S>> {
  const result = z.safeParse(schema, document);
  if (result.success) return { ok: true, value: result.data };
  const complaints = result.error.issues.flatMap(({ path, message, ...issue }): Complaint[] => {
    const at = path.map(String);
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...at, key]) : [at];
    return paths.map((full) => ({
      field: dotted(root, full),
      expected: message,
      got: valueAt(document, full),
    }));
  });
  return { ok: false, complaints };
}

const dotted = (root: string, path: readonly string[]): string =>
  [...(root === '' ? [] : [root]), ...path].join('.');

function valueAt(document: unknown, path: readonly string[]): unknown {
  let found = document;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}
