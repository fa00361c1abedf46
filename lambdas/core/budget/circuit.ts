/**
 * The circuit between us and EC2, as arithmetic on values. Closed → open, when most calls fail for reasons that speak
 * against EC2 or us; throttles are not among them. Open → half open by itself after a minute: one ask goes through as a
 * trial. Half open → closed when no trouble is reported of it, else open again for twice as long. If nobody asks, it stays
 * as it is and holds nobody up.
 */
export interface Circuit {
  /** When the present half of the window began, epoch ms. */
  readonly fromMs: number;
  readonly counts: Counts;
  /** Of the half before. */
  readonly before: Counts;
  /** From the opening until a trial succeeded. */
  readonly open?: {
    /** Nothing is granted before, epoch ms. Then a trial is; or when that was one, the circuit is closed. */
    readonly untilMs: number;
    /** How long it was opened for. */
    readonly forMs: number;
    readonly trial: boolean;
  };
}

interface Counts {
  /** Granted, less those that were not made. */
  readonly calls: number;
  /** Those of them that failed for a reason that counts. */
  readonly troubles: number;
}

const NONE: Counts = { calls: 0, troubles: 0 };
export const CLOSED: Circuit = { fromMs: 0, counts: NONE, before: NONE };

/** Calls of the last 30 to 60 s count: a wave reports up to half a minute after its grant, and one window alone would end
 *  between the two. */
export const HALF_WINDOW_MS = 30_000;
/** Calls below which a share says nothing: three interfaces for a node, and one call more. */
export const ENOUGH_CALLS = 10;
/** Most means more than half. One subnet, one node or one cluster in trouble is less, and has kinds of failure that deal
 *  with it. */
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
  const now = settled(circuit, nowMs);
  if (now.open === undefined) return counted(now, { calls, troubles: 0 }, nowMs);
  return { ...now, open: { ...now.open, untilMs: nowMs + TRIAL_MS, trial: true } };
}

/** After a report of troubles. `notMade` are granted calls that were not made because one before them failed. */
export function troubled(circuit: Circuit, troubles: number, notMade: number, nowMs: number): Circuit {
  const now = settled(circuit, nowMs);
  if (troubles > 0 && now.open?.trial) return opened(Math.min(2 * now.open.forMs, LONGEST_OPEN_MS), nowMs);
  // What still comes in was granted before it opened.
  if (now.open !== undefined) return circuit;
  const next = counted(now, { calls: -notMade, troubles }, nowMs);
  const calls = next.counts.calls + next.before.calls;
  const failed = next.counts.troubles + next.before.troubles;
  return calls >= ENOUGH_CALLS && failed > MOST * calls ? opened(OPEN_MS, nowMs) : next;
}

const opened = (forMs: number, nowMs: number): Circuit => ({
  ...CLOSED,
  open: { untilMs: nowMs + forMs, forMs, trial: false },
});

/** A trial of which nothing bad was heard has closed the circuit. */
const settled = (circuit: Circuit, nowMs: number): Circuit =>
  circuit.open?.trial && heldUpMs(circuit, nowMs) === 0 ? CLOSED : circuit;

function counted(circuit: Circuit, more: Counts, nowMs: number): Circuit {
  const halves = Math.floor((nowMs - circuit.fromMs) / HALF_WINDOW_MS);
  const begun: Circuit =
    halves < 1 ? circuit : { fromMs: nowMs, counts: NONE, before: halves === 1 ? circuit.counts : NONE };
  const { calls, troubles } = begun.counts;
  return { ...begun, counts: { calls: calls + more.calls, troubles: troubles + more.troubles } };
}
