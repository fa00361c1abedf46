/** Quantities over time, as people write them on a command line, and what is said of those nobody can mean. */
import { expect, test } from 'vitest';
import { toBurst, toChurn, toGrowth, toRollout } from '../../cli/quantities.ts';

test('are read with their units', () => {
  expect(toBurst('100 over 3m')).toEqual({ pods: 100, overMs: 180_000 });
  expect(toBurst(' 1 over 0.5s ')).toEqual({ pods: 1, overMs: 500 });
  expect(toChurn('40 every 1m for 20s')).toEqual({ pods: 40, everyMs: 60_000, runsMs: 20_000 });
  expect(toGrowth('700/week')).toBe(100);
  expect(toRollout('110 surge 3 unavailable 0')).toEqual({
    replicas: 110,
    strategy: { type: 'rolling-update', maxSurge: 3, maxUnavailable: 0 },
  });
  expect(toRollout('9 surge 200%').strategy).toMatchObject({ maxSurge: '200%' });
  expect(toRollout('110').strategy).toMatchObject({ maxSurge: '25%', maxUnavailable: '25%' });
});

test.each<[(text: string) => unknown, string, string]>([
  [toBurst, '', 'expected for example "100 over 3m", got ""'],
  [toBurst, '-1 over 3m', 'expected for example "100 over 3m", got "-1 over 3m"'],
  [toBurst, '100 over 3', 'expected for example "100 over 3m"'],
  [toBurst, '0 over 3m', 'expected 1 to 150,000 pods, got "0"'],
  [toBurst, '99999999999999999999 over 3m', 'expected 1 to 150,000 pods, got "99999999999999999999"'],
  [toChurn, '0 every 1m for 20s', 'expected 1 to 150,000 pods, got "0"'],
  [toChurn, '4 every 0s for 20s', 'expected runs some time apart'],
  [toGrowth, '0/month', 'expected 1 to 16,777,216 addresses, got "0"'],
  [toGrowth, '99999999999/day', 'expected 1 to 16,777,216 addresses, got "99999999999"'],
  [toRollout, '0', 'expected 1 to 150,000 pods, got "0"'],
  [toRollout, '9 unavailable 101%', 'expected 0 to 100 percent, got "101"'],
  [toRollout, '9 surge 0 unavailable 0%', 'expected more than 0 of surge or of unavailable'],
])('%o of "%s" is refused', (read, text, said) => {
  expect(() => read(text)).toThrow(said);
});
