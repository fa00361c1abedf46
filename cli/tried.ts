/** Reads of which each may be denied: what was read, or the line that says why not. */
import { reading } from '../lambdas/adapters/ec2-pages.ts';
import { type AwsCall, troubleWith } from './call-trouble.ts';

export type Tried<T> = { readonly value: T } | { readonly trouble: string; readonly code: string };

export async function tried<T>(call: AwsCall, ask: () => Promise<T>): Promise<Tried<T>> {
  try {
    return { value: await ask() };
  } catch (error) {
    return { trouble: troubleWith(call, error), code: (error as Error).name };
  }
}

/** Of the adapters' reads, which tell a failure as a value. */
export async function triedPages(call: AwsCall, ask: () => Promise<void>): Promise<Tried<true>> {
  const answer = await reading(ask);
  return answer.ok
    ? { value: true }
    : { trouble: troubleWith(call, answer.failure), code: answer.failure.code };
}

/** Calls that failed for one reason, in one line. */
export function together(troubles: readonly string[]): string[] {
  const byReason = Map.groupBy(troubles, (line) => line.slice(line.indexOf(': ')));
  return [...byReason].map(
    ([reason, lines]) => `${lines.map((line) => line.slice(0, line.indexOf(': '))).join(', ')}${reason}`,
  );
}
