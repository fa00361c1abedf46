/** `npm run bench`: figures, not tests. Planning, the demo, the world's own cost, and every scenario's table. */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { endsAtParsing, whole } from '../cli/usage.ts';
import { jsonSchema, type Scenario } from '../sim/scenario/format.ts';
import { readScenario, readScenarioText, type ScenarioRead } from '../sim/scenario/read.ts';
import { rollingUpdate, scaleOut } from '../sim/scenarios/reported-case.ts';
import { SHIPPED } from '../sim/scenarios/shipped.ts';
import { measureDemand, reportDemand } from './demand.ts';
import { LIMIT, measureApart, QUIET } from './growth.ts';
import { measurePlanning } from './planning.ts';
import { reportScenario, runScenario } from './scenario-runs.ts';
import { measureSignal, reportSignal } from './signal.ts';
import { measureStartup, reportStartup } from './startup.ts';
import { measureSweeps, reportSweeps } from './sweep.ts';
import { progress, table } from './text.ts';
import { measureTiming, reportTiming } from './timing.ts';
import { deaths, retentionMatrix, rollingUpdates, type Told } from './told.ts';
import { measureWarming, reportWarming, type Warming } from './warming.ts';
import { LARGE, type WorldFigures } from './world.ts';

const DEMO_SEEDS = 20;
const TIMING_SEEDS = 200;
/** Nodes, and seeds: the more nodes, the less one slow call matters. */
const WARMED = [
  [100, 10],
  [200, 5],
  [500, 2],
  [1_000, 1],
] as const;
const PLANNED_NODES = [100, 500, 1_000, 2_000, 5_000];
const TOLD: Readonly<Record<string, (seeds?: number) => Promise<Told>>> = {
  S1: rollingUpdates,
  S7: retentionMatrix,
  S8: deaths,
};

const command = new Command('npm run bench --')
  .description(
    'Without arguments: the start-up of eks-ip-prewarmer, planning from 100 to 5,000 nodes, the demo, the embedded world from 50 to 5,000 nodes, a sweep over 1,000 and 5,000 nodes, and all scenarios. Exit code 2: wrong usage, or a scenario that cannot be meant.',
  )
  .option('--scenario <name>', 'only this one, for example S2')
  .addOption(
    new Option('--file <path>', 'only the scenario in this file (docs/scenarios.md)').conflicts('scenario'),
  )
  .option('--seeds <n>', 'seeds for each scenario, counted from 1', whole(1, 1_000))
  .option('--json', 'one JSON document and nothing else')
  .option('--schema', 'the JSON schema of scenario files, and nothing else')
  .addOption(
    new Option('--sweep', 'only a sweep over 1,000 and 5,000 nodes').conflicts([
      'scenario',
      'file',
      'seeds',
      'schema',
    ]),
  )
  .addOption(
    new Option(
      '--timing',
      'only the timing matrix: each CNI mode, moment, type and lead; 200 seeds unless said',
    ).conflicts(['scenario', 'file', 'schema', 'sweep']),
  )
  .addOption(
    new Option(
      '--demand',
      'only how near demand comes to what workloads use, and how many pods land where they are expected',
    ).conflicts(['scenario', 'file', 'sweep', 'timing', 'schema']),
  )
  .addOption(
    new Option('--signal', 'only a batch of 100 launches: time to the first EC2 call, and memory').conflicts([
      'scenario',
      'file',
      'seeds',
      'sweep',
      'timing',
      'demand',
      'schema',
    ]),
  )
  .addOption(
    new Option(
      '--rollouts',
      'only batched rollouts: all at once and in waves, a hundred waves, and what the functions of a wave take',
    ).conflicts(['scenario', 'file', 'sweep', 'timing', 'demand', 'signal', 'schema']),
  )
  .option('--startup', 'only how long eks-ip-prewarmer takes to show its help');
const end = endsAtParsing(command);
if (end !== undefined) process.exit(end);
const options = command.opts<{
  scenario?: string;
  file?: string;
  sweep?: boolean;
  timing?: boolean;
  demand?: boolean;
  signal?: boolean;
  rollouts?: boolean;
  startup?: boolean;
  seeds?: number;
  json?: boolean;
  schema?: boolean;
}>();

const document: Record<string, unknown> = {};
const say = (text: string): void => {
  if (!options.json) process.stdout.write(`${text}\n`);
};

if (options.schema) process.stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
else if (options.startup) {
  await startups();
  if (options.json) process.stdout.write(`${JSON.stringify(document)}\n`);
} else if (options.sweep || options.signal || options.rollouts) {
  await (options.sweep ? sweeps() : options.signal ? signals() : rollouts());
  if (options.json) process.stdout.write(`${JSON.stringify(document)}\n`);
} else if (options.timing) {
  const cells = await measureTiming(options.seeds ?? TIMING_SEEDS);
  say(reportTiming(cells));
  if (options.json) process.stdout.write(`${JSON.stringify({ timing: cells })}\n`);
} else if (options.demand) {
  const figures = await measureDemand(options.seeds, progress);
  document['demand'] = figures;
  say(reportDemand(figures));
  if (options.json) process.stdout.write(`${JSON.stringify(document)}\n`);
} else {
  const { files, told } = chosen();
  if (options.scenario === undefined && options.file === undefined) await own();
  const scenarios: unknown[] = [];
  for (const scenario of files) {
    const runs = await runScenario(scenario, options.seeds);
    scenarios.push(runs);
    say(`\n${reportScenario(runs)}`);
  }
  for (const tell of told) {
    const { name, data, text } = await tell(options.seeds);
    scenarios.push({ name, told: data });
    say(`\n${text}`);
  }
  document['scenarios'] = scenarios;
  if (options.json) process.stdout.write(`${JSON.stringify(document)}\n`);
}

