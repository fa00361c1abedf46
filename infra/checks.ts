import { Token } from 'aws-cdk-lib';
import type { Trouble } from './trouble.ts';

/** How one setting is judged, by itself. */
export interface Check {
  readonly expected: string;
  readonly remedy: string;
  readonly ok: (given: unknown) => boolean;
}

export function judge(field: string, { expected, remedy, ok }: Check, given: unknown): Trouble[] {
  return given === undefined || ok(given) ? [] : [{ field, expected, got: given, remedy }];
}

/** A text of this form, or what CloudFormation will make one: another construct's attribute. */
export const matching =
  (pattern: RegExp) =>
  (given: unknown): boolean =>
    typeof given === 'string' && (pattern.test(given) || Token.isUnresolved(given));

export function unknownFields(
  given: Readonly<Record<string, unknown>>,
  known: readonly string[],
  within = '',
): Trouble[] {
  return Object.keys(given)
    .filter((field) => !known.includes(field))
    .map((field) => ({
      field: `${within}${field}`,
      expected: `one of ${known.join(', ')}`,
      got: given[field],
      remedy: 'Correct the name of the setting, or leave it out',
    }));
}
