/** Settings that cannot be deployed: one line each, with what to do about it. */
import { type Complaint } from '../lambdas/core/complaints.ts';
export interface Trouble extends Complaint {
    /** What to do, as one sentence without its end. */
    readonly remedy: string;
}
export declare const sayTrouble: (trouble: Trouble) => string;
export declare function complain(troubles: readonly Trouble[]): string;
/** An operator's mistake, not a defect: where in the code it was noticed is of no use to anybody. */
export declare class SettingsError extends Error {
    readonly name = "SettingsError";
    readonly troubles: readonly Trouble[];
    constructor(troubles: readonly Trouble[]);
}
