/** `npm run bench`: figures, not tests. Planning over the number of nodes; the demo's time and peak memory. */
import { Command } from 'commander';
import { rollingUpdate, scaleOut } from '../sim/scenarios/reported-case.ts';
import { measurePlanning } from './planning.ts';

const options = new Command('npm run bench --')
  .description(
    'Measures planning from 100 to 5,000 nodes, and the demo: time, and peak memory of this process.',
  )
  .option('--json', 'one JSON document and nothing else')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .allowExcessArguments(false)
  .parse()
  .opts<{ json?: boolean }>();

const DEMO_SEEDS = 20;
const demo = await measureDemo();
const planning = [100, 500, 1_000, 2_000, 5_000].map(measurePlanning);

if (options.json) process.stdout.write(`${JSON.stringify({ demo, planning })}\n`);
else {
  console.log(
    `demo, ${DEMO_SEEDS} seeds: ${demo.seconds.toFixed(1)} s, peak memory ${demo.peakMegabytes} MB`,
  );
  console.log('\n nodes   rollout ms  µs a node   launches ms  µs a node');
  for (const { nodes, rolloutMs, launchesMs } of planning) {
    const cells = [
      rolloutMs.toFixed(1),
      perNode(rolloutMs, nodes),
      launchesMs.toFixed(1),
      perNode(launchesMs, nodes),
    ];
    console.log(String(nodes).padStart(6) + cells.map((cell) => cell.padStart(12)).join(''));
  }
}

/** The demo's runs in this process, before anything else, so that the peak is theirs. */
async function measureDemo(): Promise<{ readonly seconds: number; readonly peakMegabytes: number }> {
  const from = performance.now();
  for (let seed = 1; seed <= DEMO_SEEDS; seed++) {
    if (!options.json) process.stderr.write(process.stderr.isTTY ? `\r\x1b[Kdemo, seed ${seed}` : '');
    for (const warmEniTarget of [1, 2] as const) await scaleOut(seed, { warmEniTarget, prewarmer: false });
    for (const late of [0, 60_000])
      await scaleOut(seed, { warmEniTarget: 1, prewarmer: true, eventsLateByMs: late });
    for (const paced of [false, true]) await rollingUpdate(seed, paced);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const seconds = (performance.now() - from) / 1000;
  return { seconds, peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024) };
}

function perNode(ms: number, nodes: number): string {
  return ((ms * 1000) / nodes).toFixed(1);
}
