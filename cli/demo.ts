/** `npm run demo`: the reported case on the embedded AWS, in two parts, over several seeds. */
import { Command } from 'commander';
import type { Run } from '../sim/scenarios/reported-case.ts';
import { runAll, seedsFrom } from './demo-run.ts';
import { explain, type Results, table } from './demo-text.ts';
import { endsAtParsing, whole } from './usage.ts';

const command = new Command('npm run demo --')
  .description(
    'The reported case on the embedded AWS (simulated): a scale-out that warming cures, and a rolling update that only pacing cures. Exit code 0: both shown; 1: not shown on these seeds; 2: wrong usage.',
  )
  .option('--seed <n>', 'first seed', whole(0, 4_294_967_295), 1)
  .option('--seeds <n>', 'how many seeds, counted up from the first', whole(1, 1_000), 20)
  .option('--json', 'one JSON document and nothing else');
const end = endsAtParsing(command);
if (end !== undefined) process.exit(end);
const options = command.opts<{ seed: number; seeds: number; json?: boolean }>();

const results = await runAll(seedsFrom(options.seed, options.seeds), progress);
const { claims, text } = explain(results);
process.stdout.write(
  options.json ? `${JSON.stringify(document(results))}\n` : `\n${table(results)}\n\n${text}\n`,
);
process.exitCode = claims ? 0 : 1;

/** On a terminal one line that is written over; elsewhere a line a seed. */
function progress(line: string): void {
  if (options.json) return;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  else if (line !== '') process.stderr.write(`${line}\n`);
}

function document({ seeds, scaleOut, rollingUpdate }: Results): unknown {
  const rows = (runs: Readonly<Record<string, readonly Run[]>>): unknown[] =>
    Object.entries(runs).flatMap(([name, all]) => all.map((run) => ({ name, ...figures(run) })));
  return {
    scenario: 'reported-case',
    seeds,
    simulated: true,
    parts: [
      { name: 'scale-out', policies: rows(scaleOut) },
      { name: 'rolling-update', policies: rows(rollingUpdate) },
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
