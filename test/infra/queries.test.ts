/** Saved queries look into log groups that are there, for lines that the code writes. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EVERYTHING, OBSERVE, templateOf, WARM } from './synthesized.ts';

const LAMBDAS = join(import.meta.dirname, '../../lambdas');
const code = globSync('**/*.ts', { cwd: LAMBDAS })
  .map((file) => readFileSync(join(LAMBDAS, file), 'utf8'))
  .join('\n');

/** The first words of each line of the journal. */
const written = [...code.matchAll(/(?:note|warn|'\]|tell\.call)\(\s*(?:journal,\s*)?'([^']+)'/g)].map(
  ([, words]) => words,
);

interface Query {
  readonly Name: string;
  readonly LogGroupNames: readonly string[];
  readonly QueryString: string;
}
const propertiesOf = (context: Record<string, unknown>, type: string): Record<string, unknown>[] =>
  Object.values(templateOf(context).findResources(type)).map(({ Properties }) => Properties);
const queriesOf = (context: Record<string, unknown>) =>
  propertiesOf(context, 'AWS::Logs::QueryDefinition') as unknown as Query[];

test.each([
  ['observe', OBSERVE, false],
  ['warm', WARM, true],
  ['every option', EVERYTHING, true],
])('in %s they look into log groups of the stack', (_, context, waves) => {
  const groups = propertiesOf(context, 'AWS::Logs::LogGroup').map(({ LogGroupName }) => LogGroupName);
  const queries = queriesOf(context);
  for (const { Name, LogGroupNames } of queries) {
    expect(Name).toMatch(/^eks-ip-prewarmer\/demo\/[a-z-]+$/);
    for (const name of LogGroupNames) expect(groups, Name).toContain(name);
    // CloudWatch Logs Insights: 50 log groups in one query.
    expect(LogGroupNames.length).toBeLessThanOrEqual(50);
  }
  expect(queries.some(({ Name }) => Name.endsWith('/rollouts'))).toBe(waves);
});

test('every line they look for is one that the code writes', () => {
  for (const { Name, QueryString } of queriesOf(EVERYTHING)) {
    const filter = QueryString.split('\n| ').find((line) => line.startsWith('filter message')) ?? '';
    const texts = [...filter.replace(/ and mode.*$/, '').matchAll(/'([^']+)'/g)].map(([, text]) => text);
    expect(texts, Name).not.toEqual([]);
    for (const text of texts) expect(written, Name).toContain(text);
  }
});
