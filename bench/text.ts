/** What the benchmarks print: tables, spreads over seeds, and progress. */
import { aligned, count } from '../cli/tables.ts';

export const table = (rows: readonly (readonly string[])[]): string => aligned(rows).join('\n');

/** The least and the most of values over seeds; a dash where a run has none. */
export function spread(
  values: readonly (number | undefined)[],
  show: (value: number) => string = count,
): string {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return '–';
  const [least, most] = [show(Math.min(...known)), show(Math.max(...known))];
  const shown = least === most ? least : `${least} – ${most}`;
  return known.length < values.length ? `${shown} or none` : shown;
}

/** One line on a terminal that the next one replaces; nothing where nobody watches. */
export function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}
