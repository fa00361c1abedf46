/** What can end a state before its time: an error with a name, which Retry and Catch may answer, or an end from outside. */

/** An error as a state machine sees it. `States.…` names are the service's own; the others are what tasks threw. */
export class StateError extends Error {
  readonly error: string;
  readonly reason: string;
  constructor(error: string, reason: string) {
    super(`${error}: ${reason}`);
    this.error = error;
    this.reason = reason;
  }
}

/** Thrown where a line of control waits when a sibling failed, or when the execution was stopped or ran out of time. */
export class Halted extends Error {}

/** The error is not a state machine's but the caller's: a machine that asks for what this world does not have. */
export class NotInThisWorld extends Error {}

export const queryError = (reason: string): StateError =>
  new StateError('States.QueryEvaluationError', reason);

/** The service's words for "no Retry and no catch-all Catch may answer this". */
const BEYOND_STATES_ALL = ['States.DataLimitExceeded', 'States.Runtime'];
const TIMEOUTS = ['States.Timeout', 'States.HeartbeatTimeout'];

/** Whether a Retry or Catch rule answers `error`. A missed heartbeat is a kind of States.Timeout (states-language.net,
 *  appendix A); States.TaskFailed is every error but those (Developer Guide, error names). */
export function answers(errorEquals: readonly string[], error: string): boolean {
  return errorEquals.some((name) => {
    if (name === error) return true;
    if (BEYOND_STATES_ALL.includes(error)) return false;
    if (name === 'States.ALL') return true;
    if (name === 'States.TaskFailed') return !TIMEOUTS.includes(error);
    return name === 'States.Timeout' && error === 'States.HeartbeatTimeout';
  });
}

/** Bytes of state, task or execution data. Source: Step Functions quotas, 256 KiB as UTF-8, hard. */
export const PAYLOAD_BYTES = 262_144;

export const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');

/** Hands `value` on, or says as the service does that it is too large. */
export function fitting<T>(value: T, whose: string, limitBytes: number = PAYLOAD_BYTES): T {
  const bytes = bytesOf(value);
  if (bytes <= limitBytes) return value;
  throw new StateError('States.DataLimitExceeded', `${whose} has ${bytes} bytes; the limit is ${limitBytes}`);
}
