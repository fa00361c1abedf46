/** Bad input, said once and completely: which field, what was expected, what came. */
export interface Complaint {
    /** Path from the root of the document, for example `policy.margin` or `detail.replicas.to`. */
    readonly field: string;
    readonly expected: string;
    readonly got: unknown;
}
/** One line a person can act on. Long values are cut: a complaint is not a dump. */
export declare function say({ field, expected, got }: Complaint): string;
export declare const sayAll: (complaints: readonly Complaint[]) => string;
