/** What `npm run bench -- --sweep` measures on thousands of nodes, on a few. */
import { expect, test } from 'vitest';
import { measureSweep, reportSweeps } from '../../bench/sweep.ts';

test('the built sweep asks about instances and interfaces once, whatever there is on a page', async () => {
  const figures = await measureSweep(40);
  expect(figures).toMatchObject({ nodes: 40, enis: 120, addresses: 1_800 });
  expect(figures.calls).toMatchObject({ DescribeInstances: 1, DescribeNetworkInterfaces: 1 });
  // Every node is as it should be: there is nothing to change.
  expect(Object.keys(figures.calls).filter((action) => !action.startsWith('Describe'))).toEqual([]);
  expect(figures.peakMegabytes).toBeLessThan(512);
  expect(reportSweeps([figures])).toMatch(/40 nodes, 120 ENIs, 1800 addresses[\s\S]*\nat most +60 /);
});
