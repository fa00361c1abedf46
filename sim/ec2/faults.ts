/** Trouble ordered for a span of virtual time: `fromMs` ≤ end of the call attempt < `toMs`. */
import type { Stream } from '../chance.ts';
import { ApiError, type Caller, type Ec2Action } from './api.ts';

interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Which attempts: action names separated by commas, a trailing `*` standing for any ending; callers by the same rule. */
interface Aim {
  readonly action: string;
  readonly caller?: string;
}

export type Fault =
  /** Answered `RequestLimitExceeded` whatever the buckets hold: somebody else in the account empties them. */
  | ({ readonly kind: 'throttle' } & Window & Aim)
  /** Others take every free address and block of the subnets at `fromMs` and return them at `toMs`. */
  | ({ readonly kind: 'subnetExhausted'; readonly subnetId?: string } & Window)
  /** No /28 is to be had, single addresses are. */
  | ({ readonly kind: 'noFreePrefix'; readonly subnetId?: string } & Window)
  /** An ENI whose attach takes effect in the window never shows in instance metadata. */
  | ({ readonly kind: 'eniNeverInImds'; readonly caller?: string } & Window)
  /** No answer arrives before the caller's time limit; the request itself was carried out unless `carriedOut` is false. */
  | ({
      readonly kind: 'lostReply';
      readonly carriedOut?: boolean;
      /** Share of the matching attempts that are hit; all, unless said. */
      readonly share?: number;
    } & Window &
      Aim)
  /** Answered with this error, and nothing happens: what EC2 sends when a role, a quota or a state is not as hoped. */
  | ({
      readonly kind: 'refuse';
      readonly code: string;
      readonly httpStatus: number;
      readonly message?: string;
      /** Share of the matching attempts that are hit; all, unless said. */
      readonly share?: number;
    } & Window &
      Aim);

export class Faults {
  readonly #faults: Fault[];

  constructor(faults: readonly Fault[]) {
    this.#faults = [...faults];
  }

  add(fault: Fault): void {
    this.#faults.push(fault);
  }

  throttles(caller: Caller, action: Ec2Action, nowMs: number): boolean {
    return this.#faults.some((f) => f.kind === 'throttle' && covers(f, nowMs) && aimsAt(f, caller, action));
  }

  /** The lost reply this attempt meets, if any; `stream` decides for faults that hit a share only. */
  losesReply(
    caller: Caller,
    action: Ec2Action,
    nowMs: number,
    stream: Stream,
  ): { carriedOut: boolean } | undefined {
    for (const fault of this.#faults) {
      if (fault.kind !== 'lostReply' || !covers(fault, nowMs) || !aimsAt(fault, caller, action)) continue;
      if (fault.share === undefined || stream.chance(fault.share))
        return { carriedOut: fault.carriedOut ?? true };
    }
    return undefined;
  }

  /** The error this attempt is answered with, if any; `stream` decides for faults that hit a share only. */
  refuses(caller: Caller, action: Ec2Action, nowMs: number, stream: Stream): ApiError | undefined {
    for (const fault of this.#faults) {
      if (fault.kind !== 'refuse' || !covers(fault, nowMs) || !aimsAt(fault, caller, action)) continue;
      if (fault.share !== undefined && !stream.chance(fault.share)) continue;
      return new ApiError(fault.code, fault.message ?? `${action} is refused.`, fault.httpStatus);
    }
    return undefined;
  }

  hidesFromMetadata(caller: string, nowMs: number): boolean {
    return this.#faults.some(
      (f) =>
        f.kind === 'eniNeverInImds' && covers(f, nowMs) && (f.caller === undefined || fits(f.caller, caller)),
    );
  }
}

const covers = (window: Window, nowMs: number): boolean => window.fromMs <= nowMs && nowMs < window.toMs;

const aimsAt = (aim: Aim, caller: Caller, action: Ec2Action): boolean =>
  fits(aim.action, action) && (aim.caller === undefined || fits(aim.caller, caller.name));

function fits(patterns: string, name: string): boolean {
  return patterns.split(',').some((entry) => {
    const pattern = entry.trim();
    return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
  });
}
