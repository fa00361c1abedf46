/** Every attempt that reached EC2, counted by caller and action; and, when asked for, listed. */
import type { Caller, Ec2Action, Ec2Actions } from './api.ts';

export interface CallRecord<A extends Ec2Action = Ec2Action> {
  /** End of the call: when it took effect and was answered. */
  readonly tMs: number;
  readonly caller: string;
  readonly action: A;
  /** The caller's attempt number at the same request, from 1. */
  readonly attempt: number;
  readonly input: Ec2Actions[A]['input'];
  /** `ok` or EC2's error code; a lost reply is shown as what EC2 did. */
  readonly result: string;
  /** The ENI the call was about, where there is one: also the one a create made. */
  readonly eniId: string | undefined;
}

export class CallCounts {
  readonly #byCaller = new Map<string, Map<Ec2Action, number>>();
  readonly #throttles = new Map<Ec2Action, number>();
  readonly #throttlesOf = new Map<string, number>();
  /** Only kept when the account was asked to. */
  readonly log: CallRecord[] = [];
  readonly #keepsLog: boolean;

  constructor(keepsLog: boolean) {
    this.#keepsLog = keepsLog;
  }

  /** Attempts of one caller (`ipamd/i-1`) or of all whose name starts so when it ends in `*` (`ipamd/*`). */
  of(caller: string): ReadonlyMap<Ec2Action, number> {
    const sum = new Map<Ec2Action, number>();
    for (const [name, counts] of this.#byCaller) {
      if (caller.endsWith('*') ? !name.startsWith(caller.slice(0, -1)) : name !== caller) continue;
      for (const [action, count] of counts) sum.set(action, (sum.get(action) ?? 0) + count);
    }
    return sum;
  }

  get callers(): readonly string[] {
    return [...this.#byCaller.keys()];
  }

  /** Attempts answered `RequestLimitExceeded`, by action, over all callers. */
  get throttles(): ReadonlyMap<Ec2Action, number> {
    return this.#throttles;
  }

  /** The same for one caller, over all actions. */
  throttlesOf(caller: string): number {
    return this.#throttlesOf.get(caller) ?? 0;
  }

  record(caller: Caller, call: Omit<CallRecord, 'caller' | 'attempt'>): void {
    let counts = this.#byCaller.get(caller.name);
    if (counts === undefined) {
      counts = new Map();
      this.#byCaller.set(caller.name, counts);
    }
    counts.set(call.action, (counts.get(call.action) ?? 0) + 1);
    if (call.result === 'RequestLimitExceeded') {
      this.#throttles.set(call.action, (this.#throttles.get(call.action) ?? 0) + 1);
      this.#throttlesOf.set(caller.name, this.throttlesOf(caller.name) + 1);
    }
    if (this.#keepsLog) this.log.push({ ...call, caller: caller.name, attempt: caller.attempt ?? 1 });
  }
}
