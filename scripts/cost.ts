/** `npm run cost`: counts what simulated fleets make the functions do, and writes docs/cost.md. Minutes. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { countFleet, type FleetCounts } from '../bench/cost-fleet.ts';
import { progress } from '../bench/text.ts';
import { costPage, FLEETS, fleetIn } from './cost-page.ts';

const counted: FleetCounts[] = [];
for (const stated of FLEETS) {
  progress(`a fleet of ${stated.nodes} nodes`);
  counted.push(await countFleet(fleetIn(stated)));
}
progress('');
const file = fileURLToPath(new URL('cost-counted.json', import.meta.url));
writeFileSync(file, JSON.stringify(counted));
const biome = fileURLToPath(new URL('../node_modules/@biomejs/biome/bin/biome', import.meta.url));
execFileSync(process.execPath, [biome, 'format', '--write', file]);
writeFileSync(new URL('../docs/cost.md', import.meta.url), costPage(counted));
console.log('docs/cost.md says what a month costs now');
