/** An event from a file, as it is; or what is wrong with the file. */
import { readFile } from 'node:fs/promises';

export async function readEvent(file: string): Promise<{ event: unknown } | { complaint: string }> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return { complaint: `cannot be read: ${(error as Error).message}` };
  }
  try {
    return { event: JSON.parse(text) };
  } catch (error) {
    return { complaint: `is not JSON: ${(error as Error).message}` };
  }
}
