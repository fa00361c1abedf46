/** How a rollout is watched: a picture that is drawn again and again on a terminal, a line for each change in a pipe. */
import { createInterface } from 'node:readline/promises';
import { stripVTControlCharacters } from 'node:util';
import type { Frame } from './rollout-play.ts';
import { changeLine, frameLines } from './rollout-text.ts';

/** Real ms between two pictures. */
const DRAWN_EVERY_MS = 100;

export interface Show {
  change(what: string, atMs: number, failedRequests: number): void;
  tick(frame: Frame): void;
  /** Something that takes a while. */
  busy(what: string): void;
  /** What is drawn stays, and what follows comes below. */
  end(): void;
}

/** Nobody watches. */
export const NO_SHOW: Show = { change: () => {}, tick: () => {}, busy: () => {}, end: () => {} };

export const lines = (write: (text: string) => void): Show => ({
  ...NO_SHOW,
  change: (what, atMs, failed) => write(`${changeLine(what, atMs, failed)}\n`),
  busy: (what) => write(`${what}\n`),
});

export interface Screen {
  readonly columns: number;
  write(text: string): unknown;
}

export class Picture implements Show {
  readonly #out: Screen;
  #drawn = 0;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #last: readonly string[] = [];

  constructor(out: Screen) {
    this.#out = out;
  }

  change(): void {}

  tick(frame: Frame): void {
    this.#last = frameLines(frame);
    if (performance.now() - this.#drawnAtMs < DRAWN_EVERY_MS) return;
    this.#draw(this.#last);
  }

  busy(what: string): void {
    this.end();
    this.#draw([what]);
    this.#last = [];
  }

  end(): void {
    // A picture of work that is over is taken away; one of the rollout stays as it was at last.
    this.#draw(this.#last);
    this.#drawn = 0;
    this.#drawnAtMs = Number.NEGATIVE_INFINITY;
    this.#last = [];
  }

  #draw(rows: readonly string[]): void {
    // A terminal that does not know its width says 0.
    const columns = this.#out.columns || 80;
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    const text = rows.map((row) => `${stripVTControlCharacters(row).slice(0, columns - 1)}\n`).join('');
    this.#out.write(`${up}\r\x1b[J${text}`);
    this.#drawn = rows.length;
    this.#drawnAtMs = performance.now();
  }
}

/** A question with y or n, n unless said; `interrupted` hears of Ctrl-C. */
export async function askYes(question: string, interrupted: () => void): Promise<boolean> {
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  asking.on('SIGINT', interrupted);
  try {
    // The end of the input is no yes.
    const closed = new Promise<string>((resolve) => asking.once('close', () => resolve('')));
    const answer = await Promise.race([asking.question(`${question} [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asking.close();
  }
}
