/** Tables of text: the first column to the left, all others to the right. */

export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  const [head = '', ...body] = lines;
  return [head, '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2)), ...body].join('\n');
}

/** The least and the most of values over seeds; a dash where a run has none. */
export function spread(
  values: readonly (number | undefined)[],
  show: (value: number) => string = (value) => value.toLocaleString('en-US'),
): string {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return '–';
  const [least, most] = [show(Math.min(...known)), show(Math.max(...known))];
  const shown = least === most ? least : `${least} – ${most}`;
  return known.length < values.length ? `${shown} or none` : shown;
}

export const seconds = (ms: number): string => (ms / 1000).toFixed(1);

/** One line on a terminal that the next one replaces; nothing where nobody watches. */
export function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}
