/** Rows of requests that read as sentences, and how they are judged. */
import { expect, test } from 'vitest';
import { type Asked, allowed, Deployed, type PolicyDocument } from './deployed-policies.ts';
import { EVERYTHING, OBSERVE, templateOf } from './synthesized.ts';

/** Both modes with every option that adds rights. */
export const observe = new Deployed(
  templateOf({ ...OBSERVE, lens: true, gate: true, gateEndpoint: 'secret' }),
);
export const warm = new Deployed(
  templateOf({ ...EVERYTHING, policy: { ...EVERYTHING.policy, launchHook: 'prewarm' } }),
);

export interface Row {
  readonly title: string;
  readonly who: string;
  readonly asked: readonly Asked[];
  readonly may: boolean;
}
export const may = (who: string, what: string, asked: readonly Asked[]): Row => ({
  title: `${who} may ${what}`,
  who,
  asked,
  may: true,
});
export const mayNot = (who: string, what: string, asked: readonly Asked[]): Row => ({
  title: `${who} may not ${what}`,
  who,
  asked,
  may: false,
});
export const one = (action: string, resource: string, context?: Asked['context']): Asked[] => [
  { action, resource, ...(context !== undefined && { context }) },
];

export function judge(deployed: Deployed, rows: readonly Row[]): void {
  // By %s, because $title would be cut.
  test.each(rows.map((row) => [row.title, row] as const))('%s', async (_, { who, asked, may: expected }) => {
    expect(await allowed(deployed.policiesOf(who), asked)).toBe(expected);
  });
}

/** Of rows that say "may not", those that conditions and denials alone keep from being allowed. */
export async function heldByConditions(deployed: Deployed, rows: readonly Row[]): Promise<readonly Row[]> {
  const held: Row[] = [];
  for (const row of rows)
    if (!row.may && (await allowed(deployed.policiesOf(row.who).map(bare), row.asked))) held.push(row);
  return held;
}

const bare = ({ Statement, ...document }: PolicyDocument): PolicyDocument => ({
  ...document,
  Statement: Statement.filter(({ Effect }) => Effect === 'Allow').map(
    ({ Condition: _, ...statement }) => statement,
  ),
});
