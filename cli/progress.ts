/** Where a command is, on one line of a terminal that is taken away again. In a pipe nobody looks: there is none. */

/** Who waits for less needs not be told. */
const AFTER_MS = 500;

export interface Progress {
  /** Nothing: the line goes. */
  say(what: string): void;
}

export function progress(out: NodeJS.WriteStream = process.stderr): Progress {
  const startedAtMs = performance.now();
  let shown = false;
  return {
    say: (what) => {
      if (!out.isTTY || (what === '' ? !shown : performance.now() - startedAtMs < AFTER_MS)) return;
      out.write(`\r\x1b[K${what.slice(0, (out.columns || 80) - 1)}`);
      shown = what !== '';
    },
  };
}
