/** `npm run demo`: the reported case on the embedded AWS, in two parts, over several seeds. */
import { Command, InvalidArgumentError } from 'commander';
import {
  type RollingUpdateRun,
  type Run,
  rollingUpdate,
  type ScaleOutPolicy,
  scaleOut,
} from '../sim/scenarios/reported-case.ts';
import { explain, type Results, type ScaleOutName, table } from './demo-text.ts';

const POLICIES = [
  ['cni-warm-eni-1', { warmEniTarget: 1, prewarmer: false }],
  ['cni-warm-eni-2', { warmEniTarget: 2, prewarmer: false }],
  ['prewarmer', { warmEniTarget: 1, prewarmer: true }],
  ['prewarmer-late-events', { warmEniTarget: 1, prewarmer: true, eventsLateByMs: 60_000 }],
] as const satisfies readonly (readonly [ScaleOutName, ScaleOutPolicy])[];

const whole =
  (from: number, to: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < from || value > to)
      throw new InvalidArgumentError(`expected a whole number from ${from} to ${to}, got "${text}"`);
    return value;
  };

const options = new Command('npm run demo --')
  .description(
    'The reported case on the embedded AWS (simulated): a scale-out that warming cures, a rolling update\nthat only pacing cures. Exit code 0: both shown; 1: not shown on these seeds; 2: wrong usage.',
  )
  .option('--seed <n>', 'first seed', whole(0, 4_294_967_295), 1)
  .option('--seeds <n>', 'how many seeds, counted up from the first', whole(1, 1_000), 20)
  .option('--json', 'one JSON document and nothing else')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .allowExcessArguments(false)
  .parse()
  .opts<{ seed: number; seeds: number; json?: boolean }>();

const seeds = Array.from({ length: options.seeds }, (_, index) => options.seed + index);
const results = await runAll(seeds);
const { claims, text } = explain(results);
if (options.json) {
  process.stdout.write(`${JSON.stringify(document(results))}\n`);
} else {
  process.stdout.write(`\n${table(results)}\n\n${text}\n`);
}
process.exitCode = claims ? 0 : 1;

async function runAll(wanted: readonly number[]): Promise<Results> {
  const parts: { -readonly [K in ScaleOutName]: Run[] } = {
    'cni-warm-eni-1': [],
    'cni-warm-eni-2': [],
    prewarmer: [],
    'prewarmer-late-events': [],
  };
  const updates: { unpaced: RollingUpdateRun[]; paced: RollingUpdateRun[] } = { unpaced: [], paced: [] };
  for (const [index, seed] of wanted.entries()) {
    progress(`seed ${seed} (${index + 1} of ${wanted.length})`);
    for (const [name, policy] of POLICIES) parts[name].push(await scaleOut(seed, policy));
    updates.unpaced.push(await rollingUpdate(seed, false));
    updates.paced.push(await rollingUpdate(seed, true));
  }
  progress('');
  return { seeds: wanted, scaleOut: parts, rollingUpdate: updates };
}

/** On a terminal one line that is written over; elsewhere a line a seed. */
function progress(text: string): void {
  if (options.json) return;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (text !== '') process.stderr.write(`${text}\n`);
}

function document({ scaleOut: first, rollingUpdate: second, ...rest }: Results): unknown {
  const rows = (runs: Readonly<Record<string, readonly Run[]>>): unknown[] =>
    Object.entries(runs).flatMap(([name, all]) => all.map((run) => ({ name, ...figures(run) })));
  return {
    scenario: 'reported-case',
    seeds: rest.seeds,
    simulated: true,
    parts: [
      { name: 'scale-out', policies: rows(first) },
      { name: 'rolling-update', policies: rows(second) },
    ],
  };
}

function figures(run: Run): Run {
  const { seed, pods, failedRequests, worstWaitMs, p99WaitMs, ec2Calls, throttled } = run;
  const { addressSecondsIdle, lateAttach, nodesLeft, rolloutSeconds } = run;
  const waits = { failedRequests, worstWaitMs, p99WaitMs };
  return {
    seed,
    pods,
    ...waits,
    ec2Calls,
    throttled,
    addressSecondsIdle,
    lateAttach,
    nodesLeft,
    rolloutSeconds,
  };
}
