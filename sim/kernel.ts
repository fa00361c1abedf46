/**
 * Virtual time. One queue of moments, run in order; nothing here looks at the wall clock.
 *
 * Two kinds of code live in it. *Processes* are the world's own actors (ipamd, kubelets, pollers): generators that yield
 * to wait, run synchronously and cost nothing while they sleep. *Activities* are real asynchronous code (Lambda handlers
 * with real SDK clients): the clock stands still until every one of them waits for the world again, so a run depends on
 * the seed alone and never on how fast this machine is.
 */

/** What a process yields: it is handed `resume` and arranges for it to be called once. */
export type Wait = (resume: () => void) => void;

/** An actor of the world. `yield*` another process to call it; a thrown error travels up as in ordinary code. */
export type Process<T = void> = Generator<Wait, T, void>;

/** A running process. `stop` ends it where it waits; its `finally` blocks run. */
export interface Running {
  stop(): void;
}

/** Order among things that happen in the same millisecond: stimuli first, then pods' retries, then the world's actors. */
export const RANK = { stimulus: 0, retry: 1, actor: 2 } as const;
export type Rank = (typeof RANK)[keyof typeof RANK];

interface Moment {
  readonly atMs: number;
  readonly rank: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Turns of the event loop without news after which real code is taken to be waiting for the world. The SDK's own
 *  steps between two requests are promise callbacks, all of which run within one turn; the others are a margin. */
const QUIET_TURNS = 3;
/** Turns after which an activity that neither finishes nor asks the world for anything is reported as stuck. */
const STUCK_TURNS = 2_000_000;

export class Kernel {
  #nowMs = 0;
  #order = 0;
  #heap: Moment[] = [];
  #alive = 0;
  #parked = 0;
  #news = 0;
  #unsettled = false;
  #failure: { error: unknown } | undefined;

  /** Milliseconds of virtual time since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs `run` at `atMs` (now, if that is past). Returns a function that cancels it. */
  at(atMs: number, run: () => void, rank: Rank = RANK.actor): () => void {
    const moment: Moment = { atMs: Math.max(atMs, this.#nowMs), rank, order: this.#order++, run };
    push(this.#heap, moment);
    return () => {
      moment.run = undefined;
    };
  }

  after(delayMs: number, run: () => void, rank: Rank = RANK.actor): () => void {
    return this.at(this.#nowMs + delayMs, run, rank);
  }

  /** Starts a process now. An error nobody catches inside it ends the whole run: worlds do not limp. */
  spawn(process: Process<unknown>): Running {
    let cancelWait: (() => void) | undefined;
    let ended = false;
    const step = (): void => {
      if (ended) return;
      const { done, value } = process.next();
      if (done) {
        ended = true;
        return;
      }
      let resumed = false;
      cancelWait = () => {
        resumed = true;
      };
      value(() => {
        if (resumed) return;
        resumed = true;
        step();
      });
    };
    step();
    return {
      stop: () => {
        if (ended) return;
        ended = true;
        cancelWait?.();
        process.return(undefined as never);
      },
    };
  }

  /** Waits inside a process. */
  *sleep(ms: number, rank: Rank = RANK.actor): Process {
    yield (resume) => {
      this.after(ms, resume, rank);
    };
  }

  /** Starts real asynchronous code in this instant; `done` hears its result in the virtual moment it finishes. */
  activity<T>(work: () => Promise<T>, done: (result: PromiseSettledResult<T>) => void): void {
    this.#alive++;
    this.#unsettled = true;
    const finish = (result: PromiseSettledResult<T>): void => {
      this.#alive--;
      this.#news++;
      try {
        done(result);
      } catch (error) {
        this.#failure ??= { error };
      }
    };
    work().then(
      (value) => finish({ status: 'fulfilled', value }),
      (reason: unknown) => finish({ status: 'rejected', reason }),
    );
  }

  /** How real code waits for the world: `start` gets the two ways out and calls one of them at some virtual moment. */
  park<T>(start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
    this.#parked++;
    this.#news++;
    return new Promise<T>((resolve, reject) => {
      const leave = (): void => {
        this.#parked--;
        this.#news++;
        this.#unsettled = true;
      };
      start(
        (value) => {
          leave();
          resolve(value);
        },
        (error) => {
          leave();
          reject(error);
        },
      );
    });
  }

  /** Runs the world up to and including `untilMs`, or until nothing is left to happen when `stopWhen` says so. */
  async run(untilMs: number, stopWhen: () => boolean = () => false): Promise<void> {
    await this.#settle();
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs || stopWhen()) break;
      pop(this.#heap);
      if (next.run === undefined) continue;
      this.#nowMs = next.atMs;
      next.run();
      if (this.#unsettled) await this.#settle();
    }
    if (!stopWhen()) this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  async #settle(): Promise<void> {
    let quiet = 0;
    let turns = 0;
    while (quiet < QUIET_TURNS || (this.#alive > 0 && this.#parked === 0)) {
      if (!this.#unsettled) break;
      const before = this.#news;
      await new Promise<void>((resolve) => setImmediate(resolve));
      quiet = this.#news === before ? quiet + 1 : 0;
      if (++turns > STUCK_TURNS)
        throw new Error('real code waits for something that is not the simulated world');
    }
    this.#unsettled = false;
    if (this.#failure) throw this.#failure.error;
  }
}

function before(a: Moment, b: Moment): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.order < b.order;
}

function push(heap: Moment[], moment: Moment): void {
  let at = heap.length;
  heap.push(moment);
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up] as Moment;
    if (!before(moment, parent)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = moment;
}

function pop(heap: Moment[]): void {
  const last = heap.pop() as Moment;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const right = left + 1;
    if (left >= heap.length) break;
    const child = right < heap.length && before(heap[right] as Moment, heap[left] as Moment) ? right : left;
    if (!before(heap[child] as Moment, last)) break;
    heap[at] = heap[child] as Moment;
    at = child;
  }
  heap[at] = last;
}
