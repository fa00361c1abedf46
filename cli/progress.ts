/** How far a read is, on a terminal alone and only once it takes its time. */

/** A read that is over by then says nothing. */
const PATIENCE_MS = 2_000;
const EVERY_MS = 200;

export interface Progress {
  say(text: string): void;
  /** Takes the line away. */
  end(): void;
}

export function progressOn(stream: NodeJS.WriteStream, what: string): Progress {
  if (!stream.isTTY) return { say: () => {}, end: () => {} };
  const startedMs = performance.now();
  let now = '';
  let shown = false;
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - startedMs;
    if (elapsedMs < PATIENCE_MS) return;
    shown = true;
    const line = `${what}: ${now === '' ? '' : `${now}, `}${Math.round(elapsedMs / 1000)} s`;
    stream.write(`\r${line.slice(0, (stream.columns ?? 80) - 1)}\u001b[K`);
  }, EVERY_MS);
  return {
    say: (text) => {
      now = text;
    },
    end: () => {
      clearInterval(timer);
      if (shown) stream.write('\r\u001b[K');
    },
  };
}
