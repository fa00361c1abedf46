/** What conditional writes have in common. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';

/** `false`: the condition did not hold, because somebody else wrote. Every other trouble is an error. */
export async function ifHeld(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
