/**
 * Where pods are expected and where they land: random clusters of 3 to 20 nodes of mixed types, each with pods of its own,
 * and a scale-out with or without a selector. An address counts as warmed when it was free before or the plan wants it there.
 */
import { expect, test } from 'vitest';
import { playLanding } from '../../bench/landing.ts';
import { quantileOf } from '../../sim/scenarios/statistics.ts';

const CLUSTERS = 200;

test.each([
  // The scheduler that fills the node with most free slots, as placement assumes.
  { scheduler: 'spread', least: 1, tenth: 1, median: 1 },
  // The default profile's scoring: shares of nodes rather than slots, and replicas kept apart.
  { scheduler: 'default', least: 0.7, tenth: 0.95, median: 0.99 },
] as const)(
  `${CLUSTERS} scale-outs under the $scheduler scheduler: pods land on warmed addresses`,
  async ({ scheduler, least, tenth, median }) => {
    const known: number[] = [];
    const told: number[] = [];
    const alone: number[] = [];
    for (let seed = 1; seed <= CLUSTERS; seed++) {
      const { nodes, landed, onFree, onWarmed } = await playLanding(seed, scheduler);
      known.push(onWarmed.podsKnown / landed);
      told.push(onWarmed.podsTold / landed);
      alone.push(onFree / landed);
      const story = `seed ${seed}: ${onWarmed.podsKnown} or ${onWarmed.podsTold} of ${landed} pods on ${nodes} nodes`;
      expect(Math.min(onWarmed.podsKnown, onWarmed.podsTold) / landed, story).toBeGreaterThanOrEqual(least);
    }
    for (const shares of [known, told]) {
      expect(quantileOf(shares, 0.1)).toBeGreaterThanOrEqual(tenth);
      expect(quantileOf(shares, 0.5)).toBeGreaterThanOrEqual(median);
    }
    // What is free in these clusters anyway does not do it.
    expect(quantileOf(alone, 0.1)).toBeLessThan(0.7);
  },
);
