/** Alarms and the runbook, both ways; and what its commands name is there. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FIGURES } from '../../lambdas/core/figures.ts';
import { EVERYTHING, templateOf } from './synthesized.ts';

const ROOT = join(import.meta.dirname, '../..');
const runbook = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8');
const operations = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
const paragraphs = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text]),
);
const template = templateOf(EVERYTHING);
const code = globSync('lambdas/**/*.ts', { cwd: ROOT })
  .map((file) => readFileSync(join(ROOT, file), 'utf8'))
  .join('\n');

/** As sites that render Markdown make them. */
const anchorsOf = (page: string): string[] =>
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

test('each alarm names a paragraph of the runbook that is there, and each paragraph is some alarm’s', () => {
  const named = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => {
    const [, anchor] = / Runbook: docs\/runbook\.md#([a-z-]+)$/.exec(Properties.AlarmDescription) ?? [];
    // Several alarms may share one, whose name is how theirs begin.
    expect(Properties.AlarmName.split('/').at(-1)).toMatch(new RegExp(`^${anchor}(-|$)`));
    return anchor;
  });
  expect([...new Set(named)].toSorted()).toEqual([...paragraphs.keys()].toSorted());
});

describe.each([...paragraphs])('%s', (_, text) => {
  test('says what it means, how to look with a command, and how to mend it', () => {
    const [, means, look, mend] =
      /\n\n\*\*Means\.\*\*([\s\S]+)\n\n\*\*Look\.\*\*([\s\S]+)\n\n\*\*Mend\.\*\*([\s\S]+)$/.exec(text) ?? [];
    expect(means?.length).toBeGreaterThan(80);
    expect(look).toMatch(/^ {4}(aws|lines|kubectl) /m);
    expect(mend?.length).toBeGreaterThan(60);
  });
});

describe.each([
  ['docs/runbook.md', runbook],
  ['docs/operations.md', operations],
])('what %s names is there', (_, page) => {
  test('functions and the lines they write', () => {
    const functions = Object.values(template.findResources('AWS::Logs::LogGroup')).map(({ Properties }) =>
      String(Properties.LogGroupName).split('/').at(-1),
    );
    for (const [, name = '', line = ''] of page.matchAll(/^ {4}lines (\S+) '([^']+)'/gm)) {
      expect(functions).toContain(name);
      expect(code, line).toContain(`'${line}'`);
    }
  });

  test('outputs of the stack', () => {
    const outputs = Object.keys(template.toJSON()['Outputs']);
    const named = [...page.matchAll(/\$\(output (\w+)\)/g)].map(([, name]) => name);
    expect(named).not.toEqual([]);
    for (const name of named) expect(outputs).toContain(name);
  });

  test('figures, where it asks CloudWatch for ours', () => {
    for (const [, name] of page.matchAll(/--namespace eks-ip-prewarmer --metric-name (\w+)/g))
      expect(Object.keys(FIGURES)).toContain(name);
  });

  test('pages and their paragraphs', () => {
    for (const [, file = '', anchor] of page.matchAll(/\]\(([\w./-]*)(?:#([\w-]+))?\)/g)) {
      const path = join(ROOT, 'docs', file);
      if (file !== '') expect(existsSync(path), path).toBe(true);
      if (anchor === undefined) continue;
      expect(anchorsOf(file === '' ? page : readFileSync(path, 'utf8'))).toContain(anchor);
    }
  });
});
