/**
 * One volley of calls: those of one grant. What one of them is told holds for the others too: nobody in the volley asks again
 * for an action that was throttled, or in a subnet that is full, and nobody changes anything once the kill switch is on.
 */

import type { RoomAsk } from '../budget/flight.ts';
import type { Asked } from '../budget/metered.ts';
import { type Failure, type FailureKind, REACTIONS, type Reaction } from '../failures.ts';
import type { MutatingAction } from '../limits.ts';
import type { SubnetId } from '../model.ts';
import { type Mark, markAgain, zoneMark } from '../plan/marks.ts';
import type { CallClass, Granted, Ports } from '../ports.ts';

/** What a call is about. */
export interface Place {
  readonly cluster: string;
  readonly zone: string;
  /** Set when the call takes addresses from it. */
  readonly subnetId?: SubnetId;
}

export class Volley {
  readonly #ports: Ports;
  /** Marks as they were read for the decision. */
  readonly #marks: ReadonlyMap<string, Mark>;
  readonly #slowed = new Set<MutatingAction>();
  readonly #full = new Map<string, FailureKind>();
  readonly #sent = new Map<string, Map<MutatingAction, number>>();
  #troubles = 0;

  constructor(marks: ReadonlyMap<string, Mark>, ports: Ports) {
    this.#marks = marks;
    this.#ports = ports;
  }

  /** Why a call is not even sent; `undefined` when it may be. */
  async refuses(action: MutatingAction, { subnetId, zone }: Place): Promise<Failure | undefined> {
    if ((await this.#ports.freshPolicy()).stopped) return notSent('stopped', 'KillSwitch');
    if (this.#slowed.has(action)) return notSent('throttled', 'ThrottledBefore');
    if (subnetId === undefined) return undefined;
    const inZone = action === 'CreateNetworkInterface' ? this.#full.get(zoneMark(zone)) : undefined;
    const full = this.#full.get(subnetId) ?? inZone;
    return full === undefined ? undefined : notSent(full, 'FullBefore');
  }

  sent(action: MutatingAction, { cluster }: Place): void {
    const counts = this.#sent.get(cluster) ?? new Map<MutatingAction, number>();
    this.#sent.set(cluster, counts.set(action, (counts.get(action) ?? 0) + 1));
  }

  /** A call that was sent has failed: told to whom it concerns, at once. */
  async failed(action: MutatingAction, failure: Failure, place: Place): Promise<void> {
    const { kind } = failure;
    const { cluster, zone } = place;
    const { budget, ledger, journal, clock } = this.#ports;
    const { stops, trouble } = REACTIONS[kind];
    if (trouble) this.#troubles++;
    if (kind === 'throttled' && !this.#slowed.has(action)) {
      this.#slowed.add(action);
      journal.measure({ Throttled: 1 }, { cluster, action });
      await budget.report({ throttled: [action], troubles: 0 });
      const { [action]: now } = (await budget.standing()).actions;
      if (now !== undefined) journal.measure({ BudgetPace: now.pace * 100 }, { action });
    }
    if (kind === 'not-allowed') journal.measure({ NotAllowed: 1 }, { cluster, action });
    const key = markOf(stops, place);
    if (key === undefined || this.#full.has(key)) return;
    this.#full.set(key, kind);
    if (kind === 'quota') journal.measure({ QuotaReached: 1 }, { cluster, zone });
    const mark = markAgain(this.#marks.get(key), clock());
    journal.warn('left alone', { what: key, untilMs: mark.untilMs, times: mark.times, kind });
    try {
      await ledger.mark(new Map([[key, mark]]));
    } catch (error) {
      // This volley knows; the next one finds out for itself.
      journal.warn('mark not written', { what: key, message: String(error) });
    }
  }

  /** The calls are over: what they cost is published, what they met is reported. `granted` counts the calls that the
   *  budget granted, where some may not have been sent; `landed` is the run, where it took the last of a subnet. */
  async end(granted = 0, landed?: string): Promise<void> {
    const { journal, budget } = this.#ports;
    let sent = 0;
    for (const [cluster, counts] of this.#sent)
      for (const [action, count] of counts) {
        journal.measure({ CallsSpent: count }, { cluster, action });
        sent += count;
      }
    const notMade = Math.max(0, granted - sent);
    const troubles = this.#troubles;
    if (troubles > 0 || landed !== undefined)
      await budget.report({
        throttled: [],
        troubles,
        ...(troubles > 0 && { notMade }),
        ...(landed !== undefined && { landed }),
      });
  }
}

/** Asks the budget, and says so when something other than an empty bucket stands in the way. */
export async function grant(
  asks: readonly Asked[],
  as: CallClass,
  { budget, journal }: Ports,
  room?: RoomAsk,
): Promise<Granted> {
  const granted = await budget.spend(asks, as, room);
  const { because } = granted;
  if (because === 'circuit open') journal.measure({ CircuitOpen: 1 }, {});
  if (because !== undefined)
    journal.warn('budget', { as, because, asked: asks.length, granted: granted.granted });
  if (because === 'table unreachable') journal.measure({ BudgetTableUnreachable: 1 }, {});
  return granted;
}

const notSent = (kind: FailureKind, code: string): Failure => ({ kind, code, message: NOT_SENT[code] ?? '' });

const NOT_SENT: Readonly<Record<string, string>> = {
  KillSwitch: 'not sent: policy.stopped is true',
  ThrottledBefore: 'not sent: another call of this volley was throttled',
  FullBefore: 'not sent: another call of this volley found no room there',
};

function markOf(stops: Reaction['stops'], { subnetId, zone }: Place): string | undefined {
  if (stops === 'subnet') return subnetId;
  return stops === 'zone' ? zoneMark(zone) : undefined;
}