/** What to play; ends with code 2 and one message when that cannot be. Everything is read before anything runs. */
function chosen(): { readonly files: readonly Scenario[]; readonly told: readonly (typeof TOLD)[string][] } {
  const { file, scenario: name } = options;
  if (file !== undefined) return { files: [accepted(readFile(file))], told: [] };
  const all = Object.entries(SHIPPED).map(([path, each]) => accepted(readScenario(each, path)));
  if (name === undefined) return { files: all, told: Object.values(TOLD) };
  const files = all.filter((each) => each.name === name);
  const told = TOLD[name];
  if (files.length === 0 && told === undefined) {
    const names = [...new Set([...all.map((each) => each.name), ...Object.keys(TOLD)])];
    refuse(`--scenario: expected one of ${names.join(', ')}, got "${name}"`);
  }
  return { files, told: told === undefined ? [] : [told] };
}

function readFile(path: string): ScenarioRead {
  try {
    return readScenarioText(readFileSync(path, 'utf8'), path);
  } catch (error) {
    return { ok: false, message: `--file: ${(error as Error).message}` };
  }
}

function accepted(read: ScenarioRead): Scenario {
  return read.ok ? read.scenario : refuse(read.message);
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

async function startups(): Promise<void> {
  const startup = await measureStartup();
  document['startup'] = startup;
  say(reportStartup(startup));
}

/** What this program itself costs. */
async function own(): Promise<void> {
  await startups();
  const demo = await measureDemo();
  document['demo'] = demo;
  say(`\ndemo, ${DEMO_SEEDS} seeds: ${demo.seconds.toFixed(1)} s, peak memory ${demo.peakMegabytes} MB`);

  const planning = PLANNED_NODES.map(measurePlanning);
  document['planning'] = planning;
  const perNode = (ms: number, nodes: number): string => ((ms * 1000) / nodes).toFixed(1);
  const planned = planning.map(({ nodes, rolloutMs, launchesMs }) => [
    `${nodes} nodes`,
    rolloutMs.toFixed(1),
    perNode(rolloutMs, nodes),
    launchesMs.toFixed(1),
    perNode(launchesMs, nodes),
  ]);
  say(`\n${table([['planning', 'rollout ms', 'µs a node', 'launches ms', 'µs a node'], ...planned])}`);

  const warming: Warming[] = [];
  for (const [nodes, seeds] of WARMED)
    for (let seed = 1; seed <= seeds; seed++) {
      progress(`warming ${nodes} nodes, seed ${seed}`);
      warming.push(await measureWarming(nodes, seed));
    }
  progress('');
  document['warming'] = warming;
  say(`\n${reportWarming(warming)}`);

  const worlds: WorldFigures[] = [];
  for (const size of [LARGE, ...QUIET]) {
    progress(`the world, ${size.nodes} nodes`);
    worlds.push(await measureApart(size));
  }
  progress('');
  document['world'] = worlds;
  const cells = worlds.map((world) => [
    `${world.nodes} nodes, ${world.pods} pods`,
    world.seconds.toFixed(1),
    String(world.peakMegabytes),
    String(world.ec2Calls),
    String(world.failedRequests),
  ]);
  say(
    `\n${table([['the world, 10 virtual minutes', 's', 'peak MB', 'EC2 calls', 'failed requests'], ...cells])}`,
  );
  say(
    `The first one is in trouble and may take ${LIMIT.seconds} s and ${LIMIT.megabytes} MB; the others are quiet.`,
  );
  say('');
  await sweeps();
  await signals();
}

async function signals(): Promise<void> {
  const figures = await measureSignal();
  document['signal'] = figures;
  say(`\n${reportSignal(figures)}`);
}

async function rollouts(): Promise<void> {
  // Here, because it brings the CDK.
  const { benchRollouts } = await import('./rollouts.ts');
  document['rollouts'] = await benchRollouts(options.seeds, say, progress);
}

async function sweeps(): Promise<void> {
  const measured = await measureSweeps(progress);
  document['sweeps'] = measured;
  say(reportSweeps(measured));
}

/** The demo's runs in this process, before anything else, so that the peak is theirs. */
async function measureDemo(): Promise<{ readonly seconds: number; readonly peakMegabytes: number }> {
  const from = performance.now();
  for (let seed = 1; seed <= DEMO_SEEDS; seed++) {
    progress(`demo, seed ${seed}`);
    for (const warmEniTarget of [1, 2] as const) await scaleOut(seed, { warmEniTarget, prewarmer: false });
    for (const late of [0, 60_000])
      await scaleOut(seed, { warmEniTarget: 1, prewarmer: true, eventsLateByMs: late });
    for (const paced of [false, true]) await rollingUpdate(seed, paced);
  }
  progress('');
  const seconds = (performance.now() - from) / 1000;
  return { seconds, peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024) };
}
