/** `npm run build`: bundles every function and holds each to its budget, since bytes are cold-start milliseconds. */
import { bundle, ROOT } from '../infra/bundles.ts';

const KB = 1000;
/** Largest bundle, bytes. on-signal carries all adapters; the others a part of them. */
const BUDGETS: Readonly<Record<string, number>> = { 'on-signal': 600 * KB };
const OTHERS = 450 * KB;

const started = performance.now();
const bundles = await bundle(ROOT);
let over = 0;
for (const { name, bytes } of bundles) {
  const budget = BUDGETS[name] ?? OTHERS;
  if (bytes >= budget) over++;
  const verdict = bytes < budget ? '' : '  OVER BUDGET';
  console.log(
    `${name.padEnd(16)} ${(bytes / KB).toFixed(1).padStart(7)} kB  of ${(budget / KB).toFixed(0).padStart(4)} kB${verdict}`,
  );
}
console.log(`${bundles.length} functions in ${((performance.now() - started) / 1000).toFixed(1)} s`);
if (over > 0) process.exitCode = 1;
