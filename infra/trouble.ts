/** Settings that cannot be deployed: one line each, with what to do about it. */
import { type Complaint, say } from '../lambdas/core/complaints.ts';

export interface Trouble extends Complaint {
  /** What to do, as one sentence without its end. */
  readonly remedy: string;
}

export const sayTrouble = (trouble: Trouble): string => `${say(trouble)}. ${trouble.remedy}`;

export function complain(troubles: readonly Trouble[]): string {
  return [
    'These settings cannot be deployed:',
    ...troubles.map((trouble) => `  ${sayTrouble(trouble)}`),
    'All settings, with units and defaults: docs/deploy.md',
  ].join('\n');
}

/** An operator's mistake, not a defect: where in the code it was noticed is of no use to anybody. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly troubles: readonly Trouble[];

  constructor(troubles: readonly Trouble[]) {
    super(complain(troubles));
    this.troubles = troubles;
    this.stack = `${this.name}: ${this.message}`;
  }
}
