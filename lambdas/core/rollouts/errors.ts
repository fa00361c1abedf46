/** Errors whose names the state machine matches (infra/rollout-machine.ts): a thrown error's `name` is what it sees. */

/** The rollout was stopped, and that was reported; its message is the cause and the remedy. Trying again is of no use: a
 *  person redrives the execution once the cause is gone. */
export class RolloutStopped extends Error {
  override readonly name = 'RolloutStopped' as const;
}

/** Nobody started a rollout of this id, or it was forgotten: no try finds it. */
export class RolloutUnknown extends Error {
  override readonly name = 'RolloutUnknown' as const;
}

/** Somebody else wrote the same rollout at the same moment: a killed function that lived on, say. The next try reads anew. */
export class RolloutChanged extends Error {
  override readonly name = 'RolloutChanged' as const;
}

/** The wave waits for somebody, and nobody could be told: DynamoDB or EventBridge did not answer, say. The next try tells them. A
 *  name of its own, because whoever refuses a wave may call that as they like, and is not asked again. */
export class NotHeld extends Error {
  override readonly name = 'NotHeld' as const;
}

export const ROLLOUT_STOPPED: RolloutStopped['name'] = 'RolloutStopped';
export const ROLLOUT_UNKNOWN: RolloutUnknown['name'] = 'RolloutUnknown';
export const NOT_HELD: NotHeld['name'] = 'NotHeld';
