/** Bad input, said once and completely: which field, what was expected, what came. */
export interface Complaint {
  /** Path from the root of the document, for example `policy.margin` or `detail.replicas.to`. */
  readonly field: string;
  readonly expected: string;
  readonly got: unknown;
}

/** One line a person can act on. Long values are cut: a complaint is not a dump. */
export function say({ field, expected, got }: Complaint): string {
  const shown = got === undefined ? 'nothing' : (JSON.stringify(got) ?? String(got));
  return `${field}: expected ${expected}, got ${shown.length > 80 ? `${shown.slice(0, 77)}...` : shown}`;
}

export const sayAll = (complaints: readonly Complaint[]): string => complaints.map(say).join('; ');

/** Names told where the one that came is not among them. */
const MOST_NAMED = 10;

/** What there is instead. */
export const thereIs = (names: readonly string[]): string =>
  names.length === 0
    ? 'there is none'
    : `there is ${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ' and others' : ''}`;
