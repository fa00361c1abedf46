/**
 * `npm run traces -- FILE`: replays recordings of the real ipamd on the embedded one and says where they differ.
 * Leaves with 0 when every scenario is inside its recording, 1 when one is not, 2 when the question cannot be answered.
 */
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { isInside, judge, type Verdict } from '../sim/traces/judge.ts';
import { readRecordings, type Scenario } from '../sim/traces/recording.ts';
import { cannot, endsAtParsing, whole } from './usage.ts';

const INSIDE = 0;
const OUTSIDE = 1;
const DIFFERENCES_SHOWN = 5;

interface Options {
  readonly json?: boolean;
  readonly only?: string[];
  readonly seeds: number;
  readonly seed: number;
}

const command = new Command('npm run traces --')
  .description('Replay recordings of the real ipamd on the embedded one and compare every field.')
  .argument('<file>', 'recordings (JSON)')
  .option('--json', 'print the verdicts as JSON')
  .option('--only <ids>', 'only these scenarios, for example T08,T09', (text) => text.split(','))
  .option('--seeds <count>', 'runs of each scenario, each with another seed', whole(1, 100_000), 3)
  .option('--seed <number>', 'first seed', whole(0, 4_294_967_295), 1);

process.exitCode = await main();

async function main(): Promise<number> {
  const end = endsAtParsing(command);
  if (end !== undefined) return end;
  const options = command.opts<Options>();
  const file = command.args[0] ?? '';
  const scenarios = await load(file, options.only);
  if (typeof scenarios === 'string') return cannot(`${file}: ${scenarios}`);
  const verdicts: Verdict[] = [];
  for (const scenario of scenarios) {
    const verdict = await judge(scenario, options.seed, options.seeds);
    verdicts.push(verdict);
    if (!options.json) console.log(describe(verdict));
  }
  const inside = verdicts.filter(isInside).length;
  if (options.json) console.log(JSON.stringify({ inside, scenarios: verdicts.length, verdicts }, null, 2));
  else
    console.log(
      `\n${inside} of ${verdicts.length} scenarios inside, ${options.seeds} runs of each at least.`,
    );
  return inside === verdicts.length ? INSIDE : OUTSIDE;
}

async function load(file: string, only: readonly string[] | undefined): Promise<Scenario[] | string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return `cannot be read: ${(error as Error).message}`;
  }
  const read = readRecordings(text);
  if ('complaint' in read) return read.complaint;
  const known = read.scenarios.map(({ id }) => id);
  const unknown = only?.filter((id) => !known.includes(id)) ?? [];
  if (unknown.length > 0) return `--only: expected ids among ${known.join(', ')}, got ${unknown.join(', ')}`;
  return read.scenarios.filter(({ id }) => only?.includes(id) ?? true);
}

function describe(verdict: Verdict): string {
  const { id, title, runs, runsInside, outside, strays } = verdict;
  if (isInside(verdict)) {
    const stray = strays.length === 0 ? '' : ` (${runsInside} of ${runs} runs; chance explains the others)`;
    return `${id}  inside   ${title}${stray}`;
  }
  const lines = outside
    .slice(0, DIFFERENCES_SHOWN)
    .map(
      (d) =>
        `       ${d.field}: recorded ${d.recorded}, got ${d.got} (seed ${d.seed}; ${d.runs} of ${runs} runs)`,
    );
  const more = outside.length - lines.length;
  if (more > 0) lines.push(`       and ${more} more fields`);
  return [`${id}  OUTSIDE  ${title} (${runsInside} of ${runs} runs inside)`, ...lines].join('\n');
}
