/** `npm run chaos`: thousands of random histories on the embedded AWS, and what must hold in each of them. */
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Found, optionsFor } from '../sim/chaos/campaign.ts';
import { DEFECTS } from '../sim/chaos/defects.ts';
import { drawHistory } from '../sim/chaos/draw.ts';
import { partOf, tell } from '../sim/chaos/history.ts';
import { play } from '../sim/chaos/play.ts';
import { killAll, killsText } from './chaos-kills.ts';
import { type Outcome, run } from './chaos-run.ts';
import { defectList, replayOf, summary, violationText } from './chaos-text.ts';
import { cannot, endsAtParsing, whole } from './usage.ts';

const HISTORIES = 100;
const MOST_SEED = 4_294_967_295;
/** On something that is no terminal, a line of progress this often, ms. */
const LINE_EVERY_MS = 10_000;

interface Options {
  readonly seed: number;
  readonly seeds?: number;
  readonly killPoints?: boolean;
  readonly keep?: readonly number[];
  readonly break?: string;
  readonly workers: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

const command = new Command('npm run chaos --')
  .description(
    'Random histories (simulated): launches and rollouts while functions die, replies get lost, EC2 throttles, refuses and lags, subnets fill and others interfere. Invariants are asked at every call. Exit code 0: all held; 1: one was broken; 2: wrong usage.',
  )
  .option('--seed <n>', 'first seed', whole(0, MOST_SEED), 1)
  .option(
    '--seeds <n>',
    'how many histories, one a seed (default: 100; 1 with --kill-points)',
    whole(1, 10_000_000),
  )
  .option(
    '--keep <positions>',
    'play only these stimuli of the history of --seed, for example 0,3,5',
    positions,
  )
  .option('--break <name>', 'with this deliberate defect in the product; "list" names them all', defect)
  .addOption(
    new Option(
      '--kill-points',
      'instead of random histories, four stories in which each function dies after each of its calls in turn',
    ).conflicts(['keep', 'break', 'all']),
  )
  .option('--workers <n>', 'threads', whole(1, 256), availableParallelism())
  .option('--all', 'go on after a violation, and count')
  .option('--json', 'one JSON document and nothing else');

process.exitCode = await main();

async function main(): Promise<number> {
  const end = endsAtParsing(command);
  if (end !== undefined) return end;
  const options = command.opts<Options>();
  if (options.break === 'list') {
    console.log(defectList());
    return 0;
  }
  if (options.killPoints) return killPoints(options);
  const { seeds = HISTORIES } = options;
  return options.keep === undefined ? campaign({ ...options, seeds }) : replay(options, options.keep);
}

async function killPoints({ seed, seeds = 1, json = false }: Options): Promise<number> {
  const all = await killAll({ seed, seeds }, (what) => {
    if (!json) overwrite(what);
  });
  overwrite('');
  console.log(
    json ? JSON.stringify({ simulated: true, seed, seeds, stories: all }) : killsText(all, { seed, seeds }),
  );
  return all.some(({ broken }) => broken.length > 0) ? 1 : 0;
}

async function campaign(options: Options & { readonly seeds: number }): Promise<number> {
  const outcome = await run(
    { ...options, defect: options.break, all: options.all ?? false },
    progressTo(options),
  );
  overwrite('');
  if (options.json) console.log(JSON.stringify(document(outcome, options)));
  else {
    for (const found of outcome.found) console.log(`${violationText(found, options.break)}\n`);
    console.log(summary(outcome));
  }
  return outcome.found.length > 0 ? 1 : 0;
}

async function replay({ seed, break: name, json }: Options, keep: readonly number[]): Promise<number> {
  const whole = drawHistory(seed);
  const beyond = keep.find((index) => index >= whole.stimuli.length);
  if (beyond !== undefined)
    return cannot(
      `--keep: expected positions from 0 to ${whole.stimuli.length - 1} of the history of seed ${seed}, got ${beyond}`,
    );
  const { violation, deaths } = await play(partOf(whole, keep), optionsFor(name));
  const found: Found | undefined = violation && { seed, violation, of: whole.stimuli.length, keep, plays: 0 };
  if (json)
    console.log(JSON.stringify({ simulated: true, seed, keep, deaths, violation: violation ?? null }));
  else if (found !== undefined)
    console.log([violationText(found, name), ...deaths.map((death) => `  killed: ${death}`)].join('\n'));
  else {
    for (const stimulus of partOf(whole, keep).stimuli) console.log(tell(stimulus));
    console.log('Every invariant held.');
  }
  return violation === undefined ? 0 : 1;
}

function document({ found, ...rest }: Outcome, options: Options): unknown {
  return {
    simulated: true,
    seed: options.seed,
    defect: options.break ?? null,
    ...rest,
    violations: found.map((one) => {
      const { stimuli } = drawHistory(one.seed);
      return {
        ...one,
        history: one.keep.map((index) => stimuli[index]),
        replay: replayOf(one, options.break),
      };
    }),
  };
}

/** On a terminal one line that is written over; elsewhere a line now and then. */
function progressTo({
  seeds,
  json,
}: {
  readonly seeds: number;
  readonly json?: boolean;
}): (done: number, found: number, seconds: number) => void {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  return (done, found, seconds) => {
    const line = `${done} of ${seeds} histories, ${found} broken, ${(done / seconds).toFixed(1)} seeds/s`;
    if (process.stderr.isTTY && !json) overwrite(line);
    else if (!json && performance.now() - saidAtMs >= LINE_EVERY_MS) {
      saidAtMs = performance.now();
      process.stderr.write(`${line}\n`);
    }
  };
}

/** The line of a terminal; nothing where nobody watches. */
function overwrite(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

function positions(text: string): number[] {
  if (text === 'none') return [];
  const all = text.split(',').map(whole(0, MOST_SEED));
  if (all.some((index, nth) => nth > 0 && index <= (all[nth - 1] ?? 0)))
    throw new InvalidArgumentError(`expected positions in ascending order, got "${text}"`);
  return all;
}

function defect(name: string): string {
  if (name === 'list' || Object.hasOwn(DEFECTS, name)) return name;
  throw new InvalidArgumentError(`expected list or one of ${Object.keys(DEFECTS).join(', ')}, got "${name}"`);
}
