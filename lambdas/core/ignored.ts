import { type Complaint, sayAll } from './complaints.ts';
import type { Ignored, IgnoredAs } from './signals.ts';

/** A signal that nothing follows from, with everything that is the matter with it. */
export const ignored = (as: IgnoredAs, ...about: readonly Complaint[]): Ignored => ({
  kind: 'ignored',
  as,
  why: sayAll(about),
});
