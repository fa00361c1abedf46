/** Writes what the demo prints into the README, and docs/failures.md; tests hold them and the code together. */
import { readFileSync, writeFileSync } from 'node:fs';
import { runAll, seedsFrom } from '../cli/demo-run.ts';
import { explain, table } from '../cli/demo-text.ts';
import { failuresPage } from './failures-page.ts';

const file = new URL('../README.md', import.meta.url);
const results = await runAll(seedsFrom(1, 20));
const block = `<!-- demo -->\n\n\`\`\`\n${table(results)}\n\n${explain(results).text}\n\`\`\`\n`;
const before = readFileSync(file, 'utf8');
writeFileSync(
  file,
  before.replace(/<!-- demo -->\n(\n```\n[\s\S]*?\n```\n)?/, () => block),
);
writeFileSync(new URL('../docs/failures.md', import.meta.url), failuresPage());
console.log('README.md shows the demo, and docs/failures.md the reactions, as they are now');
