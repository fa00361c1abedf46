/** What conditional writes have in common. */

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
