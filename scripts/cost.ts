/** `npm run cost`: counts what simulated fleets make the functions do, writes what was counted and docs/cost.md, and prints what a month
 *  costs. Some 70 s of processor time. `--json`: one document with counts, months and prices. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Command } from 'commander';
import { countFleet, type FleetCounts } from '../bench/cost-fleet.ts';
import { progressOn } from '../cli/progress.ts';
import { aligned } from '../cli/tables.ts';
import { endsAtParsing } from '../cli/usage.ts';
import { bundle, ROOT, stale } from '../infra/bundles.ts';
import { PrewarmerStack } from '../infra/stack.ts';
import { fleetMonths, usdRows } from './cost-figures.ts';
import { type Counted, FLEETS, isPriced, PRICES } from './cost-month.ts';
import { costPage } from './cost-page.ts';

const command = new Command('npm run cost --')
  .description(
    'Counts anew what simulated fleets of 100 and 5,000 nodes ask of AWS, and writes docs/cost.md. Exit code 2: wrong usage.',
  )
  .option('--recorded', 'with the counts of the last time: only the stack, prices and assumptions are new')
  .option('--json', 'one JSON document and nothing else');
const end = endsAtParsing(command);
if (end !== undefined) process.exit(end);

const options = command.opts<{ recorded?: boolean; json?: boolean }>();

const progress = progressOn(process.stderr, 'counting');
const file = join(ROOT, 'scripts/cost-counted.json');
const fleets = options.recorded ? (JSON.parse(readFileSync(file, 'utf8')) as Counted).fleets : await counts();
progress.say('the stack');
const counted: Counted = { stack: await resourcesByType(), fleets };
progress.end();

writeFileSync(file, JSON.stringify(counted));
execFileSync(process.execPath, [
  join(ROOT, 'node_modules/@biomejs/biome/bin/biome'),
  'format',
  '--write',
  file,
]);
writeFileSync(join(ROOT, 'docs/cost.md'), costPage(counted));
const months = fleetMonths(counted);
if (options.json) console.log(JSON.stringify({ prices: PRICES, fleets: months }));
else
  console.log(
    `${aligned(usdRows(months)).join('\n')}\n\nCounted on simulated fleets; docs/cost.md says how, and what is assumed.`,
  );

async function counts(): Promise<readonly FleetCounts[]> {
  const all: FleetCounts[] = [];
  for (const { nodes, burstNodes } of FLEETS)
    all.push(await countFleet({ nodes, burstNodes }, (what) => progress.say(`${nodes} nodes, ${what}`)));
  return all;
}

/** Of the stack of one warm cluster. */
async function resourcesByType(): Promise<Record<string, number>> {
  if (stale(ROOT)) await bundle(ROOT);
  const outdir = mkdtempSync(join(tmpdir(), 'cost-'));
  try {
    const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'));
    const app = new App({ context, outdir });
    new PrewarmerStack(app, 'cost', {
      prewarmer: { clusters: [{ name: 'shop', mode: 'warm', vpcId: 'vpc-0a1b2c3d4e5f60718' }] },
    });
    const { Resources } = app.synth().getStackByName('cost').template as {
      Resources: Record<string, { Type: string }>;
    };
    const types = Object.values(Resources).flatMap(({ Type }) => (isPriced(Type) ? [Type] : []));
    return Object.fromEntries(
      [...Map.groupBy(types, (type) => type)].map(([type, all]) => [type, all.length]),
    );
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
