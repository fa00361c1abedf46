/** Text that fits a terminal of 100 columns, and words that fit a narrower one. */

/** As wide as anything a command writes, names of the user's own aside. */
const WIDEST = 100;
/** Below that a table of findings has no room for what it says. */
const NARROWEST = 60;
/** Where words are broken: the terminal's width within bounds; a pipe has none. */
export const COLUMNS = Math.max(NARROWEST, Math.min(WIDEST, process.stdout.columns ?? WIDEST));

/** Columns as wide as their widest cell, the first to the left, the others to the right, unless the last one holds `words`; a rule
 *  under the head, as wide as the widest row. */
export function aligned(
  rows: readonly (readonly string[])[],
  last: 'figures' | 'words' = 'figures',
): string[] {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const left = (column: number): boolean => column === 0 || (last === 'words' && column === head.length - 1);
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        left(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return [lines[0] ?? '', '-'.repeat(Math.max(...lines.map(({ length }) => length))), ...lines.slice(1)];
}

/** Broken between words; lines after the first begin with `indent`. Runs of spaces stay. */
export function wrapped(text: string, indent = ''): string {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(' ')) {
    const longer: string = line === undefined ? word : `${line} ${word}`;
    if (line !== undefined && longer.length > COLUMNS && line.trim() !== '') {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = longer;
  }
  return [...lines, line ?? ''].join('\n');
}

export const count = (value: number): string => value.toLocaleString('en-US');
export const seconds = (ms: number): string => (ms / 1000).toFixed(1);
