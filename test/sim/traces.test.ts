import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compare, isWithin } from '../../sim/traces/compare.ts';
import { isInside, judge } from '../../sim/traces/judge.ts';
import { readRecordings, type Scenario } from '../../sim/traces/recording.ts';
import { replay } from '../../sim/traces/replay.ts';

/** Recorded from amazon-vpc-cni-k8s v1.23.1: 43 scenarios, 300 runs each. */
const text = readFileSync(new URL('../fixtures/ipamd-traces.json', import.meta.url), 'utf8');
const recorded = readRecordings(text);
const scenarios = 'complaint' in recorded ? [] : recorded.scenarios;

const find = (id: string): Scenario => {
  const scenario = scenarios.find((candidate) => candidate.id === id);
  if (scenario === undefined) throw new Error(`no scenario ${id}`);
  return scenario;
};

test('the recordings can be read', () => {
  expect(recorded).not.toHaveProperty('complaint');
  expect(scenarios).toHaveLength(43);
});

describe('the embedded ipamd does what the real one was seen to do', () => {
  test.each(scenarios.map(({ id, title }) => [id, title] as const))('%s: %s', async (id) => {
    const scenario = find(id);
    expect((await judge(scenario, 1, 8)).outside).toEqual([]);
  });

  /** The default mode, without ordered trouble: here not one value of the summary may be off in any run. */
  const strict = 'T01 T08 T09 T10 T11 T16 T17 T22 T23 T24 T25 T26 T27 T31 T32 T33 T43'.split(' ');
  test.each(strict)('%s: forty runs, and never another summary', async (id) => {
    const scenario = find(id);
    for (let seed = 1; seed <= 40; seed++) {
      const differences = compare(await replay(scenario, seed), scenario.then);
      expect(differences.filter(({ field }) => field.startsWith('summary.'))).toEqual([]);
    }
  });

  test('where chance plays a part it plays the same part: the means agree', async () => {
    for (const id of ['T11', 'T18', 'T28', 'T30', 'T37', 'T40', 'T41']) {
      const { means } = await judge(find(id), 1_000, 300);
      // Both means are of 300 runs; the widest spread recorded is about 3, hence a standard error below 0.25.
      expect(Math.abs(means.failedAdds.got - (means.failedAdds.recorded ?? 0)), id).toBeLessThan(0.75);
      expect(Math.abs(means.ec2Calls.got - (means.ec2Calls.recorded ?? 0)), id).toBeLessThan(0.75);
    }
  });

  test('the same seed gives the same run to the millisecond', async () => {
    expect(await replay(find('T40'), 5)).toEqual(await replay(find('T40'), 5));
  });
});

describe('the judge notices', () => {
  const changed = (id: string, change: (copy: Scenario) => void): Scenario => {
    const copy = structuredClone(find(id));
    change(copy);
    return copy;
  };

  test('one failed request more in the summary', async () => {
    const scenario = changed('T08', (copy) => {
      copy.then.summary.failedAdds = 28;
    });
    const verdict = await judge(scenario, 1, 1);
    expect(isInside(verdict)).toBe(false);
    expect(verdict.outside).toMatchObject([{ field: 'summary.failedAdds', recorded: '28', got: '27' }]);
  });

  test('a call that comes 100 ms late', async () => {
    const scenario = changed('T01', (copy) => {
      const call = copy.then.ec2Calls[4];
      if (call !== undefined) call.tMs = 1_600;
    });
    expect((await judge(scenario, 1, 1)).outside).toMatchObject([{ field: 'ec2Calls[4].tMs' }]);
  });

  test('another node than the one recorded', async () => {
    const scenario = changed('T09', (copy) => {
      copy.given.latencyMs.eniToImds += 5_000;
    });
    expect(isInside(await judge(scenario, 1, 1))).toBe(false);
  });

  test('but not a value that leaves its range as rarely as the real one does', async () => {
    const runs = 300;
    const verdict = await judge(find('T43'), 1, runs);
    expect(verdict.strays.length).toBeGreaterThan(0);
    expect(isInside(verdict)).toBe(true);
  });
});

describe('a range', () => {
  test.each([
    [5, 5, true],
    [5, 6, false],
    [null, null, true],
    [3, null, false],
    [null, [2, 4] as [number, number], false],
    [4, [2, 4] as [number, number], true],
    [5, [2, 4] as [number, number], false],
    [null, [2, null] as [number, null], true],
    [9, [2, null] as [number, null], true],
    [1, [2, null] as [number, null], false],
  ])('%j against %j: %j', (got, seen, inside) => {
    expect(isWithin(got, seen)).toBe(inside);
  });
});

describe('a file that is not one of recordings is refused in one line', () => {
  test.each([
    ['{', /^the file: expected JSON, got text that is not/],
    ['{}', /^scenarios: expected array, got nothing$/],
    [
      text.replace('"maxPods": 29', '"maxPods": "many"'),
      /^scenarios\[0\]\.given\.maxPods: expected .*, got "many"$/,
    ],
    [text.replace('"do": "addPod"', '"do": "dance"'), /^scenarios\[\d+\]\.when\[0\].*dance/],
  ])('%#', (content, line) => {
    const read = readRecordings(content);
    expect('complaint' in read && read.complaint).toMatch(line);
  });
});
