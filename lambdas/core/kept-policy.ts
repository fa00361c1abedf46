/** Which policy holds when a document arrives: a good one at once; instead of a bad one the last good one, or none. */
import type { Complaint } from './complaints.ts';
import { DEFAULT_POLICY, type Policy, readPolicy } from './policy.ts';

export interface Kept {
  /** What holds now. */
  readonly policy: Policy;
  /** The last document without a mistake; `undefined` while none was seen. */
  readonly good: Policy | undefined;
  /** What is wrong with the document that came; none when it holds. */
  readonly complaints: readonly Complaint[];
}

/** Nothing was read yet: nothing may be changed. */
export const NOTHING_READ: Kept = {
  policy: { ...DEFAULT_POLICY, stopped: true },
  good: undefined,
  complaints: [],
};

/** `text`: the parameter's value as it is; `clusters`: those deployed here. Whoever reached for the kill switch in a hurry and
 *  mistyped must not find that everything goes on; for any other mistake the last good document goes on. */
export function keep(text: string, good: Policy | undefined, clusters: readonly string[]): Kept {
  const { policy, complaints } = readPolicy(documentIn(text), clusters);
  if (complaints.length === 0) return { policy, good: policy, complaints };
  const stopped = good === undefined || good.stopped || seemsToStop(text);
  return { policy: { ...(good ?? DEFAULT_POLICY), stopped }, good, complaints };
}

/** Slips of the pen that are looked through: letters left out, doubled, mistaken or swapped. */
const SLIPS = 2;

/** Whether a document that cannot be read may have meant the kill switch: a word like `stop` or `stopped`, and nothing that
 *  says no behind it. Unclear is yes. */
export function seemsToStop(text: string): boolean {
  for (const [, word = '', value = ''] of text.matchAll(/([a-z]+)(?=["'\s]*[:=]?\s*["']?(\w*))/gi)) {
    const name = word.toLowerCase();
    const meant = name.startsWith('stop') || slipsBetween(name, 'stopped') <= SLIPS;
    if (meant && !/^(false|no|off|0)$/i.test(value)) return true;
  }
  return false;
}

/** Levenshtein's distance: letters to insert, drop or replace. */
function slipsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1];
    for (const [index, wanted] of [...other].entries())
      next.push(
        Math.min(
          (next[index] ?? 0) + 1,
          (row[index + 1] ?? 0) + 1,
          (row[index] ?? 0) + (letter === wanted ? 0 : 1),
        ),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** What is not JSON stays text, and is complained of as such. */
function documentIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
