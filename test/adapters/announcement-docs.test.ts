/** docs/announcements.md and docs/announcement.schema.json say what the reader reads. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ANNOUNCEMENT } from '../../lambdas/adapters/announcement-shape.ts';
import { readSignals } from '../../lambdas/adapters/eventbridge-signals.ts';
import { complaintsOf } from '../../lambdas/adapters/routed.ts';
import { DEFAULT_POLICY, readPolicy } from '../../lambdas/core/policy.ts';
import { ANNOUNCEMENT_SCHEMA } from '../../scripts/announcement-schema.ts';

const docs = (file: string): string => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8');
const event = {
  id: 'an-event',
  source: 'eks-ip-prewarmer',
  'detail-type': 'Deployment Announced',
  time: '2026-01-31T09:00:00Z',
};

test('the published schema is made of the shape that announcements are read by', () => {
  expect(JSON.parse(docs('announcement.schema.json'))).toEqual(JSON.parse(ANNOUNCEMENT_SCHEMA));
});

test('every field that can be announced is in the table', () => {
  const page = docs('announcements.md');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((line) =>
    [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  expect(named.sort()).toEqual(Object.keys(ANNOUNCEMENT.shape).sort());
});

/** The outermost JSON in a block, with what a template puts in its place: a number fits a text and a number. */
function jsonIn(block: string): unknown {
  const filled = block
    .replaceAll(/\$?\{\{[^}]*\}\}/g, '7')
    .replaceAll('"time": "7"', `"time": "${event.time}"`);
  const lines = filled.split('\n');
  const first = lines.findIndex((line) => /^\s*[{[]$/.test(line) || line.trim().endsWith("'["));
  const opening = lines[first] ?? '';
  const close = opening.trim().endsWith('[') ? ']' : '}';
  const indent = opening.trim().startsWith('{') ? opening.indexOf('{') : 0;
  const last = lines.findIndex((line, index) => index > first && line.slice(indent).startsWith(close));
  return JSON.parse([close === ']' ? '[' : '{', ...lines.slice(first + 1, last), close].join('\n'));
}

const recipes = docs('announcements.md')
  .split(/^#+ /m)
  .flatMap((section) =>
    [...section.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, block = '']) => ({
      title: section.split('\n')[0] ?? '',
      block,
    })),
  );

test('there is a recipe for each way to announce', () => {
  expect(recipes.map(({ title }) => title)).toEqual([
    'Announcing a rollout',
    'From a shell',
    'GitHub Actions',
    'Helm, as a hook before install and upgrade',
    'Argo CD, as a notification',
    'Flux, as an alert',
    'Pipelines and registries, without announcing',
    'Peaks that are known',
  ]);
});

test.each(recipes)('$title: the reader takes it', ({ block }) => {
  const document = jsonIn(block) as Readonly<Record<string, unknown>>;
  if ('routes' in document || 'schedules' in document) {
    const { policy, complaints } = readPolicy(document);
    expect([...complaints, ...complaintsOf(policy)]).toEqual([]);
    return;
  }
  const [entry] = Array.isArray(document) ? document : [];
  const raw =
    entry !== undefined
      ? { ...event, source: entry.Source, 'detail-type': entry.DetailType, detail: JSON.parse(entry.Detail) }
      : 'detail' in document
        ? document
        : { ...event, detail: document };
  expect(readSignals(raw, { policy: DEFAULT_POLICY })).toMatchObject([
    { kind: 'rollout-announced', cluster: 'shop', workload: { kind: 'Deployment' } },
  ]);
});
