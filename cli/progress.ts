/** How far a command is, on a terminal alone and only where it takes its time. */

/** What is over by then says nothing. */
const PATIENCE_MS = 2_000;
const EVERY_MS = 200;

export interface Progress {
  say(text: string): void;
  /** Says it at once: what begins keeps the process from hearing of its timer. */
  show(text: string): void;
  /** Takes the line away. */
  end(): void;
}

export function progressOn(stream: NodeJS.WriteStream, what: string): Progress {
  if (!stream.isTTY) return { say: () => {}, show: () => {}, end: () => {} };
  const startedMs = performance.now();
  let now = '';
  let shown = false;
  const draw = (): void => {
    shown = true;
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    const line = `${what}: ${now === '' ? '' : `${now}, `}${seconds} s`;
    stream.write(`\r${line.slice(0, (stream.columns ?? 80) - 1)}\u001b[K`);
  };
  const timer = setInterval(() => {
    if (shown || performance.now() - startedMs >= PATIENCE_MS) draw();
  }, EVERY_MS);
  return {
    say: (text) => {
      now = text;
    },
    show: (text) => {
      now = text;
      draw();
    },
    end: () => {
      clearInterval(timer);
      if (shown) stream.write('\r\u001b[K');
      shown = false;
    },
  };
}
