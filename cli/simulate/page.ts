import type { Outcome } from './play.ts';
export const page = (_: { title: string; outcomes: readonly Outcome[]; notes: readonly string[] }): string =>
  '';
