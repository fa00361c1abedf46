/** What values of a policy document may be. One description serves the reader (here), the published schema and the page of
 *  all fields (scripts/policy-pages.ts). */
import type { Complaint } from './complaints.ts';
export type Shape = {
    readonly is: 'number';
    readonly from: number;
    readonly to: number;
    /** With its blank before it; empty for a plain number. */
    readonly unit: string;
    readonly whole: boolean;
} | {
    readonly is: 'yes or no';
} | {
    readonly is: 'one of';
    readonly values: readonly string[];
} | {
    readonly is: 'text';
    readonly expected: string;
    readonly pattern: RegExp;
}
/** A moment in UTC, as `date -u +%FT%TZ` prints it. */
 | {
    readonly is: 'instant';
} | {
    readonly is: 'list';
    readonly of: Shape;
}
/** What these words cannot say: judged as a whole, in its own words. */
 | {
    readonly is: 'judged';
    readonly expected: string;
    readonly ok: (value: unknown) => boolean;
    readonly schema: Readonly<Record<string, unknown>>;
}
/** Values of one kind under names of one kind. */
 | {
    readonly is: 'map';
    readonly names: NameShape;
    readonly of: Shape;
    readonly example: string;
} | {
    readonly is: 'object';
    readonly fields: Readonly<Record<string, Shape>>;
    readonly needed: 'all' | 'none';
    readonly example: string;
};
type NameShape = Extract<Shape, {
    is: 'one of' | 'text';
}>;
export declare const within: (from: number, to: number, unit?: string) => Shape;
export declare const whole: (from: number, to: number, unit: string) => Shape;
export declare const oneOf: (...values: readonly string[]) => NameShape;
export declare const text: (expected: string, pattern: RegExp) => NameShape;
export declare const YES_OR_NO: Shape;
export declare const INSTANT_PATTERN: RegExp;
/** Everything that is wrong with a value, each with the path of its field. */
export declare function complaintsOf(shape: Shape, got: unknown, field: string): Complaint[];
export declare const isObject: (value: unknown) => value is Record<string, unknown>;
export declare const expectedName: (names: readonly string[]) => string;
/** The middle of a complaint: `expected …, got …`. */
export declare function expectedOf(shape: Shape): string;
export {};
