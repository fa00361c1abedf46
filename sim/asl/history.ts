/** The record of one execution, event by event, as GetExecutionHistory returns it, and what the bill counts. */
import { Halted, StateError } from './errors.ts';

/** Events one Standard execution may record. Source: Step Functions quotas. The last may only be the execution's end: at
 *  24,999 any event but ExecutionSucceeded becomes ExecutionFailed (Developer Guide, avoid reaching the history quota). */
export const HISTORY_EVENTS = 25_000;

export interface HistoryEvent {
  /** From 1, in order. */
  readonly id: number;
  readonly type: string;
  /** Virtual time. */
  readonly atMs: number;
  /** The state it is about; none for the execution's own events. */
  readonly state?: string;
  /** Of a Map's iterations. */
  readonly index?: number;
  readonly error?: string;
  readonly cause?: string;
}

/** Thrown by the event that no longer fits; no Retry and no Catch can answer it. */
export class HistoryFull extends Halted {
  readonly failure = new StateError(
    'States.Runtime',
    `The execution reached the maximum number of history events (${HISTORY_EVENTS}).`,
  );
}

export class History {
  readonly events: HistoryEvent[] = [];
  /** Billed: each state entered, each retry, each redrive. */
  transitions = 0;
  /** Nothing is recorded after an execution's end, whatever its tasks still do. */
  closed = false;
  readonly #now: () => number;
  readonly #limit: number;

  constructor(now: () => number, limit: number = HISTORY_EVENTS) {
    this.#now = now;
    this.#limit = limit;
  }

  record(type: string, about: Omit<HistoryEvent, 'id' | 'type' | 'atMs'> = {}): void {
    if (this.closed) throw new Halted('the execution has ended');
    if (this.events.length >= this.#limit - 1) throw new HistoryFull();
    this.#push(type, about);
  }

  /** The last event; it always has room. */
  close(type: string, about: Omit<HistoryEvent, 'id' | 'type' | 'atMs'> = {}): void {
    this.#push(type, about);
    this.closed = true;
  }

  #push(type: string, about: Omit<HistoryEvent, 'id' | 'type' | 'atMs'>): void {
    this.events.push({ id: this.events.length + 1, type, atMs: this.#now(), ...about });
  }
}
