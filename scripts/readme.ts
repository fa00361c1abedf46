/** Writes what the demo prints into the README, and the pages of docs/ that the code says; tests hold them and the code together. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runAll, seedsFrom } from '../cli/demo-run.ts';
import { explain, table } from '../cli/demo-text.ts';
import { doctorPage } from './doctor-page.ts';
import { failuresPage } from './failures-page.ts';
import { policyPage, policySchema } from './policy-pages.ts';

const file = new URL('../README.md', import.meta.url);
const results = await runAll(seedsFrom(1, 20));
const block = `<!-- demo -->\n\n\`\`\`\n${table(results)}\n\n${explain(results).text}\n\`\`\`\n`;
const before = readFileSync(file, 'utf8');
writeFileSync(
  file,
  before.replace(/<!-- demo -->\n(\n```\n[\s\S]*?\n```\n)?/, () => block),
);
const docs = (name: string): URL => new URL(`../docs/${name}`, import.meta.url);
writeFileSync(docs('doctor.md'), doctorPage());
writeFileSync(docs('failures.md'), failuresPage());
writeFileSync(docs('policy.md'), policyPage());
writeFileSync(docs('policy.schema.json'), `${JSON.stringify(policySchema(), null, 2)}\n`);
const biome = fileURLToPath(new URL('../node_modules/@biomejs/biome/bin/biome', import.meta.url));
execFileSync(process.execPath, [biome, 'format', '--write', fileURLToPath(docs('policy.schema.json'))]);
console.log(
  'README.md shows the demo; docs/doctor.md, failures.md, policy.md and policy.schema.json say what the code does now',
);
