/** Runs `work` over all items, at most `most` at a time, answers in order. After the first error nothing more begins; it is
 *  thrown once all that had begun has come to its end, so that nothing goes on behind the caller's back. */
export async function inParallel<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const crew = new Crew(most);
  for (const [index, item] of items.entries())
    crew.join(async () => {
      results[index] = await work(item);
    });
  await crew.allDone();
  return results;
}

/** Work that more may join while it goes on, at most `most` at a time. After the first error nothing more begins. */
export class Crew {
  readonly #most: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #atWork = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  get idle(): boolean {
    return this.#atWork.size === 0;
  }

  join(work: () => Promise<void>): void {
    this.#waiting.push(work);
    this.#begin();
  }

  /** Until one of those at work is done; at once when nobody is. */
  async oneDone(): Promise<void> {
    if (!this.idle) await Promise.race(this.#atWork);
  }

  /** Until all are done. Throws the first error once all that had begun has come to its end. */
  async allDone(): Promise<void> {
    while (!this.idle) await Promise.all(this.#atWork);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #begin(): void {
    while (this.#atWork.size < this.#most && this.#failure === undefined) {
      const work = this.#waiting.shift();
      if (work === undefined) return;
      const done = work()
        .catch((error: unknown) => {
          this.#failure ??= { error };
        })
        .then(() => {
          this.#atWork.delete(done);
          this.#begin();
        });
      this.#atWork.add(done);
    }
  }
}
