import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { failuresPage } from '../../scripts/failures-page.ts';

test('docs/failures.md says what the code does, to the letter', () => {
  const page = readFileSync(new URL('../../docs/failures.md', import.meta.url), 'utf8');
  expect(page).toBe(failuresPage());
});
