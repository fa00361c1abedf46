/** What `npm run bench -- --rollouts` measures on thousands of nodes and pods, on a few. */
import { expect, test } from 'vitest';
import { growing } from '../../bench/rollout-cases.ts';
import { measureCase, reportRollouts } from '../../bench/rollouts.ts';
import { measureWaveFunction, reportWaveFunctions } from '../../bench/wave-functions.ts';

test('a rollout is played without us and in waves, and what it took is counted in the world', async () => {
  const title = '100 pods on 5 m5.large, W=1';
  const figures = await measureCase(growing({ title, pods: 100, nodes: 5, type: 'm5.large' }), 1);
  expect(figures.atOnce?.[0]?.failedRequests).toBeGreaterThan(0);
  for (const { runs } of figures.ways) {
    expect(runs).toMatchObject([{ releasedPods: 100, figures: { pods: 100, failedRequests: 0 } }]);
    const [{ transitions = 0, historyEvents = 0 } = {}] = runs;
    expect(transitions).toBeGreaterThan(9);
    // A state entered, a state left, and what a task records in between.
    expect(historyEvents / transitions).toBeGreaterThan(2);
  }
  const text = reportRollouts([figures]);
  expect(text).toMatch(
    /\n100 pods on 5 m5\.large, W=1\nwithout us +\d+ +\d+\nwaves, podsPerNode said +0 +\d+ +100 /,
  );
});

test('the built functions of a wave read the cluster, act where it is of use, and stay within their memory', async () => {
  const warm = await measureWaveFunction('warm-wave', 8);
  const verify = await measureWaveFunction('verify-wave', 8);
  expect(warm).toMatchObject({ nodes: 8, answers: [{ go: 'verify' }, {}] });
  // An interface a node: create, attach, delete on termination.
  expect(warm.changes).toBe(24);
  expect(verify).toMatchObject({ changes: 0, answers: [{ go: 'wait' }, { go: 'wait' }] });
  expect(verify.waitsFor).toMatch(/^addresses for 80 pods, \d+ have one$/);
  for (const { peakMegabytes } of [warm, verify]) expect(peakMegabytes).toBeLessThan(256);
  expect(reportWaveFunctions([warm, verify])).toMatch(
    /warm-wave, 8 nodes, 24 ENIs[\s\S]*\nat most +60 +60 +256/,
  );
});
