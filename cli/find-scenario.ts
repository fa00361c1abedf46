/** What `--scenario` names: one that ships, or a file. */
import { readFile } from 'node:fs/promises';
import type { Scenario } from '../sim/scenario/format.ts';
import { readScenario, readScenarioText } from '../sim/scenario/read.ts';
import { SHIPPED } from '../sim/scenarios/shipped.ts';

/** One that ships, by its name, or a file; the complaint is one line. */
export async function findScenario(
  name: string,
): Promise<{ readonly scenario: Scenario } | { readonly complaint: string }> {
  const shipped = Object.entries(SHIPPED).find(
    ([, document]) => (document as { readonly name: string }).name.toLowerCase() === name.toLowerCase(),
  );
  let read: ReturnType<typeof readScenario>;
  if (shipped !== undefined) read = readScenario(shipped[1], shipped[0]);
  else
    try {
      read = readScenarioText(await readFile(name, 'utf8'), name);
    } catch (error) {
      const names = Object.values(SHIPPED).map((document) => (document as { readonly name: string }).name);
      const expected = `expected one of ${names.join(', ')}, or a file`;
      return { complaint: `--scenario: ${expected}, got "${name}": ${(error as Error).message}` };
    }
  return read.ok ? { scenario: read.scenario } : { complaint: read.message };
}
