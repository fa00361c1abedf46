import { readFileSync } from 'node:fs';

/** A block of docs/deploy.md by the file that it is called there. */
export function exampleOf(file: string): string {
  const page = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');
  const found = page
    .match(/```ts\n[\s\S]*?```/g)
    ?.find((block) => block.startsWith(`\`\`\`ts\n// ${file}\n`));
  if (found === undefined) throw new Error(`docs/deploy.md shows no ${file}`);
  return found.slice('```ts\n'.length, -'```'.length);
}
