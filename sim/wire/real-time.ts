/** Runs a world in step with the wall clock, for callers that live outside it. */
import type { Kernel } from '../kernel.ts';

export interface RealTimeOptions {
  readonly kernel: Kernel;
  /** Virtual milliseconds in one real one. */
  readonly speed: number;
  /** Hears, at once, that an error ended the world. */
  readonly onFailure: () => void;
}

/** Real milliseconds between two looks at the clock: how late the world may be at 1× speed. */
const TICK_MS = 2;

/** The world's clock, tied to the wall's from the moment this is made until {@link stop}. While real code inside the
 *  world computes, virtual time stands still and catches up afterwards. */
export class RealTime {
  readonly #kernel: Kernel;
  readonly #speed: number;
  /** Resolves when the clock was stopped, rejects with the error that ended the world. */
  readonly ended: Promise<void>;
  #stopped = false;
  #wake: () => void = () => {};

  constructor({ kernel, speed, onFailure }: RealTimeOptions) {
    if (!(speed > 0)) throw new Error(`speed must be above 0, not ${speed}`);
    this.#kernel = kernel;
    this.#speed = speed;
    this.ended = this.#run();
    this.ended.catch(onFailure);
  }

  /** Stops the clock. Rejects with the error that ended the world, if one did. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.ended;
  }

  async #run(): Promise<void> {
    const startedAtMs = performance.now();
    const fromMs = this.#kernel.nowMs;
    while (!this.#stopped) {
      // Whole milliseconds, as everywhere in the world: AWS writes its times so.
      await this.#kernel.run(fromMs + Math.floor((performance.now() - startedAtMs) * this.#speed));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, TICK_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
