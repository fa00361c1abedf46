/** Runs a controller's `step` until it sets off nothing more: what a step sets off in the same instant (a pod Ready at once)
 *  is looked at when the step is over, never in the middle of it. */
export function reconciler(step: () => void): () => void {
  let running = false;
  let again = false;
  return () => {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      step();
    }
    running = false;
  };
}
