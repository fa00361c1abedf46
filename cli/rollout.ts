/**
 * `npm run rollout -- ANNOUNCEMENT.json --scenario S1`: plays a batched rollout in a scenario, in virtual time, wave by wave, and
 * compares it with all its pods at once. Leaves with 0 when it completed, 1 when it was stopped, 2 when it cannot be played.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { findScenario } from './find-scenario.ts';
import { detailIn, readEvent } from './read-event.ts';
import { type Rollout, rolloutIn } from './rollout-input.ts';
import { type Audience, playAtOnce, playWaves } from './rollout-play.ts';
import { askYes, lines, NO_SHOW, Picture, type Show } from './rollout-show.ts';
import { atOnce, type Compared, document, introduction, report } from './rollout-text.ts';
import { cannot, endsAtParsing, whole } from './usage.ts';

const COMPLETED = 0;
const STOPPED = 1;
/** As shells say it: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

interface Options {
  readonly scenario: string;
  readonly seed: number;
  readonly speed?: number;
  readonly approve?: true;
  readonly json?: true;
}

const command = new Command('npm run rollout --')
  .description(
    'Plays a batched rollout in a scenario (simulated, on virtual time): the announcement goes to the product, which sends its ' +
      'pods in waves, each once its addresses are there. Then the same pods come all at once, without the product and with the ' +
      'announcement alone, with the same seed.\n\n' +
      'ANNOUNCEMENT is a Deployment Announced event, or its detail (docs/announcements.md). Cluster, workload and replicas.from must ' +
      'be those of the scenario, the namespace is "default"; without "waves", {"size":"auto"} is assumed. What the story of the ' +
      'scenario does to that workload or announces of it is left out, because the rollout comes in its place, at the beginning; ' +
      'everything else in the story happens. Pods that come at once come when and over as long as the announcement says; where ' +
      'they replace others, as the workload’s own rolling update. On a terminal a wave that is held is asked about.',
  )
  .argument('<announcement>', 'file with the announcement (JSON), for example docs/examples/rollout-s1.json')
  .requiredOption('--scenario <name>', 'one that ships, for example S1, or a file (docs/scenarios.md)')
  .option('--seed <n>', 'the world’s seed', whole(0, 4_294_967_295), 1)
  .option('--approve', 'let waves go that are held by gate approve or callback, without asking')
  .option(
    '--speed <n>',
    'at most so many virtual seconds a second; as fast as it goes unless said',
    whole(1, 3_600),
  )
  .option('--json', 'one JSON document and nothing else')
  .addHelpText(
    'after',
    `
Exit code 0: completed; 1: stopped, with the cause and what to change; 2: wrong usage or input; 130: interrupted (Ctrl-C).

Examples:
  npm run rollout -- docs/examples/rollout-s1.json --scenario S1
  npm run rollout -- docs/examples/rollout-s4.json --scenario S4 --speed 10
  npm run --silent rollout -- docs/examples/rollout-s4.json --scenario S4 --seed 7 --json | jq .ways`,
  );

process.exitCode = await main();

async function main(): Promise<number> {
  const end = endsAtParsing(command);
  if (end !== undefined) return end;
  const [file = ''] = command.args;
  const options = command.opts<Options>();
  const { seed, json } = options;
  const read = await readEvent(file);
  if ('complaint' in read) return cannot(`${file}: ${read.complaint}`);
  const announced = detailIn(read.event);
  if ('complaint' in announced) return cannot(`${file}: ${announced.complaint}`);
  const found = await findScenario(options.scenario);
  if ('complaint' in found) return cannot(found.complaint);
  const rollout = rolloutIn(announced.detail, found.scenario, Date.now());
  if ('complaint' in rollout) return cannot(`${file}: ${rollout.complaint}`);

  process.once('SIGINT', interrupted);
  if (!json) say(`${introduction(rollout, seed)}\n\n`);
  const show = json ? NO_SHOW : process.stdout.isTTY ? new Picture(process.stdout) : lines(say);
  // Here, because it brings the CDK, for which nobody should wait who mistyped something.
  const { rolloutTemplate } = await import('../infra/rollout-template.ts');
  const played = await playWaves(rollout, seed, rolloutTemplate(), audience(show, options));
  const compared: Compared = [
    ...(played.outcome === 'completed' ? await compare(rollout, seed, show) : []),
    ['in waves', played.figures],
  ];
  show.end();
  say(
    json
      ? `${JSON.stringify(document(rollout, seed, played, compared))}\n`
      : `\n${report(rollout, played, compared)}\n`,
  );
  return played.outcome === 'completed' ? COMPLETED : STOPPED;
}

async function compare(rollout: Rollout, seed: number, show: Show): Promise<Compared> {
  const ways = [
    [`${atOnce(rollout)}, without us`, false],
    [`${atOnce(rollout)}, announced`, true],
  ] as const;
  const compared: Compared[number][] = [];
  for (const [way, told] of ways) {
    show.busy(`for comparison: ${way}`);
    compared.push([way, await playAtOnce(rollout, seed, told)]);
  }
  return compared;
}

function audience(show: Show, { approve, json, speed }: Options): Audience {
  let shownMs = 0;
  return {
    change: show.change.bind(show),
    tick: async (frame) => {
      show.tick(frame);
      if (speed !== undefined) await sleep((frame.atMs - shownMs) / speed);
      shownMs = frame.atMs;
    },
    letGo: async (wave) => {
      if (approve) return { go: true };
      if (json || !process.stdin.isTTY || !process.stdout.isTTY)
        return {
          go: false,
          because: 'there is nobody to ask here, --approve lets waves go',
        };
      show.end();
      const yes = await askYes(`Let wave ${wave} go?`, interrupted);
      return yes ? { go: true } : { go: false, because: 'the answer was no' };
    },
  };
}

/** There is nothing to clean up: the world is in this process. */
function interrupted(): void {
  process.stderr.write('\nInterrupted: the rollout was simulated, and nothing is left behind.\n');
  process.exit(INTERRUPTED);
}

function say(text: string): void {
  process.stdout.write(text);
}
