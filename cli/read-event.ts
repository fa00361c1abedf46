/** An event from a file, as it is; or what is wrong with the file. An announcement may be a whole event, or its detail alone. */
import { readFile } from 'node:fs/promises';
import { ANNOUNCED, OUR_SOURCE } from '../lambdas/adapters/our-events.ts';
import { say } from '../lambdas/core/complaints.ts';
import { isObject } from '../lambdas/core/policy-shapes.ts';

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

/** Whether it is the detail of an announcement, without its event. */
export const isDetail = (event: unknown): boolean =>
  isObject(event) && ('workload' in event || 'replicas' in event) && !('detail-type' in event);

/** The event that brings an announcement's detail now; of any Region and account. */
export const announcing = (detail: unknown): Readonly<Record<string, unknown>> => ({
  id: 'asked',
  source: OUR_SOURCE,
  'detail-type': ANNOUNCED,
  time: new Date().toISOString(),
  detail,
});

/** The other way round; the complaint is for an event that announces nothing. */
export function detailIn(event: unknown): { readonly detail: unknown } | { readonly complaint: string } {
  if (!isObject(event) || !('detail-type' in event)) return { detail: event };
  const { 'detail-type': type, detail } = event;
  return type === ANNOUNCED
    ? { detail }
    : { complaint: say({ field: 'detail-type', expected: `"${ANNOUNCED}"`, got: type }) };
}
