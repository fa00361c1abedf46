/** What conditional writes have in common. */

/** Only over the version that was read; of 0 only where there is none yet. */
export const overVersion = (read: number) =>
  read === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : {
        ConditionExpression: '#version = :read',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':read': read },
      };

/** What `expiresAt` is counted in. Source: DynamoDB Developer Guide, time to live. */
export const epochSeconds = (ms: number): number => Math.ceil(ms / 1000);

/** By name: bundles leave the errors' classes out (infra/bundles.ts). Source: DynamoDB API reference, PutItem. */
const DID_NOT_HOLD = 'ConditionalCheckFailedException';

/** `false`: the condition did not hold, because somebody else wrote. Every other trouble is an error. */
export async function ifHeld(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === DID_NOT_HOLD) return false;
    throw error;
  }
}
