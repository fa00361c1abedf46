/**
 * `npm run explain -- EVENT.json --scenario S1`: what the prewarmer makes of an event, asked in a scenario's world. Nothing
 * is changed. Leaves with 0 when it was explained, 1 when the event asks for nothing, 2 when the question cannot be asked.
 */
import { Command } from 'commander';
import { explanation } from './explain-text.ts';
import { explainIn, launchingIn, openAt } from './explain-world.ts';
import { findScenario } from './find-scenario.ts';
import { announcing, isDetail, readEvent } from './read-event.ts';
import { cannot, endsAtParsing, whole } from './usage.ts';

const EXPLAINED = 0;
const IGNORED = 1;
/** Two virtual hours, as long as any story (docs/scenarios.md). */
const MOST_SECONDS = 7_200;
/** Instances named where the event's is not there. */
const MOST_NAMED = 5;

const command = new Command('npm run explain --')
  .description(
    'What came, what it means, what is planned for each node and why, and what is short: asked of the prewarmer in the world of a ' +
      'scenario (simulated), as on-signal answers {"plan": EVENT}, and as its journal says it. Nothing is changed.\n\n' +
      'Exit code 0: explained; 1: the event asks for nothing; 2: wrong usage.',
  )
  .argument(
    '<event>',
    'file with the event (JSON), for example test/events/deployment-announced.json; of an announcement its detail is enough',
  )
  .requiredOption('--scenario <name>', 'one that ships, for example S1, or a file (docs/scenarios.md)')
  .option('--at <seconds>', 'when it comes, s after the story’s beginning', whole(0, MOST_SECONDS), 0)
  .option('--seed <n>', 'the world’s seed', whole(0, 4_294_967_295), 1)
  .option('--json', 'one JSON document and nothing else');

process.exitCode = await main();

async function main(): Promise<number> {
  const end = endsAtParsing(command);
  if (end !== undefined) return end;
  const [file = ''] = command.args;
  const {
    scenario: name,
    at,
    seed,
    json,
  } = command.opts<{
    scenario: string;
    at: number;
    seed: number;
    json?: boolean;
  }>();
  const read = await readEvent(file);
  if ('complaint' in read) return cannot(`${file}: ${read.complaint}`);
  const found = await findScenario(name);
  if ('complaint' in found) return cannot(found.complaint);
  const { scenario } = found;
  const event = isDetail(read.event) ? announcing(read.event) : read.event;
  const opened = await openAt(scenario, event, { atSeconds: at, seed });
  const explained = await explainIn(opened, event);
  if (json) {
    const asked = { scenario: scenario.name, seed, atSeconds: at, simulated: true };
    process.stdout.write(`${JSON.stringify({ ...asked, signals: explained.told, ...explained.answer })}\n`);
  } else {
    const where = `Simulated: ${scenario.name}, seed ${seed}, ${at} s into its story. Nothing is changed.`;
    process.stdout.write(`${where}\n\n${explanation(explained)}\n`);
    const launching = launchingIn(opened).slice(0, MOST_NAMED);
    // An event about an instance that is not there: only those lines were told.
    if ('ignored' in explained.answer && explained.told.length > 0)
      process.stdout.write(
        `\nLaunching at that moment: ${launching.join(', ') || 'none; --at asks about another moment'}\n`,
      );
  }
  return 'ignored' in explained.answer ? IGNORED : EXPLAINED;
}
