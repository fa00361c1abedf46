/** What values of a policy document may be. One description serves the reader (here), the published schema and the page of
 *  all fields (scripts/policy-pages.ts). */
import type { Complaint } from './complaints.ts';

export type Shape =
  | {
      readonly is: 'number';
      readonly from: number;
      readonly to: number;
      /** With its blank before it; empty for a plain number. */
      readonly unit: string;
      readonly whole: boolean;
    }
  | { readonly is: 'yes or no' }
  | { readonly is: 'one of'; readonly values: readonly string[] }
  | { readonly is: 'text'; readonly expected: string; readonly pattern: RegExp }
  /** A moment in UTC, as `date -u +%FT%TZ` prints it. */
  | { readonly is: 'instant' }
  | { readonly is: 'list'; readonly of: Shape }
  /** What these words cannot say: judged as a whole, in its own words. */
  | {
      readonly is: 'judged';
      readonly expected: string;
      readonly ok: (value: unknown) => boolean;
      readonly schema: Readonly<Record<string, unknown>>;
    }
  /** Values of one kind under names of one kind. */
  | { readonly is: 'map'; readonly names: NameShape; readonly of: Shape; readonly example: string }
  | {
      readonly is: 'object';
      readonly fields: Readonly<Record<string, Shape>>;
      readonly needed: 'all' | 'none';
      readonly example: string;
    };

type NameShape = Extract<Shape, { is: 'one of' | 'text' }>;

export const within = (from: number, to: number, unit = ''): Shape => ({
  is: 'number',
  from,
  to,
  unit,
  whole: false,
});
export const whole = (from: number, to: number, unit: string): Shape => ({
  is: 'number',
  from,
  to,
  unit,
  whole: true,
});
export const oneOf = (...values: readonly string[]): NameShape => ({ is: 'one of', values });
export const text = (expected: string, pattern: RegExp): NameShape => ({ is: 'text', expected, pattern });
export const YES_OR_NO: Shape = { is: 'yes or no' };

export const INSTANT_PATTERN = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/** Everything that is wrong with a value, each with the path of its field. */
export function complaintsOf(shape: Shape, got: unknown, field: string): Complaint[] {
  switch (shape.is) {
    case 'map': {
      if (!isObject(got)) return [{ field, expected: expectedOf(shape), got }];
      return Object.entries(got).flatMap(([name, value]) =>
        complaintsOf(shape.names, name, '').length > 0
          ? [{ field: `${field}.${name}`, expected: expectedOf(shape.names), got: name }]
          : complaintsOf(shape.of, value, `${field}.${name}`),
      );
    }
    case 'object': {
      if (!isObject(got)) return [{ field, expected: expectedOf(shape), got }];
      const missing = shape.needed === 'all' ? Object.keys(shape.fields) : [];
      return [...new Set([...missing, ...Object.keys(got)])].flatMap((name) => {
        const known = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
        return known === undefined
          ? [{ field: `${field}.${name}`, expected: expectedName(Object.keys(shape.fields)), got: name }]
          : complaintsOf(known, Object.hasOwn(got, name) ? got[name] : undefined, `${field}.${name}`);
      });
    }
    case 'list':
      if (!Array.isArray(got)) return [{ field, expected: expectedOf(shape), got }];
      return got.flatMap((value, index) => complaintsOf(shape.of, value, `${field}.${index}`));
    default:
      return fits(shape, got) ? [] : [{ field, expected: expectedOf(shape), got }];
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const expectedName = (names: readonly string[]): string => `one of ${names.join(', ')}`;

type Plain = Exclude<Shape, { is: 'map' | 'object' | 'list' }>;

function fits(shape: Plain, got: unknown): boolean {
  switch (shape.is) {
    case 'number':
      return (
        typeof got === 'number' &&
        got >= shape.from &&
        got <= shape.to &&
        (!shape.whole || Number.isInteger(got))
      );
    case 'yes or no':
      return typeof got === 'boolean';
    case 'one of':
      return typeof got === 'string' && shape.values.includes(got);
    case 'text':
      return typeof got === 'string' && shape.pattern.test(got);
    case 'judged':
      return shape.ok(got);
    case 'instant':
      return typeof got === 'string' && INSTANT_PATTERN.test(got) && Number.isFinite(Date.parse(got));
  }
}

/** The middle of a complaint: `expected …, got …`. */
export function expectedOf(shape: Shape): string {
  switch (shape.is) {
    case 'number':
      return `a ${shape.whole ? 'whole ' : ''}number from ${shape.from} to ${shape.to}${shape.unit}`;
    case 'yes or no':
      return 'true or false';
    case 'one of':
      return `one of ${shape.values.map((value) => `"${value}"`).join(', ')}`;
    case 'text':
    case 'judged':
      return shape.expected;
    case 'instant':
      return 'a moment in UTC such as "2026-01-31T09:00:00Z"';
    case 'list':
      return 'a list';
    case 'map':
    case 'object':
      return `an object such as ${shape.example}`;
  }
}
