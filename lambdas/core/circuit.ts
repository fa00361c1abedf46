/**
 * The circuit between us and EC2, as arithmetic on values. Closed → open, when most calls fail for reasons that speak
 * against EC2 or us; throttles are not among them. Open → half open by itself after a minute: one ask goes through as a
 * trial. Half open → closed when no trouble is reported of it, else open again for twice as long. If nobody asks, it stays
 * as it is and holds nobody up.
 */
export interface Circuit {
  /** Calls that were granted and made, and those of them that failed. They fade, and are true at `atMs`, epoch ms. */
  readonly calls: number;
  readonly troubles: number;
  readonly atMs: number;
  /** From the opening until a trial succeeded. */
  readonly open?: {
    /** Nothing is granted before, epoch ms. Then a trial is; and when that was one, the circuit is closed. */
    readonly untilMs: number;
    /** How long it was opened for. */
    readonly forMs: number;
    readonly trial: boolean;
  };
}

export const CLOSED: Circuit = { calls: 0, troubles: 0, atMs: 0 };

/** Calls and troubles count half after this time, so that they speak of about the last minute. */
export const FADES_MS = 30_000;
/** Calls below which a share says nothing: three interfaces for a node, and one call more. */
export const ENOUGH_CALLS = 10;
/** Most means more than half. A bad subnet, a dying zone or one cluster's missing right is less: they have kinds of failure
 *  that deal with them. */
export const MOST = 0.5;
export const OPEN_MS = 60_000;
export const LONGEST_OPEN_MS = 600_000;
/** By then the trial's calls were answered or given up, three after each other with 8 s each, and were reported. */
export const TRIAL_MS = 30_000;

/** How long nothing is granted from now, in ms; 0 when the circuit does not hold anybody up. */
export const heldUpMs = ({ open }: Circuit, nowMs: number): number =>
  Math.max(0, (open?.untilMs ?? 0) - nowMs);

/** After granting an ask of so many calls. */
export function letThrough(circuit: Circuit, calls: number, nowMs: number): Circuit {
  const { open, ...counts } = settled(circuit, nowMs);
  if (open !== undefined) return { ...counts, open: { ...open, untilMs: nowMs + TRIAL_MS, trial: true } };
  const before = faded(counts, nowMs);
  return { ...before, calls: before.calls + calls };
}

/** After a report of troubles. `notMade` are granted calls that were not made because one before them failed. */
export function troubled(circuit: Circuit, troubles: number, notMade: number, nowMs: number): Circuit {
  const now = settled(circuit, nowMs);
  const { open } = now;
  if (troubles > 0 && open?.trial) return opened(Math.min(2 * open.forMs, LONGEST_OPEN_MS), nowMs);
  // What still comes in was granted before it opened.
  if (open !== undefined) return circuit;
  const before = faded(now, nowMs);
  const counts = { ...before, calls: before.calls - notMade, troubles: before.troubles + troubles };
  const most = counts.calls >= ENOUGH_CALLS && counts.troubles > MOST * counts.calls;
  return most ? opened(OPEN_MS, nowMs) : counts;
}

const opened = (forMs: number, nowMs: number): Circuit => ({
  ...CLOSED,
  atMs: nowMs,
  open: { untilMs: nowMs + forMs, forMs, trial: false },
});

/** A trial of which nothing bad was heard has closed the circuit. */
const settled = (circuit: Circuit, nowMs: number): Circuit =>
  circuit.open?.trial && heldUpMs(circuit, nowMs) === 0 ? CLOSED : circuit;

function faded({ calls, troubles, atMs }: Circuit, nowMs: number): Circuit {
  const left = 0.5 ** (Math.max(0, nowMs - atMs) / FADES_MS);
  return { calls: calls * left, troubles: troubles * left, atMs: Math.max(atMs, nowMs) };
}
