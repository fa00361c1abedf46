/** Is what a run showed within what the recordings allow? Field by field, without knowing any scenario. */
import { type CallSeen, failures, type Outcome } from './outcome.ts';
import type { Expectation, Seen } from './recording.ts';

export interface Difference {
  readonly field: string;
  readonly recorded: string;
  readonly got: string;
}

export function compare(outcome: Outcome, recorded: Expectation): Difference[] {
  const differences = new Differences();
  compareStart(outcome, recorded, differences);
  compareAdds(outcome, recorded, differences);
  compareOutside(outcome, recorded, differences);
  compareSamples(outcome, recorded, differences);
  if (recorded.ec2CallsSameInEveryRun) compareCalls(outcome.ec2Calls, recorded, differences);
  compareSummary(outcome, recorded, differences);
  return differences.found;
}

class Differences {
  readonly found: Difference[] = [];

  /** `undefined` in the recording: not recorded there, nothing to compare. */
  number(field: string, got: number | null, recorded: Seen | undefined): void {
    if (recorded !== undefined && !isWithin(got, recorded)) this.add(field, showSeen(recorded), String(got));
  }

  text(field: string, got: string, recorded: string | readonly string[]): void {
    const allowed = typeof recorded === 'string' ? [recorded] : recorded;
    if (!allowed.includes(got)) this.add(field, allowed.join(' or '), got);
  }

  add(field: string, recorded: string, got: string): void {
    this.found.push({ field, recorded, got });
  }
}

/** `null`: never; `[low, null]`: not in every run, and then not before `low`. */
export function isWithin(got: number | null, recorded: Seen): boolean {
  if (recorded === null) return got === null;
  if (typeof recorded === 'number') return got === recorded;
  const [low, high] = recorded;
  if (got === null) return high === null;
  return got >= low && (high === null || got <= high);
}

const showSeen = (seen: Seen): string =>
  Array.isArray(seen) ? `${seen[0]} to ${seen[1] ?? 'never'}` : String(seen);

function compareStart(outcome: Outcome, recorded: Expectation, differences: Differences): void {
  const count = Math.max(outcome.readyAtMs.length, recorded.readyAtMs.length);
  for (let n = 0; n < count; n++) {
    differences.number(`readyAtMs[${n}]`, outcome.readyAtMs[n] ?? null, recorded.readyAtMs[n] ?? null);
  }
  differences.number('processExits', outcome.processExits, recorded.processExits);
}

function compareAdds(outcome: Outcome, recorded: Expectation, differences: Differences): void {
  const byPod = new Map(outcome.adds.map((add) => [add.pod, add]));
  for (const expected of recorded.adds) {
    const add = byPod.get(expected.pod);
    const field = `adds.${expected.pod}`;
    if (add === undefined) {
      differences.add(field, 'asked', 'never asked');
      continue;
    }
    const isPrefix = add.askedAtMs.every((tMs, n) => expected.askedAtMs[n] === tMs);
    if (!isPrefix)
      differences.add(`${field}.askedAtMs`, expected.askedAtMs.join(' '), add.askedAtMs.join(' '));
    differences.number(`${field}.failedAttempts`, failures(add), expected.failedAttempts);
    differences.number(`${field}.gotAddressAtMs`, add.gotAddressAtMs, expected.gotAddressAtMs);
  }
  if (outcome.adds.length !== recorded.adds.length) {
    differences.add('adds', `${recorded.adds.length} pods`, `${outcome.adds.length} pods`);
  }
}

function compareOutside(outcome: Outcome, recorded: Expectation, differences: Differences): void {
  recorded.outside?.forEach((expected, n) => {
    differences.text(`outside[${n}].result`, outcome.outside[n]?.result ?? 'nothing', expected.result);
  });
  for (const expected of recorded.foreignEnis ?? []) {
    const foreign = outcome.foreignEnis.find(({ eni }) => eni === expected.eni);
    const field = `foreignEnis.${expected.eni}`;
    differences.number(`${field}.inStoreFromMs`, foreign?.inStoreFromMs ?? null, expected.inStoreFromMs);
    differences.number(`${field}.leftStoreAtMs`, foreign?.leftStoreAtMs ?? null, expected.leftStoreAtMs);
  }
}

function compareSamples(outcome: Outcome, recorded: Expectation, differences: Differences): void {
  const byTime = new Map(outcome.samples.map((sample) => [sample.tMs, sample]));
  for (const expected of recorded.samples) {
    const sample = byTime.get(expected.tMs);
    const field = `samples.${expected.tMs}`;
    if (sample === undefined) {
      differences.add(field, 'a sample', 'none');
      continue;
    }
    for (const name of [
      'enis',
      'totalIps',
      'prefixes',
      'assigned',
      'cooling',
      'waitingPods',
      'ec2CallsSoFar',
    ] as const) {
      differences.number(`${field}.${name}`, sample[name], expected[name]);
    }
    for (const name of ['enis', 'ips', 'prefixes', 'subnetFree'] as const) {
      differences.number(`${field}.inEc2.${name}`, sample.inEc2[name], expected.inEc2[name]);
    }
  }
}

function compareCalls(calls: readonly CallSeen[], recorded: Expectation, differences: Differences): void {
  const total = recorded.ec2Calls.length + (recorded.ec2CallsCut ?? 0);
  if (calls.length !== total) differences.add('ec2Calls', `${total} calls`, `${calls.length} calls`);
  recorded.ec2Calls.forEach((expected, n) => {
    const call = calls[n];
    if (call === undefined) return;
    const field = `ec2Calls[${n}]`;
    differences.text(`${field}.action`, call.action, expected.action);
    differences.number(`${field}.tMs`, call.tMs, expected.tMs);
    differences.text(`${field}.result`, call.result, expected.result);
    if (expected.eni !== undefined) differences.text(`${field}.eni`, call.eni ?? 'none', expected.eni);
    if (expected.what !== undefined) differences.text(`${field}.what`, call.what ?? 'none', expected.what);
    differences.number(`${field}.ips`, call.ips ?? null, expected.ips);
    differences.number(`${field}.prefixes`, call.prefixes ?? null, expected.prefixes);
    differences.number(`${field}.attempt`, call.attempt ?? 1, expected.attempt ?? 1);
  });
}

function compareSummary({ summary }: Outcome, recorded: Expectation, differences: Differences): void {
  const expected = recorded.summary;
  for (const name of [
    'failedAdds',
    'worstWaitMs',
    'p50WaitMs',
    'podsWithoutAddress',
    'ec2Calls',
    'enisCreated',
    'enisFreed',
    'ipsReleased',
    'prefixesReleased',
  ] as const) {
    differences.number(`summary.${name}`, summary[name], expected[name]);
  }
  for (const name of ['ec2CallsByAction', 'ec2ErrorsByAction'] as const) {
    for (const key of new Set([...Object.keys(expected[name]), ...Object.keys(summary[name])])) {
      differences.number(`summary.${name}.${key}`, summary[name][key] ?? 0, expected[name][key] ?? 0);
    }
  }
  for (const name of [
    'enis',
    'totalIps',
    'prefixes',
    'assigned',
    'inEc2Enis',
    'inEc2Ips',
    'inEc2Prefixes',
  ] as const) {
    differences.number(`summary.final.${name}`, summary.final[name], expected.final[name]);
  }
}
