import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { doctorPage, PERMISSIONS } from '../../scripts/doctor-page.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

test('docs/doctor.md says what the rules do, to the letter', () => {
  expect(read('docs/doctor.md')).toBe(doctorPage());
});

test('the permissions it names are those of the calls that are made', () => {
  const sources = ['cli/doctor-read.ts', 'cli/no-cluster.ts', 'cli/eni-quota.ts'].map(read).join('\n');
  const calls = sources.match(/'(?:ec2|eks|servicequotas):\w+'/g) ?? [];
  expect(new Set(calls.map((call) => call.slice(1, -1)))).toEqual(new Set(PERMISSIONS));
});
