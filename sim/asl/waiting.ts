/** How a line of control waits on the world's clock: each wait ends by itself, or by `halt`. */
import type { Kernel } from '../kernel.ts';

/** Waits until `start` calls one of its ways out, once. What `start` returns is called when the wait is over. */
export function waitFor<T>(
  kernel: Kernel,
  halt: AbortSignal,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  halt.throwIfAborted();
  return kernel.park<T>((resolve, reject) => {
    let open = true;
    let cleanUp = (): void => {};
    const leave = (way: () => void): void => {
      if (!open) return;
      open = false;
      halt.removeEventListener('abort', halted);
      cleanUp();
      way();
    };
    const halted = (): void => leave(() => reject(halt.reason));
    halt.addEventListener('abort', halted);
    cleanUp = start(
      (value) => leave(() => resolve(value)),
      (error) => leave(() => reject(error)),
    );
    if (!open) cleanUp();
  });
}

export const pause = (kernel: Kernel, delayMs: number, halt: AbortSignal): Promise<void> =>
  waitFor<void>(kernel, halt, (resolve) => kernel.after(delayMs, resolve));
