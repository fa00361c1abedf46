/** Commands that send an event, as README and docs show them: copied and pasted, they must work. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readSignals } from '../../lambdas/adapters/eventbridge-signals.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';

const ROOT = new URL('../../', import.meta.url);
const pages = ['README.md', ...readdirSync(new URL('docs/', ROOT)).map((name) => `docs/${name}`)].filter(
  (name) => name.endsWith('.md'),
);

/** What stands between quotes after `--entries`. */
const shown = pages.flatMap((page) =>
  [...readFileSync(new URL(page, ROOT), 'utf8').matchAll(/--entries '([^']*)'/g)].map(
    ([, entries = '']) => [page, entries] as const,
  ),
);

test('there are some', () => {
  expect(shown.map(([page]) => page)).toEqual(
    expect.arrayContaining(['README.md', 'docs/announcements.md', 'docs/rollouts.md']),
  );
});

test.each(shown)('%s: the event is JSON, and one that is understood', (_, entries) => {
  for (const { Source: source, DetailType, Detail } of JSON.parse(entries)) {
    const event = {
      id: 'an-id',
      source,
      'detail-type': DetailType,
      time: '2026-01-01T00:00:00Z',
      detail: JSON.parse(Detail),
    };
    for (const signal of readSignals(event, { policy: DEFAULT_POLICY }))
      expect(signal).not.toHaveProperty('why');
  }
});
