/** What the gate endpoint answers other tools: may the pods of this workload come now? */
import type { Policy } from './policy.ts';
import type { Ports } from './ports.ts';
import type { Readiness, WorkloadAt } from './readiness.ts';

/** As it goes over the wire. Whoever judges by `ready` and whoever judges by `percent` decide the same. */
export interface GateAnswer {
  readonly ready: boolean;
  /** Share of the pods that have addresses, whole, 0 to 100; 100 exactly when ready. */
  readonly percent: number;
  /** Until all are presumed ready, whole seconds; 0 when ready, `null` when nobody can tell. */
  readonly etaSeconds: number | null;
  readonly reasons: readonly string[];
  /** Of a batched rollout; `null`: of none, or of none that is known. */
  readonly wave: number | null;
}

/** `undefined`: nobody announced it, or its word has expired. `unreachable`: the store did not answer. */
export type Heard = Readiness | undefined | 'unreachable';

export function gateAnswer(
  heard: Heard,
  nowMs: number,
  { gateEndpointFails }: Pick<Policy, 'gateEndpointFails'>,
): GateAnswer {
  if (heard === 'unreachable') return untold('the ledger does not answer', gateEndpointFails);
  if (heard === undefined || heard.expiresAtMs <= nowMs)
    return untold('nobody announced it, or what was said of it has expired', gateEndpointFails);
  const { pods, readyPods, readyFromMs, reasons } = heard;
  const wave = heard.wave ?? null;
  if (pods === 0)
    return {
      ready: true,
      percent: 100,
      etaSeconds: 0,
      reasons: ['no pod needs an address', ...reasons],
      wave,
    };
  const waitMs = readyFromMs === undefined ? undefined : readyFromMs - nowMs;
  if (readyPods >= pods || (waitMs !== undefined && waitMs <= 0))
    return { ready: true, percent: 100, etaSeconds: 0, reasons, wave };
  return {
    ready: false,
    percent: Math.max(0, Math.floor((100 * readyPods) / pods)),
    etaSeconds: waitMs === undefined ? null : Math.ceil(waitMs / 1_000),
    reasons: reasons.length > 0 ? reasons : [`${pods - readyPods} of ${pods} pods have no address yet`],
    wave,
  };
}

function untold(why: string, fails: Policy['gateEndpointFails']): GateAnswer {
  const open = fails === 'open';
  const by = open ? 'let through' : 'held back';
  return {
    ready: open,
    percent: open ? 100 : 0,
    etaSeconds: open ? 0 : null,
    reasons: [`${why}: ${by} by the policy (gateEndpointFails: ${fails})`],
    wave: null,
  };
}

/** One look-up, no write, no call to EC2. Never fails: what cannot be found out is the policy's to answer. */
export async function askGate(
  of: WorkloadAt,
  { rolloutBook, settings, clock, journal }: Pick<Ports, 'rolloutBook' | 'settings' | 'clock' | 'journal'>,
): Promise<GateAnswer> {
  let heard: Heard;
  try {
    heard = await rolloutBook.readiness(of, clock());
  } catch (error) {
    const { name: code, message } = error as Error;
    journal.warn('readiness not read', { ...of, code, message });
    heard = 'unreachable';
  }
  const answer = gateAnswer(heard, clock(), settings.policy);
  journal.note('gate answered', { ...of, ...answer });
  const told = heard === undefined ? 'nothing' : heard === 'unreachable' ? heard : 'readiness';
  journal.measure(
    { GateAnswers: 1 },
    { cluster: of.cluster, answer: answer.ready ? 'ready' : 'not ready', told },
  );
  return answer;
}
