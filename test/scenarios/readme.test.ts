import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runAll, seedsFrom } from '../../cli/demo-run.ts';
import { explain, table } from '../../cli/demo-text.ts';

test('the README shows what the demo prints, to the letter', async () => {
  const results = await runAll(seedsFrom(1, 20));
  const { claims, text } = explain(results);
  expect(claims).toBe(true);
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const shown = /<!-- demo -->\n\n```\n([\s\S]*?)\n```/.exec(readme)?.[1];
  expect(shown).toBe(`${table(results)}\n\n${text}`);
});
